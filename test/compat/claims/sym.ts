// sym: symbols by name and address.
import { defineClaims } from './claim.ts'
import { sameAsGdb } from './gdb_text.ts'

export const sym = defineClaims(sameAsGdb(['sym init_task', 'sym jiffies', 'sym -q panic_on_oops']))
