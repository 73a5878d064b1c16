// ELF dumps of a machine made by recipe, read back with our own reader; what the headers say is looked at directly.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { MemoryOutput } from '../../../../test/support/memory_output.ts'
import { PageDump } from '../../../../test/support/page_dump.ts'
import { FRAMES, PageArrayMachine } from '../../../../test/support/page_array_recipe.ts'
import { framesThatAre, readFrames } from '../../../../test/support/page_states.ts'
import { FormatError } from '../../../core/base/errors.ts'
import { openDiskdump } from '../../../core/dump/diskdump.ts'
import type { Dump, MappedMemory } from '../../../core/dump/dump_format.ts'
import { openElf } from '../../../core/dump/elf.ts'
import { type ElfProgramHeader, parseElfFile } from '../../../core/elf/elf_file.ts'
import { PT_LOAD } from '../../../core/elf/elf_layout.ts'
import { memorySource } from '../../../core/io/memory_source.ts'
import type { DumpStats } from '../dump_stats.ts'
import { runDump, type RunDumpOptions } from '../engine.ts'
import { bitmapOf } from '../page_bitmap.ts'
import { elfFrames } from './elf_runs.ts'
import { ElfWriter } from './elf_writer.ts'

const RECIPE = `
  0x140-0x14f absent
  0x150-0x15f zero
  0x600-0x6ff lru
  0x700-0x7fe lru
  0x7ff slab
  0x800-0x8ff anon lru swapbacked
  0x900-0x9ff buddy 8
  0xa00-0xafe lru
  0xb00-0xbff reserved
  0xc00-0xdff zero
`
const PAGE_SIZE = 4096

const machine = new PageArrayMachine('6.12', RECIPE)

interface Written {
  readonly stats: DumpStats
  readonly bytes: Uint8Array
}

async function write(
  options: Partial<RunDumpOptions> = {},
  output = new MemoryOutput(),
): Promise<Written> {
  const stats = await runDump({
    dump: machine.dump(),
    outputs: [output],
    format: 'elf',
    level: 31,
    codec: undefined,
    pageOrder: 'priority',
    ...options,
  })
  return { stats, bytes: output.bytes }
}

const openBytes = (bytes: Uint8Array): Dump => openElf(memorySource(bytes))

function loadsOf(bytes: Uint8Array): ElfProgramHeader[] {
  return parseElfFile(memorySource(bytes)).programHeaders.filter(({ p_type }) => p_type === PT_LOAD)
}

for (const level of [0, 1, 16, 31]) {
  test(`level ${level}: what a kdump-compressed dump has is there, holes of 256 frames and more are not`, async () => {
    const { stats, bytes } = await write({ level })
    assert.equal(stats.isComplete, true)
    const dump = openBytes(bytes)
    assert.equal(dump.incomplete, false)
    const states = readFrames(dump, machine.memory)
    const kdump = new MemoryOutput()
    await write({ level, format: 'kdump', outputs: [kdump], pageOrder: 'pfn' })
    const expected = readFrames(openDiskdump(memorySource(kdump.bytes)), machine.memory)
    let run = 0
    for (const [pfn, state] of expected.entries()) {
      const zero = machine.memory
        .subarray(pfn * PAGE_SIZE, (pfn + 1) * PAGE_SIZE)
        .every((b) => b === 0)
      const isWanted = state === 'good' && !(zero && level & 1)
      if (isWanted) assert.equal(states[pfn], 'good', `frame 0x${pfn.toString(16)}`)
      if (state !== 'good' && state !== 'excluded') assert.notEqual(states[pfn], 'good')
      if (dump.pageState(pfn) === 'absent') assert.equal(machine.dump().pageState(pfn), 'absent')
      run = isWanted ? 0 : run + 1
      if (run >= 512) assert.notEqual(states[pfn], 'good', 'long gaps are left out')
    }
    const stored = framesThatAre('good', states).length
    assert.equal(stats.remainingPages, stored)
    assert.equal(stats.fileSize, bytes.length)
  })
}

test('pages do not lie at multiples of their size, where makedumpfile would map them and die', async () => {
  for (const { p_offset } of loadsOf((await write()).bytes)) assert.equal(p_offset % PAGE_SIZE, 16)
})

test('frames of zeros are no bytes of the file, and counted', async () => {
  const [all, some] = [await write({ level: 0 }), await write({ level: 1 })]
  assert.ok(some.stats.zeroPages >= 0x210)
  assert.ok(all.bytes.length - some.bytes.length >= 0x200 * PAGE_SIZE - 4 * 56)
})

test('notes come along, and what was erased is noted and gone', async () => {
  const erase = {
    ranges: [{ physical: 0xb10 * PAGE_SIZE + 100, size: 5000, nullify: false }],
    info: 'erase secret size 5000\n',
  }
  const { bytes } = await write({ level: 0, erase })
  const dump = openBytes(bytes)
  assert.deepEqual(dump.vmcoreinfo, machine.dump().vmcoreinfo)
  assert.equal(dump.describe?.().eraseinfo, 'erase secret size 5000')
  const page = new Uint8Array(PAGE_SIZE)
  dump.readPhysical(0xb11 * PAGE_SIZE, page)
  assert.ok(page.subarray(0, 100 + 5000 - PAGE_SIZE).every((byte) => byte === 0x58))
  assert.equal(
    page[100 + 5000 - PAGE_SIZE],
    machine.memory[0xb11 * PAGE_SIZE + 100 + 5000 - PAGE_SIZE],
  )
})

