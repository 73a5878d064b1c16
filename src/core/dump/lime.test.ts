// LiME and AVML files from recipes (test/support/mklime.ts); memory holds its own physical address.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { joinBytes, mklime, rangeHeader, snappyFrames } from '../../../test/support/mklime.ts'
import { countBytes, noise } from '../../../test/support/vmcore_recipe.ts'
import { FaultError, FormatError } from '../base/errors.ts'
import { memorySource } from '../io/memory_source.ts'
import type { Dump } from './dump_format.ts'
import { openDump } from './formats.ts'
import { lime_mem_range_header } from './lime_layout.ts'
import { SnappyFrames } from './snappy_frames.ts'

const open = (recipe: string): Dump => openDump(memorySource(mklime(recipe), 'f'))

function read(dump: Dump, physical: number, size: number): Uint8Array {
  const into = new Uint8Array(size)
  dump.readPhysical(physical, into)
  return into
}

function reasonAt(dump: Dump, physical: number): string {
  try {
    read(dump, physical, 1)
    return 'readable'
  } catch (error) {
    assert.ok(error instanceof FaultError && error.space === 'physical')
    return error.reason
  }
}

const RANGES = `
  segment 0x1000 0x9ec00
  segment 0x100000 0x24000
  segment 0x800000 0x1000`
const FILES: readonly (readonly [what: string, facts: string])[] = [
  ['LiME', 'format lime'],
  ['LiME of a big-endian machine', 'format lime\nendian big'],
  ['AVML', 'format avml'],
  ['AVML of small chunks', 'format avml\nchunk 1000'],
  ['AVML stored plain', 'format avml\nstore plain'],
]

test('the header has the size of LiME', () => {
  assert.equal(lime_mem_range_header.size, 32)
})

for (const [what, facts] of FILES) {
  test(`memory of ${what} reads as written`, () => {
    const dump = open(`${facts}\n${RANGES}`)
    const little = !facts.includes('big')
    assert.equal(dump.format, facts.includes('avml') ? 'avml' : 'lime')
    assert.equal(dump.littleEndian, little)
    assert.deepEqual(
      [dump.pageSize, dump.pfnEnd, dump.incomplete, dump.notes.length],
      [4096, 0x801, false, 0],
    )
    assert.deepEqual(read(dump, 0x1000, 0x9ec00), countBytes(0x1000, 0x9ec00, little))
    assert.deepEqual(
      read(dump, 0x10ffff, 0x10002),
      countBytes(0, 0x120008, little).subarray(0x10ffff, 0x120001),
    )
    assert.deepEqual(read(dump, 0x800ff8, 8), countBytes(0x800ff8, 8, little))
    assert.deepEqual(dump.pfnRuns('present'), [
      { start: 1, end: 0x9f },
      { start: 0x100, end: 0x124 },
      { start: 0x800, end: 0x801 },
    ])
    assert.deepEqual(
      [0, 0x9fbff, 0x9fc00, 0x124000, 0x801000].map((at) => reasonAt(dump, at)),
      ['not-present', 'readable', 'not-present', 'not-present', 'out-of-range'],
    )
  })

  test(`${what} cut anywhere is incomplete or a format error, and what is left reads as written`, () => {
    const whole = mklime(`${facts}\nsegment 0x1000 0x3000\nsegment 0x8000 0x1000`)
    for (let size = 4; size < whole.length; size += size < 100 ? 1 : 37) {
      const source = memorySource(whole.subarray(0, size), 'f')
      if (size < 32) {
        assert.throws(
          () => openDump(source),
          (error) => error instanceof FormatError && error.offset === 0,
        )
        continue
      }
      const dump = openDump(source)
      // LiME may end behind any range.
      assert.equal(
        dump.incomplete,
        size !== 32 + 0x3000 || dump.format !== 'lime',
        `cut at ${size}`,
      )
      for (const at of [0x1000, 0x2000, 0x3ff8, 0x8000]) {
        const reason = reasonAt(dump, at)
        assert.match(reason, /^(readable|truncated|not-present|out-of-range)$/, `cut at ${size}`)
        if (reason === 'readable' && reasonAt(dump, at + 7) === 'readable')
          assert.deepEqual(read(dump, at, 8), countBytes(at, 8, !facts.includes('big')))
      }
    }
  })
}

