// Damaged dump files made from recipes: every format, split and flattened. Whatever opens is read throughout.
import assert from 'node:assert/strict'
import { test } from 'node:test'
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
import { type HotRanges, mutate, type Random } from '../support/mutate.ts'
import { mklime } from '../support/mklime.ts'
import { FUZZ_CASES } from './fuzz_cases.ts'

const MIB = 1024 * 1024
const NOTES = `
  vmcoreinfo OSRELEASE=6.1.0
  vmcoreinfo PAGESIZE=4096
  note CORE 1 336 fill 0x11
  note QEMU 0 440 noise 3`
const recipe = (facts: string, pages: string): Uint8Array =>
  mkdiskdump(`${facts}${NOTES}\n${pages}`)

/** Small files, so that damage meets what matters. */
const PAGES = `
  page 0 zlib
  page 1 lzo
  page 2 zero
  page 3 snappy
  page 4 zstd
  page 5 excluded
  page 7 lost
  page 40 raw noise 5`
const PACKED = ['', 'endian big', 'block_size 16384'].map((facts) => recipe(facts, PAGES))

/** Every version and byte order, of 64-bit machines and of 32-bit ones by both alignments. */
const DISKDUMPS = ['', 'abi i386', 'abi arm'].flatMap((abi) =>
  [0, 1, 2, 3, 4, 5, 6].flatMap((version) =>
    ['', 'endian big'].map((endian) =>
      recipe(`${abi}\nversion ${version}\n${endian}\n`, 'page 0 zero\npage 9 excluded'),
    ),
  ),
)
const PARTS = ['part 0-2', 'part 2-4', 'part 4-41'].map((facts) => recipe(facts, PAGES))
const DISKDUMP_HOT: HotRanges = [
  [0, 464],
  [4096, 4096 + 1200],
  [4 * 4096, 4 * 4096 + 400],
  [16384, 16384 + 104],
]

const ELF_FACTS = ['', 'endian big', 'xnum yes', 'bits 32', 'bits 32\nendian big', 'phoff 0x1200']
const ELFS = ELF_FACTS.map((facts) =>
  mkelf(`${facts}${NOTES}
    segment 0x1000 0x3000
    segment 0x2000 0x1000
    segment 0x100000 0x1000 0x4000
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
const MEMORIES = (['absent', undefined] as const).map((statedPhysBase) =>
  memoryKernel({
    size: 0x60_3000,
    physBase: 0,
    textAt: 0x1000,
    noteAt: 0x3000,
    ...(statedPhysBase && { statedPhysBase }),
  }).subarray(0, 0x40_3000),
)
const FLATTENED = [DISKDUMPS[12], ELFS[0], RANGES[0]].flatMap((bytes) =>
  bytes === undefined ? [] : [900, 5000].map((pieceSize) => flatten(bytes, pieceSize)),
)

const page = new Uint8Array(4096)
const PFNS = [0, 1, 2, 3, 4, 5, 7, 8, 16, 40, 0x100, 0x102, -1]

/** Ask for everything a dump offers; pages may fault. */
function readThrough(dump: Dump): void {
  for (const pfn of [...PFNS, dump.pfnEnd - 1, dump.pfnEnd]) {
    dump.pageState(pfn)
    // A page, or what crosses into the next one.
    const isWhole = pfn % 2 === 0
    const at = pfn * dump.pageSize + (isWhole ? 0 : dump.pageSize - 6)
    try {
      dump.readPhysical(at, page.subarray(0, isWhole ? 4096 : 16))
    } catch (error) {
      if (!(error instanceof KdumpError)) throw error
    }
  }
  dump.pfnRuns('existing')
  dump.pfnRuns('present')
  for (const note of dump.notes) void note.desc.length
  void dump.describe?.()
}

const open = (bytes: Uint8Array): void => readThrough(openDump(memorySource(bytes, 'vmcore')))
const anyOf = (files: readonly Uint8Array[], hot: HotRanges) => (random: Random) =>
  open(mutate(random.pick(files), random, hot))

fuzz('kdump-compressed headers', { allocationMax: MIB }, anyOf(DISKDUMPS, DISKDUMP_HOT))

fuzz('kdump-compressed pages', { allocationMax: MIB }, anyOf(PACKED, DISKDUMP_HOT))

fuzz('parts of a split dump, one damaged', { allocationMax: MIB }, (random) => {
  const damaged = random.below(PARTS.length)
  const [source, ...parts] = PARTS.map((bytes, index) =>
    memorySource(index === damaged ? mutate(bytes, random, DISKDUMP_HOT) : bytes, `part${index}`),
  )
  if (source) readThrough(openDump(source, { parts }))
})

// Holes of a cut file may be claimed by its headers.
fuzz('flattened files', { allocationMax: 2 * MIB }, (random) => {
  const original = random.pick(FLATTENED)
  const hot = recordsOf(original).map((at): [number, number] => [at, at + 16])
  open(mutate(original, random, hot))
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

fuzz('ELF vmcores', { allocationMax: MIB }, anyOf(ELFS, [[0, 400]]))

fuzz('/proc/kcore', { allocationMax: MIB }, anyOf(KCORES, [[0, 400]]))

fuzz(
  'LiME and AVML files',
  { allocationMax: MIB },
  anyOf(RANGES, [
    [0, 64],
    [0x3020, 0x3060],
  ]),
)

// Four megabytes a case: few, and all of them where VMCOREINFO, utsname and page tables lie.
fuzz(
  'plain memory',
  { allocationMax: 8 * MIB },
  anyOf(MEMORIES, [
    [0x1000, 0x1100],
    [0x3000, 0x3120],
    [0x20_0b60, 0x20_0ca8],
    [0x40_0ff8, 0x40_1000],
    [0x40_1ff0, 0x40_2010],
  ]),
)

/** Each place in the headers and notes of files of every format. */
const CUTS = [
  ...cutsOf(
    [...DISKDUMPS.slice(12, 14), ...DISKDUMPS.slice(26, 28)],
    [
      [0, 480],
      [4096, 4096 + 1300],
    ],
  ),
  ...cutsOf(ELFS.slice(0, -1), [[0, 1400]]),
  ...cutsOf(ELFS.slice(-1), [[0x1200, 0x1200 + 1400]]),
  ...cutsOf(RANGES, [[0, 100]]),
  ...cutsOf(FLATTENED, [
    [0, 40],
    [4090, 4096 + 40],
  ]),
]

function cutsOf(files: readonly Uint8Array[], ranges: HotRanges): Uint8Array[] {
  return files.flatMap((file) =>
    ranges.flatMap(([start, end]) =>
      Array.from({ length: end - start }, (_, i) => file.subarray(0, start + i)),
    ),
  )
}

fuzz('files cut at each byte of their headers', { allocationMax: MIB }, ({ seed }) => {
  open(CUTS[seed % CUTS.length] ?? new Uint8Array())
})

test('each byte of the headers has its case', () => {
  assert.ok(CUTS.length <= FUZZ_CASES['files cut at each byte of their headers'])
})

const SEGMENT = elfNotes(
  [
    { name: 'CORE', type: 1, desc: new Uint8Array(336) },
    { name: 'VMCOREINFO', type: 0, desc: new Uint8Array(500) },
    { name: 'LINUX', type: 0x700, desc: new Uint8Array(70) },
  ],
  true,
)
fuzz('ELF notes', {}, (random) => {
  for (const note of forEachNote('notes', mutate(SEGMENT, random), 0, random.below(2) === 0))
    void note.name
})
