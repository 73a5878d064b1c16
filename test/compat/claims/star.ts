// *: struct under a shorter name.
import { defineClaims, recipeClaim, sameAsCrash, type Claim } from './claim.ts'
import { gdbLines } from './gdb_text.ts'
import assert from 'node:assert/strict'

const same = (line: string): Claim => sameAsCrash(line, { ours: gdbLines, theirs: gdbLines })

/** What reads user memory leaves crash unable to read the kernel's: nothing may come behind it in a session. */
const user = (line: string): Claim =>
  recipeClaim(
    line,
    'crash reads user memory for all lines that follow',
    ({ lines }) => assert.ok(lines.length > 1),
    { before: ['set 1'] },
  )

export const star = defineClaims([
  ...[
    ...['* list_head init_task', '* -o list_head', '* -x list_head.next init_task', '* page'],
    ...['* -c 2 list_head init_task', '* -r list_head init_task', '* -d list_head init_task'],
    ...['* -l task_struct.tasks task_struct.pid init_task', '* -p list_head.next super_blocks'],
  ].map(same),
  user('* -u list_head 400000'),
])
