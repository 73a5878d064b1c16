// whatis: declarations of what symbols name.
import { defineClaims } from './claim.ts'
import { sameAsGdb } from './gdb_text.ts'

export const whatis = defineClaims(sameAsGdb(['whatis init_task', 'whatis schedule']))