const DIRECT = 0xffff_8880_0000_0000n
const IMAGE = 0xffff_ffff_8000_0000n

test('addresses are those of the input, and its image is mapped twice again', async () => {
  const imageAt = FRAMES.image * PAGE_SIZE
  const imageSize = 0x180 * PAGE_SIZE
  const mapped: MappedMemory[] = [
    { physical: imageAt, virtual: IMAGE + BigInt(imageAt), size: imageSize },
    // The direct map in three pieces, of which one is RAM that the input was made without.
    { physical: 0x1000, virtual: DIRECT + 0x1000n, size: 0x7f_f000 },
    { physical: 0x80_0000, virtual: DIRECT + 0x80_0000n, size: 0x40_0000 },
    { physical: 0xc0_0000, virtual: DIRECT + 0xc0_0000n, size: 0x40_0000 },
  ]
  for (const level of [0, 31]) {
    const { bytes } = await write({ level, dump: { ...machine.dump(), mapped } })
    const loads = loadsOf(bytes)
    const image = loads.filter(({ p_vaddr }) => p_vaddr >= IMAGE)
    const direct = loads.filter(({ p_vaddr }) => p_vaddr >= DIRECT && p_vaddr < IMAGE)
    for (const { p_vaddr, p_paddr } of image) assert.equal(p_vaddr, IMAGE + p_paddr)
    for (const { p_vaddr, p_paddr } of direct) assert.equal(p_vaddr, DIRECT + p_paddr)
    assert.equal(
      image.reduce((sum, { p_memsz }) => sum + p_memsz, 0),
      imageSize,
    )
    // Frame 0 lies outside of what the input maps: it has no address.
    assert.equal(loads.length, image.length + direct.length + (level === 0 ? 1 : 1))
    // A byte has one place in the file, by whichever address it is asked for.
    for (const again of image.filter(({ p_filesz }) => p_filesz > 0)) {
      const main = direct.find(
        ({ p_paddr, p_filesz }) =>
          p_paddr <= again.p_paddr && again.p_paddr < p_paddr + BigInt(p_filesz),
      )
      assert.ok(main)
      assert.equal(again.p_offset - main.p_offset, Number(again.p_paddr - main.p_paddr))
      assert.ok(again.p_filesz <= main.p_filesz)
    }
    assert.ok(image.some(({ p_filesz }) => p_filesz > 0))
    readFrames(openBytes(bytes), machine.memory)
  }
})

test('a full target: no header promises what is not there, and the file is marked', async () => {
  const whole = await write()
  const states = readFrames(openBytes(whole.bytes), machine.memory)
  const total = framesThatAre('good', states).length
  for (const part of [0.2, 0.5, 0.99]) {
    const output = new MemoryOutput(Math.floor(whole.bytes.length * part))
    const { stats, bytes } = await write({}, output)
    const dump = openBytes(bytes)
    assert.equal(dump.incomplete, true)
    assert.equal(dump.describe?.().isMarkedIncomplete, true)
    assert.equal(stats.isComplete, false)
    const found = readFrames(dump, machine.memory)
    assert.deepEqual(framesThatAre('truncated', found), [])
    const good = framesThatAre('good', found)
    assert.ok(good.length > 0)
    assert.deepEqual(good, framesThatAre('good', states).slice(0, good.length), 'in frame order')
    assert.equal(stats.lostPages, total - good.length)
    for (const { p_offset, p_filesz } of loadsOf(bytes)) {
      assert.ok(p_filesz === 0 || p_offset + p_filesz <= bytes.length)
      assert.equal(p_filesz % PAGE_SIZE, 0)
    }
  }
})

test('a target that does not take the headers leaves a file that says what is wrong with it', async () => {
  for (const size of [0, 17, 100, 700]) {
    const { stats, bytes } = await write({}, new MemoryOutput(size))
    assert.equal(stats.isComplete, false)
    assert.throws(() => openBytes(bytes), FormatError)
  }
})

test('a deadline ends it like a full target, soon', async () => {
  const output = new MemoryOutput()
  let isExpired = false
  const slow = Object.assign(Object.create(output) as MemoryOutput, {
    write(offset: number, bytes: Uint8Array): number {
      if (bytes.length > 100_000) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 60)
      return output.write(offset, bytes)
    },
  })
  const { stats } = await write({ level: 0, outputs: [slow], isExpired: () => (isExpired = true) })
  assert.equal(isExpired, true)
  assert.equal(stats.isComplete, false)
  const dump = openBytes(output.bytes)
  assert.equal(dump.incomplete, true)
  const states = readFrames(dump, machine.memory)
  const good = framesThatAre('good', states).length
  assert.ok(good > 0 && good < 2048, `${good} frames`)
  assert.deepEqual(framesThatAre('truncated', states), [])
  assert.equal(stats.lostPages, 4096 - 16 - good)
})

