// Damaged dump files made from recipes: every format, split and flattened. Whatever opens is read throughout.
import { KdumpError } from '../../src/core/base/errors.ts'
import type { Dump } from '../../src/core/dump/dump_format.ts'
import { openDump } from '../../src/core/dump/formats.ts'
import { forEachNote } from '../../src/core/elf/elf_note.ts'
import { memorySource } from '../../src/core/io/memory_source.ts'
import { elfNotes } from '../support/elf_notes.ts'
import { flatten } from '../support/flatten.ts'
import { fuzz } from '../support/fuzz.ts'
import { mkdiskdump } from '../support/mkdiskdump.ts'
import { memoryKernel } from '../support/memory_kernel.ts'
import { mkelf } from '../support/mkelf.ts'
import { type HotRanges, mutate } from '../support/mutate.ts'
import { mklime } from '../support/mklime.ts'

const NOTES = `
  vmcoreinfo OSRELEASE=6.1.0
  vmcoreinfo PAGESIZE=4096
  note CORE 1 336 fill 0x11
  note QEMU 0 440 noise 3`
const diskdumpOf = (facts: string): Uint8Array =>
  mkdiskdump(`${facts}${NOTES}
    page 0-3 zlib
    page 4-6 lzo
    page 7 zero
    page 8-9 snappy
    page 10-11 zstd
    page 12 excluded
    page 14 raw
    page 15 lost
    page 40 raw noise 5`)
const DISKDUMPS = ['', 'version 3', 'endian big', 'block_size 16384'].map(diskdumpOf)
const DISKDUMPS_32 = ['', 'version 3\n', 'endian big\n'].flatMap((facts) =>
  ['abi i386', 'abi arm'].map((abi) => diskdumpOf(facts + abi)),
)
const PARTS = ['part 0-6', 'part 6-12', 'part 12-41'].map(diskdumpOf)
const ELFS = ['', 'endian big', 'xnum yes', 'bits 32', 'bits 32\nendian big'].map((facts) =>
  mkelf(`${facts}${NOTES}
    segment 0x1000 0x3000
    segment 0x2000 0x1000
    segment 0x100000 0x2000 0x4000
    segment 0x400000 0 0x10000`),
)
/** /proc/kcore as it is, and as it was before v4.11. */
const KCORES = [
  `lie 2.p_paddr 0xffffffffffffffff`,
  `lie 1.p_paddr 0\nlie 2.p_paddr 0\nlie 1.p_vaddr 0xffff888000001000\nlie 2.p_vaddr 0xffffffff81000000`,
].map((lies) => mkelf(`note CORE 4 64\nsegment 0x1000 0x3000\nsegment 0x8000 0x1000\n${lies}`))
const RANGES = [
  'format lime',
  'format lime\nendian big',
  'format avml',
  'format avml\nchunk 700',
].map((facts) =>
  mklime(`${facts}\nsegment 0x1000 0x3000\nsegment 0x100000 0x2000\nsegment 0x8000 0x400`),
)
/** Small, so that damage meets what matters. */
const MEMORIES = (['absent', undefined] as const).map((statedPhysBase) =>
  memoryKernel({
    size: 0x60_3000,
    physBase: 0,
    textAt: 0x1000,
    noteAt: 0x3000,
    ...(statedPhysBase && { statedPhysBase }),
  }).subarray(0, 0x40_3000),
)
const page = new Uint8Array(4096)

/** Ask for everything a dump offers; pages may fault. */
function readThrough(dump: Dump): void {
  const pfns = [
    0,
    1,
    2,
    3,
    4,
    5,
    6,
    7,
    8,
    9,
    10,
    11,
    12,
    13,
    14,
    15,
    16,
    40,
    0x100,
    0x101,
    0x102,
    dump.pfnEnd - 1,
    dump.pfnEnd,
    -1,
  ]
  for (const pfn of pfns) {
    dump.pageState(pfn)
    for (const at of [pfn * dump.pageSize, pfn * dump.pageSize + 4090]) {
      try {
        dump.readPhysical(at, page.subarray(0, at % 2 === 0 ? 4096 : 16))
      } catch (error) {
        if (!(error instanceof KdumpError)) throw error
      }
    }
  }
  for (const note of dump.notes) void note.desc.length
  void dump.describe?.()
}

