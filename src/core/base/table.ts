// Typed tables: what commands and reports yield. Text, JSON and HTML render the same data.
import { CorruptError, FaultError, KdumpError, type FaultReason } from './errors.ts'

/** How a cell is shown as text; the value itself stays typed for JSON and scripts. */
export type CellKind = 'text' | 'address' | 'hex' | 'decimal'
/** A typed value of a table. */
export type Cell = string | number | bigint | boolean | null | CellFault

/** A value that could not be read, and why; shown as `(excluded)`, `(corrupt)`, `(fault)`. */
export interface CellFault {
  readonly fault: 'excluded' | 'corrupt' | 'fault'
  /** The error's own words, for JSON. */
  readonly message: string
}

/** One column of a table. */
export interface Column {
  /** Heading as crash prints it. */
  readonly title: string
  /** Key in JSON; defaults to the lower-case title. */
  readonly key?: string
  readonly kind: CellKind
  readonly align?: 'left' | 'right' | 'center'
}

/** Columns and rows; rows may be produced lazily, once. */
export interface Table {
  readonly columns: readonly Column[]
  readonly rows: Iterable<readonly Cell[]>
}

/** Read one cell; what the dump cannot give becomes a {@link CellFault}, so that the row goes on. */
export function readCell(read: () => Cell): Cell {
  try {
    return read()
  } catch (error) {
    if (!(error instanceof KdumpError)) throw error
    return cellFault(error)
  }
}

/** The fault cell an error stands for. */
export function cellFault(error: KdumpError): CellFault {
  return { fault: faultWord(error), message: error.message }
}

/** Is this cell a value that could not be read? */
export function isCellFault(cell: Cell): cell is CellFault {
  return typeof cell === 'object' && cell !== null
}

const REASON_WORD: Record<FaultReason, CellFault['fault']> = {
  excluded: 'excluded',
  'not-present': 'fault',
  'no-translation': 'fault',
  'out-of-range': 'fault',
  truncated: 'fault',
  corrupt: 'corrupt',
}

function faultWord(error: KdumpError): CellFault['fault'] {
  if (error instanceof FaultError) return REASON_WORD[error.reason]
  return error instanceof CorruptError ? 'corrupt' : 'fault'
}
