// Searching pieces of a dump: edges of chunks and pieces, byte orders, holes.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { PageDump } from '../../../test/support/page_dump.ts'
import { searchTexts, searchWords, type MemoryPiece, type SearchRun } from './search_memory.ts'

const PAGE = 4096

/** Memory of pages by what they contain at which offset. */
function runOf(
  contents: Readonly<Record<number, readonly [at: number, bytes: readonly number[]]>>,
  pieces: readonly MemoryPiece[],
  { littleEndian = true, excluded = -1 } = {},
): SearchRun {
  const dump = new PageDump(
    (pfn) => {
      if (pfn === excluded) return 'excluded'
      const page = new Uint8Array(PAGE)
      const [at, bytes] = contents[pfn] ?? [0, []]
      page.set(bytes, at)
      return page
    },
    { littleEndian },
  )
  return { dump, pieces, isAborted: () => false }
}

const bytesOf = (text: string): number[] => [...new TextEncoder().encode(text)]
const piece = (address: bigint, pfn: number, pages: number): MemoryPiece => ({
  address,
  physical: pfn * PAGE,
  size: pages * PAGE,
})

test('words are found in either byte order', () => {
  const little = runOf({ 1: [8, [0x34, 0x12]] }, [piece(0x10_0000n, 0, 3)])
  assert.deepEqual(
    [...searchWords(little, 8, [{ value: 0x1234n, mask: 0n }])],
    [{ address: 0x10_1008n, index: 0, value: 0x1234n }],
  )
  const big = runOf({ 1: [8, [0x12, 0x34]] }, [piece(0x10_0000n, 0, 3)], { littleEndian: false })
  assert.deepEqual(
    [...searchWords(big, 2, [{ value: 0x1234n, mask: 0n }])],
    [{ address: 0x10_1008n, index: 0, value: 0x1234n }],
  )
})

test('a hole costs its own page, not the chunk', () => {
  const run = runOf({ 0: [0, [7]], 2: [0, [7]] }, [piece(0n, 0, 3)], { excluded: 1 })
  const found = [...searchWords(run, 8, [{ value: 7n, mask: 0n }])]
  assert.deepEqual(
    found.map(({ address }) => address),
    [0n, 8192n],
  )
})

test('a text across pieces is found where their addresses follow each other, once', () => {
  const contents = { 5: [PAGE - 3, bytesOf('nee')], 9: [0, bytesOf('dle needle')] } as const
  const needle = [new TextEncoder().encode('needle')]
  const joined = runOf(contents, [piece(0x1000n, 5, 1), piece(0x2000n, 9, 1)])
  assert.deepEqual(
    [...searchTexts(joined, needle)].map(({ address }) => address),
    [0x1ffdn, 0x2004n],
  )
  const apart = runOf(contents, [piece(0x1000n, 5, 1), piece(0x9000n, 9, 1)])
  assert.deepEqual(
    [...searchTexts(apart, needle)].map(({ address }) => address),
    [0x9004n],
  )
})

test('a text on both sides of an edge is found twice, not thrice', () => {
  const text = [new TextEncoder().encode('aa')]
  const run = runOf({ 5: [PAGE - 2, bytesOf('aa')], 6: [0, bytesOf('aa')] }, [
    piece(0n, 5, 1),
    piece(4096n, 6, 1),
  ])
  assert.deepEqual(
    [...searchTexts(run, text)].map(({ address }) => address),
    [4094n, 4095n, 4096n],
  )
})

test('an aborted search ends', () => {
  const run = { ...runOf({}, [piece(0n, 0, 100)]), isAborted: () => true }
  assert.deepEqual([...searchWords(run, 8, [{ value: 0n, mask: 0n }])], [])
})
