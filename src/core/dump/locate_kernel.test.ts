// Dumps without a VMCOREINFO note, over memory built by test/support/memory_kernel.ts.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { mkdiskdump } from '../../../test/support/mkdiskdump.ts'
import {
  memoryKernel,
  memoryVmcoreinfo,
  put,
  type MemoryKernel,
} from '../../../test/support/memory_kernel.ts'
import { PageDump } from '../../../test/support/page_dump.ts'
import { memorySource } from '../io/memory_source.ts'
import type { Dump } from './dump_format.ts'
import { openDump } from './formats.ts'
import { locateKernel } from './locate_kernel.ts'
import { memoryDump } from './memory_dump.ts'

function dumpOf(bytes: Uint8Array, facts: Partial<Dump> = {}): Dump {
  const segment = { start: 0, fileEnd: bytes.length, memEnd: bytes.length, offset: 0 }
  const options = { format: 'test', littleEndian: true, isCut: false }
  const dump = memoryDump(memorySource(bytes), [segment], options)
  return { ...dump, ...facts }
}

const textOf = ({ vmcoreinfo }: Dump): string =>
  vmcoreinfo === undefined ? '' : new TextDecoder().decode(vmcoreinfo)

const PLACES: readonly (readonly [what: string, kernel: MemoryKernel])[] = [
  ['text on a page of its own', { textAt: 0x30_0000 }],
  ['text at the end of memory', { textAt: 0x7f_f000 }],
  ['a note at the begin of a page', { textAt: 0, noteAt: 0x30_0000 }],
  ['a note amid a page, as before v4.13', { textAt: 0, noteAt: 0x30_0ae4 }],
]
for (const [what, kernel] of PLACES) {
  test(`VMCOREINFO is found as ${what}`, () => {
    const dump = locateKernel(dumpOf(memoryKernel(kernel)))
    assert.equal(textOf(dump), memoryVmcoreinfo(kernel))
    assert.match(dump.kernelSearch ?? '', /^found OSRELEASE=6\.1\.0-test at physical 0x/)
    assert.deepEqual(dump.utsname, {
      release: '6.1.0-test',
      machine: 'x86_64',
      nodename: 'node',
      version: '#1 SMP',
    })
  })
}

test('a note that was overwritten is none: the copy in memory is taken', () => {
  const note = new Uint8Array(2000).fill(0x58)
  note.set(new TextEncoder().encode('\nCRASHTIME=1764140000\n'), 1000)
  const dump = locateKernel(dumpOf(memoryKernel({ textAt: 0x30_0000 }), { vmcoreinfo: note }))
  assert.equal(textOf(dump), memoryVmcoreinfo({ textAt: 0x30_0000 }))
})

test('VMCOREINFO of several pages is whole', () => {
  const lines = Array.from({ length: 600 }, (_, i) => `SYMBOL(s${i})=ffffffff81000000\n`).join('')
  const kernel = { lines, textAt: 0x2f_f000 }
  assert.equal(textOf(locateKernel(dumpOf(memoryKernel(kernel)))), memoryVmcoreinfo(kernel))
})

test('of several the one is taken that leads to its kernel', () => {
  const bytes = memoryKernel({ textAt: 0x30_0000 })
  // An old vmcore in the page cache, of another release and of the same at another place; code; half a text.
  put(bytes, 0x10_0000, memoryVmcoreinfo({ release: '5.10.0-old' }))
  put(bytes, 0x10_1000, memoryVmcoreinfo({ physBase: 0x60_0000 }))
  put(bytes, 0x10_2000, 'OSRELEASE=%s\n\0')
  put(bytes, 0x10_3000, 'OSRELEASE=6.1.0-test\nPAGESIZE=4096\n\0')
  assert.equal(textOf(locateKernel(dumpOf(bytes))), memoryVmcoreinfo())
})

const STALE: readonly (readonly [what: string, bytes: Uint8Array, reason: RegExp])[] = [
  [
    'another release',
    replaced(memoryKernel(), '6.1.0-test\0', '6.1.1-test\0'),
    /init_uts_ns is not of that release$/,
  ],
  ['another machine', memoryKernel({ machine: 'aarch64' }), /init_uts_ns is of machine aarch64$/],
  [
    'no page tables',
    memoryKernel({ tables: false }),
    /init_uts_ns: cannot read virtual address 0x\w+: no translation$/,
  ],
  [
    'a wrong phys_base',
    memoryKernel({ statedPhysBase: 0x20_1000 }),
    /init_uts_ns: cannot read virtual address 0x\w+: no translation$/,
  ],
  [
    'page tables that lead elsewhere',
    remapped(memoryKernel()),
    /its page tables map init_uts_ns elsewhere$/,
  ],
]
for (const [what, bytes, reason] of STALE) {
  test(`with ${what} VMCOREINFO is not believed, and the reason is kept`, () => {
    const dump = locateKernel(dumpOf(bytes))
    assert.equal(dump.vmcoreinfo, undefined)
    assert.match(dump.kernelSearch ?? '', /^none of 1 in its memory leads to a kernel; OSRELEASE=/)
    assert.match(dump.kernelSearch ?? '', reason)
  })
}

