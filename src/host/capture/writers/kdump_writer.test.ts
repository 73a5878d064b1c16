// A file of a large machine, written to an output that counts what it is handed between two waits.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { DumpOutput } from '../../platform/dump_output.ts'
import { memoryBlocks } from '../frame_blocks.ts'
import type { KdumpFacts } from './kdump_header.ts'
import { KdumpWriter } from './kdump_writer.ts'

const PFN_END = 2 ** 25
const DUMPED_EVERY = 256

const FACTS: KdumpFacts = {
  ...{ pageSize: 4096, pfnEnd: PFN_END, littleEndian: true, utsname: new Uint8Array(390) },
  ...{ timestamp: 0, codec: undefined, dumpLevel: 31, physBase: 0, cpuCount: 1 },
  ...{ notes: new Uint8Array(100), vmcoreinfoOffset: 0, vmcoreinfoSize: 10 },
  eraseInfo: new Uint8Array(0),
}

test('tables of any size are written in pieces that an output with a queue has waited for', async () => {
  let queued = 0
  let queuedMax = 0
  let written = 0
  const output: DumpOutput = {
    name: 'queue',
    problem: undefined,
    write(_offset, bytes) {
      queued += bytes.length
      queuedMax = Math.max(queuedMax, queued)
      written += bytes.length
      return bytes.length
    },
    async drain() {
      queued = 0
    },
    truncate() {},
    sync() {},
    close() {},
  }
  const bitmap = new Uint8Array(PFN_END / 8)
  for (let at = 0; at < bitmap.length; at += DUMPED_EVERY / 8) bitmap[at] = 1
  const writer = new KdumpWriter(output, {
    facts: FACTS,
    existing: [{ start: 0, end: PFN_END }],
    dumped: memoryBlocks(bitmap, PFN_END),
    shareZeros: true,
  })
  await writer.begin()
  await writer.finish(true)
  // Two bitmaps of 4 MiB, 2^17 descriptors.
  assert.ok(written > 11 * 2 ** 20, `${written}`)
  assert.ok(queuedMax <= 512 * 1024, `${queuedMax}`)
})
