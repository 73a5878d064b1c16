// Vmcores built from recipes (test/support/vmcore_recipe.ts). Segment bytes hold their own physical address.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { mkelf } from '../../../test/support/mkelf.ts'
import { countBytes } from '../../../test/support/vmcore_recipe.ts'
import {
  elf32_ehdr,
  elf32_phdr,
  elf32_shdr,
  elf64_ehdr,
  elf64_phdr,
  elf64_shdr,
} from '../elf/elf_layout.ts'
import { FaultError, FormatError, HostError } from '../base/errors.ts'
import { blockCache } from '../io/block_cache.ts'
import { memorySource } from '../io/memory_source.ts'
import type { Dump } from './dump_format.ts'
import { elf, openElf } from './elf.ts'

const open = (recipe: string): Dump => openElf(memorySource(mkelf(recipe), 'vmcore'))

function read(dump: Dump, physical: number, size: number): Uint8Array {
  const into = new Uint8Array(size)
  dump.readPhysical(physical, into)
  return into
}

const TWO_RUNS = `
  vmcoreinfo OSRELEASE=6.1.0
  note CORE 1 336 fill 0x11
  segment 0x1000 0x3000
  segment 0x100000 0x2000 0x4000`

test('ELF headers have the sizes of <elf.h>', () => {
  assert.deepEqual([elf64_ehdr.size, elf64_phdr.size, elf64_shdr.size], [64, 56, 64])
  assert.deepEqual([elf32_ehdr.size, elf32_phdr.size, elf32_shdr.size], [52, 32, 40])
})

for (const bits of [64, 32]) {
  for (const endian of ['little', 'big']) {
    test(`memory of a ${endian}-endian vmcore of ${bits} bits reads as written`, () => {
      const dump = open(`bits ${bits}\nendian ${endian}\n${TWO_RUNS}`)
      assert.equal(dump.littleEndian, endian === 'little')
      assert.deepEqual(
        read(dump, 0x1ffc, 0x1008),
        countBytes(0, 0x4000, dump.littleEndian).subarray(0x1ffc, 0x3004),
      )
      assert.deepEqual(read(dump, 0x101000, 8), countBytes(0x101000, 8, dump.littleEndian))
      assert.deepEqual(
        dump.notes.map(({ name }) => name),
        ['CORE', 'VMCOREINFO'],
      )
    })
  }
}

const MACHINES: readonly (readonly [facts: string, machine: string])[] = [
  ['machine x86_64', 'x86_64'],
  ['machine 3\nbits 32', 'i686'],
  ['machine 40\nbits 32', 'arm'],
  ['machine 21', 'ppc64le'],
  ['machine 21\nendian big', 'ppc64'],
  ['machine 22\nendian big', 's390x'],
  ['machine 243\nbits 32', 'riscv32'],
  ['machine 243', 'riscv64'],
  ['machine 258', 'loongarch64'],
  ['machine 7', 'ELF machine 7'],
]
for (const [facts, machine] of MACHINES) {
  test(`${facts.replaceAll('\n', ', ')} is ${machine} in utsname's words`, () => {
    assert.equal(open(`${facts}\nsegment 0x1000 0x1000`).utsname?.machine, machine)
  })
}

test('notes and VMCOREINFO are found', () => {
  const dump = open(TWO_RUNS)
  assert.deepEqual(
    dump.notes.map(({ name, desc }) => [name, desc.length]),
    [
      ['CORE', 336],
      ['VMCOREINFO', 16],
    ],
  )
  assert.equal(new TextDecoder().decode(dump.vmcoreinfo), 'OSRELEASE=6.1.0\n')
})

test('a VMCOREINFO of more than a page is whole', () => {
  const lines = Array.from(
    { length: 600 },
    (_, i) => `vmcoreinfo SYMBOL(s${i})=ffffffff81000000`,
  ).join('\n')
  const text = new TextDecoder().decode(open(`${lines}\nsegment 0x1000 0x1000`).vmcoreinfo)
  assert.equal(text.split('\n').length, 601)
  assert.ok(text.length > 4096)
})

test('memory behind the file part of a segment is excluded, memory between segments is not there', () => {
  const dump = open(TWO_RUNS)
  const reasonAt = (physical: number): string => {
    try {
      read(dump, physical, 1)
      return 'readable'
    } catch (error) {
      assert.ok(error instanceof FaultError && error.space === 'physical')
      return error.reason
    }
  }
  assert.deepEqual([0x101fff, 0x102000, 0x103fff, 0x4000, 0, 0x104000].map(reasonAt), [
    'readable',
    'excluded',
    'excluded',
    'not-present',
    'not-present',
    'out-of-range',
  ])
  assert.deepEqual(
    [0, 1, 4, 0x101, 0x102, 0x104].map((pfn) => dump.pageState(pfn)),
    ['absent', 'present', 'absent', 'present', 'excluded', 'absent'],
  )
  assert.equal(dump.pfnEnd, 0x104)
})