test('memory without VMCOREINFO leaves the dump as it was', () => {
  const dump = locateKernel(dumpOf(new Uint8Array(0x10_0000)))
  assert.deepEqual(
    [dump.vmcoreinfo, dump.utsname, dump.kernelSearch],
    [undefined, undefined, 'none in its memory leads to a kernel'],
  )
})

test('memory full of beginnings is searched only so far', () => {
  const bytes = new Uint8Array(0x40_0000)
  for (let at = 0; at < bytes.length; at += 64) {
    put(bytes, at, `OSRELEASE=${at}\nSYMBOL(init_uts_ns)=1\n`)
  }
  const { kernelSearch = '' } = locateKernel(dumpOf(bytes))
  assert.match(kernelSearch, /^none of 1000 in its memory leads to a kernel; /)
  assert.equal(kernelSearch.split('; ').length, 4)
})

test('pages that are not in the dump are passed over', () => {
  const bytes = memoryKernel()
  const dump = locateKernel(
    new PageDump(
      (pfn) =>
        pfn === 0x100 ? 'corrupt' : pfn % 7 === 6 ? 'excluded' : bytes.subarray(pfn * 4096),
      { pfnEnd: bytes.length / 4096 },
    ),
  )
  assert.equal(textOf(dump), memoryVmcoreinfo())
})

test('a phys_base in the header never wins over that of VMCOREINFO', () => {
  // QEMU's kdump files of KASLR guests: a decimal read as hex.
  const dump = locateKernel(dumpOf(memoryKernel(), { physBase: 0x3_7958_4512 }))
  assert.equal(textOf(dump), memoryVmcoreinfo())
})

for (const physBase of [0, 0x20_0000, -0x20_0000]) {
  test(`phys_base 0x${physBase.toString(16)}, which VMCOREINFO leaves open, is found`, () => {
    const kernel: MemoryKernel = { physBase, statedPhysBase: 'absent' }
    const bytes = memoryKernel(kernel)
    // Bytes that look like a kernel's name at first sight.
    put(bytes, 0x20_0b64, physBase === 0 ? '' : 'Linux\0')
    for (const header of [undefined, 0, 0x3_7958_4512]) {
      assert.equal(locateKernel(dumpOf(bytes, { physBase: header })).physBase ?? 0, physBase)
      // The same, of a dump that has the note.
      const vmcoreinfo = new TextEncoder().encode(memoryVmcoreinfo(kernel))
      const utsname = { release: '', machine: 'x86_64', nodename: '', version: '' }
      const noted = locateKernel(dumpOf(bytes, { physBase: header, vmcoreinfo, utsname }))
      assert.equal(noted.physBase ?? 0, physBase)
      assert.equal(noted.kernelSearch, undefined)
    }
  })
}

test('memory of a machine that is not supported is not searched', () => {
  const utsname = { release: '', machine: 's390x', nodename: '', version: '' }
  const dump = dumpOf(memoryKernel(), { utsname })
  assert.equal(locateKernel(dump), dump)
})

test('a dump whose note says all is not touched', () => {
  const vmcoreinfo = new TextEncoder().encode(memoryVmcoreinfo())
  const dump = dumpOf(new Uint8Array(4096), { vmcoreinfo })
  assert.equal(locateKernel(dump), dump)
})

test('what else a dump knows it still knows when its kernel was found', () => {
  const dump = openDump(memorySource(mkdiskdump('status 8\ndump_level 17\npage 0-3 raw'), 'f'))
  assert.deepEqual(
    [dump.file, dump.format, dump.dumpLevel, dump.incomplete, dump.pfnEnd],
    ['f', 'kdump-compressed', 17, true, 4],
  )
  const into = new Uint8Array(8)
  dump.readPhysical(0x3000, into)
  assert.equal(new DataView(into.buffer).getBigUint64(0, true), 0x3000n)
  assert.equal(dump.pageState(3), 'present')
})

/** The kernel's last table maps the page of init_uts_ns to physical 0. */
function remapped(bytes: Uint8Array): Uint8Array {
  new DataView(bytes.buffer).setBigUint64(0x60_2008, 0xe3n, true)
  return bytes
}

/** Only behind its NUL: VMCOREINFO has the release too. */
function replaced(bytes: Uint8Array, from: string, to: string): Uint8Array {
  const text = Buffer.from(bytes)
  bytes.set(new TextEncoder().encode(to), text.indexOf(from))
  return bytes
}
