// The dump formats; the order is the order of probing.
import { FormatError } from '../base/errors.ts'
import type { Source } from '../io/source.ts'
import { diskdump } from './diskdump.ts'
import type { Dump, DumpFormat } from './dump_format.ts'
import { elf } from './elf.ts'

/** All dump formats. */
export const FORMATS: readonly DumpFormat[] = [diskdump, elf]

/**
 * Open a dump of any known format.
 *
 * @throws {FormatError} if no format knows the file, or the one that does finds it broken
 */
export function openDump(source: Source): Dump {
  const head = new Uint8Array(Math.min(4096, source.size))
  const got = source.read(0, head)
  if (got === 0) throw new FormatError(source.name, 0, 'file is empty, expected a vmcore')
  const format = FORMATS.find((candidate) => candidate.probe(head.subarray(0, got)))
  if (!format) {
    const names = FORMATS.map((candidate) => candidate.name).join(', ')
    throw new FormatError(
      source.name,
      0,
      `not a vmcore (begins ${describeHead(head)}; expected ${names})`,
    )
  }
  return format.open(source)
}

function describeHead(head: Uint8Array): string {
  return Array.from(head.subarray(0, 8), (byte) => byte.toString(16).padStart(2, '0')).join(' ')
}
