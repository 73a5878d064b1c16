// Damaged dump files of both formats, made from recipes. Whatever opens is read throughout.
import { KdumpError } from '../../src/core/base/errors.ts'
import type { Dump } from '../../src/core/dump/dump_format.ts'
import { openDump } from '../../src/core/dump/formats.ts'
import { forEachNote } from '../../src/core/elf/elf_note.ts'
import { memorySource } from '../../src/core/io/memory_source.ts'
import { elfNotes } from '../support/elf_notes.ts'
import { fuzz } from '../support/fuzz.ts'
import { mkdiskdump } from '../support/mkdiskdump.ts'
import { mkelf } from '../support/mkelf.ts'
import { mutate } from '../support/mutate.ts'

const NOTES = `
  vmcoreinfo OSRELEASE=6.1.0
  vmcoreinfo PAGESIZE=4096
  note CORE 1 336 fill 0x11
  note QEMU 0 440 noise 3`
const DISKDUMPS = ['', 'version 3', 'endian big', 'block_size 16384'].map((facts) =>
  mkdiskdump(`${facts}${NOTES}
    page 0-3 zlib
    page 4-6 lzo
    page 7 zero
    page 8-9 snappy
    page 10-11 zstd
    page 12 excluded
    page 14 raw
    page 15 lost
    page 40 raw noise 5`),
)
const ELFS = ['', 'endian big', 'xnum yes'].map((facts) =>
  mkelf(`${facts}${NOTES}
    segment 0x1000 0x3000
    segment 0x2000 0x1000
    segment 0x100000 0x2000 0x4000
    segment 0x400000 0 0x10000`),
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

fuzz('damaged ELF vmcores', { runs: 1500, allocationMax: 1024 * 1024 }, (random) => {
  readThrough(openDump(memorySource(mutate(random.pick(ELFS), random, [[0, 400]]), 'vmcore')))
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
