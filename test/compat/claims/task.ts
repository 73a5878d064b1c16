// task: task_struct and thread_info.
import assert from 'node:assert/strict'
import { defineClaims, recipeClaim, sameAsCrash } from './claim.ts'
import { gdbLines } from './gdb_text.ts'

export const task = defineClaims([
  ...[
    ...['task 1', 'task -x 1', 'task -R pid,comm 1', 'task -R se.on_rq,mm 1 2', 'task pid,flags 1'],
    ...['task -x -R flags,cpu 1', 'task -R thread_info 1', 'task -d -R flags 1'],
  ].map((line) => sameAsCrash(line, { ours: gdbLines, theirs: gdbLines })),
  recipeClaim('task -R pid_links[1] 1', 'crash prints nothing for an element', ({ lines }) =>
    assert.match(lines[1] ?? '', /^ {2}pid_links\[1\] = \{/),
  ),
])
