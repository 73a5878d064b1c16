// Which pages were packed lately, by a hash of their bytes: shared by all threads that pack. An entry is a slot, the job
// that claimed it and the frame whose bytes it means. Jobs are numbered in the order they are written, so a page may
// only mean one of an earlier job, and an entry is left alone while jobs under way may still mean it.

/** A table for more pages than so many is no larger: 4 MiB, and 3 MiB where their data lies. */
const SLOTS_MAX = 1 << 18
/** Entries of so many jobs ago may be meant: 4 GiB of pages. */
const USED_JOBS = 4096
/** Entries of so many jobs ago may be replaced. Between the two lies more than can be under way at once. */
const KEPT_JOBS = 4200
const ENTRY_BYTES = 16
/** Slots a page may be in: those whose number differs from its hash in the lowest bits. */
const WAYS = 4

/** A state in the middle of being written. */
const CLAIMED = -1
/** What find() answers is less, where it found no page but a slot for one. */
const FREE = -2

/** Make room to remember up to `pageCount` pages. */
export function allocateSeen(pageCount: number): SharedArrayBuffer {
  let slots = 1
  while (slots < 2 * pageCount && slots < SLOTS_MAX) slots *= 2
  slots = Math.max(slots, WAYS)
  return new SharedArrayBuffer(slots * ENTRY_BYTES)
}

/** The table. Its memory can be handed to threads. The slots that a page may be in share a cache line. */
export class SeenPages {
  readonly memory: SharedArrayBuffer
  /** Slots, a power of two: the low bits of a hash choose one. */
  readonly slotCount: number
  /** Of each slot: its state, a second hash, and 64 bits of `#frames`. */
  readonly #words: Int32Array
  readonly #frames: Float64Array

  /** @param memory as of allocateSeen() */
  constructor(memory: SharedArrayBuffer) {
    this.memory = memory
    this.slotCount = memory.byteLength / ENTRY_BYTES
    this.#words = new Int32Array(memory)
    this.#frames = new Float64Array(memory)
  }

  /**
   * Look for a page that job `job` may mean.
   *
   * @param check 32 further bits of its hash
   * @returns its slot; if there is none, -1 or FREE less a slot that may be claimed
   */
  find(hash: number, check: number, job: number): number {
    const first = hash & (this.slotCount - 1)
    let free = -1
    for (let way = 0; way < WAYS; way++) {
      const slot = first ^ way
      // 0 for an empty slot, CLAIMED, or the number of the job that claimed it, plus one.
      const state = Atomics.load(this.#words, slot * 4)
      const age = job + 1 - state
      if (state > 0 && age >= 0 && age < USED_JOBS) {
        if (this.#words[slot * 4 + 1] === check) return slot
      } else if (state === 0 || (state > 0 && age >= KEPT_JOBS)) free = slot
    }
    return free < 0 ? -1 : FREE - free
  }

  /** The frame whose page a slot means. It stays while jobs that found it are under way. */
  frameOf(slot: number): number {
    return this.#frames[slot * 2 + 1] as number
  }

  /**
   * Remember the page of frame `pfn`.
   *
   * @param found what find() answered
   * @returns its slot; -1 if what is in its slots must not go yet
   */
  claim(found: number, check: number, pfn: number, job: number): number {
    if (found > FREE) return -1
    const slot = FREE - found
    const at = slot * 4
    const state = Atomics.load(this.#words, at)
    // Another thread may have been faster.
    const isFree = state === 0 || (state > 0 && job + 1 - state >= KEPT_JOBS)
    if (!isFree || Atomics.compareExchange(this.#words, at, state, CLAIMED) !== state) return -1
    this.#words[at + 1] = check
    this.#frames[slot * 2 + 1] = pfn
    Atomics.store(this.#words, at, job + 1)
    return slot
  }
}
