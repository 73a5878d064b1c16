// kdump-compressed files built from recipes (test/support/vmcore_recipe.ts): pages hold their own physical address.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { mkdiskdump } from '../../../test/support/mkdiskdump.ts'
import { countBytes, parseRecipe } from '../../../test/support/vmcore_recipe.ts'
import { FaultError, FormatError } from '../base/errors.ts'
import { memorySource } from '../io/memory_source.ts'
import { diskdump, openDiskdump } from './diskdump.ts'
import { disk_dump_header, kdump_sub_header, page_desc } from './diskdump_layout.ts'
import type { Dump } from './dump_format.ts'
import { openDump } from './formats.ts'

const open = (recipe: string): Dump => openDiskdump(memorySource(mkdiskdump(recipe), 'vmcore'))

function read(dump: Dump, physical: number, size: number): Uint8Array {
  const into = new Uint8Array(size)
  dump.readPhysical(physical, into)
  return into
}

function reasonAt(dump: Dump, pfn: number): string {
  try {
    read(dump, pfn * dump.pageSize + 8, 1)
    return 'readable'
  } catch (error) {
    assert.ok(error instanceof FaultError && error.space === 'physical')
    return error.reason
  }
}

/** Every codec, every kind of page. */
const MIXED = `
  vmcoreinfo OSRELEASE=6.1.0
  vmcoreinfo PAGESIZE=4096
  note CORE 1 336 fill 0x11
  page 0 raw
  page 1-3 zlib
  page 4-5 lzo
  page 6 zero
  page 7 snappy
  page 8 zero
  page 9 zstd
  page 10 excluded
  page 12 lost
  page 13 raw text the last page`

test('the headers have the sizes of makedumpfile', () => {
  assert.deepEqual([disk_dump_header.size, kdump_sub_header.size, page_desc.size], [464, 104, 24])
  assert.deepEqual(
    [
      disk_dump_header.offset.status,
      disk_dump_header.offset.nr_cpus,
      kdump_sub_header.offset.max_mapnr_64,
    ],
    [424, 460, 96],
  )
})

for (const endian of ['little', 'big']) {
  test(`pages of every codec in one ${endian}-endian file read as written`, () => {
    const recipe = `endian ${endian}\n${MIXED}`
    const dump = open(recipe)
    for (const { pfn, kind, content } of parseRecipe(recipe).pages) {
      if (kind === 'excluded' || kind === 'lost') continue
      assert.deepEqual(read(dump, pfn * 4096, 4096), content, `page ${pfn}`)
    }
    assert.deepEqual(read(dump, 0xff8, 0x1010), countBytes(0xff8, 0x1010, endian === 'little'))
    assert.equal(new TextDecoder().decode(dump.vmcoreinfo), 'OSRELEASE=6.1.0\nPAGESIZE=4096\n')
    assert.deepEqual(
      dump.notes.map(({ name }) => name),
      ['CORE'],
    )
  })
}

test('pages of zeros share their bytes', () => {
  const bytes = mkdiskdump(MIXED)
  const dump = openDiskdump(memorySource(bytes))
  assert.deepEqual(read(dump, 6 * 4096, 4096), new Uint8Array(4096))
  assert.deepEqual(read(dump, 8 * 4096, 4096), new Uint8Array(4096))
  assert.equal(mkdiskdump(`${MIXED}\npage 14-20 zero`).length - bytes.length, 7 * page_desc.size)
})

test('excluded, absent, lost and beyond are four reasons', () => {
  const dump = open(MIXED)
  assert.deepEqual(
    [9, 10, 11, 12, 14].map((pfn) => reasonAt(dump, pfn)),
    ['readable', 'excluded', 'not-present', 'truncated', 'out-of-range'],
  )
  assert.deepEqual(
    [9, 10, 11, 12, 14].map((pfn) => dump.pageState(pfn)),
    ['present', 'excluded', 'absent', 'present', 'absent'],
  )
})

test('page frame numbers are counted across blocks of the bitmap', () => {
  const dump = open('page 3 raw\npage 5000-5002 raw\npage 40000 raw\npage 70001 lzo')
  for (const pfn of [3, 5000, 5002, 40000, 70001]) {
    assert.deepEqual(read(dump, pfn * 4096, 8), countBytes(pfn * 4096, 8, true))
  }
  assert.equal(dump.pfnEnd, 70002)
})

test('pages of 64 KiB read as written', () => {
  const dump = open(
    'block_size 65536\npage 0 lzo\npage 1 zlib\npage 2 zstd\npage 3 snappy\npage 4 raw',
  )
  assert.deepEqual(read(dump, 0, 5 * 65536), countBytes(0, 5 * 65536, true))
})

for (const version of [0, 1, 2, 3, 4, 5, 6]) {
  test(`a header of version ${version} has the members of its time, and no others`, () => {
    const dump = open(`version ${version}\nphys_base -2097152\ndump_level 17\n${MIXED}`)
    assert.equal(dump.physBase, -2_097_152)
    assert.equal(dump.dumpLevel, version >= 1 ? 17 : undefined)
    assert.equal(dump.vmcoreinfo !== undefined, version >= 3)
    assert.equal(dump.notes.length, version >= 4 ? 1 : 0)
    assert.equal(dump.pfnEnd, 14)
    assert.deepEqual(read(dump, 4096, 8), countBytes(4096, 8, true))
  })
}

