// Headers of 32-bit machines: recipes with `abi i386` (64-bit members aligned to 4) and `abi arm` (to 8).
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { mkdiskdump } from '../../../test/support/mkdiskdump.ts'
import { countBytes } from '../../../test/support/vmcore_recipe.ts'
import { memorySource } from '../io/memory_source.ts'
import { readDiskdumpHeader } from './diskdump_header.ts'
import {
  disk_dump_header_32,
  kdump_sub_header_arm,
  kdump_sub_header_i386,
} from './diskdump_layout.ts'
import { openDump } from './formats.ts'

test('32-bit headers lie as makedumpfile has them', () => {
  const { timestamp_sec, status, block_size, nr_cpus } = disk_dump_header_32.offset
  assert.deepEqual([timestamp_sec, status, block_size, nr_cpus], [404, 412, 416, 448])
  const { offset_vmcoreinfo, offset_note, start_pfn_64 } = kdump_sub_header_i386.offset
  assert.deepEqual([offset_vmcoreinfo, offset_note, start_pfn_64], [20, 32, 56])
  const arm = kdump_sub_header_arm.offset
  assert.deepEqual([arm.offset_vmcoreinfo, arm.offset_note, arm.start_pfn_64], [24, 40, 72])
})

for (const abi of ['i386', 'arm']) {
  for (const endian of ['little', 'big']) {
    for (const version of [0, 1, 2, 3, 4, 5, 6]) {
      test(`version ${version} of ${abi}, ${endian}-endian: members, notes and pages read as written`, () => {
        const recipe = `abi ${abi}\nendian ${endian}\nversion ${version}
          phys_base 0x80000000
          dump_level 17
          time 1690000000
          machine machine
          vmcoreinfo OSRELEASE=3.2.0
          note CORE 1 100 fill 0x11
          page 0-3 lzo
          page 9 raw
          page 65535 zlib`
        const source = memorySource(mkdiskdump(recipe))
        assert.equal(readDiskdumpHeader(source).bits, 32)
        const dump = openDump(source)
        assert.equal(dump.littleEndian, endian === 'little')
        assert.equal(dump.incomplete, false)
        assert.equal(dump.physBase, 0x8000_0000)
        assert.equal(dump.dumpLevel, version >= 1 ? 17 : undefined)
        assert.equal(dump.timestamp, 1_690_000_000)
        assert.equal(dump.utsname?.machine, 'machine')
        const text = new TextDecoder().decode(dump.vmcoreinfo)
        assert.equal(text, version >= 3 ? 'OSRELEASE=3.2.0\n' : '')
        assert.equal(dump.notes.length, version >= 4 ? 1 : 0)
        // max_mapnr is 65536 here, which would be a block size of a 64-bit header.
        assert.equal(dump.pfnEnd, 65_536)
        for (const pfn of [0, 3, 9, 65_535]) {
          const page = new Uint8Array(4096)
          dump.readPhysical(pfn * 4096, page)
          assert.deepEqual(page, countBytes(pfn * 4096, 4096, endian === 'little'))
        }
      })
    }
  }
}

test('a time of 4096 microseconds does not make a 64-bit header a 32-bit one', () => {
  const bytes = mkdiskdump('page 0 raw')
  new DataView(bytes.buffer).setInt32(416, 4096, true)
  assert.equal(readDiskdumpHeader(memorySource(bytes)).bits, 64)
})

test('a 32-bit header that lies is shown where it lies', () => {
  const open = (lie: string): unknown =>
    openDump(memorySource(mkdiskdump(`abi arm\npage 0 raw\n${lie}`), 'f'))
  assert.throws(() => open('lie bitmap_blocks 0'), {
    message: 'f: offset 0x1ac: max_mapnr 0x1 does not fit 0 bitmap bytes',
  })
  assert.throws(() => open('version 5\nlie max_mapnr 0xffffffff'), {
    message: 'f: offset 0x1ac: max_mapnr 0xffffffff does not fit 4096 bitmap bytes',
  })
})
