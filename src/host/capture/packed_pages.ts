// What packing pages yields: one block of stored bytes, and for each page what it is. Made by a packer, perhaps in
// another thread; taken by a writer, which decides where the bytes lie.

/** What became of a page. LOST: it could not be read. ZERO: all bytes zero. SAME: as the page in its slot. */
export const LOST = 0
export const ZERO = 1
export const SAME = 2
export const RAW = 3
export const COMPRESSED = 4

/** Packed pages: page `i` has a kind, the stored ones lie one behind the other in `data`. */
export interface PackedPages {
  readonly kinds: Uint8Array
  /** Bytes of RAW and COMPRESSED pages in `data`. */
  readonly sizes: Uint32Array
  /** SAME: the slot of the page it equals. Stored pages: the slot that means them from now on, -1 for none. */
  readonly slots: Int32Array
  readonly data: Uint8Array
  /** Bytes of `data` in use. */
  used: number
}

/** Bytes of one job: writing it is one system call, giving it to a thread one message. */
const JOB_BYTES = 1024 * 1024

/** How many frames may be packed at once. */
export const packLimit = (pageSize: number): number => Math.max(1, JOB_BYTES / pageSize)

/** Room for the frames of one `pack()`, in memory that threads can share if need be. */
export function allocatePacked(pageSize: number, isShared = false): PackedPages {
  const limit = packLimit(pageSize)
  const allocate = (bytes: number): ArrayBufferLike =>
    isShared ? new SharedArrayBuffer(bytes) : new ArrayBuffer(bytes)
  return {
    kinds: new Uint8Array(allocate(limit)),
    sizes: new Uint32Array(allocate(limit * 4)),
    slots: new Int32Array(allocate(limit * 4)),
    data: new Uint8Array(allocate(limit * pageSize)),
    used: 0,
  }
}

/** Flags of pages are below this. */
const SIZE_UNIT = 256

/** Where a writer put the pages that are remembered, by slot. */
export class StoredPages {
  /** Of each slot: where its page lies; its size times SIZE_UNIT, and its flags. */
  readonly #places: Float64Array

  constructor(slotCount: number) {
    this.#places = new Float64Array(slotCount * 2)
  }

  set(slot: number, offset: number, size: number, flags: number): void {
    this.#places[slot * 2] = offset
    this.#places[slot * 2 + 1] = size * SIZE_UNIT + flags
  }

  /** 0 where the page of a slot was not stored. */
  offsetOf(slot: number): number {
    return this.#places[slot * 2] as number
  }

  sizeOf(slot: number): number {
    return Math.floor((this.#places[slot * 2 + 1] as number) / SIZE_UNIT)
  }

  flagsOf(slot: number): number {
    return (this.#places[slot * 2 + 1] as number) % SIZE_UNIT
  }
}