test('a read that runs out of a segment names the first byte that is missing', () => {
  const dump = open(TWO_RUNS)
  assert.throws(() => read(dump, 0x3ffc, 8), {
    name: 'FaultError',
    address: 0x4000n,
    reason: 'not-present',
  })
  assert.throws(() => read(dump, 0x101ffc, 8), {
    name: 'FaultError',
    address: 0x102000n,
    reason: 'excluded',
  })
})

test('a read goes on from one segment into the next', () => {
  const dump = open('segment 0x1000 0x1000\nsegment 0x2000 0x1000')
  assert.deepEqual(read(dump, 0x1ff8, 16), countBytes(0x1ff8, 16, true))
})

test('more than 65,534 program headers are counted by section header 0', () => {
  const segments = Array.from(
    { length: 70_000 },
    (_, i) => `segment ${0x1000 + i * 0x2000} 8`,
  ).join('\n')
  const bytes = mkelf(segments)
  assert.equal(new DataView(bytes.buffer).getUint16(elf64_ehdr.offset.e_phnum, true), 0xffff)
  const dump = openElf(memorySource(bytes))
  assert.equal(dump.pfnRuns('existing').length, 0)
  assert.equal(dump.pfnEnd, 1 + 70_000 * 2 - 1)
  const last = 0x1000 + 69_999 * 0x2000
  assert.deepEqual(read(dump, last, 8), countBytes(last, 8, true))
})

for (const bits of [64, 32]) {
  test(`extended numbering of a few headers, and a header table far from the file header, are followed (${bits} bits)`, () => {
    const facts = `bits ${bits}\nxnum yes\nphoff 0x5000`
    const dump = open(`${facts}\nsegment 0x1000 0x1000\nsegment 0x3000 0x1000`)
    assert.equal(dump.pfnRuns('present').length, 2)
    assert.deepEqual(read(dump, 0x3008, 8), countBytes(0x3008, 8, true))
  })
}

test('of segments that overlap each byte is read from one that has it', () => {
  // /proc/vmcore has kernel text twice, once inside its RAM segment.
  const dump = open('segment 0x100000 0x4000\nsegment 0x101000 0x1000\nsegment 0x103000 0x3000')
  assert.deepEqual(dump.pfnRuns('present'), [{ start: 0x100, end: 0x106 }])
  assert.deepEqual(read(dump, 0x100000, 0x6000), countBytes(0x100000, 0x6000, true))
})

test('any set of segments reads as the union of what they hold, the rest of their memory is excluded', () => {
  const segment = fc.tuple(fc.nat(30), fc.nat(8), fc.nat(8))
  fc.assert(
    fc.property(fc.array(segment, { minLength: 1, maxLength: 6 }), (runs) => {
      fc.pre(runs.some(([, file, hole]) => file + hole > 0))
      const lines = runs.map(
        ([pfn, file, hole]) => `segment ${[pfn, file, file + hole].map((n) => n * 4096).join(' ')}`,
      )
      const dump = open(lines.join('\n'))
      for (let pfn = 0; pfn < 48; pfn++) {
        const held = runs.some(([start, file]) => pfn >= start && pfn < start + file)
        const known = runs.some(([start, file, hole]) => pfn >= start && pfn < start + file + hole)
        assert.equal(dump.pageState(pfn), held ? 'present' : known ? 'excluded' : 'absent')
        if (held)
          assert.deepEqual(read(dump, pfn * 4096 + 8, 8), countBytes(pfn * 4096 + 8, 8, true))
      }
    }),
    { numRuns: 200 },
  )
})

test('a file shorter than its segments is incomplete, and what is missing is truncated', () => {
  const dump = open(`${TWO_RUNS}\ncut -4096`)
  assert.equal(dump.incomplete, true)
  assert.deepEqual(read(dump, 0x100ff8, 8), countBytes(0x100ff8, 8, true))
  assert.throws(() => read(dump, 0x101000, 8), {
    name: 'FaultError',
    reason: 'truncated',
    address: 0x101000n,
  })
  assert.equal(open(TWO_RUNS).incomplete, false)
})

