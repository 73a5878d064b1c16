// foreach: a command for many tasks. crash lists them in another order: they are compared task by task.
import assert from 'node:assert/strict'
import { getTask } from './task_address.ts'
import { crashClaim, defineClaims, type Claim } from './claim.ts'
import { byTask, gdbLines } from './gdb_text.ts'

/** States crash does not know, and which of the idle tasks it is, aside. */
const plain = (lines: readonly string[]): string[] =>
  lines.map((line) => line.replace(/\|TASK_FREEZABLE/, '').replace(/ \(\d+ of \d+\)/, ''))

const same = (line: string): Claim =>
  crashClaim(
    (program) => line.replace('TASK', getTask(program, 1).address.toString(16)),
    ({ lines }, theirs) => {
      assert.ok(theirs.length > 0, 'crash prints nothing')
      assert.deepEqual(byTask(gdbLines(plain(lines))), byTask(gdbLines(plain(theirs))))
    },
    { shows: line },
  )

export const foreach = defineClaims(
  [
    ...['foreach ps', 'foreach gleader task', 'foreach gleader task -x'],
    ...['foreach kernel set', 'foreach user ps', 'foreach gleader ps', 'foreach active set'],
    ...[
      'foreach IN ps',
      'foreach UN ps',
      'foreach 1 2 set',
      'foreach init set',
      "foreach 'kwork.*' ps",
    ],
    ...['foreach TASK ps', 'foreach 1 2 task -R pid,comm,flags,se.on_rq'],
  ].map(same),
)
