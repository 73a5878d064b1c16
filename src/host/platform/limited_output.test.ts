// What an output under a limit takes, and what it says of the rest.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { MemoryOutput } from '../../../test/support/memory_output.ts'
import type { DumpOutput } from './dump_output.ts'
import { limitOutput, nullOutput } from './limited_output.ts'

test('what would exceed the limit is not taken, and said once', () => {
  const inner = new MemoryOutput()
  const output = limitOutput(inner, 10)
  assert.equal(output.write(0, new Uint8Array(8)), 8)
  assert.equal(errnoOf(output), undefined)
  assert.equal(output.write(8, new Uint8Array(5)), 2)
  assert.equal(output.write(20, new Uint8Array(5)), 0)
  assert.equal(output.write(0, Uint8Array.of(1)), 1)
  assert.equal(errnoOf(output), 'EFBIG')
  output.truncate(100)
  assert.equal(inner.bytes.length, 10)
  const into = new Uint8Array(2)
  assert.equal(output.read?.(0, into), 2)
  assert.deepEqual(into, Uint8Array.of(1, 0))
  assert.equal(limitOutput(nullOutput('nothing'), 5).read, undefined)
})

const errnoOf = ({ problem }: DumpOutput): string | undefined => problem?.errno