test('any ranges in any order read as the union of them', () => {
  const range = fc.tuple(fc.nat(60), fc.integer({ min: 1, max: 9 }))
  fc.assert(
    fc.property(fc.array(range, { minLength: 1, maxLength: 6 }), fc.boolean(), (ranges, isAvml) => {
      const lines = ranges.map(([pfn, pages]) => `segment ${pfn * 4096} ${pages * 4096}`)
      const dump = open(`format ${isAvml ? 'avml' : 'lime'}\n${lines.join('\n')}`)
      for (let pfn = 0; pfn < 70; pfn++) {
        const held = ranges.some(([start, pages]) => pfn >= start && pfn < start + pages)
        assert.equal(dump.pageState(pfn), held ? 'present' : 'absent')
        if (held)
          assert.deepEqual(read(dump, pfn * 4096 + 8, 16), countBytes(pfn * 4096 + 8, 16, true))
      }
    }),
    { numRuns: 100 },
  )
})

test('any bytes come out of any framing as they went in, wherever they are read', () => {
  const bytes = fc.uint8Array({ minLength: 1, maxLength: 4000 })
  const reads = fc.array(fc.tuple(fc.nat(4100), fc.nat(300)), { maxLength: 20 })
  fc.assert(
    fc.property(
      bytes,
      fc.integer({ min: 1, max: 700 }),
      fc.boolean(),
      reads,
      (data, chunkSize, plain, ranges) => {
        const stream = snappyFrames(data, { chunkSize, plain })
        const frames = new SnappyFrames(memorySource(stream))
        assert.equal(frames.add(0, data.length), stream.length)
        const direct = memorySource(data)
        for (const [offset, length] of [[0, data.length] as const, ...ranges]) {
          const got = new Uint8Array(length)
          const expected = new Uint8Array(length)
          assert.equal(frames.read(offset, got), direct.read(offset, expected))
          assert.deepEqual(got, expected)
        }
      },
    ),
  )
})

test('a damaged chunk is corrupt; its neighbours are not', () => {
  const bytes = mklime('format avml\nsegment 0x10000 0x40000')
  const frames = 32 + 10
  const first =
    4 + (bytes[frames + 1] ?? 0) + (bytes[frames + 2] ?? 0) * 256 + (bytes[frames + 3] ?? 0) * 65536
  for (const at of [4, 100]) {
    const damaged = bytes.slice()
    damaged[frames + first + at] = (damaged[frames + first + at] ?? 0) ^ 1
    const dump = openDump(memorySource(damaged, 'f'))
    assert.equal(dump.incomplete, false)
    assert.deepEqual(
      [0x1fff8, 0x20000, 0x2fff8, 0x30000].map((physical) => reasonAt(dump, physical)),
      ['readable', 'corrupt', 'corrupt', 'readable'],
    )
  }
})

test('chunks that readers may skip are skipped, others end the file there', () => {
  const data = countBytes(0x1000, 0x1000, true)
  const stream = snappyFrames(data)
  for (const [type, isKnown] of [
    [0xfe, true],
    [0x80, true],
    [2, false],
    [0x7f, false],
  ] as const) {
    const extra = Uint8Array.from([type, 2, 0, 0, 1, 2])
    const frames = joinBytes([stream.subarray(0, 10), extra, stream.subarray(10)])
    const trailer = new Uint8Array(8)
    trailer[0] = frames.length & 0xff
    trailer[1] = frames.length >> 8
    const header = rangeHeader(0x1000, 0x1000, { isAvml: true })
    const dump = openDump(memorySource(joinBytes([header, frames, trailer]), 'f'))
    assert.equal(dump.incomplete, !isKnown)
    assert.equal(reasonAt(dump, 0x1000), isKnown ? 'readable' : 'truncated')
  }
})

