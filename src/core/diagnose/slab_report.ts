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

/** A report. */
export interface SlabReport {
  readonly cache: string
  /** `Redzone overwritten`. */
  readonly what: string
  readonly object: bigint | undefined
  /** Bytes found written: the last one included. */
  readonly damage: { readonly start: bigint; readonly last: bigint } | undefined
  /** The first of them, and what it should have been. */
  readonly byte: number | undefined
  readonly expected: number | undefined
  readonly allocated: SlabTrack | undefined
  readonly freed: SlabTrack | undefined
}

const HEADLINE = /^BUG (\S+) \([^)]*\): (.+)/
const DAMAGE =
  /^(?:INFO: )?0x([\da-f]{8,16})-0x([\da-f]{8,16})(?: @offset=\d+)?\. First byte 0x([\da-f]+) instead of 0x([\da-f]+)/
const OBJECT = /^(?:INFO: )?Object 0x([\da-f]{8,16}) @offset/
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
  const texts = lines
    .slice(start, end)
    .filter(({ callerId }) => callerId === caller)
    .map(({ text }) => text)
  const damage = first(texts, DAMAGE)
  return {
    cache,
    what,
    object: hex(first(texts, OBJECT)?.[1]),
    damage: damage && { start: hex(damage[1]) ?? 0n, last: hex(damage[2]) ?? 0n },
    byte: damage && Number.parseInt(damage[3] ?? '', 16),
    expected: damage && Number.parseInt(damage[4] ?? '', 16),
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
