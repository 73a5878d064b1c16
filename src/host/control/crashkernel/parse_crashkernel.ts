// crashkernel= of a command line, read as the kernel reads it, with its messages and with the reason of each verdict.
// Source: kernel/crash_reserve.c parse_crashkernel() and what it calls; arch/x86/kernel/setup.c of v6.6.
import { defaultLowBytes, type KernelKind } from './kernel_kind.ts'
import { formatSize, memparse } from './memparse.ts'

/** What the kernel will try to reserve. */
export interface CrashkernelRequest {
  readonly sizeBytes: bigint
  /** 0 when the kernel chooses. */
  readonly baseBytes: bigint
  /** `,high` was given: memory above 4 GiB first. */
  readonly isHigh: boolean
  /** The part below 4 GiB that goes with memory above it; 0 for none. */
  readonly lowBytes: bigint
  /** The same for a plain size, when there is room only above 4 GiB: there the generic code does not ask `,low`. */
  readonly fallbackLowBytes: bigint
  /** What the kernel says of `,low` once it needs it. */
  readonly lowMessages: readonly string[]
  /** 0 for none. */
  readonly cmaBytes: bigint
}

/** What became of one crashkernel= on the line, or of one of its ranges. */
export interface Verdict {
  /** The text it is about. */
  readonly text: string
  readonly isUsed: boolean
  readonly reason: string
}

/** What the kernel makes of a command line. */
export interface ParsedCrashkernel {
  /** Undefined when nothing will be reserved. */
  readonly request: CrashkernelRequest | undefined
  /** Why nothing will be; '' when something is asked for. */
  readonly failure: string
  readonly verdicts: readonly Verdict[]
  /** The kernel's own words, in its order. */
  readonly messages: readonly string[]
}

/** What the kernel says when no range gives memory: no mistake of the writer's. */
export const ZERO_BYTES = 'crashkernel size resulted in zero bytes'
const NAME = 'crashkernel='
const SUFFIXES = ['high', 'low', 'cma'] as const
type Suffix = (typeof SUFFIXES)[number]
const OLD_SUFFIXES = ['high', 'low'] as const
/** Firmware keeps some memory for itself; the kernel rounds up what it sees before it looks at ranges. */
const RAM_STEP = 128n << 20n

/**
 * Parse a kernel command line for crashkernel=.
 *
 * @param ramBytes memory the kernel sees (memblock_phys_mem_size())
 */
export function parseCrashkernel(
  cmdline: string,
  ramBytes: number,
  kind: KernelKind,
): ParsedCrashkernel {
  const parse = new Parse(cmdline, BigInt(Math.ceil(ramBytes)), kind)
  const request = kind.isGeneric ? parse.generic() : parse.x86()
  const failure = request ? '' : parse.failure
  return { request, failure, verdicts: parse.verdicts(), messages: parse.messages }
}

type Value = { readonly size: bigint; readonly base: bigint } | 'absent' | 'invalid'

/** One crashkernel= of the line: from its name to the next blank. */
interface Occurrence {
  readonly at: number
  readonly end: number
  readonly text: string
}

class Parse {
  readonly messages: string[] = []
  readonly #cmdline: string
  readonly #ram: bigint
  readonly #kind: KernelKind
  readonly #occurrences: readonly Occurrence[]
  readonly #reasons = new Map<number, { isUsed: boolean; reason: string }>()
  readonly #ranges: Verdict[] = []
  #refused = ''

  constructor(cmdline: string, ram: bigint, kind: KernelKind) {
    this.#cmdline = cmdline.replace(/\n$/, '')
    this.#ram = ram
    this.#kind = kind
    this.#occurrences = findOccurrences(this.#cmdline)
  }

  /** parse_crashkernel() of kernel/crash_reserve.c. */
  generic(): CrashkernelRequest | undefined {
    const plain = this.#read(undefined)
    const isHigh = plain === 'absent' && this.#kind.arch.hasHigh
    const found = isHigh ? this.#read('high') : plain
    let lowBytes = 0n
    if (isHigh) {
      if (typeof found === 'string' || found.size === 0n) return undefined
      const low = this.#read('low')
      // An invalid low size spoils the high one.
      if (low === 'invalid') {
        this.#note('high', false, 'not served: its ,low is invalid')
        return undefined
      }
      lowBytes = low === 'absent' ? this.#defaultLow() : low.size
    }
    const cma = this.#kind.hasCma && this.#kind.arch.hasHigh ? this.#read('cma') : 'absent'
    if (typeof found === 'string' || found.size === 0n) return undefined
    if (found.size >= this.#ram) {
      this.#note(isHigh ? 'high' : undefined, false, this.#tooLarge(found.size))
      return undefined
    }
    const cmaBytes = typeof cma === 'string' ? 0n : cma.size
    return {
      sizeBytes: found.size,
      baseBytes: found.base,
      isHigh,
      lowBytes,
      fallbackLowBytes: this.#defaultLow(),
      lowMessages: [],
      cmaBytes,
    }
  }

