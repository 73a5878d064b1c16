// btop: addresses to pages.
import { defineClaims, refusedAsCrash, sameAsCrash } from './claim.ts'

export const btop = defineClaims([
  sameAsCrash('btop 512a000 512a001 1000'),
  refusedAsCrash('btop zz'),
])
