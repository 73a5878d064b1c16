// Where four bytes were seen last: the match finder that the LZ encoders share. Each call claims a range of its own
// above all earlier ones, so entries of earlier calls read as "before the start" and nothing is cleared between.

const HASH_BITS = 12
/** Positions are 32-bit; long before they run out the table is cleared and counting begins again. */
const POSITION_MAX = 0x3fff_ffff

/** Last position of each hash, plus the base of the call that wrote it. */
export const lastSeen = new Int32Array(1 << HASH_BITS)
let nextBase = 1

/** Claim positions for an input of `length` bytes; returns the base to add to each. */
export function claimPositions(length: number): number {
  if (nextBase + length > POSITION_MAX) {
    lastSeen.fill(0)
    nextBase = 1
  }
  // Taken at once: a call that gives up leaves entries behind too.
  const base = nextBase
  nextBase += length
  return base
}

/** The slot of a four-byte word. */
export const slotOf = (word: number): number => Math.imul(word, 0x1e35_a7bd) >>> (32 - HASH_BITS)
