// Stacks of sleeping tasks, innermost first, as kernels from 5.10 to 7.2 have them.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { waitFunctions } from './wait_function.ts'

function told(stack: string): string {
  const frames = stack.split(' ').map((name) => ({ name, module: '', ip: 0n, sp: 0n }))
  const { kind, by, caller } = waitFunctions(frames)
  return `${kind} ${by} ${frames[caller]?.name ?? '-'}`
}

for (const [stack, expected] of [
  [
    '__schedule schedule schedule_preempt_disabled __mutex_lock.constprop.0 rtnetlink_rcv_msg',
    'mutex __mutex_lock rtnetlink_rcv_msg',
  ],
  [
    '__schedule schedule rwsem_down_read_slowpath down_read_killable do_madvise',
    'rwsem-read down_read_killable do_madvise',
  ],
  [
    '__schedule schedule percpu_rwsem_wait __percpu_down_read mnt_want_write',
    'percpu-rwsem __percpu_down_read mnt_want_write',
  ],
  [
    '__schedule schedule schedule_timeout ___down_common __down down acquire_console',
    'semaphore down acquire_console',
  ],
  [
    '__schedule schedule schedule_timeout wait_for_completion __wait_rcu_gp synchronize_rcu drop_table',
    'rcu synchronize_rcu drop_table',
  ],
  [
    '__schedule schedule schedule_timeout __wait_for_common __flush_work.isra.0 stop_device',
    'work __flush_work stop_device',
  ],
  [
    '__schedule schedule io_schedule folio_wait_bit_common folio_wait_writeback truncate_inode_pages',
    'folio folio_wait_writeback truncate_inode_pages',
  ],
  [
    '__schedule schedule io_schedule bit_wait_io __wait_on_bit out_of_line_wait_on_bit __wait_on_buffer ext4_read_bh',
    'buffer __wait_on_buffer ext4_read_bh',
  ],
  [
    '__schedule schedule schedule_timeout io_schedule_timeout wait_for_completion_io submit_bio_wait write_super',
    'block-io submit_bio_wait write_super',
  ],
  ['__schedule schedule io_schedule read_swap', 'block-io io_schedule read_swap'],
  ['__schedule schedule schedule_timeout msleep poll_hardware', 'timer msleep poll_hardware'],
  ['__schedule schedule jbd2_log_wait_commit', 'unknown  jbd2_log_wait_commit'],
] as const) {
  test(`${stack.split(' ').at(-1)} waits: ${expected}`, () => {
    assert.equal(told(stack), expected)
  })
}