test('a dump its writer marked incomplete says so', () => {
  assert.equal(open(`flags 1\n${TWO_RUNS}`).incomplete, true)
})

test('PAGESIZE of VMCOREINFO sets the page size, if it is one', () => {
  assert.equal(open('vmcoreinfo PAGESIZE=65536\nsegment 0x10000 0x10000').pageSize, 65536)
  assert.equal(open('vmcoreinfo PAGESIZE=12345\nsegment 0x10000 0x10000').pageSize, 4096)
})

for (const [bits, none] of [
  [64, '0xffffffffffffffff'],
  [32, '0xffffffff'],
] as const) {
  test(`segments without a physical address are left out (${bits} bits)`, () => {
    const lie = `lie 2.p_paddr ${none}`
    const dump = open(`bits ${bits}\nsegment 0x1000 0x1000\nsegment 0x2000 0x1000\n${lie}`)
    assert.deepEqual(dump.pfnRuns('existing'), [{ start: 1, end: 2 }])
  })
}

/** /proc/kcore of a kernel with 5 levels of page tables: text, vmalloc and modules lie beyond 2^53 of the file. */
const KCORE = `
  note CORE 1 336
  note CORE 3 136
  note CORE 4 64
  vmcoreinfo OSRELEASE=6.1.0
  segment 0x3000 0x1000
  segment 0 0x1000
  segment 0x1000 0x4000
  lie 1.p_offset 0xeeffff80001000
  lie 2.p_paddr 0xffffffffffffffff
  lie 2.p_offset 0x8f000000001000
  lie 2.p_filesz 0x31ffffffffffff
  lie 2.p_memsz 0x31ffffffffffff`

test('/proc/kcore is a live machine, read by its segments of RAM', () => {
  const dump = open(KCORE)
  assert.equal(dump.isLive, true)
  assert.deepEqual(dump.pfnRuns('present'), [{ start: 1, end: 5 }])
  assert.deepEqual(read(dump, 0x1ff8, 16), countBytes(0x1ff8, 16, true))
  assert.equal(open(TWO_RUNS).isLive, false)
})

test('/proc/kcore of kernels before v4.11 says no physical address: offsets tell it', () => {
  // The direct map's start with KASLR; RAM lies at the same distances in the file, text and vmalloc beyond it.
  const base = 0xffff_9d5a_c000_0000n
  const notes = 'note CORE 4 64\nphoff 0x40'
  const at = (index: number, physical: bigint, offset: bigint): string =>
    `lie ${index}.p_paddr 0\nlie ${index}.p_vaddr ${base + physical}\nlie ${index}.p_offset ${offset}`
  const bytes = mkelf(`${notes}
    segment 0x1000 0x2000
    segment 0x5000 0x1000
    segment 0 0x1000
    ${at(1, 0x1000n, 0x2000n)}
    ${at(2, 0x5000n, 0x6000n)}
    ${at(3, 0x4100_0000_0000n, 0x4100_0000_1000n)}`)
  const file = new Uint8Array(0x8000)
  file.set(bytes.subarray(0, 0x400))
  file.set(countBytes(0, 0x7000, true), 0x1000)
  const dump = openElf(memorySource(file))
  assert.deepEqual(dump.pfnRuns('present'), [
    { start: 1, end: 3 },
    { start: 5, end: 6 },
  ])
  assert.deepEqual(read(dump, 0x1ff8, 16), countBytes(0x1ff8, 16, true))
  assert.deepEqual(read(dump, 0x5008, 8), countBytes(0x5008, 8, true))
})

for (const errno of ['EFAULT', 'EIO']) {
  test(`memory that the kernel refuses with ${errno} is a page's fault`, () => {
    const inner = memorySource(mkelf(TWO_RUNS))
    const hole = inner.size - 0x2000
    const source = {
      ...inner,
      read(offset: number, into: Uint8Array) {
        if (offset + into.length > hole) throw new HostError('vmcore: cannot read', errno)
        return inner.read(offset, into)
      },
    }
    const dump = openElf(source)
    assert.deepEqual(read(dump, 0x1000, 8), countBytes(0x1000, 8, true))
    assert.throws(() => read(dump, 0x100000, 8), {
      name: 'FaultError',
      reason: 'not-present',
      address: 0x100000n,
    })
    // Through the cache too, whose blocks are larger than pages.
    const cached = openElf(blockCache(source))
    assert.deepEqual(read(cached, 0x1000, 8), countBytes(0x1000, 8, true))
    assert.throws(() => read(cached, 0x100000, 8), { name: 'FaultError', reason: 'not-present' })
  })
}

