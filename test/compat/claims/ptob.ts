// ptob: pages to addresses.
import { defineClaims, refusedAsCrash, sameAsCrash } from './claim.ts'

export const ptob = defineClaims([sameAsCrash('ptob 512a 1'), refusedAsCrash('ptob zz')])
