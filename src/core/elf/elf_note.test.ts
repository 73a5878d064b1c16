// Notes built by test/support; each way a note can leave its segment.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { elfNotes } from '../../../test/support/elf_notes.ts'
import { memorySource } from '../io/memory_source.ts'
import { forEachNote } from './elf_note.ts'
import { readNotes } from './read_notes.ts'

const NOTES = [
  { name: 'CORE', type: 1, desc: Uint8Array.from([1, 2, 3, 4, 5]) },
  { name: 'VMCOREINFO', type: 0, desc: new TextEncoder().encode('A=1\n') },
]

test('names and descriptions come out as they went in, in both byte orders', () => {
  for (const little of [true, false]) {
    const notes = [...forEachNote('f', elfNotes(NOTES, little), 0x1000, little)]
    assert.deepEqual(
      notes.map(({ name, type, desc }) => ({ name, type, desc })),
      NOTES,
    )
    assert.deepEqual(
      notes.map(({ descOffset }) => descOffset),
      [0x1000 + 20, 0x1000 + 28 + 24],
    )
  }
})

test('a header of zeros ends the walk: a CPU that never wrote its note', () => {
  const bytes = new Uint8Array(400)
  bytes.set(elfNotes(NOTES, true))
  assert.equal([...forEachNote('f', bytes, 0, true)].length, 2)
})

test('the padding of the last note may be missing', () => {
  const bytes = elfNotes(NOTES.slice(0, 1), true)
  assert.equal([...forEachNote('f', bytes.subarray(0, bytes.length - 3), 0, true)].length, 1)
})

test('a note cut anywhere is a format error that names its part, or no note at all', () => {
  const bytes = elfNotes(NOTES.slice(0, 1), true)
  for (let size = 0; size < bytes.length - 3; size++) {
    const walk = (): unknown => [...forEachNote('f', bytes.subarray(0, size), 0, true)]
    if (size < 12) assert.deepEqual(walk(), [])
    else assert.throws(walk, { name: 'FormatError', message: /note (name|desc) needs/ })
  }
})

test('a name longer than any is a format error', () => {
  const bytes = elfNotes([{ name: 'x'.repeat(400), type: 1, desc: new Uint8Array(0) }], true)
  assert.throws(() => [...forEachNote('f', bytes, 64, true)], {
    message: 'f: offset 0x40: note name has 401 bytes',
  })
})

test('more notes than any machine makes are a format error, not an overflow of the stack', () => {
  const bytes = new Uint8Array(70_000 * 12).fill(0)
  for (let at = 8; at < bytes.length; at += 12) bytes[at] = 1
  const range = { offset: 0, size: bytes.length }
  assert.throws(() => readNotes(memorySource(bytes), [range], true), {
    message: /more than 65536 ELF notes/,
  })
})

test('many ranges that share the bytes of a small file do not add up for ever', () => {
  const bytes = elfNotes([{ name: 'CORE', type: 1, desc: new Uint8Array(1024 * 1024) }], true)
  const ranges = Array.from({ length: 60_000 }, () => ({ offset: 0, size: bytes.length }))
  assert.throws(() => readNotes(memorySource(bytes), ranges, true), {
    message: /ELF notes exceed 268435456 bytes/,
  })
})