  /** reserve_crashkernel() of arch/x86/kernel/setup.c: an invalid or empty plain form is followed by the high one. */
  x86(): CrashkernelRequest | undefined {
    const plain = this.#read(undefined)
    const isHigh = typeof plain === 'string' || plain.size === 0n
    const found = isHigh ? this.#read('high') : plain
    if (typeof found === 'string' || found.size === 0n) return undefined
    // The low part is read only when the memory lies above 4 GiB; an invalid size is as none.
    const said = this.messages.length
    const low = this.#read('low')
    const lowMessages = this.messages.splice(said)
    const lowBytes = typeof low === 'string' ? this.#defaultLow() : low.size
    return {
      sizeBytes: found.size,
      baseBytes: found.base,
      isHigh,
      lowBytes,
      fallbackLowBytes: lowBytes,
      lowMessages,
      cmaBytes: 0n,
    }
  }

  /** Why there is no request. */
  get failure(): string {
    if (this.#refused !== '') return this.#refused
    return this.#occurrences.length === 0
      ? 'there is no crashkernel='
      : 'there is no crashkernel= without suffix, and none with ,high'
  }

  /** What became of each crashkernel=, the ranges of one below it. */
  verdicts(): Verdict[] {
    return this.#occurrences.flatMap(({ at, text }) => {
      const { isUsed, reason } = this.#reasons.get(at) ?? {
        isUsed: false,
        reason: this.#whyUnread(at, text),
      }
      const ranges = this.#ranges.length > 0 && text.includes(':') && this.#reasons.has(at)
      return [{ text, isUsed, reason }, ...(ranges ? this.#ranges : [])]
    })
  }

  #whyUnread(at: number, text: string): string {
    const suffix = this.#suffixOf(text)
    const last = this.#last(suffix)
    if (last && last.at !== at) {
      const like = suffix === undefined ? 'without suffix' : `with ,${suffix}`
      return `ignored: a later crashkernel= ${like} wins`
    }
    if (suffix !== undefined && !this.#kind.arch.hasHigh)
      return `ignored: ${this.#kind.arch.name} knows no ,${suffix}`
    if (suffix === 'cma') return 'not looked at: there is no valid size to go with it'
    const plain = this.#last(undefined)
    if (plain) return `ignored: ,${suffix} counts only without ${plain.text}`
    return `ignored: ,${suffix} counts only beside a valid ,high`
  }

