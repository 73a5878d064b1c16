// What rules have found to erase: ranges of kernel addresses, each with the words of its rule. makedumpfile's books:
// of two ranges that begin at one place the longer counts, under the words of the first.
// Source: eraseinfo as makedumpfile 1.7.2 writes it.
import { FaultError } from '../../../core/base/errors.ts'
import type { Memory } from '../../../core/program/memory.ts'

/** Physical bytes to overwrite. */
export interface EraseRange {
  readonly physical: number
  /** Bytes. */
  readonly size: number
  /** Zeros instead of the letter X. */
  readonly nullify: boolean
}

/** All rules together find no more; a loop over a damaged list must not fill memory. */
export const ERASE_ENTRY_LIMIT = 4_000_000

interface Entry {
  readonly address: bigint
  size: number
  readonly nullify: boolean
}

/** A collection of what is to be erased. */
export class EraseRanges {
  readonly #memory: Memory
  /** By physical address of the first byte. */
  readonly #entries = new Map<number, Entry>()
  /** Entries by the words of their rule, in the order in which the words first took effect. */
  readonly #groups = new Map<string, Entry[]>()

  constructor(memory: Memory) {
    this.#memory = memory
  }

  get isFull(): boolean {
    return this.#entries.size >= ERASE_ENTRY_LIMIT
  }

  /**
   * Add a range of kernel addresses.
   *
   * @throws {FaultError} if its first byte has no physical address
   */
  add(words: string, address: bigint, size: number, nullify: boolean): void {
    const physical = this.#memory.toPhysical(address)
    const known = this.#entries.get(physical)
    if (known) {
      known.size = Math.max(known.size, size)
      return
    }
    const entry = { address, size, nullify }
    this.#entries.set(physical, entry)
    const group = this.#groups.get(words)
    if (group) group.push(entry)
    else this.#groups.set(words, [entry])
  }

  /** The physical ranges, pages that are not mapped left out; order of the rules. */
  *physical(): Generator<EraseRange> {
    const { pageSize } = this.#memory
    for (const { address, size, nullify } of this.#entries.values()) {
      for (let done = 0; done < size;) {
        const at = BigInt.asUintN(64, address + BigInt(done))
        const left = pageSize - Number(at & BigInt(pageSize - 1))
        const length = Math.min(size - done, left)
        const physical = this.#find(at)
        if (physical !== undefined) yield { physical, size: length, nullify }
        done += length
      }
    }
  }

  /** `erase EXPRESSION size N` and `erase EXPRESSION nullify`, a line each range. */
  info(): string {
    const lines: string[] = []
    for (const [words, entries] of this.#groups) {
      for (const { size, nullify } of entries) {
        lines.push(`erase ${words} ${nullify ? 'nullify' : `size ${size}`}\n`)
      }
    }
    return lines.join('')
  }

  #find(address: bigint): number | undefined {
    try {
      return this.#memory.toPhysical(address)
    } catch (error) {
      if (error instanceof FaultError) return undefined
      throw error
    }
  }
}
