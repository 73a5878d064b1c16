// pte: contents of page table entries.
import { defineClaims, recipeClaim, sameAsCrash } from './claim.ts'
import assert from 'node:assert/strict'

export const pte = defineClaims([
  ...['8000000013f60067', '13f600', '0', '25', '8000000000000225', '67 80', '1e3', 'fff'].map(
    (contents) => sameAsCrash(`pte ${contents}`),
  ),
  recipeClaim(
    'pte ffffffffffabc100',
    'crash leaves the address of PROT_NONE inverted',
    ({ rows }) => {
      assert.equal(rows[0]?.physical, '0x543000')
      assert.match(rows[0]?.flags, /PROTNONE/)
    },
  ),
])
