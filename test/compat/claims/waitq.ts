// waitq: queues on which the guest's kernel threads and processes slept.
import assert from 'node:assert/strict'
import type { Program } from '../../../src/core/program/program.ts'
import { findTask } from '../../../src/core/kernel/sched.ts'
import { defineClaims, drgnClaim, sameAsCrash } from './claim.ts'

const hex = (address: bigint): string => address.toString(16)
const symbolAddress = (program: Program, name: string): string => hex(program.symbol(name))
/** Where PID 1 waits for its children. */
const childExit = (program: Program): string =>
  `waitq signal_struct.wait_chldexit ${hex(findTask(program, 1)?.pointer('signal') ?? 0n)}`

const pids = (queue: string, walk = 'waitqueue_for_each_task'): string =>
  `result = [task.pid.value_() for task in ${walk}(${queue})]`

export const waitq = defineClaims([
  ...['waitq kauditd_wait', 'waitq oom_reaper_wait', 'waitq ksm_thread_wait', 'waitq log_wait'].map(
    (line) => sameAsCrash(line),
  ),
  sameAsCrash(
    (program) => `waitq ${symbolAddress(program, 'kauditd_wait')}`,
    {},
    {
      shows: 'waitq ADDRESS',
    },
  ),
  sameAsCrash(childExit, {}, { shows: 'waitq signal_struct.wait_chldexit ADDRESS' }),
  drgnClaim(
    'waitq kauditd_wait',
    pids('prog["kauditd_wait"].address_of_()'),
    ({ rows }, theirs) => {
      assert.ok(theirs.length > 0)
      assert.deepEqual(
        rows.map(({ pid }) => pid),
        theirs,
      )
    },
  ),
  drgnClaim(
    childExit,
    pids('find_task(prog, 1).signal.wait_chldexit.address_of_()'),
    ({ rows }, theirs) =>
      assert.deepEqual(
        rows.map(({ pid }) => pid),
        theirs,
      ),
    { shows: 'waitq signal_struct.wait_chldexit ADDRESS' },
  ),
  drgnClaim(
    (program) => `waitq rcu_state.gp_wq ${symbolAddress(program, 'rcu_state')}`,
    pids('prog["rcu_state"].gp_wq.address_of_()', 'swait_for_each_task'),
    ({ rows }, theirs) => {
      assert.ok(theirs.length > 0)
      assert.deepEqual(
        rows.map(({ pid }) => pid),
        theirs,
      )
    },
    { shows: 'waitq rcu_state.gp_wq ADDRESS (a simple queue)' },
  ),
])
