// Overwrites what erase rules have found, a page at a time while pages are copied.
import type { EraseRange } from './erase_ranges.ts'

/** makedumpfile's letter for what was erased. */
const ERASED = 0x58

/** Bytes `[from, to)` of one page. */
interface Piece {
  readonly from: number
  readonly to: number
  readonly value: number
}

/** Knows what to overwrite on which page. */
export class PageEraser {
  readonly #pieces = new Map<number, Piece[]>()

  constructor(ranges: Iterable<EraseRange>, pageSize: number) {
    for (const { physical, size, nullify } of ranges) {
      for (let done = 0; done < size;) {
        const pfn = Math.floor((physical + done) / pageSize)
        const from = physical + done - pfn * pageSize
        const to = Math.min(pageSize, from + size - done)
        const piece = { from, to, value: nullify ? 0 : ERASED }
        const pieces = this.#pieces.get(pfn)
        if (pieces) pieces.push(piece)
        else this.#pieces.set(pfn, [piece])
        done += to - from
      }
    }
  }

  /** Pages that something is erased on. */
  get pageCount(): number {
    return this.#pieces.size
  }

  /**
   * Overwrite what is to be erased of page `pfn` in `bytes`, its content. One look-up where there is nothing.
   *
   * @returns true if there was something, whatever it was before
   */
  erase(pfn: number, bytes: Uint8Array): boolean {
    const pieces = this.#pieces.get(pfn)
    if (!pieces) return false
    for (const { from, to, value } of pieces) bytes.fill(value, from, to)
    return true
  }
}
