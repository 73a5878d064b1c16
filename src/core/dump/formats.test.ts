// Which format a file is, what is around it, and what is said of files that are none.
// Plain memory is made by test/support/memory_kernel.ts.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { gzipSync, zstdCompressSync } from 'node:zlib'
import { flatten } from '../../../test/support/flatten.ts'
import { mkdiskdump } from '../../../test/support/mkdiskdump.ts'
import { mkelf } from '../../../test/support/mkelf.ts'
import { countBytes } from '../../../test/support/vmcore_recipe.ts'
import { mklime } from '../../../test/support/mklime.ts'
import { memoryKernel, memoryVmcoreinfo } from '../../../test/support/memory_kernel.ts'
import { memorySource } from '../io/memory_source.ts'
import { readExact } from '../io/source.ts'
import { openDump } from './formats.ts'

test('each format is known by its first bytes', () => {
  assert.equal(openDump(memorySource(mkelf('segment 0x1000 0x1000'))).format, 'elf')
  assert.equal(openDump(memorySource(mkdiskdump('page 0 raw'))).format, 'kdump-compressed')
  for (const format of ['lime', 'avml']) {
    const bytes = mklime(`format ${format}\nsegment 0x1000 0x1000`)
    assert.equal(openDump(memorySource(bytes)).format, format)
  }
})

test('plain memory is known by the kernel in it', () => {
  const bytes = memoryKernel()
  const dump = openDump(memorySource(bytes, 'f'))
  assert.deepEqual([dump.format, dump.pfnEnd, dump.incomplete], ['raw', 0x800, false])
  assert.equal(new TextDecoder().decode(dump.vmcoreinfo), memoryVmcoreinfo())
  const into = new Uint8Array(8)
  dump.readPhysical(0x30_0000, into)
  assert.equal(new TextDecoder().decode(into), 'OSRELEAS')
})

test('memory whose VMCOREINFO leads to no kernel is no dump, and the reason is told', () => {
  assert.throws(() => openDump(memorySource(memoryKernel({ tables: false }), 'f')), {
    message:
      /^f: offset 0x0: not a vmcore \(begins 00 .* avml, or plain memory with a kernel in it: none of 1 in its memory leads to a kernel; OSRELEASE=6\.1\.0-test at physical 0x300000: init_uts_ns: .*\)$/,
  })
})

test('bytes of any kind, a page or more of them, are no dump', () => {
  const noise = Uint8Array.from({ length: 20_000 }, (_, i) => Math.imul(i, 0x9e37_79b1) >>> 24)
  assert.throws(() => openDump(memorySource(noise, 'f')), {
    message:
      /^f: offset 0x0: not a vmcore \(begins .*; expected kdump-compressed, elf, lime, avml, or plain memory with a kernel in it: none in its memory leads to a kernel\)$/,
  })
})

for (const magic of ['QEVM', 'LibvirtQemudSave', 'LibvirtQemudPart']) {
  test(`a stream that begins ${magic} is told from a dump, with the command that makes one`, () => {
    const bytes = new Uint8Array(8192)
    bytes.set(new TextEncoder().encode(magic))
    assert.throws(() => openDump(memorySource(bytes, 'f')), {
      name: 'UnsupportedError',
      message: /^not supported: f is a QEMU save stream.*virsh dump --memory-only DOMAIN FILE/,
    })
  })
}

test('an empty file is said to be empty', () => {
  assert.throws(() => openDump(memorySource(new Uint8Array(0), 'f')), {
    message: 'f: offset 0x0: file is empty, expected a vmcore',
  })
})

test('a file of another kind is shown by its first bytes', () => {
  assert.throws(() => openDump(memorySource(new TextEncoder().encode('hello'), 'f')), {
    message:
      'f: offset 0x0: not a vmcore (begins 68 65 6c 6c 6f; expected kdump-compressed, elf, lime, avml, or plain memory with a kernel in it: less than a page)',
  })
})