fuzz('damaged kdump-compressed files', { runs: 250, allocationMax: 1024 * 1024 }, (random) => {
  const bytes = mutate(random.pick(DISKDUMPS), random, [
    [0, 464],
    [4096, 4096 + 1200],
    [4 * 4096, 4 * 4096 + 400],
    [16384, 16384 + 104],
  ])
  readThrough(openDump(memorySource(bytes, 'vmcore')))
})

fuzz(
  'damaged kdump-compressed files of 32-bit machines',
  { runs: 250, allocationMax: 1024 * 1024 },
  (random) => {
    const bytes = mutate(random.pick(DISKDUMPS_32), random, [
      [0, 452],
      [4096, 4096 + 96],
      [4 * 4096, 4 * 4096 + 400],
    ])
    readThrough(openDump(memorySource(bytes, 'vmcore')))
  },
)

fuzz('parts of a split dump, one damaged', { runs: 150, allocationMax: 1024 * 1024 }, (random) => {
  const damaged = random.below(PARTS.length)
  const [source, ...parts] = PARTS.map((bytes, index) => {
    const hot: HotRanges = [
      [0, 464],
      [4096, 4096 + 1200],
    ]
    return memorySource(index === damaged ? mutate(bytes, random, hot) : bytes, `part${index}`)
  })
  if (source) readThrough(openDump(source, { parts }))
})

const FLATTENED = [...DISKDUMPS.slice(0, 1), ...ELFS.slice(0, 1)].flatMap((bytes) =>
  [900, 5000].map((pieceSize) => flatten(bytes, pieceSize)),
)
// Records may lie 256 MiB apart, and headers ask for bitmaps in between.
fuzz('damaged flattened files', { runs: 400, allocationMax: 300 * 1024 * 1024 }, (random) => {
  const original = random.pick(FLATTENED)
  const records = recordsOf(original)
  const hot = records.map((at): [number, number] => [at, at + 16])
  readThrough(openDump(memorySource(mutate(original, random, hot), 'vmcore')))
})

/** Offsets of the record headers of an undamaged flattened file. */
function recordsOf(bytes: Uint8Array): number[] {
  const view = new DataView(bytes.buffer)
  const records: number[] = []
  for (let at = 4096; at + 16 <= bytes.length; at += 16 + view.getUint32(at + 12)) {
    if (view.getInt32(at) < 0) break
    records.push(at)
  }
  return records
}

fuzz('damaged ELF vmcores', { runs: 1500, allocationMax: 1024 * 1024 }, (random) => {
  readThrough(openDump(memorySource(mutate(random.pick(ELFS), random, [[0, 400]]), 'vmcore')))
})

fuzz('damaged /proc/kcore', { runs: 1500, allocationMax: 1024 * 1024 }, (random) => {
  readThrough(openDump(memorySource(mutate(random.pick(KCORES), random, [[0, 400]]), 'kcore')))
})

fuzz('damaged LiME and AVML files', { runs: 1500, allocationMax: 1024 * 1024 }, (random) => {
  const hot = [
    [0, 64],
    [0x3020, 0x3060],
  ] as const
  readThrough(openDump(memorySource(mutate(random.pick(RANGES), random, hot), 'memory')))
})

// Four megabytes a run: few, and all of them where VMCOREINFO, utsname and page tables lie.
fuzz('damaged plain memory', { runs: 120, allocationMax: 8 * 1024 * 1024 }, (random) => {
  const hot = [
    [0x1000, 0x1100],
    [0x3000, 0x3120],
    [0x20_0b60, 0x20_0ca8],
    [0x40_0ff8, 0x40_1000],
    [0x40_1ff0, 0x40_2010],
  ] as const
  readThrough(openDump(memorySource(mutate(random.pick(MEMORIES), random, hot), 'memory')))
})

const SEGMENT = elfNotes(
  [
    { name: 'CORE', type: 1, desc: new Uint8Array(336) },
    { name: 'VMCOREINFO', type: 0, desc: new Uint8Array(500) },
    { name: 'LINUX', type: 0x700, desc: new Uint8Array(70) },
  ],
  true,
)
fuzz('damaged ELF notes', { runs: 5000 }, (random) => {
  for (const note of forEachNote('notes', mutate(SEGMENT, random), 0, random.below(2) === 0))
    void note.name
})
