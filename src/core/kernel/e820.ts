// The physical memory map, as the firmware of a PC gave it. Source: arch/x86/include/asm/e820/types.h, arch/x86/kernel/e820.c.
import { CorruptError } from '../base/errors.ts'
import { stripType } from '../debuginfo/type.ts'
import type { Program } from '../program/program.ts'

/** E820_MAX_ENTRIES is 128 and three a memory node. */
const ENTRIES_MAX = 128 + 3 * 1024

/** A range of the map. */
export interface E820Entry {
  readonly start: number
  /** Exclusive. */
  readonly end: number
  /** `E820_RAM`, `E820_RESERVED`, …; `type 9` for one without a name. */
  readonly type: string
}

/** Walk the map in use, which boot options and the kernel have trimmed. @throws {NotFoundError} on other machines */
export function* forEachE820Entry(program: Program): Generator<E820Entry> {
  const table = program.object('e820_table').deref()
  const count = table.number('nr_entries')
  if (!(count >= 0 && count <= ENTRIES_MAX))
    throw new CorruptError(table.address, `memory map of ${count} entries`)
  const entries = table.get('entries')
  for (let i = 0; i < count; i++) {
    const entry = entries.at(i)
    const start = entry.number('addr')
    yield {
      start,
      end: start + entry.number('size'),
      type: typeName(program, entry.number('type')),
    }
  }
}

function typeName(program: Program, value: number): string {
  const type = program.hasType('enum e820_type')
    ? stripType(program.type('enum e820_type'))
    : undefined
  const names = type?.kind === 'enum' ? type.values : []
  const name = names.find(
    (item) => item.value === BigInt(value >>> 0) || item.value === BigInt(value),
  )
  return name?.name.replace(/^E820_TYPE_/, 'E820_') ?? `type ${value}`
}
