// Dumps of a machine made by recipe, written to memory and read back with our own reader.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { MemoryOutput } from '../../../test/support/memory_output.ts'
import { FRAMES, PageArrayMachine, PFN_END } from '../../../test/support/page_array_recipe.ts'
import { FaultError } from '../../core/base/errors.ts'
import type { CodecName } from '../../core/codec/codec.ts'
import { openDiskdump } from '../../core/dump/diskdump.ts'
import type { Dump } from '../../core/dump/dump_format.ts'
import { openDump } from '../../core/dump/formats.ts'
import { memorySource } from '../../core/io/memory_source.ts'
import type { DumpStats } from './dump_stats.ts'
import { runDump, type RunDumpOptions } from './engine.ts'
import type { PageOrder } from './page_order.ts'

const RECIPE = `
  0x140-0x14f absent
  0x150-0x15f zero
  0x600-0x6ff slab
  0x700-0x7ff lru
  0x800-0x8ff anon lru swapbacked
  0x900-0x9ff buddy 8
  0xa00-0xaff reserved
`

interface DumpRequest {
  readonly level?: number
  readonly codec?: CodecName
  readonly pageOrder?: PageOrder
  readonly output?: MemoryOutput
  readonly lost?: readonly number[]
}

async function makeDump(
  request: DumpRequest = {},
  machine = new PageArrayMachine('6.12', RECIPE),
): Promise<{ stats: DumpStats; output: MemoryOutput; dump: Dump }> {
  const output = request.output ?? new MemoryOutput()
  const stats = await runDump({
    dump: machine.dump(request.lost),
    outputs: [output],
    level: request.level ?? 31,
    codec: request.codec,
    pageOrder: request.pageOrder ?? 'priority',
  })
  return { stats, output, dump: openDiskdump(memorySource(output.bytes)) }
}

/** Frames that can be read, those that say why not, and what is wrong with the rest. */
function readAll(dump: Dump, memory: Uint8Array): { good: number[]; faults: Map<number, string> } {
  const good: number[] = []
  const faults = new Map<number, string>()
  const page = new Uint8Array(4096)
  for (let pfn = 0; pfn < PFN_END; pfn++) {
    try {
      dump.readPhysical(pfn * 4096, page)
      assert.equal(Buffer.compare(page, memory.subarray(pfn * 4096, (pfn + 1) * 4096)), 0)
      good.push(pfn)
    } catch (error) {
      assert.ok(error instanceof FaultError, String(error))
      faults.set(pfn, error.reason)
    }
  }
  return { good, faults }
}

const CODECS: readonly (CodecName | undefined)[] = [undefined, 'zlib', 'lzo', 'snappy', 'zstd']
const ORDERS: readonly PageOrder[] = ['priority', 'pfn']
const LEVELS = [0, 1, 16, 31]

for (const codec of CODECS) {
  test(`${codec ?? 'raw'}: every dumped page reads back, in either order and at any level`, async () => {
    const machine = new PageArrayMachine('6.12', RECIPE)
    const expected = new Map<number, string>()
    for (const pageOrder of ORDERS) {
      for (const level of LEVELS) {
        const { dump, stats } = await makeDump(
          { pageOrder, level, ...(codec ? { codec } : {}) },
          machine,
        )
        const { good, faults } = readAll(dump, machine.memory)
        assert.equal(good.length, stats.remainingPages + stats.zeroPages)
        assert.equal(stats.isComplete, true)
        assert.equal(dump.incomplete, false)
        assert.equal(dump.dumpLevel, level)
        const summary = [...faults].join(' ')
        assert.equal(summary, expected.get(level) ?? summary, 'the order changes nothing')
        expected.set(level, summary)
      }
    }
  })
}

test('excluded frames and holes are told apart', async () => {
  const { dump } = await makeDump()
  assert.equal(dump.pageState(0x140), 'absent')
  assert.equal(dump.pageState(0x900), 'excluded')
  assert.equal(dump.pageState(0x600), 'present')
})

test('pages of zeros are stored once, and counted', async () => {
  const { stats } = await makeDump({ pageOrder: 'pfn' })
  assert.ok(stats.zeroPages >= 16)
  const all = await makeDump({ pageOrder: 'pfn', level: 30 })
  assert.equal(all.stats.zeroPages, 0)
  assert.equal(all.stats.remainingPages, stats.remainingPages + stats.zeroPages)
})

test('a full target keeps what fits, says so, and the rest reads as lost', async () => {
  const machine = new PageArrayMachine('6.12', RECIPE)
  const whole = await makeDump({}, machine)
  for (const part of [0.3, 0.6, 0.9]) {
    const output = new MemoryOutput(Math.floor(whole.output.bytes.length * part))
    const { dump, stats } = await makeDump({ output }, machine)
    const { good, faults } = readAll(dump, machine.memory)
    assert.equal(stats.isComplete, false)
    assert.equal(dump.incomplete, true)
    assert.equal(stats.problems.length, 1)
    const lost = [...faults.values()].filter((reason) => reason === 'truncated')
    assert.equal(lost.length, stats.lostPages)
    assert.equal(good.length + lost.length, stats.remainingPages + stats.zeroPages)
    assert.ok(good.length > 0)
  }
})