for (const [format, bytes] of [
  ['elf', mkelf('segment 0x1000 0x3000\nvmcoreinfo A=1')],
  ['kdump-compressed', mkdiskdump('page 0 excluded\npage 1-3 lzo\nvmcoreinfo A=1')],
] as const) {
  test(`a flattened ${format} file reads in place, and says that it is one`, () => {
    const dump = openDump(memorySource(flatten(bytes, 700), 'f'))
    assert.deepEqual([dump.format, dump.container], [format, 'flattened'])
    assert.equal(dump.incomplete, false)
    assert.equal(new TextDecoder().decode(dump.vmcoreinfo), 'A=1\n')
    const memory = new Uint8Array(0x3000)
    dump.readPhysical(0x1000, memory)
    assert.deepEqual(memory, countBytes(0x1000, 0x3000, true))
  })
}

test('what no container is around has none', () => {
  assert.equal(openDump(memorySource(mkdiskdump('page 0 raw'))).container, undefined)
})

test('a flattened file without its end record opens, and is incomplete', () => {
  const dump = openDump(memorySource(flatten(mkdiskdump('page 0-3 raw')).subarray(0, -16), 'f'))
  assert.deepEqual(
    [dump.incomplete, dump.incompleteReason],
    [true, 'f: the flattened file has no end'],
  )
  const page = new Uint8Array(4096)
  dump.readPhysical(0x3000, page)
  assert.deepEqual(page, countBytes(0x3000, 4096, true))
})

test('a cache is put before what is inside a container, and not before its records', () => {
  const sizes: number[] = []
  const bytes = mkdiskdump('page 0-3 raw')
  const cache = (source: ReturnType<typeof memorySource>): typeof source => {
    sizes.push(source.size)
    return memorySource(readExact(source, 0, source.size, 'all'))
  }
  openDump(memorySource(flatten(bytes)), { cache })
  assert.deepEqual(sizes, [bytes.length])
})

const DUMP = mkdiskdump('page 0 raw')
const COMPRESSED: readonly (readonly [name: string, head: Uint8Array, command: string])[] = [
  ['gzip', gzipSync(DUMP), 'gzip -dk f'],
  ['zstd', zstdCompressSync(DUMP), 'zstd -d f'],
  ['xz', Uint8Array.of(0xfd, 0x37, 0x7a, 0x58, 0x5a, 0, 0, 4), 'xz -dk f'],
  ['bzip2', new TextEncoder().encode('BZh91AY&SY'), 'bzip2 -dk f'],
  ['lz4', Uint8Array.of(4, 0x22, 0x4d, 0x18, 0x64, 0x40), 'lz4 -d f'],
  ['lzop', Uint8Array.of(0x89, 0x4c, 0x5a, 0x4f, 0, 0x0d), 'lzop -d f'],
]
for (const [name, bytes, command] of COMPRESSED) {
  test(`a file compressed with ${name} is named with the command that unpacks it`, () => {
    assert.throws(() => openDump(memorySource(bytes, 'f')), {
      name: 'UnsupportedError',
      message: `not supported: f: compressed with ${name}; unpack it first: ${command}`,
    })
  })
}

test('files of a format that has no parts are not opened together', () => {
  const file = (name: string, bytes: Uint8Array): ReturnType<typeof memorySource> =>
    memorySource(bytes, name)
  const elf = mkelf('segment 0x1000 0x1000')
  assert.throws(() => openDump(file('a', elf), { parts: [file('b', elf)] }), {
    name: 'UsageError',
    message: /^a: is elf, no part of a split dump/,
  })
  const part = file('a', mkdiskdump('part 0-1\npage 0 raw'))
  assert.throws(() => openDump(part, { parts: [file('b', elf)] }), {
    name: 'UsageError',
    message: /^b: is elf, no part of a split dump/,
  })
})
