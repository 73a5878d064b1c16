// Words of memory the way `rd` shows them: address, values, ASCII.
import { wrap64 } from '../base/addr.ts'
import { FaultError } from '../base/errors.ts'
import { formatAddress } from '../base/hex.ts'
import { cellFault, isCellFault, type Cell, type CellFault, type Column } from '../base/table.ts'
import { cellText } from './cell_text.ts'
import { table, type TableBlock } from './command.ts'

/** Reads bytes by whatever `rd` was told to go by: kernel, user or physical addresses. */
export interface ByteReader {
  readonly littleEndian: boolean
  readVirtual(address: bigint, into: Uint8Array): void
}

/** How words are shown. */
export type WordFormat = 'hex' | 'signed' | 'unsigned'

/** What memory to show, and how. */
export interface MemoryView {
  readonly memory: ByteReader
  readonly start: bigint
  /** Bytes. */
  readonly size: number
  /** Bytes of a word. */
  readonly unit?: 1 | 2 | 4 | 8
  readonly format?: WordFormat
  readonly ascii?: boolean
  /** Show words in the other byte order. */
  readonly swap?: boolean
  /** Name of what a word points to, shown in its stead. */
  readonly symbolize?: (word: bigint) => string | undefined
}

const LINE_BYTES = 16
/** Characters of a word by unit: decimal formats of crash, right-aligned. */
const DECIMAL_WIDTH: Readonly<Record<number, readonly [signed: number, unsigned: number]>> = {
  1: [3, 3],
  2: [5, 5],
  4: [12, 12],
  8: [15, 20],
}

/** A table of 16 bytes a row; a page that is missing costs its own words only. */
export function memoryTable(view: MemoryView): TableBlock {
  const unit = view.unit ?? 8
  const words = LINE_BYTES / unit
  const kind = (view.format ?? 'hex') === 'hex' ? 'hex' : 'decimal'
  const columns: Column[] = [
    { title: 'ADDRESS', kind: 'address' },
    { title: 'ASCII', kind: 'text' },
    ...Array.from({ length: words }, (_, i): Column => ({ title: `WORD${i}`, kind })),
  ]
  return table(columns, memoryRows(view, unit), {
    heading: '',
    line: (row) => formatLine(view, unit, row),
  })
}

function* memoryRows(view: MemoryView, unit: number): Generator<Cell[]> {
  for (let done = 0; done < view.size; done += LINE_BYTES) {
    const at = wrap64(view.start + BigInt(done))
    const size = Math.min(LINE_BYTES, view.size - done)
    const { bytes, fault } = readLine(view.memory, at, size, unit)
    const words: Cell[] = []
    for (let i = 0; i < LINE_BYTES; i += unit) {
      const missing = fault.get(i)
      words.push(i + unit > size ? null : (missing ?? readWord(view, bytes, i, unit)))
    }
    yield [at, asciiOf(bytes, size, (i) => fault.has(i - (i % unit))), ...words]
  }
}

/** Read a line at once, else word by word, so that the readable part of a line at a page's edge shows. */
function readLine(
  memory: ByteReader,
  at: bigint,
  size: number,
  unit: number,
): { bytes: Uint8Array; fault: Map<number, CellFault> } {
  const bytes = new Uint8Array(LINE_BYTES)
  const fault = new Map<number, CellFault>()
  try {
    memory.readVirtual(at, bytes.subarray(0, size))
    return { bytes, fault }
  } catch (error) {
    if (!(error instanceof FaultError)) throw error
  }
  for (let i = 0; i < size; i += unit) {
    try {
      memory.readVirtual(wrap64(at + BigInt(i)), bytes.subarray(i, i + unit))
    } catch (error) {
      if (!(error instanceof FaultError)) throw error
      fault.set(i, cellFault(error))
    }
  }
  return { bytes, fault }
}

function readWord(
  { memory, format, swap }: MemoryView,
  bytes: Uint8Array,
  at: number,
  unit: number,
): bigint {
  const view = new DataView(bytes.buffer, bytes.byteOffset)
  const little = memory.littleEndian !== (swap ?? false)
  const value = [
    () => BigInt(view.getUint8(at)),
    () => BigInt(view.getUint16(at, little)),
    () => BigInt(view.getUint32(at, little)),
    () => view.getBigUint64(at, little),
  ][Math.log2(unit)] as () => bigint
  return format === 'signed' ? BigInt.asIntN(unit * 8, value()) : value()
}

function asciiOf(bytes: Uint8Array, size: number, isMissing: (at: number) => boolean): string {
  return Array.from(bytes.subarray(0, size), (byte, i) => {
    if (isMissing(i)) return ' '
    return byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : '.'
  }).join('')
}

function formatLine(
  view: MemoryView,
  unit: number,
  [address, ascii, ...words]: readonly Cell[],
): string {
  const texts = words.map((word) =>
    word === null || word === undefined ? undefined : formatWord(view, unit, word),
  )
  const head = `${(address as bigint).toString(16).padStart(16)}:  `
  const body = texts.map((text) => (text === undefined ? ' '.repeat(unit * 2) : text)).join(' ')
  if (view.ascii === false || view.symbolize || (view.format ?? 'hex') !== 'hex') {
    return `${head}${texts.filter((text) => text !== undefined).join(' ')} `
  }
  return `${head}${body}   ${cellText(ascii)}`
}

function formatWord(view: MemoryView, unit: number, word: Cell): string {
  const format = view.format ?? 'hex'
  const width =
    format === 'hex' ? unit * 2 : (DECIMAL_WIDTH[unit]?.[format === 'signed' ? 0 : 1] ?? 0)
  if (isCellFault(word)) return `(${word.fault})`.padEnd(width)
  const value = word as bigint
  const name = view.symbolize?.(value)
  if (name !== undefined) return name.padEnd(width)
  return format === 'hex' ? formatAddress(value, unit * 2) : `${value}`.padStart(width)
}
