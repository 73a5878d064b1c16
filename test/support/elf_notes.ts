// Writes ELF notes: { namesz, descsz, type, name, desc }, each padded to 4 bytes.
import type { NoteRecipe } from './vmcore_recipe.ts'

/** The bytes of a PT_NOTE segment. */
export function elfNotes(notes: readonly NoteRecipe[], littleEndian: boolean): Uint8Array {
  const sizes = notes.map(({ name, desc }) => 12 + pad4(name.length + 1) + pad4(desc.length))
  const bytes = new Uint8Array(sizes.reduce((sum, size) => sum + size, 0))
  const view = new DataView(bytes.buffer)
  let at = 0
  notes.forEach(({ name, type, desc }, i) => {
    view.setUint32(at, name.length + 1, littleEndian)
    view.setUint32(at + 4, desc.length, littleEndian)
    view.setUint32(at + 8, type, littleEndian)
    bytes.set(new TextEncoder().encode(name), at + 12)
    bytes.set(desc, at + 12 + pad4(name.length + 1))
    at += sizes[i] as number
  })
  return bytes
}

const pad4 = (size: number): number => (size + 3) & ~3
