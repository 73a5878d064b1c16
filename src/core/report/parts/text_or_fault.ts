// A text of the dump that may not be there: one unreadable name must not cost the list.
import { KdumpError } from '../../base/errors.ts'
import { cellFault } from '../../base/table.ts'

/** Read a text; `(excluded)`, `(corrupt)` or `(fault)` where it cannot be read. */
export function textOrFault(read: () => string): string {
  try {
    return read()
  } catch (error) {
    if (error instanceof KdumpError) return `(${cellFault(error).fault})`
    throw error
  }
}
