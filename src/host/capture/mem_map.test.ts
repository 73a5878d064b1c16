// Lies about the sections of memory: none is taken for a size.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { PageArrayMachine, PFN_END } from '../../../test/support/page_array_recipe.ts'
import { VmcoreInfo } from '../../core/debuginfo/vmcoreinfo.ts'
import { dumpPages } from './dump_pages.ts'
import { KernelMemory } from './kernel_memory.ts'
import { type MemMap, readMemMaps } from './mem_map.ts'

const machine = new PageArrayMachine('6.12', '')

function maps(key: string, value: string): MemMap[] {
  const dump = machine.dump()
  assert.ok(machine.vmcoreinfo.includes(`${key}=`))
  // Of two lines the later one counts.
  const info = new VmcoreInfo(`${machine.vmcoreinfo}${key}=${value}\n`)
  const memory = new KernelMemory(dump, dumpPages(dump), info)
  return readMemMaps(info, PFN_END, true, (address, into) => {
    assert.ok(into.length <= 65536, `reads ${into.length} bytes`)
    memory.read(address, into)
  })
}

test('sections whose pieces of the page array are contiguous are one', () => {
  const starts = maps('OSRELEASE', 'x').map(({ pfnStart, pfnEnd }) => [pfnStart, pfnEnd])
  assert.deepEqual(starts, [[0, 4096]])
})

for (const [key, value] of [
  ['SIZE(mem_section)', '0'],
  ['SIZE(mem_section)', '8192'],
  ['NUMBER(SECTION_SIZE_BITS)', '1'],
  ['NUMBER(SECTION_SIZE_BITS)', '1000'],
] as const) {
  test(`${key} of ${value} is corrupt, nothing is allocated by it`, () => {
    assert.throws(() => maps(key, value), { code: 'ERR_CORRUPT' })
  })
}

test('more roots than memory has sections are not read', () => {
  assert.equal(maps('LENGTH(mem_section)', '9007199254740991').at(-1)?.pfnEnd, 4096)
})
