// files: what a process had open.
import { sameAsCrash, defineClaims } from './claim.ts'

export const files = defineClaims([sameAsCrash('files 1')])
