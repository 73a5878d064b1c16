// The ELF notes of a dump as one block of bytes, for any format that carries them along.
import type { Dump } from '../../../core/dump/dump_format.ts'
import type { ElfNote } from '../../../core/elf/elf_note.ts'

/** Notes as bytes, and where VMCOREINFO's text lies in them. */
export interface EncodedNotes {
  readonly notes: Uint8Array
  readonly vmcoreinfoOffset: number
}

const HEADER_SIZE = 12

/**
 * Encode a dump's notes as its maker did: name and description padded to four bytes each. A VMCOREINFO that the
 * dump had elsewhere becomes a note too; what was erased is told by the writer in its format's way.
 *
 * @param further notes to append
 */
export function encodeNotes(
  { notes, vmcoreinfo, littleEndian }: Dump,
  further: readonly ElfNote[] = [],
): EncodedNotes {
  const all = notes.filter(({ name }) => name !== 'ERASEINFO')
  if (vmcoreinfo && !all.some(isVmcoreinfo)) {
    all.push({ name: 'VMCOREINFO', type: 0, desc: vmcoreinfo, descOffset: 0 })
  }
  all.push(...further)
  const bytes = new Uint8Array(all.reduce((sum, note) => sum + noteSize(note), 0))
  const view = new DataView(bytes.buffer)
  let vmcoreinfoOffset = 0
  let at = 0
  for (const note of all) {
    const { name, type, desc } = note
    view.setUint32(at, name.length + 1, littleEndian)
    view.setUint32(at + 4, desc.length, littleEndian)
    view.setUint32(at + 8, type, littleEndian)
    for (let i = 0; i < name.length; i++) bytes[at + HEADER_SIZE + i] = name.charCodeAt(i)
    const descAt = at + HEADER_SIZE + pad4(name.length + 1)
    bytes.set(desc, descAt)
    if (isVmcoreinfo(note)) vmcoreinfoOffset = descAt
    at += noteSize(note)
  }
  return { notes: bytes, vmcoreinfoOffset }
}

const isVmcoreinfo = ({ name }: ElfNote): boolean => name === 'VMCOREINFO'

const pad4 = (size: number): number => (size + 3) & ~3

const noteSize = ({ name, desc }: ElfNote): number =>
  HEADER_SIZE + pad4(name.length + 1) + pad4(desc.length)
