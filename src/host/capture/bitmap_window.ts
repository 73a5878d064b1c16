// The bits of the frames that a filter is deciding about: all of them, or a window that moves over them.
import type { PfnRun } from '../../core/dump/dump_format.ts'
import type { DumpPages } from './dump_pages.ts'
import { forEachInRange } from './frame_blocks.ts'
import { clearRange, setMissing, setRange } from './page_bitmap.ts'

/** A window of bits, at first those of the frames that can be dumped. */
export class BitmapWindow {
  readonly bits: Uint8Array
  /** Frames of the kernel's own whose bit had been cleared. */
  protectedFrames = 0
  /** First frame of the window. */
  start = 0
  readonly #present: readonly PfnRun[]
  readonly #own: readonly PfnRun[]
  readonly #put: (bits: Uint8Array, firstPfn: number) => void

  /**
   * @param own frames that are never left out, sorted
   * @param size bytes of the window
   * @param put told the bits of each window that is left
   */
  constructor(
    { present }: Pick<DumpPages, 'present'>,
    own: readonly PfnRun[],
    size: number,
    put: (bits: Uint8Array, firstPfn: number) => void,
  ) {
    this.bits = new Uint8Array(size)
    this.#present = present
    this.#own = own
    this.#put = put
    this.#fill()
  }

  /** First frame behind the window. */
  get end(): number {
    return this.start + this.bits.length * 8
  }

  /** Clear the bits of `[start, end)`, as far as they are in the window; returns how many were set. */
  clear(start: number, end: number): number {
    return clearRange(
      this.bits,
      Math.max(start, this.start) - this.start,
      Math.min(end, this.end) - this.start,
    )
  }

  /** Move on to the next window. */
  advance(): void {
    this.finish()
    this.start = this.end
    this.bits.fill(0)
    this.#fill()
  }

  /** Set the bits of the kernel's own frames again, and hand the window on. */
  finish(): void {
    forEachInRange(this.#own, this.start, this.end, (start, end) => {
      forEachInRange(this.#present, start, end, (from, to) => {
        this.protectedFrames += setMissing(this.bits, from - this.start, to - this.start)
      })
    })
    this.#put(this.bits, this.start)
  }

  #fill(): void {
    forEachInRange(this.#present, this.start, this.end, (start, end) => {
      setRange(this.bits, start - this.start, end - this.start)
    })
  }
}