test('chunks that promise more than a chunk or its range may hold end the file there', () => {
  // Type, stored size, checksum, and the length of a snappy block in groups of 7 bits.
  const bombs = [
    [0, 9, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0x0f],
    [0, 7, 0, 0, 0, 0, 0, 0, 0x81, 0x80, 0x04],
    [0, 6, 0, 0, 0, 0, 0, 0, 0x81, 0x20],
    [0, 5, 0, 0, 0, 0, 0, 0, 0x80],
    [1, 3, 0, 0, 0, 0, 0],
  ]
  for (const bomb of bombs) {
    const header = rangeHeader(0x1000, 0x1000, { isAvml: true })
    const bytes = joinBytes([header, snappyFrames(new Uint8Array(0)), Uint8Array.from(bomb)])
    const dump = openDump(memorySource(bytes, 'f'))
    assert.deepEqual([dump.incomplete, reasonAt(dump, 0x1000)], [true, 'truncated'])
  }
})

test('a range that says another compressed size than it has is the last one', () => {
  const dump = open('format avml\ntrailer 7\nsegment 0x1000 0x1000\nsegment 0x4000 0x1000')
  assert.equal(dump.incomplete, true)
  assert.deepEqual(
    [0x1000, 0x4000].map((physical) => reasonAt(dump, physical)),
    ['readable', 'out-of-range'],
  )
})

test('a damaged header behind a good range ends the file there', () => {
  for (const lie of ['magic 0', 'version 9', 'e_addr 0', 'e_addr 0xffffffffffffffff']) {
    for (const format of ['lime', 'avml']) {
      const dump = open(
        `format ${format}\nsegment 0x1000 0x1000\nsegment 0x4000 0x1000\nlie 1.${lie}`,
      )
      assert.equal(dump.incomplete, true, lie)
      assert.deepEqual(dump.pfnRuns('existing'), [{ start: 1, end: 2 }])
    }
  }
})

const BROKEN: readonly (readonly [what: string, recipe: string, error: RegExp])[] = [
  ['a version we do not know', 'version 3', /^not supported: f: LiME version 3 \(known: 1\)$/],
  [
    'a version of AVML we do not know',
    'format avml\nversion 3',
    /^not supported: f: AVML version 3 \(known: 2\)$/,
  ],
  [
    'a range that ends before it begins',
    'lie 0.e_addr 0xfff',
    /^f: offset 0x0: LiME range is 0x1000 to 0xfff$/,
  ],
  [
    'addresses no machine has',
    'lie 0.e_addr 0x10000000000000',
    /^f: offset 0x0: LiME range is 0x1000 to 0x10000000000000$/,
  ],
  ['a cut header', 'cut 31', /^f: offset 0x0: LiME header ends past end of file$/],
]
for (const [what, recipe, message] of BROKEN) {
  test(`${what} is one error that names the file`, () => {
    assert.throws(() => open(`${recipe}\nsegment 0x1000 0x1000`), { message })
  })
}

test('a range of a thousand terabytes in a small file costs nothing', () => {
  const dump = open('segment 0x1000 0x1000\nlie 0.e_addr 0xfffffffffffff')
  assert.equal(dump.incomplete, true)
  assert.deepEqual(read(dump, 0x1ff8, 8), countBytes(0x1ff8, 8, true))
  assert.equal(reasonAt(dump, 0x2000), 'truncated')
})

test('bytes that do not compress are stored plain', () => {
  const next = noise(1)
  const data = Uint8Array.from({ length: 100_000 }, next)
  const stream = snappyFrames(data)
  assert.equal(stream[10], 1)
  const frames = new SnappyFrames(memorySource(stream))
  frames.add(0, data.length)
  const got = new Uint8Array(data.length)
  assert.equal(frames.read(0, got), data.length)
  assert.deepEqual(got, data)
})
