// Tables written by test/support/mkkallsyms.ts in every encoding, then damaged.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { mkkallsyms, parseNm, type KallsymsEncoding } from '../../../test/support/mkkallsyms.ts'
import { SparseMemory } from '../../../test/support/sparse_memory.ts'
import { CorruptError, FaultError, NotFoundError } from '../base/errors.ts'
import { readKallsyms } from './kallsyms.ts'
import type { SymbolIndex } from './symbol_index.ts'
import { VmcoreInfo } from './vmcoreinfo.ts'

const AT = 0xffff_ffff_8200_0000n
const STEXT = 0xffff_ffff_8100_0000n
const LONG = 'x'.repeat(300)
const SYMBOLS = `
  ffffffff81000000 T _stext
  ffffffff81000000 T _text
  ffffffff81000100 t do_task
  ffffffff81000200 T __sched_init_task
  ffffffff81000280 t ${LONG}
  ffffffff82800000 D init_task
  ffffffff83000000 B _end`
const PERCPU = `
  0000000000000000 A fixed_percpu_data
  0000000000021440 A runqueues${SYMBOLS}`

interface Options {
  readonly symbols?: string
  readonly little?: boolean
  readonly info?: string
  readonly damage?: (bytes: Uint8Array, offsets: ReadonlyMap<string, number>) => void
}

function readBack(
  encoding: KallsymsEncoding,
  { symbols = SYMBOLS, little = true, info = '', damage }: Options = {},
): SymbolIndex {
  const image = mkkallsyms({ symbols, at: AT, encoding, littleEndian: little })
  damage?.(image.bytes, image.offsets)
  // The kernel's data goes on behind its tables.
  const memory = new SparseMemory(
    [
      [AT, image.bytes],
      [AT + BigInt(image.bytes.length), new Uint8Array(4096)],
    ],
    little,
  )
  const text = `SYMBOL(_stext)=${STEXT.toString(16)}\n${image.vmcoreinfo}${info}`
  return readKallsyms(memory, new VmcoreInfo(text))
}

const ENCODINGS: readonly KallsymsEncoding[] = ['absolute', 'percpu', 'relative', 'place']

for (const encoding of ENCODINGS) {
  for (const little of [true, false]) {
    test(`${encoding} addresses, ${little ? 'little' : 'big'}-endian: every symbol comes out as it went in`, () => {
      // Absolute per-CPU symbols exist in two encodings only.
      const symbols = encoding === 'absolute' || encoding === 'percpu' ? PERCPU : SYMBOLS
      const index = readBack(encoding, { symbols, little })
      const rows = Array.from({ length: index.count }, (_, row) => index.at(row))
      assert.deepEqual(
        rows.map(({ address, type, name }) => ({ address, type, name })),
        parseNm(symbols),
      )
    })
  }
}

test('a name of more than 127 tokens has a length of two bytes', () => {
  assert.equal(readBack('relative').find(LONG)?.address, 0xffff_ffff_8100_0280n)
})

test('a name of exactly 127 and of 128 tokens reads', () => {
  // One token of the length is the type letter.
  for (const length of [126, 127]) {
    const name = 'y'.repeat(length)
    const symbols = `${SYMBOLS}\nffffffff83000010 B ${name}`
    assert.equal(readBack('place', { symbols }).find(name)?.address, 0xffff_ffff_8300_0010n)
  }
})

test('a kernel that was moved by KASLR is told by where _stext is now', () => {
  const moved = SYMBOLS.replaceAll('ffffffff8', 'ffffffff9')
  const image = mkkallsyms({ symbols: moved, at: AT, encoding: 'relative' })
  const memory = new SparseMemory([[AT, new Uint8Array([...image.bytes, ...new Uint8Array(4096)])]])
  const index = readKallsyms(
    memory,
    new VmcoreInfo(`SYMBOL(_stext)=ffffffff91000000\n${image.vmcoreinfo}`),
  )
  assert.equal(index.find('init_task')?.address, 0xffff_ffff_9280_0000n)
})

test('if no encoding puts _stext where it is the tables are corrupt', () => {
  const base = (bytes: Uint8Array, offsets: ReadonlyMap<string, number>): void => {
    bytes[offsets.get('kallsyms_relative_base') ?? 0] = 0x10
  }
  assert.throws(() => readBack('relative', { damage: base }), {
    name: 'CorruptError',
    message: /no kallsyms address encoding fits _stext/,
  })
})

test('without _stext no encoding is guessed', () => {
  const symbols = SYMBOLS.replace('_stext', '_start')
  assert.throws(() => readBack('relative', { symbols }), CorruptError)
  assert.equal(readBack('place', { symbols }).find('_start')?.address, STEXT)
})

test('VMCOREINFO that does not locate the tables is named', () => {
  assert.throws(() => readKallsyms(new SparseMemory([]), new VmcoreInfo('')), {
    name: 'NotFoundError',
    message: 'vmcoreinfo not found: SYMBOL(kallsyms_num_syms)',
  })
  assert.throws(() => {
    const image = mkkallsyms({ symbols: SYMBOLS, at: AT, encoding: 'place' })
    const memory = new SparseMemory([
      [AT, new Uint8Array([...image.bytes, ...new Uint8Array(4096)])],
    ])
    readKallsyms(memory, new VmcoreInfo(image.vmcoreinfo.replace(/.*offsets.*\n/, '')))
  }, NotFoundError)
})

test('tables that are not in the dump fault', () => {
  const image = mkkallsyms({ symbols: SYMBOLS, at: AT, encoding: 'place' })
  assert.throws(
    () => readKallsyms(new SparseMemory([]), new VmcoreInfo(image.vmcoreinfo)),
    FaultError,
  )
})

const setCount =
  (count: number) =>
  (bytes: Uint8Array, offsets: ReadonlyMap<string, number>): void =>
    new DataView(bytes.buffer).setUint32(offsets.get('kallsyms_num_syms') ?? 0, count, true)

for (const [count, message] of [
  [0, /kallsyms_num_syms is 0/],
  [0xffff_ffff, /kallsyms_num_syms is 4294967295/],
  [3_999_999, /kallsyms has 3999999 names in \d+ bytes/],
  [9, /kallsyms name 7 leaves the table/],
] as const) {
  test(`a count of ${count} where 7 are is corrupt, and nothing is allocated for it`, () => {
    const before = process.memoryUsage().arrayBuffers
    assert.throws(() => readBack('relative', { damage: setCount(count) }), {
      name: 'CorruptError',
      message,
    })
    assert.ok(process.memoryUsage().arrayBuffers - before < 4 * 1024 * 1024)
  })
}

test('tokens that expand without end are corrupt, not out of memory', () => {
  const flood = (bytes: Uint8Array, offsets: ReadonlyMap<string, number>): void => {
    const table = offsets.get('kallsyms_token_table') ?? 0
    const index = offsets.get('kallsyms_token_index') ?? 0
    bytes.fill(0x61, table, index)
    bytes[table + 250] = 0
    bytes.fill(0, index, index + 512)
  }
  assert.throws(() => readBack('relative', { damage: flood }), {
    name: 'CorruptError',
    message: /kallsyms name 0 is longer than any/,
  })
})

test('a token index beyond its table reads what lies there, or faults, and never more', () => {
  const far = (bytes: Uint8Array, offsets: ReadonlyMap<string, number>): void => {
    const index = offsets.get('kallsyms_token_index') ?? 0
    bytes.fill(0xff, index, index + 512)
  }
  assert.throws(() => readBack('relative', { damage: far }), FaultError)
})
