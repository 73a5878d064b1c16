// Writes on their way to a server: copied, in order, and kept until it has acknowledged them, so that they can be sent
// again over another connection.

/** One write. */
export interface QueuedWrite {
  readonly offset: number
  readonly bytes: Buffer
  isAcknowledged: boolean
}

/** What a small write costs besides its bytes. */
const OVERHEAD = 256

/** Unacknowledged writes. Those that overlap keep their order, whatever is sent again. */
export class SendQueue {
  /** What waits, bytes. */
  size = 0
  /** All before it, in the order of writing, was acknowledged; the end of what a server must have. */
  acknowledgedEnd = 0
  readonly #pieceSize: number
  readonly #writes: QueuedWrite[] = []
  /** So many of them were sent. */
  #sentCount = 0

  /** @param pieceSize of one request, bytes */
  constructor(pieceSize: number) {
    this.#pieceSize = pieceSize
  }

  /** Take a copy of `bytes`. */
  add(offset: number, bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length; at += this.#pieceSize) {
      const piece = Buffer.from(bytes.subarray(at, at + this.#pieceSize))
      this.#writes.push({ offset: offset + at, bytes: piece, isAcknowledged: false })
      this.size += piece.length + OVERHEAD
    }
  }

  /** Yield what was not sent yet, in order, and note that it is. */
  *send(): Generator<QueuedWrite> {
    while (this.#sentCount < this.#writes.length) {
      yield this.#writes[this.#sentCount++] as QueuedWrite
    }
  }

  /**
   * Note that a write has arrived. It is forgotten once all before it have arrived as well: if an earlier one is sent
   * again, it must be too.
   */
  acknowledge(write: QueuedWrite): void {
    write.isAcknowledged = true
    while (this.#writes[0]?.isAcknowledged) {
      const { offset, bytes } = this.#writes.shift() as QueuedWrite
      this.#sentCount--
      this.size -= bytes.length + OVERHEAD
      this.acknowledgedEnd = Math.max(this.acknowledgedEnd, offset + bytes.length)
    }
  }

  /** Nothing that waits has arrived for certain: all of it is to be sent again. */
  sendAgain(): void {
    this.#sentCount = 0
    for (const write of this.#writes) write.isAcknowledged = false
  }

  /** Forget everything. */
  clear(): void {
    this.#writes.length = 0
    this.#sentCount = 0
    this.size = 0
  }
}
