// Takes out of texts and reports what belongs to people and machines rather than to the crash: addresses, names, keys. What
// is alike stays alike: the same value becomes the same placeholder everywhere, so that a story can still be followed.
// It knows values by their look; what looks like nothing (a name in a message) it cannot know. docs/evidence.md lists it.

/** What is taken out. */
export type RedactionKind =
  | 'secret'
  | 'email'
  | 'mac'
  | 'ip'
  | 'uuid'
  | 'path'
  | 'host'
  | 'argument'

/** How much of a kind was taken out. */
export interface RedactionCount {
  readonly kind: RedactionKind
  /** Different values. */
  readonly values: number
  /** Places they stood at. */
  readonly places: number
}

interface Pattern {
  readonly kind: RedactionKind
  readonly pattern: RegExp
  /** Is a match really one? */
  isOne?(text: string): boolean
}

/** Lists of these names are what somebody typed. */
const ARGUMENT_KEYS: ReadonlySet<string> = new Set(['arguments', 'argv', 'environment'])
/** Hashes of what is no secret. */
const KEPT_KEYS: ReadonlySet<string> = new Set(['signature'])
/** Names that tell nothing. */
const COMMON_HOSTS: ReadonlySet<string> = new Set(['localhost', '(none)', ''])
const NESTING_MAX = 100

/** In the order in which they are tried: what is inside of a secret or a path is not looked at again. */
const PATTERNS: readonly Pattern[] = [
  {
    kind: 'secret',
    pattern: /-----BEGIN [A-Z ]*(?:PRIVATE KEY|SECRET)[^]*?(?:-----END [A-Z ]+-----|$)/g,
  },
  { kind: 'secret', pattern: /\bAGE-SECRET-KEY-[0-9A-Z-]+/g },
  { kind: 'secret', pattern: /\beyJ[\w-]{10,}\.[\w-]+\.[\w-]+/g },
  { kind: 'secret', pattern: /\b(?:gh[a-z]_|github_pat_|glpat-|xox[a-z]-|AKIA|sk-)[\w-]{12,}/g },
  { kind: 'secret', pattern: /(?<=\b(?:bearer|basic)\s)[\w+/.=-]{8,}/gi },
  // What follows a name that says it, as on command lines: password=x, --token x, api_key: x.
  {
    kind: 'secret',
    pattern:
      /(?<=\b[\w.-]*(?:passw(?:or)?d|passphrase|secret|token|api[_-]?key|private[_-]?key)\s*[=:]\s*)[^\s,;"'[\]]+/gi,
  },
  { kind: 'secret', pattern: /(?<=:\/\/)[^\s/@:]+:[^\s/@]+(?=@)/g },
  // As long as a key of 256 bits, in hex: what dmsetup prints.
  { kind: 'secret', pattern: /(?<![\w])[0-9a-f]{64,}(?![\w])/gi },
  { kind: 'email', pattern: /[\w.+%-]+@[\w-]+(?:\.[\w-]+)*\.[a-z]{2,}\b/gi },
  { kind: 'path', pattern: /(?<![\w.])\/(?:home|root|Users)\/[^\s"':;,)\]}]+/g },
  {
    kind: 'uuid',
    pattern: /\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b/gi,
  },
  { kind: 'mac', pattern: /(?<![\w:])(?:[0-9a-f]{2}:){5,19}[0-9a-f]{2}(?![\w:])/gi },
  {
    kind: 'ip',
    pattern: /(?<![\w:.])[0-9a-f]{0,4}(?::[0-9a-f]{0,4}){2,7}(?:(?<=:)\d+(?:\.\d+){3})?(?![\w:])/gi,
    isOne: isIpv6,
  },
  { kind: 'ip', pattern: /(?<![\w.-])\d{1,3}(?:\.\d{1,3}){3}(?![\w-]|\.\d)/g, isOne: isIpv4 },
]

/** Redacts texts and data, with one set of placeholders. */
export class Redactor {
  readonly #hosts: RegExp | undefined
  readonly #placeholders = new Map<string, string>()
  readonly #counts = new Map<RedactionKind, { values: number; places: number }>()

  /** @param hosts names of machines, which no look betrays; of a full name the first part counts as well */
  constructor(hosts: readonly string[] = []) {
    const names = hosts
      .flatMap((host) => [host, host.split('.')[0] ?? ''])
      .filter((name) => !COMMON_HOSTS.has(name))
      .toSorted((a, b) => b.length - a.length)
      .map((name) => name.replaceAll(/[^\w-]/g, '\\$&'))
    const either = [...new Set(names)].join('|')
    this.#hosts = either === '' ? undefined : new RegExp(`(?<![\\w-])(?:${either})(?![\\w-])`, 'g')
  }

  /** What was taken out so far. */
  get counts(): RedactionCount[] {
    return [...this.#counts].map(([kind, count]) => ({ kind, ...count }))
  }

  /** Redact one text. */
  text(text: string): string {
    let result = text
    for (const { kind, pattern, isOne } of PATTERNS) {
      result = result.replace(pattern, (match) =>
        isOne?.(match) === false ? match : this.#replace(kind, match),
      )
    }
    return this.#hosts ? result.replace(this.#hosts, (name) => this.#replace('host', name)) : result
  }

  /** Redact all texts of data that came from JSON or could go there; numbers and names of members stay. */
  data<T>(data: T): T
  data(data: unknown): unknown {
    return this.#walk(data, '', 0)
  }

  #walk(data: unknown, key: string, depth: number): unknown {
    if (KEPT_KEYS.has(key)) return data
    // Nothing of ours is nested so deep: what is not looked at is left out.
    if (depth > NESTING_MAX) return null
    if (typeof data === 'string') return this.text(data)
    if (typeof data !== 'object' || data === null) return data
    const isArguments = ARGUMENT_KEYS.has(key)
    if (Array.isArray(data)) {
      return data.map((item: unknown) =>
        isArguments && typeof item === 'string'
          ? this.#replace('argument', item)
          : this.#walk(item, '', depth + 1),
      )
    }
    return Object.fromEntries(
      Object.entries(data).map(([name, value]: [string, unknown]) => [
        name,
        this.#walk(value, name, depth + 1),
      ]),
    )
  }

  #replace(kind: RedactionKind, value: string): string {
    const count = this.#counts.get(kind) ?? { values: 0, places: 0 }
    this.#counts.set(kind, count)
    count.places++
    const key = `${kind} ${value}`
    const known = this.#placeholders.get(key)
    if (known !== undefined) return known
    count.values++
    const placeholder = `[${kind}-${count.values}]`
    this.#placeholders.set(key, placeholder)
    return placeholder
  }
}

/** Loopback and "any" tell nothing. */
function isIpv4(text: string): boolean {
  const parts = text.split('.').map(Number)
  return parts.every((part) => part <= 255) && parts[0] !== 127 && text !== '0.0.0.0'
}

/** Eight groups, or fewer around one '::'; a time of day and a C++ name are none. */
function isIpv6(text: string): boolean {
  const halves = text.split('::')
  if (halves.length > 2 || !/\d/.test(text) || text === '::1') return false
  const groups = text.split(':').filter((group) => group !== '').length
  if (/^:[^:]|[^:]:$/.test(text)) return false
  return halves.length === 2 ? groups >= 2 && groups < 8 : groups === 8
}
