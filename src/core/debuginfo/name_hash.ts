// A hash table from byte strings to row numbers, for 100,000 names without 100,000 JavaScript strings.

/** Longest name (KSYM_NAME_LEN is 512 since v6.1); what is longer is damage, and is cut here. */
export const NAME_SIZE_MAX = 1024

/** Where names lie: row i begins at `starts[i]` and ends at the next NUL, or at `starts[i + 1]`. */
export interface NameColumn {
  readonly bytes: Uint8Array
  readonly starts: Uint32Array
  /** 'nul': C strings, where start 0 is the empty one; 'next': names lie back to back. */
  readonly end: 'nul' | 'next'
}

/** Rows with equal names chain in insertion order. */
export class NameHash {
  readonly #bytes: Uint8Array
  readonly #starts: Uint32Array
  readonly #lengths: Uint16Array
  readonly #buckets: Int32Array
  readonly #next: Int32Array
  readonly #mask: number

  /** Index rows `[0, count)`; rows whose name is empty are left out. */
  constructor({ bytes, starts, end }: NameColumn, count: number) {
    let size = 16
    while (size < count) size *= 2
    this.#bytes = bytes
    this.#starts = starts
    this.#lengths = new Uint16Array(count)
    this.#mask = size - 1
    this.#buckets = new Int32Array(size).fill(-1)
    this.#next = new Int32Array(count)
    const nul = end === 'nul'
    // Backwards, so that a chain ends up in row order.
    for (let row = count - 1; row >= 0; row--) {
      const start = starts[row] as number
      if (nul && start === 0) continue
      const limit = Math.min(
        nul ? bytes.length : (starts[row + 1] as number),
        start + NAME_SIZE_MAX,
      )
      // FNV-1a; no call and no closure in here: this loop reads megabytes at every start.
      let hash = 0x811c9dc5
      let at = start
      for (; at < limit; at++) {
        const byte = bytes[at] as number
        if (nul && byte === 0) break
        hash = Math.imul(hash ^ byte, 0x01000193)
      }
      if (at === start) continue
      this.#lengths[row] = at - start
      const bucket = hash & this.#mask
      this.#next[row] = this.#buckets[bucket] as number
      this.#buckets[bucket] = row
    }
  }

  /** Rows named `name`, in row order. */
  *rows(name: string): Generator<number> {
    const wanted = new TextEncoder().encode(name)
    let hash = 0x811c9dc5
    for (const byte of wanted) hash = Math.imul(hash ^ byte, 0x01000193)
    let row = this.#buckets[hash & this.#mask] as number
    for (; row >= 0; row = this.#next[row] as number) if (this.#equals(row, wanted)) yield row
  }

  /** The first row named `name`, or -1. */
  find(name: string): number {
    for (const row of this.rows(name)) return row
    return -1
  }

  #equals(row: number, wanted: Uint8Array): boolean {
    if (this.#lengths[row] !== wanted.length) return false
    const start = this.#starts[row] as number
    for (let i = 0; i < wanted.length; i++) if (this.#bytes[start + i] !== wanted[i]) return false
    return true
  }
}
