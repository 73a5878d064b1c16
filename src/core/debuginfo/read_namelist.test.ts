// A vmlinux and a System.map, made by mkvmlinux() and as text; and what is no such file.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { mkvmlinux, type VmlinuxSymbol } from '../../../test/support/mkvmlinux.ts'
import { FormatError, KdumpError } from '../base/errors.ts'
import { memorySource } from '../io/memory_source.ts'
import { checkNamelist, namelistSymbols } from './namelist.ts'
import { readNamelist } from './read_namelist.ts'
import { VmcoreInfo } from './vmcoreinfo.ts'

const TEXT = 0xffffffff81000000n
const SLIDE = 0x1e00_0000n
const SYMBOLS: readonly VmlinuxSymbol[] = [
  { name: 'vmlinux.c', address: 0n, kind: 4, binding: 'local', section: 'absolute' },
  { name: 'runqueues', address: 0x2_0000n, section: 'data' },
  { name: '_text', address: TEXT },
  { name: '__stub', address: TEXT + 0x100n },
  { name: 'weak_one', address: TEXT + 0x100n, binding: 'weak' },
  { name: 'real', address: TEXT + 0x100n },
  { name: 'hidden', address: TEXT + 0x200n, binding: 'local' },
  { name: 'init_task', address: TEXT + 0x80_0000n, section: 'data' },
  { name: 'elsewhere', address: 0n, section: 'undefined' },
]
const MAP = SYMBOLS.filter(({ section = 'text', kind }) => section !== 'undefined' && kind !== 4)
  .map(
    ({ name, address, section, binding }) =>
      `${address.toString(16).padStart(16, '0')} ${binding === 'weak' ? 'W' : binding === 'local' ? 't' : section === 'data' ? 'D' : 'T'} ${name}\n`,
  )
  .join('')

const vmlinux = mkvmlinux({ symbols: SYMBOLS, buildId: 'abcd0123' })
const map = new TextEncoder().encode(MAP)

for (const [what, bytes] of [
  ['a vmlinux', vmlinux],
  ['a System.map', map],
] as const) {
  test(`${what} gives symbols where the dumped kernel had them`, () => {
    const index = namelistSymbols(readNamelist(memorySource(bytes, 'file')), SLIDE)
    assert.equal(index.count, 7)
    assert.equal(index.find('real')?.address, TEXT + SLIDE + 0x100n)
    assert.equal(index.find('init_task')?.type, 'D')
    assert.equal(index.find('hidden')?.type, 't')
    // Before v6.15 percpu symbols are small numbers, which KASLR leaves alone.
    assert.equal(index.find('runqueues')?.address, 0x2_0000n)
  })

  test(`of aliases in ${what} the plain name is shown`, () => {
    const index = namelistSymbols(readNamelist(memorySource(bytes, 'file')), SLIDE)
    assert.equal(index.findAddress(TEXT + SLIDE + 0x104n)?.name, 'real')
  })
}

const infoOf = (...lines: string[]): VmcoreInfo =>
  new VmcoreInfo(['OSRELEASE=6.1.0', `KERNELOFFSET=${SLIDE.toString(16)}`, ...lines].join('\n'))

test('a vmlinux with the build id of the dump is taken, one with another refused with both', () => {
  const namelist = readNamelist(memorySource(vmlinux, 'vmlinux'))
  checkNamelist(namelist, infoOf('BUILD-ID=abcd0123'))
  assert.throws(() => checkNamelist(namelist, infoOf('BUILD-ID=ffff')), {
    name: 'UsageError',
    message: "vmlinux is of another kernel: its build id is abcd0123, the dump's ffff (6.1.0)",
  })
})

test('a System.map is told by the symbols that VMCOREINFO names', () => {
  const namelist = readNamelist(memorySource(map, 'System.map'))
  const at = (address: bigint): string => `SYMBOL(init_task)=${(address + SLIDE).toString(16)}`
  checkNamelist(namelist, infoOf('BUILD-ID=ffff', at(TEXT + 0x80_0000n)))
  assert.throws(() => checkNamelist(namelist, infoOf(at(TEXT + 0x90_0000n))), {
    name: 'UsageError',
    message:
      'System.map is of another kernel: it has init_task at ffffffff81800000, the dump at ffffffff81900000 (6.1.0, KASLR taken off)',
  })
})

test('.BTF of a vmlinux is given as it is', () => {
  const btf = Uint8Array.of(0x9f, 0xeb, 1, 0)
  assert.deepEqual(
    readNamelist(memorySource(mkvmlinux({ symbols: SYMBOLS, btf }), 'vmlinux')).btf(),
    btf,
  )
  assert.equal(readNamelist(memorySource(vmlinux, 'vmlinux')).btf(), undefined)
})

test('what is neither, or has a line of another kind, is refused by name and place', () => {
  const refused = (bytes: Uint8Array, message: RegExp): void =>
    assert.throws(
      () => readNamelist(memorySource(bytes, 'file')),
      (error) => {
        assert(error instanceof FormatError)
        assert.match(error.message, message)
        return true
      },
    )
  refused(new TextEncoder().encode('hello\n'), /neither an ELF file nor a System.map/)
  refused(new TextEncoder().encode(`${MAP}oops\n`), /not ADDRESS LETTER NAME: 'oops'/)
  refused(
    new TextEncoder().encode('ffffffffffffffff B The real System.map is in the -dbg package\n'),
    /The real System.map is in the -dbg package/,
  )
  refused(mkvmlinux({ symbols: [] }).subarray(0, 100), /ELF section headers/)
})

test('a damaged vmlinux costs an error, never more', () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.nat(vmlinux.length - 1), fc.nat(255)), { maxLength: 8 }),
      (changes) => {
        const bytes = vmlinux.slice()
        for (const [at, value] of changes) bytes[at] = value
        try {
          const namelist = readNamelist(memorySource(bytes, 'vmlinux'))
          namelistSymbols(namelist, SLIDE)
          namelist.btf()
        } catch (error) {
          if (!(error instanceof KdumpError)) throw error
        }
      },
    ),
    { numRuns: 2000 },
  )
})
