// Dumps of devices that drivers left in the notes of a dump.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { smallKernel } from '../../../../test/support/small_kernel.ts'
import { NT_VMCOREDD, type ElfNote } from '../../elf/elf_note.ts'
import { Program } from '../../program/program.ts'
import { crashText } from '../../../../test/support/crash_text.ts'
import { COMMANDS } from '../commands.ts'
import { runWords } from '../run_command.ts'
import { Session } from '../session.ts'

/** A note of a driver: the dump's name in 44 bytes, then its content. */
function deviceDump(name: string, content: readonly number[], descOffset: number): ElfNote {
  const desc = new Uint8Array(44 + content.length)
  desc.set(new TextEncoder().encode(name))
  desc.set(content, 44)
  return { name: 'LINUX', type: NT_VMCOREDD, desc, descOffset }
}

function withNotes(notes: readonly ElfNote[]): Program {
  const { program } = smallKernel()
  return new Program({ ...program.dump, notes })
}

const run = (notes: readonly ElfNote[], line: string): string[] => crashText(withNotes(notes), line)

const NOTES = [
  deviceDump('cxgb4_0000:02:00.4', [1, 2, 3, 4, 5, 6, 7, 8, 9], 0x240),
  deviceDump('cxgb4_0000:03:00.4', [], 0x2000),
]

test('device dumps are listed with their place in the file', () => {
  assert.deepEqual(run(NOTES, 'dev -V'), [
    'INDEX  OFFSET             SIZE             NAME',
    '  0    0x26c              9                cxgb4_0000:02:00.4',
    '  1    0x202c             0                cxgb4_0000:03:00.4',
  ])
})

test('a device dump is shown as words at its offset in the file', () => {
  const [device, line] = run(NOTES, 'dev -v 0')
  assert.equal(device, 'DEVICE: cxgb4_0000:02:00.4')
  assert.match(line ?? '', /^ +26c: {2}0807060504030201 /)
})

test('a device dump goes to a file', () => {
  const blocks = [
    ...runWords(new Session(withNotes(NOTES), COMMANDS), ['dev', '-v', '0', 'out.bin']),
  ]
  const bytes = blocks.find((block) => block.kind === 'bytes')
  assert.ok(bytes?.kind === 'bytes')
  assert.equal(bytes.file, 'out.bin')
  assert.deepEqual([...(Array.from(bytes.chunks)[0] ?? [])], [1, 2, 3, 4, 5, 6, 7, 8, 9])
})

test('without device dumps there is nothing to show', () => {
  assert.deepEqual(run([], 'dev -V'), ['dev: no device dumps found in this dumpfile'])
  assert.deepEqual(run(NOTES, 'dev -v 2'), ['dev: file not found: device dump 2'])
})
