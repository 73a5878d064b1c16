// Physical memory read like virtual memory, for commands that take either kind of address.
import { toSafeNumber } from '../base/addr.ts'
import { UsageError } from '../base/errors.ts'
import type { Program } from '../program/program.ts'
import type { ByteReader } from './memory_table.ts'

/** Reads by physical address. */
export function physicalReader({ memory }: Program): ByteReader {
  return {
    littleEndian: memory.littleEndian,
    readVirtual(address, into) {
      const at = toSafeNumber(address)
      if (at === undefined) throw new UsageError(`not a physical address: ${address.toString(16)}`)
      memory.readPhysical(at, into)
    },
  }
}
