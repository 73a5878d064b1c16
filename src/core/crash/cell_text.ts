// Cells as text, for the layouts crash has of its own.
import { formatAddress } from '../base/hex.ts'
import { isCellFault, type Cell } from '../base/table.ts'

/** Plain text; `-` for nothing, `(excluded)` for what could not be read. */
export function cellText(cell: Cell | undefined): string {
  if (cell === undefined || cell === null) return '-'
  return isCellFault(cell) ? `(${cell.fault})` : String(cell)
}

/** Sixteen digits where the cell is an address. */
export function addressText(cell: Cell | undefined): string {
  return typeof cell === 'bigint' ? formatAddress(cell) : cellText(cell)
}

/** Hexadecimal digits where the cell is a number. */
export function hexText(cell: Cell | undefined): string {
  return typeof cell === 'bigint' || typeof cell === 'number' ? cell.toString(16) : cellText(cell)
}
