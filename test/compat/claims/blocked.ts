// blocked: which tasks it takes is measured against their states as drgn reads them, what it says of them against what
// the workload has done: it has frozen a file system and then written to it.
import assert from 'node:assert/strict'
import { defineClaims, drgnClaim, recipeClaim } from './claim.ts'

const DEEP = `result = [task.pid.value_() for task in for_each_task(prog) if task_state_to_char(task) == 'D']`

const HELD = /^struct super_block\.s_writers\.rw_sem\[\d\] of loop\d+, which is frozen$/

export const blocked = defineClaims([
  drgnClaim('blocked -l', DEEP, ({ rows }, pids: number[]) => {
    const found = new Set(rows.map(({ pid }) => pid))
    for (const pid of pids) assert.ok(found.has(pid), `PID ${pid}`)
  }),
  recipeClaim(
    'blocked',
    'the workload writes to a file system that it has frozen: crash and drgn do not say for what a task waits',
    ({ rows, lines }) => {
      const row = rows.find(({ command }) => command === 'touch')
      assert.ok(row, 'touch does not wait')
      assert.equal(row.waits_for, 'percpu-rwsem')
      assert.match(row.name, HELD)
      assert.equal(row.function, 'mnt_want_write')
      assert.ok(!lines.some((line) => line.includes('DEADLOCK')), 'a deadlock on a sound machine')
    },
  ),
  recipeClaim('blocked 1', 'init sleeps, and waits for no lock', ({ lines }) =>
    assert.deepEqual(lines, ['PID 1 "init" does not wait']),
  ),
  recipeClaim('blocked -t 100000', 'nothing has waited for a day', ({ rows }) =>
    assert.deepEqual(rows, []),
  ),
])