  /** get_last_crashkernel(): the last one with that suffix; without, the last that ends in no known suffix. */
  #last(suffix: Suffix | undefined): Occurrence | undefined {
    return this.#occurrences.findLast(({ text }) => this.#suffixOf(text) === suffix)
  }

  #suffixOf(text: string): Suffix | undefined {
    const known = this.#kind.hasCma ? SUFFIXES : OLD_SUFFIXES
    return known.find((suffix) => text.endsWith(`,${suffix}`))
  }

  /** __parse_crashkernel() */
  #read(suffix: Suffix | undefined): Value {
    const found = this.#last(suffix)
    if (!found) return 'absent'
    const at = found.at + NAME.length
    if (suffix !== undefined) return this.#readSuffixed(found, at, suffix)
    const colon = this.#cmdline.indexOf(':', at)
    return colon >= 0 && colon < found.end
      ? this.#readRanges(found, at)
      : this.#readSimple(found, at)
  }

  /** parse_crashkernel_simple() */
  #readSimple(found: Occurrence, at: number): Value {
    const size = memparse(this.#cmdline, at)
    if (size.end === at) return this.#invalid(found, 'crashkernel: memory value expected')
    let { end } = size
    let base = 0n
    if (this.#charAt(end) === '@') {
      // Nothing behind the address is looked at.
      const offset = memparse(this.#cmdline, end + 1)
      base = offset.value
      end = offset.end
    } else if (end !== found.end) {
      return this.#invalid(found, `crashkernel: unrecognized char: ${this.#charAt(end)}`)
    }
    if (size.value === 0n) this.#verdict(found, false, 'asks for nothing')
    else {
      const where = base === 0n ? '' : ` at ${formatSize(base)}`
      this.#verdict(found, true, `asks for ${formatSize(size.value)}${where}`)
    }
    return { size: size.value, base }
  }

  /** parse_crashkernel_suffix() */
  #readSuffixed(found: Occurrence, at: number, suffix: Suffix): Value {
    const { value, end } = memparse(this.#cmdline, at)
    if (end === at) return this.#invalid(found, 'crashkernel: memory value expected')
    const isSuffix = this.#cmdline.startsWith(`,${suffix}`, end)
    const behind = isSuffix ? end + suffix.length + 1 : end
    if (!isSuffix || behind !== found.end)
      return this.#invalid(found, `crashkernel: unrecognized char: ${this.#charAt(behind)}`)
    this.#verdict(found, true, SUFFIX_MEANING[suffix](formatSize(value), value === 0n))
    return { size: value, base: 0n }
  }

  /** parse_crashkernel_mem(): `START-[END]:SIZE[,…][@OFFSET]`, the first range that holds the memory wins. */
  #readRanges(found: Occurrence, start: number): Value {
    const ram = ((this.#ram + RAM_STEP - 1n) / RAM_STEP) * RAM_STEP
    const total = formatSize(ram)
    let at = start
    let size = 0n
    for (;;) {
      const range = this.#readRange(at, ram)
      if (typeof range === 'string') return this.#invalid(found, range)
      const text = this.#cmdline.slice(at, range.end)
      at = range.end
      if (ram >= range.low && ram < range.high) {
        size = range.size
        this.#ranges.push({ text, isUsed: true, reason: `holds ${total}` })
        break
      }
      this.#ranges.push({ text, isUsed: false, reason: `does not hold ${total}` })
      if (this.#charAt(at) !== ',') break
      at++
    }
    if (size === 0n) {
      this.messages.push(ZERO_BYTES)
      this.#verdict(found, false, `no range gives memory to ${total} (RAM rounded up to 128M)`)
      return { size, base: 0n }
    }
    while (at < found.end && this.#charAt(at) !== '@') at++
    let base = 0n
    if (this.#charAt(at) === '@' && at < found.end) {
      const offset = memparse(this.#cmdline, at + 1)
      if (offset.end === at + 1)
        return this.#invalid(found, this.#lateMessage("Memory value expected after '@'"))
      base = offset.value
    }
    this.#verdict(found, true, `asks for ${formatSize(size)}: RAM rounded up to 128M is ${total}`)
    return { size, base }
  }

  /** One range, or the message that ends it all. */
  #readRange(
    start: number,
    ram: bigint,
  ): { low: bigint; high: bigint; size: bigint; end: number } | string {
    const low = memparse(this.#cmdline, start)
    if (low.end === start) return 'crashkernel: Memory value expected'
    if (this.#charAt(low.end) !== '-') return "crashkernel: '-' expected"
    let at = low.end + 1
    let high = 2n ** 64n - 1n
    if (this.#charAt(at) !== ':') {
      const end = memparse(this.#cmdline, at)
      if (end.end === at) return 'crashkernel: Memory value expected'
      if (end.value <= low.value) return 'crashkernel: end <= start'
      high = end.value
      at = end.end
    }
    if (this.#charAt(at) !== ':') return "crashkernel: ':' expected"
    const size = memparse(this.#cmdline, at + 1)
    if (size.end === at + 1) return this.#lateMessage('Memory value expected')
    // Also in a range that would not be taken, if it comes before the one that would.
    if (size.value >= ram) return 'crashkernel: invalid size'
    return { low: low.value, high, size: size.value, end: size.end }
  }

  /** Two messages got their prefix with the generic code. */
  #lateMessage(text: string): string {
    return this.#kind.isGeneric ? `crashkernel: ${text}` : text
  }

  #invalid(found: Occurrence, message: string): 'invalid' {
    this.messages.push(message)
    this.#verdict(found, false, `invalid: the kernel says '${message}'`)
    return 'invalid'
  }

  #verdict({ at, text }: Occurrence, isUsed: boolean, reason: string): void {
    this.#reasons.set(at, { isUsed, reason })
    if (!isUsed && this.#suffixOf(text) !== 'cma') this.#refused ||= `${text}: ${reason}`
  }

  #note(suffix: Suffix | undefined, isUsed: boolean, reason: string): void {
    const found = this.#last(suffix)
    if (found) this.#verdict(found, isUsed, reason)
  }

  #tooLarge(size: bigint): string {
    return `asks for ${formatSize(size)}, as much as there is (${formatSize(this.#ram)}) or more`
  }

  #defaultLow(): bigint {
    return BigInt(defaultLowBytes(this.#kind, this.#cmdline))
  }

  #charAt(at: number): string {
    return this.#cmdline.charAt(at)
  }
}

const SUFFIX_MEANING: Readonly<Record<Suffix, (size: string, isZero: boolean) => string>> = {
  high: (size) => `asks for ${size}, above 4G if there is such memory`,
  low: (size, isZero) => (isZero ? 'switches the low part off' : `asks for ${size} below 4G`),
  cma: (size) => `lends ${size} of movable memory to the capture kernel`,
}

/** Every place where the text stands, in the middle of other words and in quotes too: the kernel uses strstr(). */
function findOccurrences(cmdline: string): Occurrence[] {
  const found: Occurrence[] = []
  for (let at = cmdline.indexOf(NAME); at >= 0; at = cmdline.indexOf(NAME, at + 1)) {
    const blank = cmdline.indexOf(' ', at)
    const end = blank < 0 ? cmdline.length : blank
    found.push({ at, end, text: cmdline.slice(at, end) })
  }
  return found
}
