// foreach: a command for many tasks. crash lists them in another order: they are compared task by task.
import assert from 'node:assert/strict'
import { crashClaim, defineClaims } from './claim.ts'
import { byTask, gdbLines } from './gdb_text.ts'

export const foreach = defineClaims(
  [...['foreach task', 'foreach task -x', 'foreach task -R pid,comm,flags,se.on_rq']].map((line) =>
    crashClaim(line, ({ lines }, theirs) => {
      assert.ok(theirs.length > 0, 'crash prints nothing')
      assert.deepEqual(byTask(gdbLines(lines)), byTask(gdbLines(theirs)))
    }),
  ),
)
