// swap: what is swapped to.
import assert from 'node:assert/strict'
import { defineClaims, guestClaim, replacing, sameAsCrash } from './claim.ts'

/** crash takes a file of an overlay or network file system for a partition. */
const NO_TYPE = replacing(/ (PARTITION| {2}FILE {3}) /, ' ')

export const swap = defineClaims([
  sameAsCrash('swap', { ours: NO_TYPE, theirs: NO_TYPE }),
  guestClaim('swap', ({ rows }, truth) => {
    const areas = truth
      .read('swaps')
      .split('\n')
      .slice(1)
      .filter((line) => line !== '')
      .map((line) => line.split(/\s+/))
    assert.deepEqual(
      rows.map((row) => [row.filename, row.type.toLowerCase(), row.size_kib, row.priority]),
      areas.map(([name, type, size, , priority]) => [name, type, Number(size), Number(priority)]),
    )
  }),
])
