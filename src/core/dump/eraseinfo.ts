// What makedumpfile erased (--config, --eppic), as lines of text in the dump. Source: makedumpfile erase_info.c.
import type { ElfNote } from '../elf/elf_note.ts'
import type { NoteRange } from '../elf/read_notes.ts'
import { readExact, type Source } from '../io/source.ts'

/** More than any set of rules leaves. */
const ERASEINFO_SIZE_MAX = 16 * 1024 * 1024

/** Read the text of a kdump-compressed file; '' if it has none, or it is not where the header says. */
export function readEraseinfo(source: Source, { offset, size }: NoteRange): string {
  // It is the last thing in the file, so that a cut file has lost it.
  if (size === 0 || size > ERASEINFO_SIZE_MAX || offset + size > source.size) return ''
  return decode(readExact(source, offset, size, 'eraseinfo'))
}

/** Find the text in an ELF dump's notes; '' if there is none. */
export function eraseinfoOfNotes(notes: readonly ElfNote[]): string {
  const note = notes.find(({ name }) => name === 'ERASEINFO')
  return note ? decode(note.desc) : ''
}

const decode = (bytes: Uint8Array): string =>
  new TextDecoder('latin1').decode(bytes).replaceAll('\0', '').trimEnd()
