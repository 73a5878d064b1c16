// Walking the dumped kernel's memory and noting the frames met. Knows addresses and frames, not what lies there.
import { wrap64 } from '../../core/base/addr.ts'
import { FaultError } from '../../core/base/errors.ts'
import type { PfnRun } from '../../core/dump/dump_format.ts'
import type { VirtualReader } from '../../core/io/virtual_reader.ts'
import { mergeRuns } from './page_bitmap.ts'

/** The dumped kernel's memory. */
export interface WalkMemory extends VirtualReader {
  /** The longest physically contiguous stretch that begins at `address`, up to `sizeMax`. @throws {FaultError} */
  piece(address: bigint, sizeMax: number): { readonly physical: number; readonly size: number }
}

/** 4 GiB of 4 KiB pages: damaged sizes end there. */
const FRAMES_MAX = 2 ** 20

/** Reads words, and notes frames. */
export class FrameWalk {
  readonly littleEndian: boolean
  readonly #memory: WalkMemory
  readonly #pageSize: number
  readonly #word = new Uint8Array(8)
  readonly #view = new DataView(this.#word.buffer)
  readonly #runs: { start: number; end: number }[] = []
  #count = 0

  constructor(memory: WalkMemory, pageSize: number) {
    this.littleEndian = memory.littleEndian
    this.#memory = memory
    this.#pageSize = pageSize
  }

  /** What was noted, sorted. */
  frames(): readonly PfnRun[] {
    return mergeRuns(this.#runs)
  }

  /** @throws {FaultError} */
  u32(address: bigint): number {
    this.#memory.readVirtual(wrap64(address), this.#word.subarray(0, 4))
    return this.#view.getUint32(0, this.littleEndian)
  }

  /** @throws {FaultError} */
  u64(address: bigint): bigint {
    this.#memory.readVirtual(wrap64(address), this.#word)
    return this.#view.getBigUint64(0, this.littleEndian)
  }

  /** Read an array of pointers at once; the caller has checked `count`. @throws {FaultError} */
  pointers(address: bigint, count: number): bigint[] {
    const bytes = new Uint8Array(count * 8)
    this.#memory.readVirtual(wrap64(address), bytes)
    const view = new DataView(bytes.buffer)
    return Array.from({ length: count }, (_, i) => view.getBigUint64(i * 8, this.littleEndian))
  }

  /** The pointer at `address`; undefined for NULL and where it cannot be read. */
  pointer(address: bigint): bigint | undefined {
    if (!this.read(address, this.#word)) return undefined
    return this.#view.getBigUint64(0, this.littleEndian) || undefined
  }

  /** Note the frames of `size` bytes that the pointer at `address` points to. */
  addTarget(address: bigint, size: number): void {
    this.add(this.pointer(address) ?? 0n, size)
  }

  /** Read memory; false if it cannot be read. */
  read(address: bigint, into: Uint8Array): boolean {
    return attempt(() => this.#memory.readVirtual(wrap64(address), into)) !== null
  }

  /** Note the frames of `size` bytes, up to the first page that is not mapped. */
  add(address: bigint, size: number): void {
    // Kernel threads have no mm; an exception costs more than to ask.
    if (address === 0n) return
    for (let done = 0; done < size && this.#count < FRAMES_MAX;) {
      const piece = attempt(() => this.#memory.piece(wrap64(address + BigInt(done)), size - done))
      if (!piece) return
      const start = Math.floor(piece.physical / this.#pageSize)
      const end = Math.ceil((piece.physical + piece.size) / this.#pageSize)
      this.#runs.push({ start, end })
      this.#count += end - start
      done += piece.size
    }
  }
}

/** null where a page is missing. */
function attempt<T>(read: () => T): T | null {
  try {
    return read()
  } catch (error) {
    if (error instanceof FaultError) return null
    throw error
  }
}
