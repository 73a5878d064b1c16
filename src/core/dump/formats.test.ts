// Which format a file is, and what is said of files that are none.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { mkdiskdump } from '../../../test/support/mkdiskdump.ts'
import { mkelf } from '../../../test/support/mkelf.ts'
import { memorySource } from '../io/memory_source.ts'
import { openDump } from './formats.ts'

test('each format is known by its first bytes', () => {
  assert.equal(openDump(memorySource(mkelf('segment 0x1000 0x1000'))).format, 'elf')
  assert.equal(openDump(memorySource(mkdiskdump('page 0 raw'))).format, 'kdump-compressed')
})

test('an empty file is said to be empty', () => {
  assert.throws(() => openDump(memorySource(new Uint8Array(0), 'f')), {
    message: 'f: offset 0x0: file is empty, expected a vmcore',
  })
})

test('a file of another kind is shown by its first bytes', () => {
  assert.throws(() => openDump(memorySource(new TextEncoder().encode('hello'), 'f')), {
    message: 'f: offset 0x0: not a vmcore (begins 68 65 6c 6c 6f; expected kdump-compressed, elf)',
  })
})
