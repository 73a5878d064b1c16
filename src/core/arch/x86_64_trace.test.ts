// Walks through page tables written into a map of entries.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { FaultError } from '../base/errors.ts'
import { VmcoreInfo } from '../debuginfo/vmcoreinfo.ts'
import type { ArchMemory } from './arch.ts'
import { explainX86Entry, pageTableShape, traceX86PageTables } from './x86_64_trace.ts'

function memory(entries: ReadonlyMap<number, bigint>, info = ''): ArchMemory {
  return {
    info: new VmcoreInfo(info),
    physBase: 0,
    physicalEnd: 2 ** 40,
    readPhysicalWords(physical, out) {
      if (physical >= 0x10_0000) throw new FaultError(BigInt(physical), 'physical', 'excluded')
      const value = entries.get(physical) ?? 0n
      out[0] = Number(value & 0xffff_ffffn)
      out[1] = Number(value >> 32n)
    },
  }
}

test('a page of 1 GiB ends at its PUD', () => {
  const entries = new Map([
    [0x1000 + 8, 0x2067n],
    [0x2000 + 16, 0x8000_0000_4000_00e3n],
  ])
  const { entries: steps, target } = traceX86PageTables(
    pageTableShape(memory(entries)),
    0x1000,
    0x80_8012_3456n,
  )
  assert.deepEqual(
    steps.map(({ level, physical }) => [level, physical]),
    [
      ['PGD', 0x1008],
      ['PUD', 0x2010],
    ],
  )
  assert.equal(target, 0x4012_3456)
})

test('five levels have a P4D', () => {
  const entries = new Map([
    [0x1000 + 8, 0x2067n],
    [0x2000, 0x3067n],
    [0x3000, 0x4067n],
    [0x4000, 0x5067n],
    [0x5000, 0x9067n],
  ])
  const info = 'NUMBER(pgtable_l5_enabled)=1\n'
  const { entries: steps, target } = traceX86PageTables(
    pageTableShape(memory(entries, info)),
    0x1000,
    0x1_0000_0000_0123n,
  )
  assert.equal(steps.map(({ level }) => level).join(), 'PGD,P4D,PUD,PMD,PTE')
  assert.equal(target, 0x9123)
})

test('an entry that is not present ends the walk without a target, one of PROT_NONE does not', () => {
  const entries = new Map([
    [0x1000, 0x2067n],
    [0x2000, 0x3067n],
    [0x3000, 0x4067n],
    [0x4000, 0n],
    [0x4008, 0x000f_ffff_ffff_8100n],
  ])
  assert.equal(traceX86PageTables(pageTableShape(memory(entries)), 0x1000, 0n).target, undefined)
  assert.equal(traceX86PageTables(pageTableShape(memory(entries)), 0x1000, 0x1000n).target, 0x7000)
})

test('the encryption bit is no address', () => {
  const entries = new Map([
    [0x1000, 0x8000_0000_2067n],
    [0x2000, 0x8000_0000_0083n],
  ])
  const info = `NUMBER(sme_mask)=${2 ** 47}\n`
  assert.equal(traceX86PageTables(pageTableShape(memory(entries, info)), 0x1000, 5n).target, 5)
})

test('a table that is not in the dump faults', () => {
  const entries = new Map([[0x1000, 0x20_0067n]])
  assert.throws(() => traceX86PageTables(pageTableShape(memory(entries)), 0x1000, 0n), {
    code: 'ERR_FAULT',
  })
})

test('coverage says how much the last entry speaks of: a page, or a hole', () => {
  const entries = new Map([
    [0x1000, 0x2067n],
    [0x2000, 0x3067n],
    [0x3000, 0x4067n],
  ])
  const coverage = (address: bigint): number =>
    traceX86PageTables(pageTableShape(memory(entries)), 0x1000, address).coverage
  assert.equal(coverage(0n), 4096)
  assert.equal(coverage(0x20_0000n), 2 ** 21)
  assert.equal(coverage(0x4000_0000n), 2 ** 30)
  assert.equal(coverage(0x80_0000_0000n), 2 ** 39)
})

const MASK = 0x000f_ffff_ffff_f000n

test('an entry of a page says where it is and how it is mapped', () => {
  assert.deepEqual(explainX86Entry(0x8000_0000_13f6_0067n, MASK), {
    kind: 'page',
    physical: 0x13f6_0000,
    flags: ['PRESENT', 'RW', 'USER', 'ACCESSED', 'DIRTY', 'NX'],
  })
  assert.deepEqual(explainX86Entry(0x000f_ffff_fffa_b100n, MASK), {
    kind: 'page',
    physical: 0x5_4000,
    flags: ['PROTNONE', 'GLOBAL'],
  })
})

test('an entry of a page that was swapped out has a type above and an inverted offset below', () => {
  assert.deepEqual(explainX86Entry(0x07ff_ffff_fffb_fe02n, MASK), {
    kind: 'swap',
    type: 0,
    offset: 0x200n,
  })
  assert.deepEqual(explainX86Entry((3n << 59n) | 0x07ff_ffff_ffff_fc00n, MASK), {
    kind: 'swap',
    type: 3,
    offset: 1n,
  })
  assert.deepEqual(explainX86Entry(0n, MASK), { kind: 'none' })
})
