// Arithmetic on values of crashkernel=: a delta on every size, and the union of two tables.
// Source: kdump-utils kdump-lib.sh _crashkernel_parse(), _crashkernel_add(), memsize_add().
import { formatSize, memparse } from './memparse.ts'

/** One entry of a value: a range with its size, or a size alone. */
export interface CrashkernelEntry {
  /** `4G-64G`; '' for a size alone. */
  readonly range: string
  readonly size: string
}

/** A value taken apart. */
export interface CrashkernelParts {
  readonly entries: readonly CrashkernelEntry[]
  /** `@OFFSET`, `,high`, `,low`, `,cma`, or ''. */
  readonly tail: string
}

const SIZE = /^[+-]?\d+[kmgtpe]?$/i

/** Take a value apart. Nothing is checked. */
export function splitCrashkernel(text: string): CrashkernelParts {
  const [, head = text, tail = ''] =
    /^([^@]*)(@[^]*)$/.exec(text) ?? /^(.*)(,(?:high|low|cma))$/.exec(text) ?? []
  const entries = head
    .split(',')
    .filter((entry) => entry !== '')
    .map((entry) => {
      const colon = entry.indexOf(':')
      return colon < 0
        ? { range: '', size: entry }
        : { range: entry.slice(0, colon), size: entry.slice(colon + 1) }
    })
  return { entries, tail }
}

/**
 * Add a delta to every size of a value. A unit is kept where that is exact.
 *
 * @param delta with a unit, may be negative: `100M`, `-100m`
 * @returns undefined if value or delta cannot be read
 */
export function crashkernelAdd(text: string, delta: string): string | undefined {
  const { entries, tail } = splitCrashkernel(text)
  const plus = parseSigned(delta)
  if (plus === undefined) return undefined
  const parts: string[] = []
  for (const { range, size } of entries) {
    if (range !== '' && !isRange(range)) return undefined
    const bytes = parseSigned(size)
    if (bytes === undefined || bytes + plus < 0n) return undefined
    parts.push(`${range === '' ? '' : `${range}:`}${formatSize(bytes + plus)}`)
  }
  return `${parts.join(',')}${tail}`
}

/**
 * Unite two tables of ranges: for every size of RAM, the larger of both.
 *
 * @returns undefined if one of them is no plain value (has an offset or a suffix, or cannot be read)
 */
export function uniteCrashkernel(a: string, b: string): string | undefined {
  const tables = [readTable(a), readTable(b)]
  const [first, second] = tables
  if (!first || !second) return undefined
  const bounds = [...new Set([...first, ...second].flatMap(({ start, end }) => [start, end]))]
    .filter((bound) => bound !== undefined)
    .toSorted((x, y) => (x < y ? -1 : 1))
  const united: Range[] = []
  for (const [index, start] of bounds.entries()) {
    const size = [first, second].map((table) => sizeAt(table, start)).reduce(larger)
    if (size === 0n) continue
    const end = bounds[index + 1]
    const last = united.at(-1)
    if (last && last.end === start && last.size === size) united.splice(-1, 1, { ...last, end })
    else united.push({ start, end, size })
  }
  const [only] = united
  if (united.length === 1 && only?.start === 0n && only.end === undefined)
    return formatSize(only.size)
  return united
    .map(({ start, end, size }) => {
      return `${formatSize(start)}-${end === undefined ? '' : formatSize(end)}:${formatSize(size)}`
    })
    .join(',')
}

interface Range {
  readonly start: bigint
  /** Exclusive; undefined is without end. */
  readonly end: bigint | undefined
  readonly size: bigint
}

/** A size alone holds for all RAM. */
function readTable(text: string): Range[] | undefined {
  const { entries, tail } = splitCrashkernel(text)
  if (tail !== '' || entries.length === 0) return undefined
  const ranges: Range[] = []
  for (const { range, size } of entries) {
    const bytes = parseSigned(size)
    if (bytes === undefined || (range !== '' && !isRange(range))) return undefined
    const [start = '0', end = ''] = range === '' ? ['0'] : range.split('-')
    ranges.push({
      start: memparse(start, 0).value,
      end: end === '' ? undefined : memparse(end, 0).value,
      size: bytes,
    })
  }
  return ranges
}

function sizeAt(table: readonly Range[], ram: bigint): bigint {
  const row = table.find(({ start, end }) => ram >= start && (end === undefined || ram < end))
  return row?.size ?? 0n
}

const larger = (a: bigint, b: bigint): bigint => (a > b ? a : b)

function parseSigned(text: string): bigint | undefined {
  if (!SIZE.test(text)) return undefined
  // A leading zero is decimal here, as in bash's 10# and in people's minds.
  const { value } = memparse(text.replace(/^[+-]?0*(?=\d)/, ''), 0)
  return text.startsWith('-') ? -value : value
}

function isRange(range: string): boolean {
  const [start = '', end = '', ...rest] = range.split('-')
  return (
    rest.length === 0 && range.includes('-') && SIZE.test(start) && (end === '' || SIZE.test(end))
  )
}
