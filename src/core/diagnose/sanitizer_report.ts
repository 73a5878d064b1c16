// What KASAN, KFENCE and UBSAN print. Source: mm/kasan/report.c, mm/kfence/report.c, lib/ubsan.c. "slab-use-after-free" was
// "use-after-free" before v6.4; KFENCE's stacks follow no "Call Trace:".
import { printedSymbol, type LogLine, type PrintedSymbol, type Trouble } from './trouble.ts'

/** A report. */
export interface SanitizerReport {
  readonly tool: 'KASAN' | 'KFENCE' | 'KMSAN' | 'UBSAN'
  /** `slab-use-after-free`, `out-of-bounds write`, `array-index-out-of-bounds`. */
  readonly what: string
  /** Where it happened; undefined where the place is a line of the source. */
  readonly where: PrintedSymbol | undefined
  /** `drivers/a.c:12:3` of UBSAN; '' for others. */
  readonly place: string
  /** Lines that say more: size and address, what the object is. */
  readonly details: readonly string[]
  readonly access: readonly PrintedSymbol[]
  readonly allocated: readonly PrintedSymbol[]
  readonly freed: readonly PrintedSymbol[]
}

const HEADLINE = /^BUG: (KASAN|KFENCE|KMSAN): ([\w -]{1,60}?) in (\S.*)$/
const UBSAN = /^UBSAN: ([\w -]{1,60}?) in (\S{1,200})$/
const DETAIL =
  /^(?:(?:Read|Write) of size \d+ at |Free of addr |The buggy address |\s*which belongs to |\s*(?:allocated|freed) [\d-]+-byte region |kfence-#\d+: |index -?\d+ is out of range|shift exponent |signed integer overflow|load of |member access |null-ptr-deref in range|probably user-memory-access|.{1,40} is out of range for type )/
const DETAILS_MAX = 6
const FRAMES_MAX = 32

/** Read a report; undefined for trouble that is none. */
export function parseSanitizerReport(
  lines: readonly LogLine[],
  { start, end, line, trace }: Trouble,
): SanitizerReport | undefined {
  const [, tool, what, where] = HEADLINE.exec(line) ?? []
  const [, undefinedWhat, place = ''] = UBSAN.exec(line) ?? []
  if (what === undefined && undefinedWhat === undefined) return undefined
  const caller = lines[start]?.callerId
  const texts = lines
    .slice(start + 1, end)
    .filter(({ callerId }) => callerId === caller)
    .map(({ text }) => text)
  const access = trace.filter(({ isReliable }) => isReliable)
  return {
    tool: tool === 'KASAN' || tool === 'KFENCE' || tool === 'KMSAN' ? tool : 'UBSAN',
    what: what ?? undefinedWhat ?? '',
    where: printedSymbol(where ?? ''),
    place,
    details: texts.filter((text) => DETAIL.test(text)).slice(0, DETAILS_MAX),
    access: access.length > 0 ? access : stackBehind(texts, /^[\w-]+(?: \w+)? at 0x[\da-f]+/),
    allocated: stackBehind(texts, /^[Aa]llocated by task /),
    freed: stackBehind(texts, /^[Ff]reed by task /),
  }
}

/** The frames that follow a line. */
function stackBehind(texts: readonly string[], pattern: RegExp): PrintedSymbol[] {
  const at = texts.findIndex((text) => pattern.test(text))
  const found: PrintedSymbol[] = []
  if (at < 0) return found
  for (const text of texts.slice(at + 1, at + 1 + FRAMES_MAX)) {
    const symbol = printedSymbol(text)
    if (!symbol) break
    if (symbol.isReliable) found.push(symbol)
  }
  return found
}
