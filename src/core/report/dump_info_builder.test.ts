// Recipes of files, and the kernel of small_kernel.ts.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { flatten } from '../../../test/support/flatten.ts'
import { mkdiskdump } from '../../../test/support/mkdiskdump.ts'
import { mkelf } from '../../../test/support/mkelf.ts'
import { smallKernel } from '../../../test/support/small_kernel.ts'
import { openDump } from '../dump/formats.ts'
import { memorySource } from '../io/memory_source.ts'
import type { DumpInfo } from './dump_info.ts'
import { buildDumpInfo } from './dump_info_builder.ts'

const COMPRESSED = `
  format diskdump
  release 6.1.0-test
  nodename host1
  time 1700000000
  dump_level 31
  phys_base 0x1000000
  vmcoreinfo OSRELEASE=6.1.0-test
  vmcoreinfo CRASHTIME=1700000001
  vmcoreinfo NUMBER(phys_base)=16777216
  note CORE 1 336 fill 0x11
  page 1-4 zstd
  page 6 excluded
  page 7-8 zero`

function infoOf(bytes: Uint8Array): DumpInfo {
  return buildDumpInfo(openDump(memorySource(bytes, 'dump')), bytes.length)
}

test('what headers, descriptors and VMCOREINFO say is told', () => {
  const info = infoOf(mkdiskdump(COMPRESSED))
  assert.equal(info.file, 'dump')
  assert.deepEqual(info.format, {
    name: 'kdump-compressed',
    container: null,
    headerVersion: 6,
    bits: 64,
    byteOrder: 'little',
    isLive: false,
    part: null,
  })
  const { release, nodename, crashTime } = info.kernel
  assert.deepEqual([release, nodename, crashTime], ['6.1.0-test', 'host1', 1_700_000_001])
  assert.deepEqual(info.memory, {
    pageBytes: 4096,
    pfnEnd: 9,
    ramPages: 7,
    presentPages: 6,
    excludedPages: 1,
    holes: 2,
  })
  assert.equal(info.dumpLevel, 31)
  assert.deepEqual(
    info.storage?.codecs.map(({ codec, pages }) => [codec, pages]),
    [
      ['zstd', 4],
      ['raw', 2],
    ],
  )
  assert.equal(info.storage.zeroPages, 2)
  assert.ok(info.storage.ratio !== null && info.storage.ratio < 1)
  assert.equal(info.storage.order, 'pfn')
  assert.deepEqual(info.notes, { cpus: 1, byName: { CORE: 1 } })
  assert.equal(info.vmcoreinfo?.found, 'header')
  assert.equal(info.vmcoreinfo.lines, 3)
  assert.deepEqual(info.physBase, {
    header: '0x1000000',
    vmcoreinfo: '0x1000000',
    differ: false,
  })
  assert.deepEqual([info.completeness.complete, info.completeness.reason], [true, ''])
  assert.deepEqual(info.maker, { tool: 'makedumpfile', command: 'makedumpfile -z -d 31' })
})

test('a kernel that cannot be examined is a problem told, and no error', () => {
  const info = infoOf(mkdiskdump(COMPRESSED))
  assert.notEqual(info.kernel.problem, '')
  assert.equal(info.kernel.clock, null)
  assert.equal(infoOf(mkelf('format elf\n segment 0x100000 0x1000')).vmcoreinfo, null)
})

test('a format that does not describe itself leaves open how pages are stored', () => {
  const info = buildDumpInfo(smallKernel().program.dump, 0)
  assert.equal(info.storage, null)
  assert.deepEqual([info.format.headerVersion, info.format.bits], [null, null])
  assert.ok(info.completeness.complete)
})

test('a phys_base of the header that VMCOREINFO contradicts is told', () => {
  const wrong = infoOf(mkdiskdump(COMPRESSED.replace('phys_base 0x1000000', 'phys_base -4096')))
  assert.deepEqual(wrong.physBase, {
    header: '-0x1000',
    vmcoreinfo: '0x1000000',
    differ: true,
  })
})

test('notes by QEMU name the maker, and the container its format', () => {
  const bytes = mkdiskdump(COMPRESSED.replace('note CORE', 'note QEMU 0 440\n note CORE'))
  assert.deepEqual(infoOf(bytes).maker, {
    tool: 'QEMU',
    command: 'dump-guest-memory, format kdump-raw-zstd',
  })
  const flat = infoOf(flatten(bytes))
  assert.equal(flat.format.container, 'flattened')
  assert.equal(flat.maker.command, 'dump-guest-memory, format kdump-zstd')
  assert.equal(infoOf(flatten(mkdiskdump(COMPRESSED))).maker.command, 'makedumpfile -z -d 31 -F')
})

test('an ELF dump without holes is a copy of /proc/vmcore, one with holes makedumpfile -E', () => {
  const maker = (recipe: string) => infoOf(mkelf(`format elf\n${recipe}`)).maker
  assert.equal(maker('segment 0x100000 0x1000').command, 'a copy of /proc/vmcore')
  assert.equal(maker('segment 0x100000 0x1000 0x2000').command, 'makedumpfile -E')
})

test('what is missing is told: by the writer, or by the end of the file', () => {
  const marked = infoOf(mkdiskdump(`${COMPRESSED}\n status 8`)).completeness
  assert.deepEqual([marked.complete, marked.markedIncomplete], [false, true])
  const cut = infoOf(mkdiskdump(`${COMPRESSED}\n cut -1`)).completeness
  assert.deepEqual([cut.complete, cut.markedIncomplete, cut.lostPages], [false, false, 2])
  assert.notEqual(cut.reason, '')
  // One lost page in the middle is no cut file.
  const lost = infoOf(mkdiskdump(`${COMPRESSED}\n page 5 lost`)).completeness
  assert.deepEqual([lost.complete, lost.lostPages], [false, 1])
  assert.equal(lost.reason, 'pages are missing')
})