test('a dump cut at 60 % still has the image, the stacks, and the slabs that stacks point into', async () => {
  const machine = new PageArrayMachine('6.12', RECIPE)
  machine.poke(FRAMES.stack * 4096 + 64, PageArrayMachine.addressOf(0x6f0) + 16n)
  const { output } = await makeDump({}, machine)
  const cut = output.bytes.slice(0, Math.floor(output.bytes.length * 0.6))
  const { good } = readAll(openDiskdump(memorySource(cut)), machine.memory)
  const has = new Set(good)
  for (const pfn of [FRAMES.image, FRAMES.stack, FRAMES.tables, 0x6f0, 0x6f7]) {
    assert.ok(has.has(pfn), `frame 0x${pfn.toString(16)}`)
  }
  assert.equal(has.has(FRAMES.pageArray), false)
})

test('what is vital is there in a dump cut so short that the image is not', async () => {
  const machine = new PageArrayMachine('6.12', RECIPE)
  // A node among user pages, as level 0 keeps them: nothing but its address makes it important.
  const node = 0x880
  const nodeData = FRAMES.image * 4096
  machine.poke(nodeData, PageArrayMachine.addressOf(node))
  const dump = machine.dump()
  const symbol = (0xffff_ffff_8000_0000n + BigInt(nodeData)).toString(16)
  const nodes = `SYMBOL(node_data)=${symbol}\nLENGTH(node_data)=1\nSIZE(pglist_data)=4096\n`
  const vmcoreinfo = new TextEncoder().encode(machine.vmcoreinfo + nodes)
  const output = new MemoryOutput()
  await runDump({
    dump: { ...dump, vmcoreinfo },
    outputs: [output],
    level: 0,
    codec: undefined,
    pageOrder: 'priority',
  })
  const cut = output.bytes.slice(0, Math.floor(output.bytes.length * 0.02))
  const has = new Set(readAll(openDiskdump(memorySource(cut)), machine.memory).good)
  assert.ok(has.has(node) && has.has(FRAMES.tables))
  assert.equal(has.has(node + 1), false)
  assert.equal(has.has(FRAMES.image + 0x7f), false)
})

test('a frame that cannot be read is lost, the dump is not', async () => {
  const machine = new PageArrayMachine('6.12', RECIPE)
  const { stats, dump } = await makeDump({ lost: [0xa80] }, machine)
  assert.equal(stats.lostPages, 1)
  assert.equal(dump.incomplete, true)
  assert.equal(readAll(dump, machine.memory).faults.get(0xa80), 'truncated')
})

test('a dump of a dump leaves out what either left out', async () => {
  const machine = new PageArrayMachine('6.12', RECIPE)
  const first = await makeDump({ level: 17 }, machine)
  const output = new MemoryOutput()
  const source = memorySource(first.output.bytes)
  const stats = await runDump({
    dump: openDiskdump(source),
    outputs: [output],
    level: 14,
    codec: 'lzo',
    pageOrder: 'pfn',
  })
  const again = openDiskdump(memorySource(output.bytes))
  const direct = await makeDump({ level: 31 }, machine)
  assert.equal(stats.isComplete, true)
  assert.equal(again.dumpLevel, 31)
  assert.deepEqual(readAll(again, machine.memory), readAll(direct.dump, machine.memory))
})

test('what was erased is told on: from format to format, and with what is erased next', async () => {
  const erase = (pfn: number): RunDumpOptions['erase'] => ({
    ranges: [{ physical: pfn * 4096, size: 64, nullify: false }],
    info: `erase frame${pfn} size 64\n`,
  })
  let dump = new PageArrayMachine('6.12', RECIPE).dump()
  for (const [step, format] of (['elf', 'kdump', 'kdump', 'elf', 'elf'] as const).entries()) {
    const output = new MemoryOutput()
    const options = { dump, outputs: [output], format, level: 0, erase: erase(0xb00 + step) }
    await runDump({ ...options, codec: undefined, pageOrder: 'pfn' })
    dump = openDump(memorySource(output.bytes))
    const lines = Array.from({ length: step + 1 }, (_, i) => `erase frame${0xb00 + i} size 64`)
    assert.equal(dump.describe?.().eraseinfo, lines.join('\n'))
    assert.ok(dump.notes.filter(({ name }) => name === 'ERASEINFO').length <= 1)
  }
  const page = new Uint8Array(64)
  dump.readPhysical(0xb00 * 4096, page)
  assert.ok(page.every((byte) => byte === 0x58))
})

test('repeated pages share their data when order does not matter', async () => {
  const machine = new PageArrayMachine('6.12', '0x600-0x6ff slab')
  machine.memory.fill(0x5a, 0x600 * 4096, 0x700 * 4096)
  const { stats, dump } = await makeDump({}, machine)
  assert.ok(stats.repeatedPages >= 255)
  readAll(dump, machine.memory)
  assert.equal((await makeDump({ pageOrder: 'pfn' }, machine)).stats.repeatedPages, 0)
})
