// whatis: declarations of what symbols name, and types by what they are made of.
import assert from 'node:assert/strict'
import { crashClaim, defineClaims, type Claim } from './claim.ts'
import { sameAsGdb } from './gdb_text.ts'

/** All that crash finds: it does not look into unions of unions, and DWARF knows fewer types than all of BTF. */
const finds = (line: string): Claim =>
  crashClaim(line, ({ lines }, theirs) => {
    assert.ok(theirs.length > 3)
    const missing = theirs.filter((each) => !lines.includes(each))
    assert.deepEqual(missing, [])
    assert.ok(lines.length < theirs.length * 2)
  })

export const whatis = defineClaims([
  ...sameAsGdb(['whatis init_task', 'whatis schedule', 'whatis -o list_head', 'whatis list_head']),
  ...['whatis -r 192', 'whatis -r 1000-1010', 'whatis -m mm_struct'].map(finds),
  finds('whatis -r 256-300 -m task_struct'),
])
