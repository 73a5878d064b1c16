// Log buffers written by test/support/mkprintk.ts: wrapped, torn, partly missing, damaged.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import {
  mkprintk,
  mkprintkLog,
  type LogImage,
  type LogLine,
} from '../../../test/support/mkprintk.ts'
import { SparseMemory } from '../../../test/support/sparse_memory.ts'
import { CorruptError, FaultError, NotFoundError } from '../base/errors.ts'
import { VmcoreInfo } from '../debuginfo/vmcoreinfo.ts'
import { formatLogLines, readLog, readLogSinceClear, type LogRecord } from './printk.ts'

function read(
  image: LogImage,
  { little = true, without }: { little?: boolean; without?: { start: bigint; end: bigint } } = {},
): LogRecord[] {
  const pieces = without ? image.pieces.flatMap((piece) => cut(piece, without)) : image.pieces
  return [...readLog(new SparseMemory(pieces, little), new VmcoreInfo(image.vmcoreinfo))]
}

/** A piece without `[start, end)`. */
function cut(
  [at, bytes]: readonly [bigint, Uint8Array],
  { start, end }: { start: bigint; end: bigint },
): [bigint, Uint8Array][] {
  const limit = BigInt(bytes.length)
  const clamp = (address: bigint): number =>
    Number(address < at ? 0n : address - at > limit ? limit : address - at)
  return [
    [at, bytes.subarray(0, clamp(start))],
    [at + BigInt(clamp(end)), bytes.subarray(clamp(end))],
  ]
}

const texts = (records: readonly LogRecord[]): string[] =>
  records.map(({ text, lost }) => (lost === '' ? text : `(${lost})`))
const lines = (count: number, more: Partial<LogLine> = {}): LogLine[] =>
  Array.from({ length: count }, (_, i) => ({ text: `message ${i}`, ...more }))

for (const little of [true, false]) {
  test(`every field of a record is read (${little ? 'little' : 'big'}-endian)`, () => {
    const image = mkprintk({
      lines: [
        {
          text: 'one\ntwo\n',
          level: 3,
          facility: 5,
          seconds: 12.345678,
          caller: 0x8000_0001,
          device: '+usb:1-1',
        },
      ],
      littleEndian: little,
    })
    assert.deepEqual(read(image, { little }), [
      {
        seq: 0n,
        tsNsec: 12_345_678_000n,
        level: 3,
        facility: 5,
        callerId: 0x8000_0001,
        text: 'one\ntwo',
        bytes: new TextEncoder().encode('one\ntwo\n'),
        subsystem: 'usb',
        device: '+usb:1-1',
        lost: '',
      },
    ])
  })
}

test('of more messages than descriptors the newest are there, oldest first', () => {
  assert.deepEqual(
    texts(read(mkprintk({ lines: lines(40), sizeBits: 12 }))),
    Array.from({ length: 16 }, (_, i) => `message ${24 + i}`),
  )
})

test('a text that would cross the end of the ring lies at its start', () => {
  const image = mkprintk({ lines: lines(6), sizeBits: 12, firstPosition: 4096n - 40n })
  assert.deepEqual(
    texts(read(image)),
    lines(6).map(({ text }) => text),
  )
})

test('a text that ends exactly with the ring lies at its start before v6.19, and there since', () => {
  for (const exactFit of [false, true]) {
    const image = mkprintk({
      lines: [{ text: 'exact at' }, { text: 'next' }],
      firstPosition: 1024n - 16n,
      exactFit,
    })
    assert.deepEqual(texts(read(image)), ['exact at', 'next'])
  }
})

test('ids and positions that wrap at their width are followed', () => {
  const image = mkprintk({
    lines: lines(8),
    firstId: 2n ** 62n - 3n,
    firstPosition: 2n ** 64n - 1024n,
    exactFit: true,
  })
  assert.deepEqual(
    texts(read(image)),
    lines(8).map(({ text }) => text),
  )
})

test('records without text are records; those the ring had no room for say so', () => {
  const image = mkprintk({
    lines: [{ text: 'a' }, { text: '' }, { text: 'gone', state: 'failed' }, { text: 'b' }],
  })
  assert.deepEqual(texts(read(image)), ['a', '', '(no room in the ring)', 'b'])
})

test('records that are being written, or were given up, are left out; a committed one is not', () => {
  const image = mkprintk({
    lines: [
      { text: 'a' },
      { text: 'b', state: 'reserved' },
      { text: 'c', state: 'committed' },
      { text: 'd', state: 'reusable' },
      { text: 'e' },
    ],
  })
  assert.deepEqual(texts(read(image)), ['a', 'c', 'e'])
})

