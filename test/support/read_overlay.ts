// What a program's memory is read for, word by word, and other words in their place: damage meets what is really
// followed, whatever the walk. Only for a process of its own: it changes the prototypes of memory's readers.
import { Memory, type MemoryReader } from '../../src/core/program/memory.ts'
import { SnapshotMemory } from '../../src/core/program/snapshot_memory.ts'

/** Words kept of one recording, evenly spread over it. */
const SAMPLE_MAX = 20_000

/** A word that was read, by where it lies. */
export interface WordRead {
  readonly address: bigint
  readonly size: 4 | 8
  readonly value: bigint
}

/** Stands between readers and memory. */
export class ReadOverlay {
  #words = new Map<bigint, bigint>()
  #record: WordRead[] | undefined
  #every = 1
  #seen = 0

  /** Take the place of memory's readers from now on, in the whole process. */
  constructor() {
    for (const { prototype } of [Memory, SnapshotMemory]) this.#standBefore(prototype)
  }

  /** Record what `body` reads. */
  async record(body: () => Promise<void>): Promise<WordRead[]> {
    const record: WordRead[] = []
    this.#record = record
    this.#every = 1
    this.#seen = 0
    try {
      await body()
    } finally {
      this.#record = undefined
    }
    return record
  }

  /** Call `body` with these words in the place of what memory holds. */
  async damaged(words: ReadonlyMap<bigint, bigint>, body: () => Promise<void>): Promise<void> {
    this.#words = new Map(words)
    try {
      await body()
    } finally {
      this.#words = new Map()
    }
  }

  #standBefore(prototype: MemoryReader): void {
    const { u32, u64 } = prototype
    const answer = (address: bigint, size: 4 | 8, read: () => bigint): bigint => {
      const value = this.#words.get(address) ?? read()
      if (this.#record) this.#note(address, size, value)
      return value
    }
    prototype.u64 = function (this: MemoryReader, address) {
      return answer(address, 8, () => u64.call(this, address))
    }
    prototype.u32 = function (this: MemoryReader, address) {
      return Number(
        BigInt.asUintN(
          32,
          answer(address, 4, () => BigInt(u32.call(this, address))),
        ),
      )
    }
  }

  /** When there are too many, each second one is kept of those before and behind. */
  #note(address: bigint, size: 4 | 8, value: bigint): void {
    const record = this.#record
    if (!record || this.#seen++ % this.#every !== 0) return
    record.push({ address, size, value })
    if (record.length < SAMPLE_MAX) return
    this.#every *= 2
    this.#record = undefined
    const kept = record.filter((_, index) => index % 2 === 0)
    record.length = 0
    record.push(...kept)
    this.#record = record
  }
}
