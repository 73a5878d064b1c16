// The inner copies of the byte-oriented LZ codecs (LZO, snappy): callers have checked every bound.

/** From this length on, set() and copyWithin() beat a byte loop. */
const BULK = 48

/** Copy `count` bytes of `input` to `output`. */
export function copyLiterals(
  input: Uint8Array,
  ip: number,
  output: Uint8Array,
  op: number,
  count: number,
): void {
  if (count >= BULK) {
    output.set(input.subarray(ip, ip + count), op)
    return
  }
  for (const end = ip + count; ip < end;) output[op++] = input[ip++] as number
}

/** Append `length` bytes found `distance` back; they may overlap themselves, which repeats the period. */
export function copyMatch(output: Uint8Array, op: number, distance: number, length: number): void {
  let from = op - distance
  if (length < BULK) {
    for (const end = op + length; op < end;) output[op++] = output[from++] as number
    return
  }
  if (distance === 1) {
    output.fill(output[from] as number, op, op + length)
    return
  }
  // What was copied can be copied again, so the span doubles.
  for (let left = length, span = distance; left > 0;) {
    const part = span < left ? span : left
    output.copyWithin(op, from, from + part)
    op += part
    left -= part
    span += part
  }
}

/** Length of the common run at `from` and `at` (4 bytes are known to be equal), up to `end`. */
export function matchLength(view: DataView, from: number, at: number, end: number): number {
  let length = 4
  for (const limit = end - at - 4; length <= limit; length += 4) {
    const differing = view.getInt32(from + length, true) ^ view.getInt32(at + length, true)
    if (differing !== 0) return length + ((31 - Math.clz32(differing & -differing)) >> 3)
  }
  while (at + length < end && view.getUint8(from + length) === view.getUint8(at + length)) length++
  return length
}