test('a slot that holds another record already is left out', () => {
  const image = mkprintk({ lines: lines(4) })
  const descs = image.pieces.find(([at]) => at === image.at.descs)?.[1] ?? assert.fail()
  new DataView(descs.buffer).setBigUint64(Number(1001n % 16n) * 24, (2n << 62n) | 5n, true)
  assert.deepEqual(texts(read(image)), ['message 0', 'message 2', 'message 3'])
})

test('a tail that makes no sense leaves the newest records', () => {
  const image = mkprintk({ lines: lines(20), sizeBits: 12 })
  const ring = image.pieces.find(([at]) => at === image.at.rb)?.[1] ?? assert.fail()
  new DataView(ring.buffer).setBigUint64(32, 2n ** 61n, true)
  assert.equal(read(image).length, 16)
})

test('a text that was overwritten by another is not shown as this one’s', () => {
  const image = mkprintk({ lines: lines(3) })
  const data = image.pieces.find(([at]) => at === image.at.data)?.[1] ?? assert.fail()
  new DataView(data.buffer).setBigUint64(24, 77n, true)
  assert.deepEqual(texts(read(image)), ['message 0', '(text was overwritten)', 'message 2'])
})

test('a position that makes no sense is said to', () => {
  const image = mkprintk({ lines: lines(2) })
  const descs = image.pieces.find(([at]) => at === image.at.descs)?.[1] ?? assert.fail()
  new DataView(descs.buffer).setBigUint64(Number(1000n % 16n) * 24 + 16, 9_999_998n, true)
  assert.deepEqual(texts(read(image)), ['(position of the text is invalid)', 'message 1'])
})

test('a missing page of text costs the texts on it', () => {
  const image = mkprintk({ lines: lines(300), countBits: 9, sizeBits: 14 })
  const { data = 0n } = image.at
  const records = read(image, { without: { start: data, end: data + 4096n } })
  assert.equal(records.length, 300)
  const lost = records.filter(({ lost: reason }) => reason !== '')
  assert.ok(lost.length > 100 && lost.length < 200)
  assert.match(lost[0]?.lost ?? '', /page not present/)
  assert.equal(records.at(-1)?.text, 'message 299')
})

for (const part of ['descs', 'infos']) {
  test(`a missing page of ${part} is one record that counts what it lost`, () => {
    const image = mkprintk({ lines: lines(500), countBits: 9, sizeBits: 15, firstId: 512n })
    const at = image.at[part] ?? 0n
    const records = read(image, { without: { start: at + 4096n, end: at + 8192n } })
    const lost = records.filter(({ lost: reason }) => reason !== '')
    assert.equal(lost.length, 1)
    const count = Number(/^(\d+) records: cannot read virtual/.exec(lost[0]?.lost ?? '')?.[1])
    assert.equal(records.length - 1 + count, 500)
    assert.equal(records[0]?.text, 'message 0')
    assert.equal(records.at(-1)?.text, 'message 499')
  })
}

test('a ring of millions of descriptors that are nowhere is told in a moment', () => {
  const image = mkprintk({ lines: lines(1) })
  const ring = image.pieces.find(([at]) => at === image.at.rb)?.[1] ?? assert.fail()
  const view = new DataView(ring.buffer)
  view.setUint32(0, 21, true)
  view.setUint32(40, 26, true)
  view.setBigUint64(8, 0xffff_8880_0000_0000n, true)
  view.setBigUint64(24, 2n ** 40n, true)
  view.setBigUint64(32, 0n, true)
  const begin = performance.now()
  const records = read(image)
  assert.ok(records.length > 0 && records.length < 2 ** 21 / 128)
  assert.ok(performance.now() - begin < 3000)
})

test('a ring that is not in the dump faults; sizes that are none are corrupt', () => {
  const image = mkprintk({ lines: lines(1) })
  assert.throws(() => read({ ...image, pieces: [] }), FaultError)
  for (const [at, value] of [
    [0, 27],
    [0, 11],
    [40, 33],
    [0, 0xffff_ffff],
  ] as const) {
    const damaged = mkprintk({ lines: lines(1) })
    const ring = damaged.pieces.find(([address]) => address === damaged.at.rb)?.[1] ?? assert.fail()
    new DataView(ring.buffer).setUint32(at, value, true)
    assert.throws(() => read(damaged), CorruptError)
  }
})

test('VMCOREINFO that puts members outside of their structs is corrupt', () => {
  const image = mkprintk({ lines: lines(1) })
  for (const lie of [
    'SIZE(prb_desc)=8',
    'SIZE(printk_info)=99999999',
    'OFFSET(printk_info.dev_info)=80',
    'OFFSET(printk_info.text_len)=9007199254740991',
  ]) {
    assert.throws(
      () => read({ ...image, vmcoreinfo: `${image.vmcoreinfo}${lie}\n` }),
      CorruptError,
      lie,
    )
  }
  assert.throws(() => read({ ...image, vmcoreinfo: '' }), NotFoundError)
  assert.throws(
    () => read({ ...image, vmcoreinfo: image.vmcoreinfo.replace(/SIZE.prb_desc.*\n/, '') }),
    NotFoundError,
  )
})

