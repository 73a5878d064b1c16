// Notes as kernels write them, and lines that no kernel wrote.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { VmcoreInfo } from './vmcoreinfo.ts'

const TEXT = `OSRELEASE=6.12.1-test
BUILD-ID=aabb
PAGESIZE=4096
SYMBOL(_stext)=ffffffff81000000
SYMBOL(prb)=ffffffff8240abcd
OFFSET(list_head.next)=0
SIZE(page)=64
LENGTH(zone.free_area)=11
NUMBER(phys_base)=-20971520
NUMBER(sme_mask)=0x800000000000
NUMBER(PAGE_OFFLINE_MAPCOUNT_VALUE)=-257
NUMBER(sections)=18446744073709551615
KERNELOFFSET=1c000000
CRASHTIME=1700000000
`

const info = new VmcoreInfo(TEXT)

test('each kind of line is read in its own radix', () => {
  assert.equal(info.osrelease, '6.12.1-test')
  assert.equal(info.string('BUILD-ID'), 'aabb')
  assert.equal(info.pageSize, 4096)
  assert.equal(info.symbol('_stext'), 0xffff_ffff_8100_0000n)
  assert.equal(info.offset('list_head.next'), 0)
  assert.equal(info.size('page'), 64)
  assert.equal(info.length('zone.free_area'), 11)
  assert.equal(info.kaslrOffset, 0x1c00_0000n)
  assert.equal(info.crashTime, 1_700_000_000)
})

test('numbers may be negative or hexadecimal', () => {
  assert.equal(info.number('phys_base'), -20_971_520)
  assert.equal(info.number('PAGE_OFFLINE_MAPCOUNT_VALUE'), -257)
  assert.equal(info.bigint('sme_mask'), 0x8000_0000_0000n)
})

test('a number beyond 2^53 is exact as a bigint and none as a number', () => {
  assert.equal(info.bigint('sections'), 0xffff_ffff_ffff_ffffn)
  assert.equal(info.number('sections'), undefined)
})

test('what the kernel does not say is undefined, or an error that names it', () => {
  assert.equal(info.symbol('nothing'), undefined)
  assert.throws(() => info.getSymbol('nothing'), {
    message: 'vmcoreinfo not found: SYMBOL(nothing)',
  })
  assert.throws(() => info.getOffset('a.b'), { message: 'vmcoreinfo not found: OFFSET(a.b)' })
  assert.throws(() => info.getSize('a'), { message: 'vmcoreinfo not found: SIZE(a)' })
})

test('without KASLR, page size or time the defaults hold', () => {
  const empty = new VmcoreInfo('')
  assert.deepEqual(
    [empty.kaslrOffset, empty.pageSize, empty.crashTime, empty.osrelease],
    [0n, 4096, 0, ''],
  )
})

test('a note longer than a page is read whole, up to its padding of NULs', () => {
  const lines = Array.from({ length: 2000 }, (_, i) => `OFFSET(s.m${i})=${i}\n`).join('')
  const bytes = new Uint8Array(65536)
  bytes.set(new TextEncoder().encode(lines))
  const long = VmcoreInfo.parse(bytes)
  assert.equal(long.entries.size, 2000)
  assert.equal(long.offset('s.m1999'), 1999)
})

test('garbage lines are no entries, and values that are no numbers are none', () => {
  const odd = new VmcoreInfo(
    '=x\nno equals sign\n\n\u0001\u0002=\u0003\nOFFSET(a)=12z\nOFFSET(b)=\nOFFSET(c)=-1\nSIZE(d)=1e3\nSYMBOL(e)=xyz\nNUMBER(f)=12ab\nOFFSET(g)=99999999999999999999\n',
  )
  assert.deepEqual(
    [
      odd.offset('a'),
      odd.offset('b'),
      odd.offset('c'),
      odd.size('d'),
      odd.symbol('e'),
      odd.number('f'),
      odd.offset('g'),
    ],
    new Array(7).fill(undefined),
  )
})

test('a value may hold an equals sign', () => {
  assert.equal(new VmcoreInfo('OSRELEASE=a=b').osrelease, 'a=b')
})

test('a number of a million digits costs nothing', () => {
  const begin = performance.now()
  const odd = new VmcoreInfo(`NUMBER(a)=${'9'.repeat(4_000_000)}\n`)
  assert.equal(odd.number('a'), undefined)
  assert.ok(performance.now() - begin < 1000)
})

test('a page size that no machine has is not believed: tables are allocated by it', () => {
  for (const size of ['4294967296', '8192', '12288', '0', '-4096', '2048', '131072']) {
    const expected = size === '8192' ? 8192 : 4096
    assert.equal(new VmcoreInfo(`PAGESIZE=${size}`).pageSize, expected, size)
  }
})

test("the kernel's name lies where its offset says, before v5.11 behind a reference count", () => {
  const at = (text: string): bigint | undefined => new VmcoreInfo(text).utsnameAddress
  assert.equal(at('SYMBOL(init_uts_ns)=1000\nOFFSET(uts_namespace.name)=0'), 0x1000n)
  assert.equal(at('SYMBOL(init_uts_ns)=1000'), 0x1004n)
  assert.equal(at('OFFSET(uts_namespace.name)=0'), undefined)
})