test('a version newer than known reads as what is known of it', () => {
  assert.equal(open('version 9\npage 0 raw').pfnEnd, 1)
})

test('facts of the machine come from the header', () => {
  const dump = open(
    `nodename box\nrelease 6.1.0-9\nmachine aarch64\nbuild #1 SMP\ntime 1690000000\n${MIXED}`,
  )
  const { nodename, release, machine, version } = dump.utsname ?? assert.fail()
  assert.deepEqual([nodename, release, machine, version], ['box', '6.1.0-9', 'aarch64', '#1 SMP'])
  assert.equal(dump.timestamp, 1_690_000_000)
})

test('VMCOREINFO is taken from the notes where the sub header has none', () => {
  const dump = open('version 6\nnote VMCOREINFO 0 9 text OSRELEASE\npage 0 raw')
  assert.equal(new TextDecoder().decode(dump.vmcoreinfo), 'OSRELEASE')
})

test('a VMCOREINFO of more than a page is whole', () => {
  const lines = Array.from(
    { length: 600 },
    (_, i) => `vmcoreinfo SYMBOL(s${i})=ffffffff81000000`,
  ).join('\n')
  const text = new TextDecoder().decode(open(`${lines}\npage 0 raw`).vmcoreinfo)
  assert.equal(text.split('\n').length, 601)
})

test('a dump its writer did not finish is incomplete', () => {
  assert.equal(open(`status 8\n${MIXED}`).incomplete, true)
  assert.equal(open(MIXED).incomplete, false)
})

test('a file that lost its end is incomplete; what is left of it reads, what is lost is truncated', () => {
  const dump = open(`${MIXED}\ncut -1`)
  assert.equal(dump.incomplete, true)
  assert.deepEqual(read(dump, 9 * 4096, 8), countBytes(9 * 4096, 8, true))
  assert.equal(reasonAt(dump, 13), 'truncated')
})

test('a file that lost its descriptors is incomplete, its notes are there', () => {
  const descs = 4096 * 4
  const dump = open(`${MIXED}\ncut ${descs + 24}`)
  assert.equal(dump.incomplete, true)
  assert.equal(dump.notes.length, 1)
  assert.equal(reasonAt(dump, 0), 'truncated')
  assert.equal(reasonAt(dump, 1), 'truncated')
})

const DAMAGED: readonly (readonly [what: string, page: string, reason: string])[] = [
  ['garbage under each codec', 'stored 0x1 hex 00112233445566778899', 'corrupt'],
  ['garbage of LZO', 'stored 0x2 hex 00112233445566778899', 'corrupt'],
  ['garbage of snappy', 'stored 0x4 hex 80208899aabb', 'corrupt'],
  ['garbage of zstd', 'stored 0x20 hex 28b52ffd2000', 'corrupt'],
  ['a raw page of another size', 'stored 0 hex 0011', 'corrupt'],
  ['a page of no bytes', 'stored 0x1 hex', 'corrupt'],
  ['LZO that gives less than a page', 'stored 0x2 hex 1561626364110000', 'corrupt'],
]
for (const [what, page, reason] of DAMAGED) {
  test(`${what}: the page is ${reason}, others are not`, () => {
    const dump = open(`page 0 lzo\npage 1 ${page}\npage 2 lzo`)
    assert.deepEqual(
      [0, 1, 2].map((pfn) => reasonAt(dump, pfn)),
      ['readable', reason, 'readable'],
    )
  })
}

test('a descriptor that points beyond the file, beyond 2^53, or claims a huge size faults', () => {
  const bytes = mkdiskdump('page 0-3 lzo')
  const view = new DataView(bytes.buffer)
  const desc = (row: number): number => 4096 * 4 + row * page_desc.size
  view.setBigUint64(desc(0), 2n ** 52n, true)
  view.setBigUint64(desc(1), 2n ** 64n - 1n, true)
  view.setUint32(desc(2) + 8, 0xffff_ffff, true)
  const dump = openDiskdump(memorySource(bytes))
  assert.deepEqual(
    [0, 1, 2, 3].map((pfn) => reasonAt(dump, pfn)),
    ['truncated', 'corrupt', 'corrupt', 'readable'],
  )
  assert.equal(dump.incomplete, true)
})

