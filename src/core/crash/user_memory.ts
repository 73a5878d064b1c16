// User memory of one task, through its own page tables.
import { FaultError } from '../base/errors.ts'
import type { Task } from '../kernel/sched.ts'
import type { MemoryReader } from '../program/memory.ts'
import type { Program } from '../program/program.ts'

/** Reads user addresses of the task it was made for. */
export class UserMemory implements MemoryReader {
  readonly littleEndian: boolean
  readonly #program: Program
  readonly #root: number
  readonly #scratch = new Uint8Array(8)
  readonly #view = new DataView(this.#scratch.buffer)

  /** @throws {FaultError} for a kernel thread, which has no user memory */
  constructor(program: Program, task: Task) {
    this.littleEndian = program.memory.littleEndian
    this.#program = program
    if (task.get('mm').isNull()) throw new FaultError(0n, 'virtual', 'no-translation')
    this.#root = program.memory.toPhysical(task.pointer('mm.pgd'))
  }

  u8(address: bigint): number {
    this.#load(address, 1)
    return this.#view.getUint8(0)
  }

  u16(address: bigint): number {
    this.#load(address, 2)
    return this.#view.getUint16(0, this.littleEndian)
  }

  u32(address: bigint): number {
    this.#load(address, 4)
    return this.#view.getUint32(0, this.littleEndian)
  }

  u64(address: bigint): bigint {
    this.#load(address, 8)
    return this.#view.getBigUint64(0, this.littleEndian)
  }

  readVirtual(address: bigint, into: Uint8Array): void {
    this.#program.memory.readWithRoot(this.#root, address, into)
  }

  #load(address: bigint, size: number): void {
    this.readVirtual(address, this.#scratch.subarray(0, size))
  }
}
