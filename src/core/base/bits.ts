// Counting and finding bits in bitmaps (one bit a page frame, least significant first).

const POPCOUNT = new Uint8Array(256)
for (let i = 1; i < 256; i++) POPCOUNT[i] = (i & 1) + (POPCOUNT[i >> 1] as number)

/** Test bit `index` of a bitmap; bits past its end are clear. */
export function testBit(bitmap: Uint8Array, index: number): boolean {
  return ((bitmap[Math.floor(index / 8)] ?? 0) & (1 << (index & 7))) !== 0
}

/** Set bit `index`. */
export function setBit(bitmap: Uint8Array, index: number): void {
  const at = Math.floor(index / 8)
  bitmap[at] = (bitmap[at] as number) | (1 << (index & 7))
}

/** Clear bit `index`. */
export function clearBit(bitmap: Uint8Array, index: number): void {
  const at = Math.floor(index / 8)
  bitmap[at] = (bitmap[at] as number) & ~(1 << (index & 7))
}

/** Count the set bits of bytes `[start, end)`. */
export function popcount(bitmap: Uint8Array, start = 0, end = bitmap.length): number {
  let count = 0
  for (let i = start; i < end; i++) count += POPCOUNT[bitmap[i] as number] as number
  return count
}

/** Count of set bits below each 512-byte block, so that the rank of any bit costs one table read and at most 512 bytes. */
export class BitRank {
  static readonly BLOCK_BYTES = 512
  readonly bitmap: Uint8Array
  readonly total: number
  /** Not 32-bit: 16 TiB of dumped pages exceed it. */
  readonly #before: Float64Array

  constructor(bitmap: Uint8Array) {
    this.bitmap = bitmap
    const blocks = Math.ceil(bitmap.length / BitRank.BLOCK_BYTES)
    this.#before = new Float64Array(blocks + 1)
    let sum = 0
    for (let block = 0; block < blocks; block++) {
      this.#before[block] = sum
      const start = block * BitRank.BLOCK_BYTES
      sum += popcount(bitmap, start, Math.min(start + BitRank.BLOCK_BYTES, bitmap.length))
    }
    this.#before[blocks] = sum
    this.total = sum
  }

  /** Number of set bits before `index`. */
  rank(index: number): number {
    const byte = Math.floor(index / 8)
    if (byte >= this.bitmap.length) return this.total
    const block = Math.floor(byte / BitRank.BLOCK_BYTES)
    const partial = (this.bitmap[byte] as number) & ((1 << (index & 7)) - 1)
    return (
      (this.#before[block] as number) +
      popcount(this.bitmap, block * BitRank.BLOCK_BYTES, byte) +
      (POPCOUNT[partial] as number)
    )
  }
}

/** Runs of set bits, as numbers of the first and of the one behind the last. */
export function bitRuns(bitmap: Uint8Array): { start: number; end: number }[] {
  const runs: { start: number; end: number }[] = []
  let start = -1
  for (let at = 0; at < bitmap.length; at++) {
    const byte = bitmap[at] as number
    // Most bytes go on as the one before.
    if (byte === (start < 0 ? 0 : 0xff)) continue
    for (let bit = 0; bit < 8; bit++) {
      const isSet = ((byte >> bit) & 1) === 1
      if (isSet === start >= 0) continue
      if (isSet) start = at * 8 + bit
      else {
        runs.push({ start, end: at * 8 + bit })
        start = -1
      }
    }
  }
  if (start >= 0) runs.push({ start, end: bitmap.length * 8 })
  return runs
}
