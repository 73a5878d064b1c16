// set: the current task and the session's variables.
import { sameAsCrash, defineClaims } from './claim.ts'

export const set = defineClaims([sameAsCrash('set')])
