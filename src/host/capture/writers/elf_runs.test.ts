// Which frames go into an ELF dump, for any sets of frames: checked frame by frame.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { testBit } from '../../../core/base/bits.ts'
import type { PfnRun } from '../../../core/dump/dump_format.ts'
import { BLOCK_BYTES, BLOCK_PFNS } from '../frame_blocks.ts'
import { bitmapOf, mergeRuns } from '../page_bitmap.ts'
import { cutRuns, type ElfFrames, elfFrames } from './elf_runs.ts'

/** Frames worth a header of their own when missing. */
const GAP = 256

const runs = (pairs: readonly (readonly [number, number])[]): PfnRun[] =>
  mergeRuns(pairs.map(([start, length]) => ({ start, end: start + length })))

function framesOf(
  present: PfnRun[],
  wanted: PfnRun[],
  existing = present,
  pfnEnd = 4096,
): ElfFrames {
  return elfFrames(existing, present, bitmapOf(wanted, pfnEnd), pfnEnd)
}

test('255 missing frames are filled, 256 are left out', () => {
  const ram = runs([[0, 2000]])
  const near = framesOf(
    ram,
    runs([
      [0, 10],
      [10 + GAP - 1, 10],
    ]),
  )
  assert.deepEqual(near.runs, [{ start: 0, end: 20 + GAP - 1, memEnd: 2000, index: 0 }])
  assert.equal(near.stored.total, 20 + GAP - 1)
  const far = framesOf(
    ram,
    runs([
      [0, 10],
      [10 + GAP, 10],
    ]),
  )
  assert.deepEqual(far.runs, [
    { start: 0, end: 10, memEnd: 10 + GAP, index: 0 },
    { start: 10 + GAP, end: 20 + GAP, memEnd: 2000, index: 10 },
  ])
  assert.equal(far.stored.total, 20)
})

test('255 missing frames at the start of RAM are filled, 256 are a run without bytes', () => {
  const ram = runs([
    [1000, 1000],
    [3000, 1000],
  ])
  const near = framesOf(ram, runs([[3000 + GAP - 1, 10]]))
  assert.deepEqual(near.runs.at(-1), { start: 3000, end: 3009 + GAP, memEnd: 4000, index: 0 })
  const far = framesOf(ram, runs([[3000 + GAP, 10]]))
  assert.deepEqual(far.runs.slice(-2), [
    { start: 3000, end: 3000, memEnd: 3000 + GAP, index: 0 },
    { start: 3000 + GAP, end: 3010 + GAP, memEnd: 4000, index: 0 },
  ])
})

test('a gap that cannot be read is not filled, however short', () => {
  const ram = runs([[0, 100]])
  const wanted = runs([
    [0, 10],
    [12, 10],
  ])
  const present = runs([
    [0, 11],
    [12, 88],
  ])
  assert.deepEqual(framesOf(present, wanted, ram).runs, [
    { start: 0, end: 10, memEnd: 12, index: 0 },
    { start: 12, end: 22, memEnd: 100, index: 10 },
  ])
  assert.equal(framesOf(present, wanted, present).runs.length, 2, 'nor one that is no RAM')
})

test('RAM of which nothing is dumped is said to be there', () => {
  const { runs: loads, stored } = framesOf(
    runs([
      [10, 20],
      [50, 50],
    ]),
    [],
  )
  assert.deepEqual(loads, [
    { start: 10, end: 10, memEnd: 30, index: 0 },
    { start: 50, end: 50, memEnd: 100, index: 0 },
  ])
  assert.equal(stored.total, 0)
})

test('runs across blocks of the bitmap, and up to the last frame, are one', () => {
  const pfnEnd = 2 * BLOCK_PFNS + 5
  const ram = runs([[0, pfnEnd]])
  const wanted = runs([[BLOCK_PFNS - 3, BLOCK_PFNS + 8]])
  assert.deepEqual(framesOf(ram, wanted, ram, pfnEnd).runs, [
    { start: 0, end: 0, memEnd: BLOCK_PFNS - 3, index: 0 },
    { start: BLOCK_PFNS - 3, end: pfnEnd, memEnd: pfnEnd, index: 0 },
  ])
})

