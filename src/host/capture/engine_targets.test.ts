// Dumps into targets that are not whole files: flattened streams, and files under a limit of any size.
import assert from 'node:assert/strict'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { after, test } from 'node:test'
import { MemoryOutput } from '../../../test/support/memory_output.ts'
import { PageArrayMachine } from '../../../test/support/page_array_recipe.ts'
import { framesThatAre, readFrames } from '../../../test/support/page_states.ts'
import { FormatError } from '../../core/base/errors.ts'
import { openDump } from '../../core/dump/formats.ts'
import { flattenedSource } from '../../core/io/flattened_source.ts'
import { memorySource } from '../../core/io/memory_source.ts'
import { openFileSource } from '../platform/file_source.ts'
import { openFlattenedOutput } from '../platform/flattened_output.ts'
import { limitOutput } from '../platform/limited_output.ts'
import type { DumpStats } from './dump_stats.ts'
import { runDump } from './engine.ts'

const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'kbox-targets-'))
after(() => fs.rmSync(folder, { recursive: true }))
const file = path.join(folder, 'flat')

const streamed = new PageArrayMachine('6.12', '0x700-0x7ff lru\n0xf00-0xfff zero')
const STREAMED = {
  dump: streamed.dump(),
  level: 31,
  codec: undefined,
  pageOrder: 'priority',
} as const

for (const format of ['kdump', 'elf'] as const) {
  test(`${format}: a flattened dump reads as the plain one`, async () => {
    const plain = new MemoryOutput()
    await runDump({ ...STREAMED, format, outputs: [plain] })
    const fd = fs.openSync(file, 'w')
    const output = openFlattenedOutput(fd, 'stream')
    const stats = await runDump({ ...STREAMED, format, outputs: [output] })
    output.close()
    fs.closeSync(fd)
    assert.equal(stats.isComplete, true)
    using inside = flattenedSource(openFileSource(file))
    const bytes = new Uint8Array(inside.size)
    inside.read(0, bytes)
    assert.equal(Buffer.compare(bytes, plain.bytes), 0)
  })
}

test('a limit ends the stream as a dump that is marked, with what fits', async () => {
  const fd = fs.openSync(file, 'w')
  const output = openFlattenedOutput(fd, 'stream')
  const stats = await runDump({ ...STREAMED, outputs: [limitOutput(output, 3_000_000)] })
  output.close()
  fs.closeSync(fd)
  assert.equal(stats.isComplete, false)
  using dump = openDump(openFileSource(file))
  assert.equal(dump.incomplete, true)
  const states = readFrames(dump, streamed.memory)
  assert.ok(framesThatAre('good', states).length > 100)
  assert.equal(framesThatAre('truncated', states).length, stats.lostPages)
})

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