test('another error of the machine is that', () => {
  const inner = memorySource(mkelf(TWO_RUNS))
  let isGone = false
  const dump = openElf({
    ...inner,
    read(offset, into) {
      if (isGone) throw new HostError('vmcore: cannot read', 'ESTALE')
      return inner.read(offset, into)
    },
  })
  isGone = true
  assert.throws(() => read(dump, 0x1000, 8), { name: 'HostError' })
})

const BROKEN: readonly (readonly [what: string, recipe: string, error: RegExp])[] = [
  [
    'an executable',
    'type 2',
    /^vmcore: offset 0x10: ELF type is 2, expected 4 \(core\): not a vmcore$/,
  ],
  ['no segment', 'lie 1.p_type 0', /^vmcore: offset 0x40: no PT_LOAD segment$/],
  [
    'a bad class',
    'lie ei_class 7',
    /^vmcore: offset 0x4: ELF class is 7, expected 1 \(32-bit\) or 2 \(64-bit\)$/,
  ],
  [
    'a bad byte order',
    'lie ei_data 3',
    /^vmcore: offset 0x5: ELF data encoding is 3, expected 1 or 2$/,
  ],
  ['bad magic', 'lie ei_mag 0', /^vmcore: offset 0x0: not an ELF file$/],
  [
    'other header sizes',
    'lie e_phentsize 64',
    /^vmcore: offset 0x36: e_phentsize is 64, expected 56$/,
  ],
  [
    'headers past the end',
    'lie e_phoff 0x100000',
    /^vmcore: offset 0x100000: 2 ELF program headers .* ends past end/,
  ],
  [
    'a header table above 2^53',
    'lie e_phoff 0xffffffffffffffff',
    /^vmcore: offset 0x20: e_phoff or e_shoff exceeds 2\^53$/,
  ],
  [
    'section header past the end',
    'lie e_phnum 0xffff\nlie e_shoff 0x999999',
    /offset 0x999999: ELF section header 0 \(PN_XNUM\)/,
  ],
  [
    'a segment size above 2^53',
    'lie 1.p_filesz 0xffffffffffffffff',
    /^vmcore: offset 0x78: program header 1 has an offset or size above 2\^53$/,
  ],
  [
    'physical addresses above 2^53',
    'lie 1.p_paddr 0xfffffffffffff000',
    /^vmcore: offset 0x78: PT_LOAD 1: physical range exceeds 2\^53$/,
  ],
  [
    'notes past the end',
    'lie 0.p_filesz 0x100000',
    /^vmcore: offset 0xb0: ELF notes \(1048576 bytes\) ends past end of file/,
  ],
  [
    'a note that leaves its segment',
    'note CORE 1 64\nlie 0.p_filesz 40',
    /^vmcore: offset 0xc4: note desc needs 64 bytes, 20 left$/,
  ],
]

for (const [what, recipe, message] of BROKEN) {
  test(`${what}: one error that names file and offset`, () => {
    assert.throws(() => open(`segment 0x1000 0x1000\n${recipe}`), { message })
  })
}

test('a header count of four billion is refused without reading them', () => {
  const bytes = mkelf('xnum yes\nsegment 0x1000 0x1000')
  new DataView(bytes.buffer).setUint32(
    elf64_ehdr.size + elf64_shdr.offset.sh_info,
    0xffff_ffff,
    true,
  )
  assert.throws(() => openElf({ ...memorySource(bytes), size: 2 ** 50 }), {
    message: /4294967295 ELF program headers are more than any machine's/,
  })
})

for (const bits of [64, 32]) {
  test(`cut at any byte of its headers a vmcore of ${bits} bits gives a format error with an offset inside the file`, () => {
    const whole = mkelf(`bits ${bits}\n${TWO_RUNS}`)
    const headersEnd = whole.length - 0x5000
    for (let size = 0; size < headersEnd; size++) {
      assert.throws(
        () => openElf(memorySource(whole.subarray(0, size), 'vmcore')),
        (error) => error instanceof FormatError && error.file === 'vmcore' && error.offset <= size,
        `cut at ${size}`,
      )
    }
    assert.equal(openElf(memorySource(whole.subarray(0, headersEnd))).incomplete, true)
  })
}

test('the format is told by its magic alone', () => {
  assert.equal(elf.probe(Uint8Array.from([0x7f, 0x45, 0x4c, 0x46])), true)
  assert.equal(elf.probe(Uint8Array.from([0x7f, 0x45, 0x4c])), false)
  assert.equal(elf.probe(new Uint8Array(0)), false)
})
