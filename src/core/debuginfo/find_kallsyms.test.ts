// Tables written by test/support/mkkallsyms.ts: what a search for a few names finds is what reading all finds.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { mkkallsyms, type KallsymsEncoding } from '../../../test/support/mkkallsyms.ts'
import { SparseMemory } from '../../../test/support/sparse_memory.ts'
import { CorruptError, NotFoundError } from '../base/errors.ts'
import type { VirtualReader } from '../io/virtual_reader.ts'
import { findKallsyms } from './find_kallsyms.ts'
import { readKallsyms } from './kallsyms.ts'
import { VmcoreInfo } from './vmcoreinfo.ts'

const AT = 0xffff_ffff_8300_0000n
const LONG = 'x'.repeat(300)
const SYMBOLS = `
  ffffffff81000000 T _stext
  ffffffff81000000 T _text
  ffffffff81000100 t do_task
  ffffffff81000180 d task
  ffffffff81000200 T __sched_init_task
  ffffffff81000280 t ${LONG}
  ffffffff82800000 D init_task
  ffffffff82800040 D do_task
  ffffffff82ff0000 B _end`

type Damage = (bytes: Uint8Array, offsets: ReadonlyMap<string, number>) => void

function tablesOf(
  encoding: KallsymsEncoding,
  symbols = SYMBOLS,
  damage?: Damage,
): { memory: VirtualReader; info: VmcoreInfo } {
  const image = mkkallsyms({ symbols, at: AT, encoding })
  damage?.(image.bytes, image.offsets)
  const memory = new SparseMemory([[AT, new Uint8Array([...image.bytes, ...new Uint8Array(4096)])]])
  return { memory, info: new VmcoreInfo(`SYMBOL(_stext)=ffffffff81000000\n${image.vmcoreinfo}`) }
}

const NAMES = ['init_task', 'task', 'do_task', LONG, '_end', '_stext', '__sched_init_task']

for (const encoding of ['absolute', 'percpu', 'relative', 'place'] as const) {
  test(`${encoding} addresses: each name is found where reading all symbols finds it`, () => {
    const { memory, info } = tablesOf(encoding)
    const all = readKallsyms(memory, info)
    const found = findKallsyms(memory, info, NAMES)
    for (const name of NAMES) assert.equal(found.get(name), all.find(name)?.address, name)
  })
}

test('what is no symbol is left out, though it begins or ends like one', () => {
  const { memory, info } = tablesOf('relative')
  const names = ['ask', 'init_tas', 'Tdo_task', 'tdo_task', 'init_task_', '']
  assert.deepEqual([...findKallsyms(memory, info, names)], [])
})

test('of several symbols of one name the first is found', () => {
  const { memory, info } = tablesOf('place')
  assert.equal(findKallsyms(memory, info, ['do_task']).get('do_task'), 0xffff_ffff_8100_0100n)
})

test('names beyond one window are found, and memory is read in pieces', () => {
  const fillers = Array.from({ length: 24_000 }, (_, i) => `ffffffff81001000 t filler_${i}`)
  const symbols = `${SYMBOLS}\n${fillers.join('\n')}\nffffffff82ffff00 B at_the_end`
  const { memory, info } = tablesOf('relative', symbols)
  let largest = 0
  const reader: VirtualReader = {
    littleEndian: true,
    readVirtual(address, into) {
      largest = Math.max(largest, into.length)
      memory.readVirtual(address, into)
    },
  }
  const found = findKallsyms(reader, info, ['at_the_end', 'filler_23999', 'no_such_name'])
  assert.equal(found.get('at_the_end'), 0xffff_ffff_82ff_ff00n)
  assert.equal(found.get('filler_23999'), 0xffff_ffff_8100_1000n)
  assert.ok(largest < 320 * 1024, `${largest} bytes at once`)
})

test('a count beyond the names, and a name of no length, are corrupt', () => {
  const count: Damage = (bytes, offsets) =>
    new DataView(bytes.buffer).setUint32(offsets.get('kallsyms_num_syms') ?? 0, 12, true)
  const length: Damage = (bytes, offsets) => (bytes[offsets.get('kallsyms_names') ?? 0] = 0)
  for (const damage of [count, length]) {
    const { memory, info } = tablesOf('relative', SYMBOLS, damage)
    assert.throws(() => findKallsyms(memory, info, ['no_such_name']), {
      name: 'CorruptError',
      message: /kallsyms name \d+ leaves the table/,
    })
  }
})

test('if no encoding puts _stext where it is the tables are corrupt', () => {
  const { memory, info } = tablesOf('relative')
  const lie = new VmcoreInfo(
    Array.from(info.entries, ([key, value]) =>
      key === 'SYMBOL(_stext)' ? `${key}=ffffffff81000040` : `${key}=${value}`,
    ).join('\n'),
  )
  assert.throws(() => findKallsyms(memory, lie, ['init_task']), CorruptError)
})

test('VMCOREINFO that does not locate the tables is named', () => {
  assert.throws(
    () => findKallsyms(new SparseMemory([]), new VmcoreInfo(''), ['init_task']),
    NotFoundError,
  )
})
