// Machines whose pages are computed from their numbers: the true size is found by storing every page.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { FaultError } from '../../core/base/errors.ts'
import { getCodec } from '../../core/codec/codecs.ts'
import type { PfnRun } from '../../core/dump/dump_format.ts'
import { registerNativeCodecs } from '../platform/native_codecs.ts'
import {
  fixedSize,
  isKept,
  type PredictedClass,
  type PredictInput,
  predictSizes,
  type StoredAs,
} from './predict.ts'

registerNativeCodecs()

const PAGE = 4096
const DESC = 24

/** A page that compresses to about `share` of its size: noise, then zeros. */
function fillNoise(pfn: number, share: number, into: Uint8Array): void {
  into.fill(0)
  const words = new Uint32Array(into.buffer, into.byteOffset, Math.floor((into.length * share) / 4))
  let state = (pfn + 1) * 2_654_435_761
  for (let i = 0; i < words.length; i++) {
    state = Math.imul(state ^ (state >>> 15), 0x2c1b_3c6d) + i
    words[i] = state
  }
}

/** A fifth zeros, a tenth noise, the rest anything between; runs of alike pages, as memory has them. */
function mixedPage(pfn: number, into: Uint8Array): void {
  const kind = Math.imul(pfn >> 3, 0x9e37_79b1) >>> 24
  if (kind < 51) into.fill(0)
  else fillNoise(pfn, kind < 77 ? 1 : (kind - 77) / 180, into)
}

const RUNS: Readonly<Record<PredictedClass, readonly PfnRun[]>> = {
  kernel: [
    { start: 100, end: 1100 },
    { start: 2000, end: 7000 },
  ],
  cache: [{ start: 10_000, end: 13_000 }],
  cachePrivate: [{ start: 13_000, end: 13_007 }],
  user: [{ start: 20_000, end: 22_000 }],
  free: [],
}

function machine(more: Partial<PredictInput> = {}): PredictInput {
  return {
    pageSize: PAGE,
    fixedSize: 10 * PAGE,
    runsOf: (name) => RUNS[name],
    readPage: mixedPage,
    codecs: ['raw', 'zstd', 'lzo'],
    ...more,
  }
}

/** The size of a dump that has every page, as the writer stores them. */
function trueSize(
  { readPage, fixedSize: fixed, runsOf }: PredictInput,
  level: number,
  as: StoredAs,
): number {
  const [page, before, room] = [
    new Uint8Array(PAGE),
    new Uint8Array(PAGE),
    new Uint8Array(PAGE - 1),
  ]
  let size = fixed
  for (const name of ['kernel', 'cache', 'cachePrivate', 'user', 'free'] as const) {
    if (!isKept(name, level)) continue
    for (const { start, end } of runsOf(name)) {
      for (let pfn = start; pfn < end; pfn++) {
        readPage(pfn, page)
        size += DESC
        const isRepeat = pfn > start && Buffer.compare(page, before) === 0
        before.set(page)
        if (isRepeat || ((level & 1) !== 0 && page.every((byte) => byte === 0))) continue
        size += (as === 'raw' ? 0 : getCodec(as).compress?.(page, room)) || PAGE
      }
    }
  }
  return size
}

test('sizes of a known mix are met within a few per cent, and within their error', () => {
  const input = machine()
  const prediction = predictSizes(input)
  for (const level of [0, 1, 2, 4, 8, 31]) {
    for (const codec of ['raw', 'zstd', 'lzo'] as const) {
      const expected = trueSize(input, level, codec)
      const { size, error } = prediction.sizeOf(level, codec)
      const off = Math.abs(size - expected)
      assert.ok(off / expected < 0.04, `level ${level} ${codec}: ${size} for ${expected}`)
      assert.ok(off < 1.5 * error, `level ${level} ${codec}: off by ${off}, error ${error}`)
      assert.ok(error / size < 0.08)
    }
  }
})

test('a class that is sampled whole is met exactly', () => {
  const input = machine({ samplePages: 10_000 })
  const prediction = predictSizes(input)
  for (const level of [0, 1, 31]) {
    assert.deepEqual(prediction.sizeOf(level, 'zstd'), {
      size: trueSize(input, level, 'zstd'),
      error: 0,
    })
  }
})

test('classes are counted, their zeros estimated', () => {
  const { classes } = predictSizes(machine({ samplePages: 500 }))
  assert.deepEqual(
    Object.entries(classes).map(([name, { pages, sampled }]) => [name, pages, sampled]),
    [
      ['cache', 3000, 500],
      ['cachePrivate', 7, 7],
      ['user', 2000, 500],
      ['free', 0, 0],
      ['kernel', 6000, 500],
    ],
  )
  const share = classes.kernel.zeroPages / classes.kernel.pages
  assert.ok(share > 0.14 && share < 0.26, String(share))
})

test('each level leaves out what makedumpfile leaves out', () => {
  const kept = (level: number): string =>
    (['kernel', 'cache', 'cachePrivate', 'user', 'free'] as const)
      .filter((name) => isKept(name, level))
      .join(' ')
  assert.equal(kept(0), 'kernel cache cachePrivate user free')
  assert.equal(kept(1), 'kernel cache cachePrivate user free')
  assert.equal(kept(2), 'kernel cachePrivate user free')
  assert.equal(kept(4), 'kernel user free')
  assert.equal(kept(8), 'kernel cache cachePrivate free')
  assert.equal(kept(16), 'kernel cache cachePrivate user')
  assert.equal(kept(31), 'kernel')
})

test('pages that repeat their predecessor cost nothing, unless they are stored again', () => {
  const readPage = (pfn: number, into: Uint8Array): void => fillNoise(pfn >> 6, 1, into)
  const sizes = [true, false].map(
    (shareRepeats) => predictSizes(machine({ readPage, shareRepeats })).sizeOf(31, 'raw').size,
  )
  assert.ok((sizes[0] ?? 0) < 6000 * PAGE * 0.1, String(sizes))
  assert.equal(sizes[1], 10 * PAGE + 6000 * (PAGE + DESC))
})

test('pages that cannot be read are left out of the sample', () => {
  const readPage = (pfn: number, into: Uint8Array): void => {
    if (pfn % 2) throw new FaultError(BigInt(pfn * PAGE), 'physical', 'truncated')
    fillNoise(pfn, 1, into)
  }
  const prediction = predictSizes(machine({ readPage }))
  assert.ok(prediction.classes.kernel.sampled < 600)
  assert.equal(prediction.sizeOf(31, 'raw').size, 10 * PAGE + 6000 * (PAGE + DESC))
})

test('a machine of terabytes is walked by its runs', () => {
  const runs = [{ start: 0, end: 2 ** 30 }]
  const input = machine({ runsOf: (name) => (name === 'free' ? runs : []), samplePages: 50 })
  const { size, error } = predictSizes(input).sizeOf(1, 'raw')
  assert.ok(size > 2 ** 40 && size < 2 ** 42 && error > 0)
})

test('headers and bitmaps are whole blocks', () => {
  assert.equal(fixedSize(PAGE, 262_106, 3000), (1 + 1 + 2 * 8) * PAGE)
  assert.equal(fixedSize(PAGE, 1, 4000), (1 + 2 + 2) * PAGE)
})
