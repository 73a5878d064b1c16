// The filter with a window of bits against the filter with all of them: the same, whatever lies across windows.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { VmcoreInfo } from '../../core/debuginfo/vmcoreinfo.ts'
import { PageArrayMachine } from '../../../test/support/page_array_recipe.ts'
import type { PfnRun } from '../../core/dump/dump_format.ts'
import { FREE, USER } from './exclude/page_class.ts'
import { BLOCK_PFNS } from './frame_blocks.ts'
import { mergeRuns } from './page_bitmap.ts'
import { filterByWindow, type FilterInput, type FilterOptions, filterPages } from './page_filter.ts'
import { readPageLayout } from './page_layout.ts'

const PAGE = 64
const PFN_END = 4 * BLOCK_PFNS + 1000
const MAP_AT = 0xffff_ea00_0000_0000n
const PAGE_ARRAY = new Uint8Array(PFN_END * PAGE)
const view = new DataView(PAGE_ARRAY.buffer)
const layout = readPageLayout(
  VmcoreInfo.parse(new TextEncoder().encode(new PageArrayMachine('6.12', '').vmcoreinfo)),
)

const ANON = 1
const BUDDY = 0xf0 << 24
const HUGETLB = 0xf4 << 24

interface Block {
  readonly kind: 'buddy' | 'hugetlb' | 'anon' | 'lru'
  readonly pfn: number
  readonly order: number
}

/** Write the page array of `blocks`; where they overlap the later one counts, as on a damaged machine. */
function writePages(blocks: readonly Block[]): void {
  PAGE_ARRAY.fill(0)
  for (let pfn = 0; pfn < PFN_END; pfn++) view.setInt32(pfn * PAGE + 48, -1, true)
  for (const { kind, pfn, order } of blocks) {
    const at = pfn * PAGE
    const end = Math.min(pfn + 2 ** order, PFN_END)
    if (kind === 'buddy') {
      view.setInt32(at + 48, BUDDY, true)
      view.setUint32(at + 40, order, true)
      continue
    }
    view.setUint32(at, kind === 'hugetlb' ? 0 : 1 << 4, true)
    if (kind === 'anon') view.setUint32(at + 24, ANON, true)
    if (kind === 'hugetlb') view.setInt32(at + 48, HUGETLB, true)
    if (order === 0 || pfn + 1 >= PFN_END) continue
    view.setUint32(at, view.getUint32(at, true) | (1 << 6), true)
    view.setUint32(at + PAGE, order, true)
    for (let tail = pfn + 1; tail < end; tail++) view.setUint32(tail * PAGE + 8, 1, true)
  }
}

function machine(existing: readonly PfnRun[], present = existing): FilterInput {
  return {
    pages: {
      ...{ pageSize: 4096, pfnEnd: PFN_END, existing, present },
      read() {
        throw new Error('no page is read')
      },
    },
    maps: [{ pfnStart: 0, pfnEnd: PFN_END, address: MAP_AT }],
    layout,
    memory: {
      readLenient(address, into) {
        const at = Number(address - MAP_AT)
        into.set(PAGE_ARRAY.subarray(at, at + into.length))
        return 0
      },
    },
  }
}

/** Filter both ways; returns what both found. */
function filterBoth(input: FilterInput, options: FilterOptions): ReturnType<typeof filterPages> {
  const { dumped, kinds, ...expected } = filterPages(input, options)
  const bits = new Uint8Array(Math.ceil(PFN_END / BLOCK_PFNS) * (BLOCK_PFNS / 8))
  let next = 0
  const sums = filterByWindow(input, options, (window, firstPfn) => {
    assert.equal(firstPfn, next)
    assert.equal(window.length, BLOCK_PFNS / 8)
    bits.set(window, firstPfn / 8)
    next += BLOCK_PFNS
  })
  assert.equal(next, bits.length * 8, 'every window is told, the last one too')
  assert.deepEqual(sums, expected)
  assert.equal(Buffer.compare(bits.subarray(0, dumped.length), dumped), 0)
  assert.ok(bits.subarray(dumped.length).every((byte) => byte === 0))
  return { ...expected, dumped, kinds }
}

const ALL: readonly PfnRun[] = [{ start: 0, end: PFN_END }]

test('a free block that begins in one window and ends in a later one is left out whole', () => {
  writePages([{ kind: 'buddy', pfn: BLOCK_PFNS - 512, order: 10 }])
  const { counts } = filterBoth(machine(ALL), { level: 16 })
  assert.equal(counts[FREE], 1024)
})

test('a compound page of several windows is left out whole, kernel frames in it are not', () => {
  writePages([{ kind: 'hugetlb', pfn: 2 * BLOCK_PFNS, order: 16 }])
  assert.equal(filterBoth(machine(ALL), { level: 8 }).counts[USER], 65536)
  const own = [{ start: 3 * BLOCK_PFNS - 5, end: 3 * BLOCK_PFNS + 7 }]
  const { counts, protectedFrames } = filterBoth(machine(ALL), { level: 8, own })
  assert.deepEqual([counts[USER], protectedFrames], [65536, 12])
})

test('a block over a hole leaves out what is RAM of it', () => {
  writePages([{ kind: 'hugetlb', pfn: 0, order: 17 }])
  const ram = [
    { start: 0, end: 100 },
    { start: 3 * BLOCK_PFNS + 10, end: 3 * BLOCK_PFNS + 30 },
  ]
  assert.equal(filterBoth(machine(ram), { level: 8 }).counts[USER], 120)
})

const nearEdge = fc
  .tuple(fc.integer({ min: 1, max: 4 }), fc.integer({ min: -2100, max: 40 }))
  .map(([window, distance]) => Math.min(Math.max(window * BLOCK_PFNS + distance, 0), PFN_END - 1))
const order = fc.oneof(fc.nat(11), fc.nat(17))
const block = fc.record({
  kind: fc.constantFrom<Block['kind']>('buddy', 'hugetlb', 'anon', 'lru'),
  pfn: fc
    .tuple(nearEdge, order, fc.boolean())
    .map(([pfn, by, aligned]) => (aligned ? pfn - (pfn % 2 ** by) : pfn)),
  order,
})
const runs = (maxLength: number, size: number): fc.Arbitrary<PfnRun[]> =>
  fc
    .array(fc.tuple(fc.oneof(fc.nat(PFN_END - 1), nearEdge), fc.integer({ min: 1, max: size })), {
      maxLength,
    })
    .map((pairs) =>
      mergeRuns(
        pairs.map(([start, length]) => ({ start, end: Math.min(start + length, PFN_END) })),
      ),
    )

test('any machine: a window at a time finds the same frames, counts and kernel pages', () => {
  fc.assert(
    fc.property(
      fc.array(block, { minLength: 1, maxLength: 12 }),
      fc.oneof(fc.constant([...ALL]), runs(5, 60_000)),
      runs(3, 3000),
      fc.constantFrom(2, 8, 16, 31),
      (blocks, existing, own, level) => {
        writePages(blocks)
        filterBoth(machine(existing), { level, own })
      },
    ),
    { numRuns: 40 },
  )
})
