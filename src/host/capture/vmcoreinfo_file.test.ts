// Texts of VMCOREINFO, and ELF files that could be a vmlinux; real ones are in test/compat/vmlinux.test.ts.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { VmcoreInfo } from '../../core/debuginfo/vmcoreinfo.ts'
import { applyVmcoreinfoFile } from './vmcoreinfo_file.ts'

const encode = (text: string): Uint8Array => new TextEncoder().encode(text)

function apply(dump: string | undefined, file: string): { info: VmcoreInfo; mismatch: string } {
  const own = dump === undefined ? undefined : encode(`${dump}\0\0`)
  const { vmcoreinfo, mismatch } = applyVmcoreinfoFile({ vmcoreinfo: own }, encode(file), 'info')
  return { info: VmcoreInfo.parse(vmcoreinfo), mismatch }
}

const HEAD = 'OSRELEASE=6.1.0\nPAGESIZE=4096\n'

test('a file serves a dump that has none', () => {
  const { info, mismatch } = apply(undefined, `${HEAD}SIZE(page)=64\n`)
  assert.deepEqual([info.osrelease, info.size('page'), mismatch], ['6.1.0', 64, ''])
})

test('lines of the file come before the dump’s, which stay for the rest', () => {
  const { info } = apply(`${HEAD}SIZE(page)=56\nCRASHTIME=7\n`, `${HEAD}SIZE(page)=64\n`)
  assert.deepEqual([info.size('page'), info.crashTime], [64, 7])
})

test('addresses of a vmlinux are moved by the dump’s KERNELOFFSET, those of a boot are not', () => {
  const dump = `${HEAD}KERNELOFFSET=1000000\n`
  const symbol = 'SYMBOL(prb)=ffffffff82000000\nSYMBOL(low)=1000\n'
  assert.equal(apply(dump, HEAD + symbol).info.symbol('prb'), 0xffff_ffff_8300_0000n)
  assert.equal(apply(dump, HEAD + symbol).info.symbol('low'), 0x1000n)
  const boot = `${HEAD}${symbol}KERNELOFFSET=1000000\n`
  assert.equal(apply(dump, boot).info.symbol('prb'), 0xffff_ffff_8200_0000n)
})

test('a file of another kernel is told', () => {
  const other = 'OSRELEASE=6.2.0\nPAGESIZE=4096\n'
  assert.equal(apply(HEAD, other).mismatch, 'info is of kernel 6.2.0, the dump of 6.1.0')
  const { mismatch } = apply(`${HEAD}BUILD-ID=ab\n`, `${HEAD}BUILD-ID=cd\n`)
  assert.equal(mismatch, 'info has build id cd, the dump ab (kernel 6.1.0)')
})

test('a file without release or page size is refused', () => {
  assert.throws(() => apply(HEAD, 'OSRELEASE=6.1.0\n'), /info: offset 0x0: no PAGESIZE= line/)
  assert.throws(
    () => apply(HEAD, 'garbage'),
    /no OSRELEASE= line: write the file with makedumpfile -g/,
  )
})
