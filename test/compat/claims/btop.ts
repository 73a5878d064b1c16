// btop: addresses to pages.
import { defineClaims, sameAsCrash } from './claim.ts'

export const btop = defineClaims([sameAsCrash('btop 512a000 512a001 1000'), sameAsCrash('btop zz')])
