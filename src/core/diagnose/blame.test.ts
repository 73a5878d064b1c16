// Who is blamed: stacks as crashes of each sort leave them.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { sceneOf } from '../../../test/support/scene.ts'
import { blame, blamedFrame, isBlamable, isDispatcher, isHelper } from './blame.ts'
import type { NamedFrame } from './named_frame.ts'

const frame = (name: string | null, quality: NamedFrame['quality'] = 'exact'): NamedFrame => ({
  ...{ name, offset: 0, module: '', ip: 0n, sp: 0n, quality },
  ...{ interrupted: false, registers: undefined },
})
const blamed = (...names: readonly string[]): string | null | undefined =>
  blamedFrame(names.map((name) => frame(name)))?.name

test('the first that is no part of dying and does not do as it is told is blamed', () => {
  assert.equal(blamed('panic', 'oops_end', 'hub_read', 'vfs_read'), 'hub_read')
  assert.equal(blamed('memcpy_erms', 'hub_copy', 'vfs_write'), 'hub_copy')
  assert.equal(blamed('__list_del_entry_valid_or_report', 'session_unlink'), 'session_unlink')
  assert.equal(blamed('__kmem_cache_free', 'kfree', 'profile_drop'), 'profile_drop')
  assert.equal(
    blamed('queued_spin_lock_slowpath', '_raw_spin_lock_irqsave', 'hub_lock'),
    'hub_lock',
  )
  assert.equal(
    blamed('__schedule', 'schedule', 'schedule_timeout', 'msleep', 'hub_wait'),
    'hub_wait',
  )
  assert.equal(blamed('native_halt', 'hub_idle.cold'), 'hub_idle.cold')
})

test('helpers are all the allocator’s and all the lists’, whatever the compiler appended', () => {
  for (const name of [
    ...['kmalloc_trace', '__kmalloc_node_track_caller', 'kvmalloc_node', '__kmalloc_cache_noprof'],
    ...['kmem_cache_alloc_lru', '___slab_alloc', 'kmemdup', 'list_add_tail', 'kasan_report'],
    ...[
      'mutex_lock_interruptible',
      'down_write_killable',
      'wait_for_completion',
      'usleep_range_state',
    ],
    ...['__slab_free.isra.0', 'check_object.part.0'],
  ])
    assert.ok(isHelper(name), name)
  for (const name of ['hub_list_add', 'ext4_kmalloc_x', 'do_exit', 'downgrade_thing', 'vfs_write'])
    assert.ok(!isHelper(name), name)
})

test('what calls whatever it is given is not blamed', () => {
  for (const name of [
    ...['process_one_work', '__x64_sys_write', 'do_syscall_64', '__irq_exit_rcu', 'rcu_do_batch'],
    ...['handle_softirqs', 'call_timer_fn', '__hrtimer_run_queues', 'ret_from_fork_asm', 'el0_svc'],
  ])
    assert.ok(isDispatcher(name), name)
  assert.ok(!isDispatcher('uplink_work'))
  assert.equal(blamed('kfree', 'process_one_work', 'worker_thread'), 'kfree')
})

test('guesses are blamed only where there is nothing better', () => {
  assert.equal(blamedFrame([frame('guess', 'guess'), frame('sure')])?.name, 'sure')
  assert.equal(blamedFrame([frame(null), frame('guess', 'guess')])?.name, 'guess')
  assert.equal(blamedFrame([frame(null)]), undefined)
})

test('a function that ended in a jump has no frame, and is blamed by the call that led to it', () => {
  const frames = ['kmem_cache_free', 'hub_close', 'vfs_release']
  const scene = sceneOf({
    ...{ tasks: { sh: { pid: 9, cpu: 0, frames } }, panicCpu: 0, functions: { hub_release: 0x40 } },
    more(kernel) {
      const call = (at: bigint, to: bigint): void => {
        kernel.write(at - 5n, 1, 0xe8)
        kernel.write(at - 4n, 4, BigInt.asUintN(32, to - at))
      }
      call(kernel.addressOf('hub_close+0x10'), kernel.addressOf('hub_release'))
    },
  })
  const { program, panicTrace } = scene
  assert.equal(blame(program, panicTrace.frames)?.function, 'hub_release')
  // The caller's own frame says nothing of who called it.
  assert.equal(blame(program, panicTrace.frames.slice(1))?.function, 'hub_close')
})

test('parts that compilers cut off are the function', () => {
  const scene = sceneOf()
  assert.equal(blame(scene.program, [frame('panic'), frame('hub_read.cold')])?.function, 'hub_read')
  assert.equal(blame(scene.program, [frame('panic')]), null)
})

test('the kernel is entered through functions that are not to blame', () => {
  for (const name of ['entry_SYSCALL_64_after_hwframe', 'entry_SYSENTER_compat_after_hwframe'])
    assert.ok(isDispatcher(name), name)
})

test('a function that only begins like an entry of the kernel can be to blame', () => {
  for (const name of ['entry_touch', 'entry_is_valid']) assert.ok(isBlamable(name), name)
})