const BROKEN: readonly (readonly [what: string, recipe: string, error: RegExp])[] = [
  [
    'a block size that is none',
    'lie block_size 1234',
    /^vmcore: offset 0x1ac: block_size is 1234, expected a page size$/,
  ],
  [
    'a version that is none',
    'lie header_version 0xffffffff',
    /^vmcore: offset 0x8: header_version is -1, expected 0 to 6$/,
  ],
  ['no sub header', 'lie sub_hdr_size 0', /^vmcore: offset 0x1b0: sub_hdr_size is 0$/],
  [
    'a huge sub header',
    'lie sub_hdr_size 0x7fffffff',
    /^vmcore: offset 0x1b0: sub_hdr_size is 2147483647$/,
  ],
  [
    'a page count beyond the bitmap',
    'lie max_mapnr_64 0xffffffffffff',
    /^vmcore: offset 0x1060: max_mapnr 0xffffffffffff does not fit 4096 bitmap bytes$/,
  ],
  [
    'a page count above 2^53',
    'lie max_mapnr_64 0xffffffffffffffff',
    /^vmcore: offset 0x1000: sub header: an offset or size exceeds 2\^53$/,
  ],
  [
    'an old page count beyond the bitmap',
    'version 5\nlie max_mapnr 0xffffffff',
    /^vmcore: offset 0x1b8: max_mapnr 0xffffffff does not fit/,
  ],
  [
    'no bitmap',
    'lie bitmap_blocks 0',
    /^vmcore: offset 0x1060: max_mapnr 0x1 does not fit 0 bitmap bytes$/,
  ],
  [
    'a bitmap beyond the file',
    'lie bitmap_blocks 0xffffffff\nlie max_mapnr_64 0x400000000',
    /^vmcore: offset 0x2000: bitmap 1 \(2147483648 bytes\) ends past end of file/,
  ],
  [
    'VMCOREINFO beyond the file',
    'vmcoreinfo A=1\nlie offset_vmcoreinfo 0x100000',
    /^vmcore: offset 0x100000: VMCOREINFO \(4 bytes\) ends past end of file/,
  ],
  [
    'a huge VMCOREINFO',
    'vmcoreinfo A=1\nlie size_vmcoreinfo 0x40000000',
    /^vmcore: offset 0x1068: VMCOREINFO of 1073741824 bytes$/,
  ],
  [
    'notes beyond the file',
    'note CORE 1 8\nlie offset_note 0x100000',
    /^vmcore: offset 0x100000: ELF notes \(28 bytes\) ends past end of file/,
  ],
  [
    'notes longer than their place',
    'note CORE 1 8\nlie size_note 0x10000000',
    /^vmcore: offset 0x1068: ELF notes \(268435456 bytes\) ends past end/,
  ],
  [
    'a note longer than its segment',
    'note CORE 1 8\nlie size_note 24',
    /^vmcore: offset 0x107c: note desc needs 8 bytes, 4 left$/,
  ],
  [
    'a part that ends before it begins',
    'part 1-0',
    /^vmcore: offset 0x1050: part of frames 0x1-0x0 of 0x1$/,
  ],
  [
    'a part beyond the last frame',
    'version 5\npart 0-2',
    /^vmcore: offset 0x1010: part of frames 0x0-0x2 of 0x1$/,
  ],
]
for (const [what, recipe, message] of BROKEN) {
  test(`${what}: one error that names file and offset`, () => {
    assert.throws(() => open(`page 0 raw\n${recipe}`), { message })
  })
}

test('cut before the end of its bitmaps a file gives a format error with an offset inside it', () => {
  const whole = mkdiskdump(MIXED)
  const bitmapsEnd = 4096 * 3 + 2
  for (
    let size = 0;
    size < bitmapsEnd;
    size += size < 600 || (size > 4090 && size < 4700) ? 1 : 97
  ) {
    assert.throws(
      () => openDump(memorySource(whole.subarray(0, size), 'vmcore')),
      (error) =>
        error instanceof FormatError &&
        error.file === 'vmcore' &&
        error.offset <= Math.max(size, 0x3000),
      `cut at ${size}`,
    )
  }
})

test('cut anywhere behind its bitmaps a file opens, and every page either reads right or faults', () => {
  const whole = mkdiskdump(MIXED)
  const { pages } = parseRecipe(MIXED)
  for (let size = 4096 * 3 + 2; size < whole.length; size += 149) {
    const dump = openDump(memorySource(whole.subarray(0, size)))
    assert.equal(dump.incomplete, true)
    for (const { pfn, content } of pages) {
      if (reasonAt(dump, pfn) === 'readable')
        assert.deepEqual(read(dump, pfn * 4096, 4096), content)
    }
  }
})

test('a file of diskdump, which was before kdump, is named as such', () => {
  const bytes = mkdiskdump('page 0 raw')
  bytes.set(new TextEncoder().encode('DISKDUMP'))
  assert.throws(() => openDump(memorySource(bytes, 'f')), {
    message:
      'not supported: f: written by diskdump, which kernels before kdump had (signature DISKDUMP)',
  })
})

test('the format is told by its signature alone', () => {
  assert.equal(diskdump.probe(new TextEncoder().encode('KDUMP   ')), true)
  assert.equal(diskdump.probe(new TextEncoder().encode('KDUMP  ')), false)
  assert.equal(diskdump.probe(new Uint8Array(0)), false)
})

test('the compression that its writer was asked for is known', () => {
  assert.equal(open('status 2\npage 0 raw').codec, 'lzo')
  assert.equal(open('page 0 raw').codec, undefined)
})
