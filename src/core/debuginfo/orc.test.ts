// Tables written by test/support/mkorc.ts in all four layouts; layouts are told from types as the kernels declare them.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { btfOfC } from '../../../test/support/c_declarations.ts'
import { mkorc } from '../../../test/support/mkorc.ts'
import { SparseMemory } from '../../../test/support/sparse_memory.ts'
import { CorruptError, FaultError } from '../base/errors.ts'
import { Btf } from './btf.ts'
import { OrcTable, orcVersion, type OrcVersion } from './orc.ts'

const IPS = 0xffff_ffff_8300_0000n
const ENTRIES = 0xffff_ffff_8310_0000n
const TEXT = `
  ffffffff81000000 sp+8   -           call
  ffffffff81000010 sp+16  prev_sp-16  call
  ffffffff81000020 bp+16  prev_sp-16  call
  ffffffff81000030 sp+0   -           regs          signal
  ffffffff81000040 sp-24  bp+8        regs_partial  signal
  ffffffff81000050 -      -           end_of_stack
  ffffffff81000060 -      -           undefined
  ffffffff81000070 r10+0  -           call
  ffffffff81000080 bp_indirect-8 prev_sp-16 call
  ffffffff81000090 sp_indirect+0 -    call`

function tableOf(version: OrcVersion, text = TEXT): OrcTable {
  const { ips, entries, count } = mkorc(text, version, IPS)
  const memory = new SparseMemory([
    [IPS, ips],
    [ENTRIES, entries],
  ])
  return new OrcTable(memory, IPS, ENTRIES, count, version)
}

for (const version of [1, 2, 3, 4] as const) {
  test(`layout ${version}: every rule decodes to the same entry`, () => {
    const table = tableOf(version)
    const rules = Array.from({ length: 10 }, (_, i) => {
      const entry = table.find(0xffff_ffff_8100_0000n + BigInt(i * 16))
      return (
        entry && [
          entry.spReg,
          entry.spOffset,
          entry.bpReg,
          entry.bpOffset,
          entry.type,
          entry.signal,
        ]
      )
    })
    // The first layout has no signal bit.
    const signal = version > 1
    assert.deepEqual(rules, [
      ['sp', 8, 'undefined', 0, 'call', false],
      ['sp', 16, 'prev_sp', -16, 'call', false],
      ['bp', 16, 'prev_sp', -16, 'call', false],
      ['sp', 0, 'undefined', 0, 'regs', signal],
      ['sp', -24, 'bp', 8, 'regs_partial', signal],
      ['undefined', 0, 'undefined', 0, 'end_of_stack', false],
      undefined,
      ['r10', 0, 'undefined', 0, 'call', false],
      ['bp_indirect', -8, 'prev_sp', -16, 'call', false],
      ['sp_indirect', 0, 'undefined', 0, 'call', false],
    ])
  })
}

test('an address has the rule of the nearest entry not above it', () => {
  const table = tableOf(3)
  assert.equal(table.find(0xffff_ffff_8100_001fn)?.spOffset, 16)
  assert.equal(table.find(0xffff_ffff_8100_0020n)?.spReg, 'bp')
  assert.equal(table.find(0xffff_ffff_9000_0000n)?.spReg, 'sp_indirect')
})

test('an address before the table has no rule', () => {
  assert.equal(tableOf(3).find(0xffff_ffff_80ff_ffffn), undefined)
})

test('a register or type that no kernel has gives no rule', () => {
  const { ips, entries, count } = mkorc('ffffffff81000000 sp+8 - call', 3, IPS)
  const memory = (): SparseMemory =>
    new SparseMemory([
      [IPS, ips],
      [ENTRIES, entries],
    ])
  entries[4] = 0x0f
  assert.equal(
    new OrcTable(memory(), IPS, ENTRIES, count, 3).find(0xffff_ffff_8100_0000n),
    undefined,
  )
  entries[4] = 0x05
  entries[5] = 0x07
  assert.equal(
    new OrcTable(memory(), IPS, ENTRIES, count, 3).find(0xffff_ffff_8100_0000n),
    undefined,
  )
})

test('a table that is not in the dump faults', () => {
  const table = new OrcTable(new SparseMemory([]), IPS, ENTRIES, 8, 3)
  assert.throws(() => table.find(0xffff_ffff_8100_0000n), FaultError)
})

test('a count that is none is corrupt', () => {
  for (const count of [0, -1, 0.5, 2.5, 2 ** 40, Number.NaN]) {
    assert.throws(() => new OrcTable(new SparseMemory([]), IPS, ENTRIES, count, 3), CorruptError)
  }
})

const SHAPES: readonly (readonly [
  version: OrcVersion,
  bits: string,
  fpEntry: number | undefined,
])[] = [
  [1, 'unsigned type:2; unsigned end:1;', 0x14],
  [2, 'unsigned type:2; unsigned signal:1; unsigned end:1;', 0x14],
  [3, 'unsigned type:3; unsigned signal:1;', 0x214],
  [3, 'unsigned type:3; unsigned signal:1;', undefined],
  [4, 'unsigned type:3; unsigned signal:1;', 0x284],
]
for (const [version, bits, fpEntry] of SHAPES) {
  test(`layout ${version} is told by '${bits}' and a fallback rule of ${fpEntry}`, () => {
    const c = `struct orc_entry { short sp_offset; short bp_offset; unsigned sp_reg:4; unsigned bp_reg:4; ${bits} };`
    assert.equal(orcVersion(new Btf('t', btfOfC(c).bytes), fpEntry), version)
  })
}

test('a kernel without ORC has no layout', () => {
  assert.equal(
    orcVersion(new Btf('t', btfOfC('struct other { int x; };').bytes), undefined),
    undefined,
  )
})
