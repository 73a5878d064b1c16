// What SLUB prints of a damaged object. Source: mm/slub.c slab_bug(), print_trailer(), print_track(). Before v5.11 its lines
// began with "INFO: "; since v5.16 stacks follow "Allocated in" and "Freed in" where CONFIG_STACKDEPOT keeps them.
import { printedSymbol, type LogLine, type PrintedSymbol, type Trouble } from './trouble.ts'

/** Who allocated or freed an object, where the cache keeps that. */
export interface SlabTrack {
  readonly symbol: PrintedSymbol
  /** Jiffies before the report. */
  readonly age: number
  readonly cpu: number
  readonly pid: number
  /** Its callers, where they are kept. */
  readonly stack: readonly PrintedSymbol[]
}

/** Bytes that were written. */
export interface SlabDamage {
  /** Hashed, as the object's may be. */
  readonly start: bigint
  /** Where they begin in the slab. */
  readonly offset: number | undefined
  /** The first of them, and what it should have been. */
  readonly byte: number
  readonly expected: number
}

/** A report. */
export interface SlabReport {
  readonly cache: string
  /** `Redzone overwritten`. */
  readonly what: string
  /** Where the object begins; not the true address where pointers are printed hashed, as is the default. */
  readonly object: bigint | undefined
  /** Where it begins in its slab. */
  readonly objectOffset: number | undefined
  readonly damage: SlabDamage | undefined
  readonly allocated: SlabTrack | undefined
  readonly freed: SlabTrack | undefined
}

const HEADLINE = /^BUG (\S+) \([^)]*\): (.+)/
/** Before v6.15 behind the headline, and with its words in it; since then before it, and the headline says less. */
const DAMAGE =
  /^(?:INFO: |\[([\w ]{1,40} overwritten)\] )?0x([\da-f]{8,16})-0x[\da-f]{8,16}(?: @offset=(\d+))?\. First byte 0x([\da-f]+) instead of 0x([\da-f]+)/
/** Lines that it stands before, at most. */
const BEFORE = 6
const OBJECT = /^(?:INFO: )?Object 0x([\da-f]{8,16}) @offset=(\d+)/
const TRACK =
  /^(?:INFO: )?(Allocated|Freed) in (\S+(?: \[[^\]]+\])?) age=(\d+) cpu=(\d+) pid=(-?\d+)/

/** Read a report; undefined for trouble that is none. */
export function parseSlabReport(
  lines: readonly LogLine[],
  { start, end, line }: Trouble,
): SlabReport | undefined {
  const [, cache, what] = HEADLINE.exec(line) ?? []
  if (cache === undefined || what === undefined) return undefined
  const caller = lines[start]?.callerId
  const textsOf = (from: number, to: number): string[] =>
    lines
      .slice(from, to)
      .filter(({ callerId }) => callerId === caller)
      .map(({ text }) => text)
  const texts = textsOf(start, end)
  const object = first(texts, OBJECT)
  const damage = first([...texts, ...textsOf(Math.max(0, start - BEFORE), start)], DAMAGE)
  return {
    cache,
    what: damage?.[1] ?? what,
    object: hex(object?.[1]),
    objectOffset: object && Number(object[2]),
    damage: damage && {
      start: hex(damage[2]) ?? 0n,
      offset: damage[3] === undefined ? undefined : Number(damage[3]),
      byte: Number.parseInt(damage[4] ?? '', 16),
      expected: Number.parseInt(damage[5] ?? '', 16),
    },
    allocated: readTrack(texts, 'Allocated'),
    freed: readTrack(texts, 'Freed'),
  }
}

function readTrack(texts: readonly string[], which: string): SlabTrack | undefined {
  for (const [index, text] of texts.entries()) {
    const [, verb, where = '', age, cpu, pid] = TRACK.exec(text) ?? []
    const symbol = verb === which ? printedSymbol(where) : undefined
    if (!symbol) continue
    const stack: PrintedSymbol[] = []
    for (const line of texts.slice(index + 1)) {
      const caller = /^\s/.test(line) ? printedSymbol(line) : undefined
      if (!caller) break
      stack.push(caller)
    }
    return { symbol, age: Number(age), cpu: Number(cpu), pid: Number(pid), stack }
  }
  return undefined
}

function first(texts: readonly string[], pattern: RegExp): RegExpExecArray | undefined {
  for (const text of texts) {
    const found = pattern.exec(text)
    if (found) return found
  }
  return undefined
}

const hex = (text: string | undefined): bigint | undefined =>
  text === undefined ? undefined : BigInt(`0x${text}`)
