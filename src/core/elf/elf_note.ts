// ELF notes: { namesz, descsz, type, name, desc }, padded to 4 bytes.
import { FormatError } from '../base/errors.ts'
import { decodeAscii } from '../base/text.ts'
import { Reader } from '../base/reader.ts'

/** Note type: registers of a CPU or thread. */
export const NT_PRSTATUS = 1
/** Note type: the task_struct of whoever reads /proc/kcore, which no other core has. */
export const NT_TASKSTRUCT = 4
/** Note type: dump of a device, made by its driver at the crash. */
export const NT_VMCOREDD = 0x700

/** Names are words such as CORE, QEMU, VMCOREINFO; what is longer is no note. */
const NAME_SIZE_MAX = 256

/** One note. */
export interface ElfNote {
  readonly name: string
  readonly type: number
  readonly desc: Uint8Array
  /** File offset of `desc`. */
  readonly descOffset: number
}

/**
 * Parse a PT_NOTE segment.
 *
 * @param base file offset of `bytes`, for messages and `descOffset`
 * @yields notes in file order; empty headers (all zero: a CPU that never wrote its note) end the walk of the segment
 * @throws {FormatError} if a note leaves the segment, or its name is longer than any
 */
export function* forEachNote(
  file: string,
  bytes: Uint8Array,
  base: number,
  littleEndian: boolean,
): Generator<ElfNote> {
  const reader = new Reader(file, bytes, { littleEndian, base })
  while (reader.remaining >= 12) {
    const namesz = reader.u32('note namesz')
    const descsz = reader.u32('note descsz')
    const type = reader.u32('note type')
    if (namesz === 0 && descsz === 0 && type === 0) return
    if (namesz > NAME_SIZE_MAX) {
      throw new FormatError(file, base + reader.offset - 12, `note name has ${namesz} bytes`)
    }
    const nameBytes = reader.take(namesz, 'note name')
    reader.skip(Math.min(pad4(namesz), reader.remaining), 'note name padding')
    const descOffset = base + reader.offset
    const desc = reader.take(descsz, 'note desc')
    reader.skip(Math.min(pad4(descsz), reader.remaining), 'note desc padding')
    const nameEnd = nameBytes.indexOf(0)
    yield {
      name: decodeAscii(nameBytes, 0, nameEnd < 0 ? namesz : nameEnd),
      type,
      desc,
      descOffset,
    }
  }
}

const pad4 = (size: number): number => -size & 3