test('lost frames are cut out, a header each time; after the last cut allowed a run ends', () => {
  const { runs: loads } = framesOf(runs([[10, 30]]), runs([[10, 20]]))
  const lost = runs([
    [0, 1],
    [5, 2],
    [19, 1],
  ])
  assert.deepEqual(cutRuns(loads, lost, 9), [
    { start: 10, end: 10, memEnd: 11, index: 0 },
    { start: 11, end: 15, memEnd: 17, index: 1 },
    { start: 17, end: 29, memEnd: 30, index: 7 },
    { start: 30, end: 30, memEnd: 40, index: 20 },
  ])
  assert.deepEqual(cutRuns(loads, lost, 1), [
    { start: 10, end: 10, memEnd: 11, index: 0 },
    { start: 11, end: 15, memEnd: 40, index: 1 },
  ])
  assert.deepEqual(cutRuns(loads, [], 0), loads)
})

const someRuns = (): fc.Arbitrary<PfnRun[]> =>
  fc.array(fc.tuple(fc.nat(3000), fc.integer({ min: 1, max: 900 })), { maxLength: 6 }).map(runs)

test('any frames: RAM is covered once, what is wanted is stored, only short readable gaps are filled', () => {
  fc.assert(
    fc.property(someRuns(), someRuns(), someRuns(), (ram, unread, unwanted) => {
      const pfnEnd = 4000
      const existing = bitmapOf(ram, pfnEnd)
      const present = existing.map((byte, i) => byte & ~(bitmapOf(unread, pfnEnd)[i] ?? 0))
      const wanted = present.map((byte, i) => byte & ~(bitmapOf(unwanted, pfnEnd)[i] ?? 0))
      const { runs: loads, stored } = elfFrames(ram, runsOf(present, pfnEnd), wanted, pfnEnd)
      const covered = new Uint8Array(pfnEnd)
      const held = new Uint8Array(pfnEnd)
      for (const { start, end, memEnd } of loads) {
        assert.ok(start <= end && end <= memEnd)
        for (let pfn = start; pfn < memEnd; pfn++) covered[pfn] = (covered[pfn] ?? 0) + 1
        held.fill(1, start, end)
      }
      const bits = new Uint8Array(BLOCK_BYTES)
      stored.load(bits, 0)
      for (let pfn = 0; pfn < pfnEnd; pfn++) {
        assert.equal(covered[pfn], testBit(existing, pfn) ? 1 : 0, `frame ${pfn} covered`)
        assert.equal(held[pfn] === 1, testBit(bits, pfn), `frame ${pfn} held`)
        if (testBit(wanted, pfn)) assert.equal(held[pfn], 1, `frame ${pfn} is wanted`)
        if (held[pfn] === 1) assert.ok(testBit(present, pfn), `frame ${pfn} can be read`)
      }
      for (const { start, end } of runsOf(
        held.map((byte, pfn) => byte & ~bit(wanted, pfn)),
        0,
      )) {
        assert.ok(end - start < GAP, `gap of ${end - start} filled`)
      }
    }),
    { numRuns: 100 },
  )
})

const bit = (bitmap: Uint8Array, index: number): number => (testBit(bitmap, index) ? 1 : 0)

/** Runs of set bits of `[0, pfnEnd)`, or of bytes that are 1 where `pfnEnd` is 0. */
function runsOf(flags: Uint8Array, pfnEnd: number): PfnRun[] {
  const isSet = (i: number): boolean => (pfnEnd > 0 ? testBit(flags, i) : flags[i] === 1)
  const pairs: [number, number][] = []
  for (let i = 0; i < (pfnEnd || flags.length); i++) if (isSet(i)) pairs.push([i, 1])
  return runs(pairs)
}
