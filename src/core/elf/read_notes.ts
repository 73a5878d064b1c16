// All ELF notes of a dump file, read at once within bounds.
import { FormatError } from '../base/errors.ts'
import { readExact, type Source } from '../io/source.ts'
import { forEachNote, type ElfNote } from './elf_note.ts'

/** Registers of 8192 CPUs are 4 MB; device dumps are what may be large. */
const NOTE_SIZE_MAX = 256 * 1024 * 1024
/** One or two for each CPU, and some device dumps. */
const NOTE_COUNT_MAX = 65_536

/** Where in the file notes lie. */
export interface NoteRange {
  readonly offset: number
  readonly size: number
}

/**
 * Read the notes of several ranges.
 *
 * @throws {FormatError} if a range leaves the file, a note its range, or all together exceed what any machine notes
 */
export function readNotes(
  source: Source,
  ranges: Iterable<NoteRange>,
  littleEndian: boolean,
): ElfNote[] {
  const notes: ElfNote[] = []
  let total = 0
  for (const { offset, size } of ranges) {
    // Ranges may share bytes of the file, so that their sum is bounded by nothing but this.
    total += size
    if (total > NOTE_SIZE_MAX)
      throw new FormatError(source.name, offset, `ELF notes exceed ${NOTE_SIZE_MAX} bytes`)
    const bytes = readExact(source, offset, size, 'ELF notes')
    for (const note of forEachNote(source.name, bytes, offset, littleEndian)) {
      if (notes.length >= NOTE_COUNT_MAX) {
        throw new FormatError(source.name, note.descOffset, `more than ${NOTE_COUNT_MAX} ELF notes`)
      }
      notes.push(note)
    }
  }
  return notes
}
