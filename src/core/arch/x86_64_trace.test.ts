// Walks through page tables written into a map of entries.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { FaultError } from '../base/errors.ts'
import { VmcoreInfo } from '../debuginfo/vmcoreinfo.ts'
import type { ArchMemory } from './arch.ts'
import { pageTableShape, traceX86PageTables } from './x86_64_trace.ts'

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
