// Tables laid out as Linux 5.10 and 6.4 lay them out, and memory that only begins like them. Real ones: test/compat.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { FaultError } from '../base/errors.ts'
import { locateKallsyms } from './locate_kallsyms.ts'
import { VmcoreInfo } from './vmcoreinfo.ts'

const TEXT = 0xffffffff81000000n
const INFO = new VmcoreInfo(`SYMBOL(_stext)=${TEXT.toString(16)}`)
const COUNT = 600
const SIZE = 0x80000

interface Layout {
  readonly bytes: Uint8Array
  readonly at: Readonly<Record<string, number>>
}

/** Each name is a length and that many tokens; tokens are single characters. */
function layOut(offsetsFirst: boolean): Layout {
  const bytes = new Uint8Array(SIZE)
  const view = new DataView(bytes.buffer)
  const at: Record<string, number> = {}
  let end = 0x40000
  const place = (name: string, size: number): number => {
    at[name] = end
    end = (end + size + 7) & ~7
    return at[name]
  }
  const placeOffsets = (): void => {
    const offsets = place('offsets', COUNT * 4)
    for (let row = 0; row < COUNT; row++) view.setInt32(offsets + row * 4, -1 - row * 16, true)
    view.setBigUint64(place('relative_base', 8), TEXT, true)
  }
  if (offsetsFirst) placeOffsets()
  view.setUint32(place('num_syms', 8), COUNT, true)
  const names = place('names', COUNT * 4)
  for (let row = 0; row < COUNT; row++) bytes.set([3, 0x54, 0x61, 0x62], names + row * 4)
  const markers = place('markers', 3 * 4)
  for (let i = 0; i < 3; i++) view.setUint32(markers + i * 4, i * 256 * 4, true)
  const tokens = place('token_table', 512)
  for (let token = 0; token < 256; token++) bytes[tokens + token * 2] = token || 0x20
  const index = place('token_index', 512)
  for (let token = 0; token < 256; token++) view.setUint16(index + token * 2, token * 2, true)
  if (!offsetsFirst) placeOffsets()
  return { bytes, at }
}

function locate(bytes: Uint8Array): Map<string, bigint> | undefined {
  return locateKallsyms(
    {
      littleEndian: true,
      readVirtual(address, into) {
        const offset = Number(address - TEXT)
        if (!(offset >= 0 && offset + into.length <= bytes.length))
          throw new FaultError(address, 'virtual', 'not-present')
        into.set(bytes.subarray(offset, offset + into.length))
      },
    },
    INFO,
  )
}

for (const [what, offsetsFirst] of [
  ['before', true],
  ['behind', false],
] as const) {
  test(`tables are found by their tokens, with offsets ${what} the names`, () => {
    const { bytes, at } = layOut(offsetsFirst)
    const found = locate(bytes)
    assert.ok(found)
    for (const name of [
      'offsets',
      'relative_base',
      'num_syms',
      'names',
      'token_table',
      'token_index',
    ])
      assert.equal(found.get(`kallsyms_${name}`), TEXT + BigInt(at[name] ?? 0), name)
  })
}

test('without tokens nothing is found', () => {
  assert.equal(locate(new Uint8Array(SIZE)), undefined)
})

test('damaged tables are found or not, and cost neither time nor memory', () => {
  const { bytes, at } = layOut(true)
  const start = at.offsets ?? 0
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.nat(0x4000), fc.nat(255)), { minLength: 1, maxLength: 6 }),
      (changes) => {
        const damaged = bytes.slice()
        for (const [offset, value] of changes) damaged[start + offset] = value
        locate(damaged)
      },
    ),
    { numRuns: 20 },
  )
})