test('whatever is logged, what the ring still holds reads back', () => {
  const line = fc.record(
    { text: fc.stringMatching(/^[ -~]{0,60}$/), level: fc.nat(7) },
    { noNullPrototype: true },
  )
  fc.assert(
    fc.property(
      fc.array(line, { maxLength: 50, minLength: 1 }),
      fc.nat(127),
      fc.boolean(),
      (logged, start, exactFit) => {
        const records = read(
          mkprintk({
            lines: logged,
            countBits: 5,
            sizeBits: 9,
            firstPosition: BigInt(start * 8),
            exactFit,
          }),
        )
        const newest = logged.slice(-32)
        assert.equal(records.length, newest.length)
        records.forEach(({ text, level, lost }, i) => {
          // The recipe does not give up old texts when it overwrites them: they must not read as others.
          if (lost === '') assert.deepEqual([text, level], [newest[i]?.text, newest[i]?.level])
        })
        assert.equal(records.at(-1)?.lost, '')
      },
    ),
  )
})

test('the log of v3.5 to v5.9 is read, around the end of its buffer', () => {
  const image = mkprintkLog(lines(5, { level: 4, facility: 1, seconds: 1.5 }), {
    size: 256,
    first: 160,
  })
  const records = read(image)
  assert.deepEqual(
    texts(records),
    lines(5).map(({ text }) => text),
  )
  assert.deepEqual(
    [records[0]?.level, records[0]?.facility, records[0]?.tsNsec],
    [4, 1, 1_500_000_000n],
  )
})

test('the oldest such log is of struct log', () => {
  const image = mkprintkLog(lines(3))
  const renamed = { ...image, vmcoreinfo: image.vmcoreinfo.replaceAll('printk_log', 'log') }
  assert.deepEqual(
    texts(read(renamed)),
    lines(3).map(({ text }) => text),
  )
})

for (const [what, offset, value] of [
  ['a length too short for a record', 8, 4],
  ['a first record that leads to itself around the buffer', 8, 0],
  ['lengths that lead beyond the end', 8, 0xffff],
] as const) {
  test(`${what}: the old log ends, as corrupt`, () => {
    const image = mkprintkLog(lines(3))
    const data = image.pieces[1]?.[1] ?? assert.fail()
    new DataView(data.buffer).setUint16(offset, value, true)
    assert.throws(() => read(image), CorruptError)
  })
}

test('lines are printed as dmesg prints them, each with the time', () => {
  const [record] = read(mkprintk({ lines: [{ text: 'one\ntwo', seconds: 12.345678 }] }))
  assert.deepEqual(formatLogLines(record ?? assert.fail()), [
    '[   12.345678] one',
    '[   12.345678] two',
  ])
  const [lost] = read(mkprintk({ lines: [{ text: 'x', state: 'failed' }] }))
  assert.deepEqual(formatLogLines(lost ?? assert.fail()), ['[    0.000000] (no room in the ring)'])
})

const CLEAR = 0xffff_ffff_8250_0000n

function readCleared(image: LogImage, words: readonly number[], more: string): string[] {
  const bytes = new Uint8Array(BigUint64Array.from(words, BigInt).buffer)
  const memory = new SparseMemory([...image.pieces, [CLEAR, bytes]], true)
  const info = new VmcoreInfo(`${image.vmcoreinfo}SYMBOL(clear_seq)=${CLEAR.toString(16)}\n${more}`)
  return texts([...readLogSinceClear(memory, info)])
}

test('since the log was cleared: the copy that the latch says, or the one number before v5.13', () => {
  const image = mkprintk({ lines: lines(4) })
  const latched = 'OFFSET(latched_seq.val)=8\n'
  assert.deepEqual(readCleared(image, [0, 3, 1], latched), ['message 3'])
  assert.deepEqual(readCleared(image, [5, 3, 2], latched), ['message 2', 'message 3'])
  assert.deepEqual(readCleared(image, [2], ''), ['message 2', 'message 3'])
  assert.deepEqual(readCleared(image, [1000], ''), [])
})

test('the log of v3.5 to v5.9 was cleared at an index', () => {
  const image = mkprintkLog(lines(3))
  const length = image.pieces.flatMap(([, bytes]) => (bytes.length === 512 ? [bytes] : []))[0]?.[8]
  const bytes = new Uint8Array(Uint32Array.of(length ?? 0).buffer)
  const memory = new SparseMemory([...image.pieces, [CLEAR, bytes]], true)
  const info = new VmcoreInfo(`${image.vmcoreinfo}SYMBOL(clear_idx)=${CLEAR.toString(16)}\n`)
  assert.deepEqual(texts([...readLogSinceClear(memory, info)]), ['message 1', 'message 2'])
})
