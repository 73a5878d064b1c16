// LZO1X, both ways, written from the stream description in the kernel's Documentation/staging/lzo.rst.
// Only bitstream version 0 (what kdump writes); a raw block carries no header, length or checksum.
import type { Codec } from './codec.ts'
import { copyLiterals, copyMatch, matchLength } from './lz_copy.ts'
import { claimPositions, lastSeen, slotOf } from './lz_table.ts'

const END_DISTANCE = 0x4000
/** Farthest reach of the three kinds of matches the encoder emits; M2 also ends where the 3-byte kind begins. */
const M2_DISTANCE_MAX = 0x800
const M3_DISTANCE_MAX = 0x4000
const M4_DISTANCE_MAX = 0xbfff
const M2_LENGTH_MAX = 8
const M3_LENGTH_MAX = 33
const M4_LENGTH_MAX = 9

export const lzo: Codec = { name: 'lzo', decompress, compress }

function fail(what: string): never {
  throw new RangeError(`lzo: ${what}`)
}

function decompress(input: Uint8Array, output: Uint8Array): number {
  const inEnd = input.length
  const outEnd = output.length
  let ip = 0
  let op = 0
  let literals = 0
  // The first byte may be a literal count. State: literals copied last, 0 to 3, or 4 for "4 or more".
  if (inEnd > 0 && (input[0] as number) > 17) literals = (input[ip++] as number) - 17
  let state = literals < 4 ? literals : 4
  for (;;) {
    if (literals > 0) {
      if (literals > outEnd - op || literals > inEnd - ip) fail('literals exceed input or output')
      copyLiterals(input, ip, output, op, literals)
      ip += literals
      op += literals
    }
    // No instruction is shorter than two bytes (a literal run has three literals at least).
    if (ip + 2 > inEnd) fail('input ends within an instruction')
    const code = input[ip++] as number
    let length = 0
    let distance = 0
    if (code >= 64) {
      length = (code >> 5) + 1
      distance = ((input[ip++] as number) << 3) + ((code >> 2) & 7) + 1
      state = code & 3
    } else if (code >= 16) {
      const mask = code >= 32 ? 31 : 7
      length = code & mask
      if (length === 0) {
        const zeros = countZeros(input, ip)
        length = zeros * 255 + mask + (input[(ip += zeros + 1) - 1] as number)
      }
      if (ip + 2 > inEnd) fail('input ends within a distance')
      const word = (input[ip] as number) | ((input[ip + 1] as number) << 8)
      ip += 2
      length += 2
      distance = (word >> 2) + (code >= 32 ? 1 : END_DISTANCE + ((code & 8) << 11))
      state = word & 3
      if (distance === END_DISTANCE && code < 32) return endOf(code, ip, inEnd, op)
    } else if (state === 0) {
      literals = code
      if (code === 0) {
        const zeros = countZeros(input, ip)
        literals = zeros * 255 + 15 + (input[(ip += zeros + 1) - 1] as number)
      }
      literals += 3
      state = 4
      continue
    } else {
      length = state === 4 ? 3 : 2
      distance =
        ((input[ip++] as number) << 2) + (code >> 2) + (state === 4 ? M2_DISTANCE_MAX + 1 : 1)
      state = code & 3
    }
    if (distance > op || length > outEnd - op) fail('match exceeds output')
    copyMatch(output, op, distance, length)
    op += length
    literals = state
  }
}

/** A length that goes on: zeros count 255 each, the byte that is none ends it. */
function countZeros(input: Uint8Array, start: number): number {
  let ip = start
  while (input[ip] === 0) ip++
  if (ip >= input.length) fail('input ends within a length')
  return ip - start
}

function endOf(code: number, ip: number, inEnd: number, op: number): number {
  if (code !== 17 || ip !== inEnd) fail('bad end marker')
  return op
}

function compress(input: Uint8Array, output: Uint8Array): number {
  const inEnd = input.length
  const room = output.length
  const view = new DataView(input.buffer, input.byteOffset, inEnd)
  const lastWord = inEnd - 4
  const base = claimPositions(inEnd)
  let op = 0
  let anchor = 0
  for (let ip = 0; ip <= lastWord;) {
    const word = view.getInt32(ip, true)
    const slot = slotOf(word)
    const from = (lastSeen[slot] as number) - base
    lastSeen[slot] = base + ip
    if (from < 0 || ip - from > M4_DISTANCE_MAX || view.getInt32(from, true) !== word) {
      ip += 1 + ((ip - anchor) >> 5)
      continue
    }
    const length = matchLength(view, from, ip, inEnd)
    const literals = ip - anchor
    if (op + literals + ((literals + length) >> 7) + 12 > room) return 0
    op = putLiterals(input, anchor, literals, output, op)
    op = putMatch(output, op, ip - from, length)
    ip += length
    anchor = ip
  }
  const literals = inEnd - anchor
  if (op + literals + (literals >> 7) + 8 > room) return 0
  op = putLiterals(input, anchor, literals, output, op)
  output[op++] = 17
  output[op++] = 0
  output[op++] = 0
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
  if (op === 0 && count <= 238) output[op++] = 17 + count
  else if (op > 0 && count <= 3) output[op - 2] = (output[op - 2] as number) | count
  else op = putLength(output, op, 0, 15, count - 3)
  copyLiterals(input, from, output, op, count)
  return op + count
}

function putMatch(output: Uint8Array, op: number, distance: number, length: number): number {
  if (length <= M2_LENGTH_MAX && distance <= M2_DISTANCE_MAX) {
    distance--
    output[op++] = ((length - 1) << 5) | ((distance & 7) << 2)
    output[op++] = distance >> 3
    return op
  }
  if (distance <= M3_DISTANCE_MAX) {
    distance--
    op = putLength(output, op, 32, M3_LENGTH_MAX - 2, length - 2)
  } else {
    distance -= END_DISTANCE
    op = putLength(output, op, 16 | ((distance >> 11) & 8), M4_LENGTH_MAX - 2, length - 2)
  }
  output[op++] = (distance << 2) & 0xff
  output[op++] = (distance >> 6) & 0xff
  return op
}

/** A length in the low bits of an instruction; 0 there says that it goes on, in bytes of 255 written as zeros. */
function putLength(
  output: Uint8Array,
  op: number,
  code: number,
  inlineMax: number,
  length: number,
): number {
  if (length <= inlineMax) {
    output[op++] = code | length
    return op
  }
  output[op++] = code
  let rest = length - inlineMax
  for (; rest > 255; rest -= 255) output[op++] = 0
  output[op++] = rest
  return op
}
