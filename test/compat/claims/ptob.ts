// ptob: pages to addresses.
import { defineClaims, sameAsCrash } from './claim.ts'

export const ptob = defineClaims([sameAsCrash('ptob 512a 1'), sameAsCrash('ptob zz')])
