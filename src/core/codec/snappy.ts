// Snappy's raw block (no framing), both ways, written from its format description: a varint length, then
// literals and copies whose kind is in the low two bits of a tag byte.
import type { Codec } from './codec.ts'
import { copyLiterals, copyMatch, matchLength } from './lz_copy.ts'
import { claimPositions, lastSeen, slotOf } from './lz_table.ts'

const LITERAL = 0
const COPY_1 = 1
const COPY_2 = 2
/** Distances that a two-byte copy can express. */
const DISTANCE_MAX = 0xffff

export const snappy: Codec = { name: 'snappy', decompress, compress }

function fail(what: string): never {
  throw new RangeError(`snappy: ${what}`)
}

function decompress(input: Uint8Array, output: Uint8Array): number {
  const inEnd = input.length
  let ip = 0
  let expected = 0
  for (let shift = 0; ; shift += 7) {
    if (ip >= inEnd || shift > 28) fail('bad length')
    const byte = input[ip++] as number
    expected += (byte & 0x7f) * 2 ** shift
    if (byte < 0x80) break
  }
  if (expected > output.length) fail('length exceeds output')
  let op = 0
  while (ip < inEnd) {
    const tag = input[ip++] as number
    const kind = tag & 3
    let length = (tag >> 2) + 1
    if (kind === LITERAL) {
      if (length > 60) {
        const extra = length - 60
        if (ip + extra > inEnd) fail('input ends within a tag')
        length = readLittle(input, ip, extra) + 1
        ip += extra
      }
      if (length > inEnd - ip || length > expected - op) fail('literals exceed input or output')
      copyLiterals(input, ip, output, op, length)
      ip += length
      op += length
      continue
    }
    let distance = 0
    const extra = kind === COPY_1 ? 1 : kind === COPY_2 ? 2 : 4
    if (ip + extra > inEnd) fail('input ends within a tag')
    if (kind === COPY_1) {
      length = ((tag >> 2) & 7) + 4
      distance = ((tag & 0xe0) << 3) | (input[ip] as number)
    } else if (kind === COPY_2) {
      distance = (input[ip] as number) | ((input[ip + 1] as number) << 8)
    } else {
      distance = readLittle(input, ip, 4)
    }
    ip += extra
    if (distance === 0 || distance > op || length > expected - op) fail('copy exceeds output')
    copyMatch(output, op, distance, length)
    op += length
  }
  if (op !== expected) fail('input ends before the length it promised')
  return op
}

function readLittle(input: Uint8Array, ip: number, count: number): number {
  let value = 0
  for (let i = count - 1; i >= 0; i--) value = value * 256 + (input[ip + i] as number)
  return value
}

function compress(input: Uint8Array, output: Uint8Array): number {
  const inEnd = input.length
  const room = output.length
  const view = new DataView(input.buffer, input.byteOffset, inEnd)
  const lastWord = inEnd - 4
  const base = claimPositions(inEnd)
  if (room < 5) return 0
  let op = putVarint(output, inEnd)
  let anchor = 0
  for (let ip = 0; ip <= lastWord;) {
    const word = view.getInt32(ip, true)
    const slot = slotOf(word)
    const from = (lastSeen[slot] as number) - base
    lastSeen[slot] = base + ip
    if (from < 0 || ip - from > DISTANCE_MAX || view.getInt32(from, true) !== word) {
      ip += 1 + ((ip - anchor) >> 5)
      continue
    }
    const length = matchLength(view, from, ip, inEnd)
    const literals = ip - anchor
    // A copy tag of three bytes reaches 60 at least, a literal tag takes five.
    if (op + literals + 5 + 3 * (Math.floor(length / 60) + 1) > room) return 0
    op = putLiterals(input, anchor, literals, output, op)
    op = putCopy(output, op, ip - from, length)
    ip += length
    anchor = ip
  }
  const literals = inEnd - anchor
  if (op + literals + 5 > room) return 0
  return putLiterals(input, anchor, literals, output, op)
}

function putVarint(output: Uint8Array, value: number): number {
  let op = 0
  for (; value >= 0x80; value = Math.floor(value / 128)) output[op++] = (value & 0x7f) | 0x80
  output[op++] = value
  return op
}

function putLiterals(
  input: Uint8Array,
  from: number,
  count: number,
  output: Uint8Array,
  op: number,
): number {
  if (count === 0) return op
  const length = count - 1
  if (length < 60) output[op++] = length << 2
  else {
    const extra = length < 0x100 ? 1 : length < 0x1_0000 ? 2 : length < 0x100_0000 ? 3 : 4
    output[op++] = (59 + extra) << 2
    for (let i = 0; i < extra; i++) output[op++] = (length >>> (8 * i)) & 0xff
  }
  copyLiterals(input, from, output, op, count)
  return op + count
}

function putCopy(output: Uint8Array, op: number, distance: number, length: number): number {
  // Never leave a rest below 4: the short kind cannot express it and the long one would waste a tag.
  while (length >= 68) {
    op = putCopy2(output, op, distance, 64)
    length -= 64
  }
  if (length > 64) {
    op = putCopy2(output, op, distance, 60)
    length -= 60
  }
  if (length >= 12 || distance >= 2048) return putCopy2(output, op, distance, length)
  output[op++] = COPY_1 | ((length - 4) << 2) | ((distance >> 3) & 0xe0)
  output[op++] = distance & 0xff
  return op
}

function putCopy2(output: Uint8Array, op: number, distance: number, length: number): number {
  output[op++] = COPY_2 | ((length - 1) << 2)
  output[op++] = distance & 0xff
  output[op++] = distance >> 8
  return op
}