test('a frame that cannot be read is lost, its neighbours are where they should be', async () => {
  const lost = [0xa80, 0xb00, 0xbff]
  const { stats, bytes } = await write({ level: 0, dump: machine.dump(lost) })
  const dump = openBytes(bytes)
  assert.equal(stats.lostPages, 3)
  assert.equal(dump.incomplete, true)
  const states = readFrames(dump, machine.memory)
  for (const pfn of lost) assert.notEqual(states[pfn], 'good')
  assert.equal(framesThatAre('good', states).length, 4096 - 16 - 3)
})

test('frames lost in more places than headers were kept for: what follows in the segment goes, nothing lies', async () => {
  const lost = Array.from({ length: 70 }, (_, i) => 0xb00 + 4 * i)
  const { stats, bytes } = await write({ level: 0, dump: machine.dump(lost) })
  const states = readFrames(openBytes(bytes), machine.memory)
  assert.equal(states[0xb00 + 4 * 63 + 1], 'good')
  assert.equal(states[0xb00 + 4 * 64 + 1], 'excluded')
  assert.equal(stats.lostPages, 4096 - 16 - framesThatAre('good', states).length)
})

test('more than 65,534 segments are counted in section header 0', async () => {
  const count = 70_000
  const existing = Array.from({ length: count }, (_, i) => ({ start: 2 * i, end: 2 * i + 1 }))
  const wanted = [{ start: 2 * 66_000, end: 2 * 66_000 + 1 }]
  const pfnEnd = 2 * count - 1
  const frames = elfFrames(existing, wanted, bitmapOf(wanted, pfnEnd), pfnEnd)
  assert.equal(frames.stored.total, 1)
  const output = new MemoryOutput()
  const writer = new ElfWriter(output, {
    dump: new PageDump(() => 'excluded', { pfnEnd }),
    frames,
    eraseInfo: new Uint8Array(),
  })
  await writer.begin()
  const page = new Uint8Array(PAGE_SIZE).fill(0x77)
  const counts = { copied: 0, zero: 0, repeated: 0, unreadable: 0 }
  const packed = {
    ...{ kinds: Uint8Array.of(3), sizes: Uint32Array.of(PAGE_SIZE), slots: Int32Array.of(-1) },
    ...{ data: page, used: PAGE_SIZE },
  }
  const job = { pfns: Float64Array.of(2 * 66_000), indexes: Float64Array.of(0), count: 1 }
  writer.write(job, packed, undefined, counts)
  await writer.finish(true)
  assert.equal(counts.copied, 1)
  const dump = openBytes(output.bytes)
  assert.equal(loadsOf(output.bytes).length, count)
  assert.deepEqual(dump.pfnRuns('present'), wanted)
  assert.deepEqual(dump.pfnRuns('existing'), existing)
  const into = new Uint8Array(PAGE_SIZE)
  dump.readPhysical(2 * 66_000 * PAGE_SIZE, into)
  assert.deepEqual(into, page)
})

test('a mapping that ends among frames which only fill a gap ends in the file with the last wanted one', async () => {
  const all = [{ start: 0, end: 100 }]
  const wanted = bitmapOf(
    [
      { start: 0, end: 50 },
      { start: 60, end: 100 },
    ],
    100,
  )
  const mapped = [
    { physical: 0, virtual: DIRECT, size: 100 * PAGE_SIZE },
    { physical: 0, virtual: IMAGE, size: 55 * PAGE_SIZE },
  ]
  const output = new MemoryOutput()
  const writer = new ElfWriter(output, {
    dump: { ...machine.dump(), mapped },
    frames: elfFrames(all, all, wanted, 100),
    eraseInfo: new Uint8Array(),
  })
  await writer.begin()
  const pages = (size: number): number => size / PAGE_SIZE
  assert.deepEqual(
    loadsOf(output.bytes).map(({ p_vaddr, p_memsz }) => [p_vaddr, pages(p_memsz)]),
    [
      [IMAGE, 55],
      [DIRECT, 100],
    ],
  )
  const job = {
    pfns: new Float64Array(100),
    indexes: Float64Array.from({ length: 100 }, (_, i) => i),
    count: 100,
  }
  const packed = {
    ...{ kinds: new Uint8Array(100).fill(3), sizes: new Uint32Array(100).fill(PAGE_SIZE) },
    ...{
      slots: new Int32Array(100).fill(-1),
      data: new Uint8Array(100 * PAGE_SIZE),
      used: 100 * PAGE_SIZE,
    },
  }
  writer.write(job, packed, undefined, { copied: 0, zero: 0, repeated: 0, unreadable: 0 })
  await writer.finish(true)
  assert.deepEqual(
    loadsOf(output.bytes).map(({ p_filesz }) => pages(p_filesz)),
    [50, 100],
  )
})
