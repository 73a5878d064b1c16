// A hash table from byte strings to row numbers, for 100,000 names without 100,000 JavaScript strings.

/** FNV-1a of `bytes[start, end)`. */
export function hashBytes(bytes: Uint8Array, start: number, end: number): number {
  let hash = 0x811c9dc5
  for (let i = start; i < end; i++) hash = Math.imul(hash ^ (bytes[i] as number), 0x01000193)
  return hash >>> 0
}

/** Where a row's name lies. */
export interface NameColumn {
  readonly bytes: Uint8Array
  start(row: number): number
  end(row: number): number
}

/** Rows with equal names chain in insertion order. */
export class NameHash {
  readonly #names: NameColumn
  readonly #buckets: Int32Array
  readonly #next: Int32Array
  readonly #mask: number

  /** Index rows `[0, count)`; rows whose name is empty are left out. */
  constructor(names: NameColumn, count: number) {
    let size = 16
    while (size < count) size *= 2
    this.#names = names
    this.#mask = size - 1
    this.#buckets = new Int32Array(size).fill(-1)
    this.#next = new Int32Array(count)
    // Backwards, so that a chain ends up in row order.
    for (let row = count - 1; row >= 0; row--) {
      const start = names.start(row)
      const end = names.end(row)
      if (end <= start) continue
      const bucket = hashBytes(names.bytes, start, end) & this.#mask
      this.#next[row] = this.#buckets[bucket] as number
      this.#buckets[bucket] = row
    }
  }

  /** Rows named `name`, in row order. */
  *rows(name: string): Generator<number> {
    const bytes = new TextEncoder().encode(name)
    let row = this.#buckets[hashBytes(bytes, 0, bytes.length) & this.#mask] as number
    for (; row >= 0; row = this.#next[row] as number) if (this.#equals(row, bytes)) yield row
  }

  /** The first row named `name`, or -1. */
  find(name: string): number {
    for (const row of this.rows(name)) return row
    return -1
  }

  #equals(row: number, name: Uint8Array): boolean {
    const start = this.#names.start(row)
    if (this.#names.end(row) - start !== name.length) return false
    for (let i = 0; i < name.length; i++) if (this.#names.bytes[start + i] !== name[i]) return false
    return true
  }
}
