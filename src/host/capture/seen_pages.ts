// Which pages were packed lately, by a hash of their bytes: shared by all threads that pack. An entry is a slot, the job
// that claimed it and the frame whose bytes it means. Jobs are numbered in the order they are written, so a page may
// only mean one of an earlier job, and an entry is left alone while jobs under way may still mean it.

/** A table for more pages than so many is no larger: 4 MiB, and 3 MiB where their data lies. */
const SLOTS_MAX = 1 << 18
/** Entries of so many jobs ago may be meant: 4 GiB of pages. */
const USED_JOBS = 16_384
/** Entries of so many jobs ago may be replaced. Between the two lies more than can be under way at once. */
const KEPT_JOBS = 16_484
const ENTRY_BYTES = 16
/** Slots a page may be in: those whose number differs from its hash in the lowest bits. */
const WAYS = 4

/** A state in the middle of being written. */
const CLAIMED = -1

/** Make room to remember up to `pageCount` pages. */
export function allocateSeen(pageCount: number): SharedArrayBuffer {
  let slots = 1
  while (slots < 2 * pageCount && slots < SLOTS_MAX) slots *= 2
  slots = Math.max(slots, WAYS)
  return new SharedArrayBuffer(slots * ENTRY_BYTES)
}

/** The table. Its memory can be handed to threads. */
export class SeenPages {
  readonly memory: SharedArrayBuffer
  /** Slots, a power of two: the low bits of a hash choose one. */
  readonly slotCount: number
  /** 0 for an empty slot, CLAIMED, or the number of the job that claimed it, plus one. */
  readonly #states: Int32Array
  readonly #hashes: Uint32Array
  readonly #frames: Float64Array

  /** @param memory as of allocateSeen() */
  constructor(memory: SharedArrayBuffer) {
    const slots = memory.byteLength / ENTRY_BYTES
    this.memory = memory
    this.slotCount = slots
    this.#frames = new Float64Array(memory, 0, slots)
    this.#states = new Int32Array(memory, slots * 8, slots)
    this.#hashes = new Uint32Array(memory, slots * 12, slots)
  }

  /** The slot of a page with this hash that job `job` may mean; -1 if there is none. */
  find(hash: number, check: number, job: number): number {
    const first = hash & (this.slotCount - 1)
    for (let way = 0; way < WAYS; way++) {
      const slot = first ^ way
      const state = Atomics.load(this.#states, slot)
      const isUsable = state > 0 && state - 1 <= job && state - 1 > job - USED_JOBS
      if (isUsable && this.#hashes[slot] === check) return slot
    }
    return -1
  }

  /** The frame whose page a slot means. It stays while jobs that found it are under way. */
  frameOf(slot: number): number {
    return this.#frames[slot] as number
  }

  /** Remember the page of frame `pfn`; returns its slot, -1 if those that are there must not go yet. */
  claim(hash: number, check: number, pfn: number, job: number): number {
    const first = hash & (this.slotCount - 1)
    for (let way = 0; way < WAYS; way++) {
      const slot = first ^ way
      const state = Atomics.load(this.#states, slot)
      const isTaken = state === CLAIMED || (state > 0 && state - 1 > job - KEPT_JOBS)
      if (isTaken || Atomics.compareExchange(this.#states, slot, state, CLAIMED) !== state) continue
      this.#hashes[slot] = check
      this.#frames[slot] = pfn
      Atomics.store(this.#states, slot, job + 1)
      return slot
    }
    return -1
  }
}
