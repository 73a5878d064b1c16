// Dumps under a limit: each size gives a file that opens, marked, or one that says what is wrong with it.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { MemoryOutput } from '../../../test/support/memory_output.ts'
import { PageArrayMachine } from '../../../test/support/page_array_recipe.ts'
import { framesThatAre, readFrames } from '../../../test/support/page_states.ts'
import { FormatError } from '../../core/base/errors.ts'
import { openDump } from '../../core/dump/formats.ts'
import { memorySource } from '../../core/io/memory_source.ts'
import type { DumpStats } from '../capture/dump_stats.ts'
import { runDump } from '../capture/engine.ts'
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

/** Few pages, so that each part of the file is met by some limit. */
const machine = new PageArrayMachine('6.12', '0x20-0x1ff absent\n0x600-0xfff absent')

const TABLES_END = 49_152

async function make(
  format: 'kdump' | 'elf',
  limit: number,
): Promise<{ stats: DumpStats; bytes: Uint8Array }> {
  const output = new MemoryOutput()
  const stats = await runDump({
    ...{ dump: machine.dump(), level: 31, codec: undefined, pageOrder: 'priority', format },
    outputs: [limitOutput(output, limit)],
  })
  return { stats, bytes: output.bytes }
}

for (const format of ['kdump', 'elf'] as const) {
  test(`${format}: whatever the limit, a file opens and is marked, or is refused with words`, async () => {
    const whole = await make(format, Number.MAX_SAFE_INTEGER)
    assert.equal(whole.stats.isComplete, true)
    const size = whole.bytes.length
    const states = readFrames(openDump(memorySource(whole.bytes)), machine.memory)
    const total = framesThatAre('good', states).length
    // The tables take the first pages; then some limits in the data, and around its end.
    const limits = [
      ...Array.from({ length: 14 }, (_, i) => Math.floor((i * TABLES_END) / 14)),
      ...Array.from(
        { length: 8 },
        (_, i) => TABLES_END + Math.floor((i * (size - TABLES_END)) / 8) + i,
      ),
      ...[size - 4097, size - 1],
    ]
    let opened = 0
    for (const limit of limits) {
      const { stats, bytes } = await make(format, limit)
      assert.equal(stats.isComplete, false, `limit ${limit}`)
      assert.ok(bytes.length <= limit, `limit ${limit}: ${bytes.length} bytes`)
      try {
        const dump = openDump(memorySource(bytes))
        assert.equal(dump.incomplete, true)
        const good = framesThatAre('good', readFrames(dump, machine.memory)).length
        assert.equal(good + stats.lostPages, total)
        opened++
      } catch (error) {
        assert.ok(error instanceof FormatError, `limit ${limit}: ${String(error)}`)
        assert.ok(limit < TABLES_END, `limit ${limit}: ${error.message}`)
      }
    }
    assert.ok(opened >= 9)
    const exact = await make(format, size)
    assert.equal(exact.stats.isComplete, true)
  })
}
