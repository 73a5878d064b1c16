// log: the kernel's messages.
import { sameAsCrash, defineClaims } from './claim.ts'

export const log = defineClaims([sameAsCrash('log -t')])
