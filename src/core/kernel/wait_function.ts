// What a task waits for, told by the functions it sleeps in. Source: kernel/locking/, kernel/sched/{wait_bit,completion}.c,
// mm/filemap.c, fs/buffer.c, block/, kernel/rcu/, kernel/workqueue.c, kernel/time/.
import type { WaitedKind } from './wait_graph.ts'

/** A frame of a sleeping task's stack, as far as waits are concerned. */
export interface WaitFrame {
  /** null where no symbol is known. */
  readonly name: string | null
  /** '' for the kernel itself. */
  readonly module: string
  readonly ip: bigint
  readonly sp: bigint
}

/** What the stack tells of a wait. */
export interface WaitFunctions {
  readonly kind: WaitedKind
  /** The outermost function of sleeping: `mutex_lock`, `wait_for_completion`; '' if none was found. */
  readonly by: string
  /** Index of the frame that called it; the number of frames if none did. */
  readonly caller: number
}

/** Functions of sleeping, the more telling kinds first; one that calls another stands for both. */
const SLEEPERS: readonly (readonly [kind: WaitedKind, pattern: RegExp])[] = [
  ['freezer', /^(?:__refrigerator|freezer_\w+)$/],
  ['mutex', /^_*(?:ww_)?mutex_lock\w*$/],
  ['percpu-rwsem', /^_*(?:percpu_(?:down|rwsem)_\w+|cpus_(?:read|write)_lock)$/],
  [
    'rwsem-read',
    /^(?:_*down_read\w*|(?:call_)?rwsem_down_read_\w+|_*rwbase_read_lock|_*rwsem_read_\w+)$/,
  ],
  [
    'rwsem-write',
    /^(?:_*down_write\w*|(?:call_)?rwsem_down_write_\w+|_*rwbase_write_lock|_*rwsem_write_\w+)$/,
  ],
  ['semaphore', /^_*down(?:_common|_interruptible|_killable|_timeout)?$/],
  ['rt-mutex', /^_*(?:rt_mutex_\w+|rt_(?:spin|read|write)_\w+|rtlock_\w+)$/],
  [
    'rcu',
    /^(?:_*synchronize_(?:s?rcu\w*|net|sched|rcu_bh|shrinkers)|_*wait_rcu_gp|s?rcu_barrier\w*|cond_synchronize_\w+)$/,
  ],
  [
    'work',
    /^_*(?:flush_work|flush_workqueue|drain_workqueue|cancel_work_sync|cancel_work_timer|cancel_delayed_work_sync|flush_delayed_work|flush_rcu_work)$/,
  ],
  ['buffer', /^(?:_*wait_on_buffer|_*lock_buffer|_*sync_dirty_buffer|bh_uptodate_or_lock)$/],
  [
    'folio',
    /^_*(?:folio_(?:wait|lock|put_wait)\w*|wait_on_page_\w+|lock_page\w*|put_and_wait_on_page_locked|(?:migration|softleaf)_entry_wait\w*|filemap_fdatawait_range)$/,
  ],
  [
    'block-io',
    /^_*(?:io_schedule|io_schedule_timeout|submit_bio_wait|bio_await\w*|blk_execute_rq|blk_mq_get_tag|rq_qos_wait|wbt_wait|blk_io_schedule|blk_queue_enter|bio_queue_enter|blk_mq_freeze_queue_wait\w*|dio_await_\w+)$/,
  ],
  [
    'completion',
    /^(?:wait_for_(?:common|completion)\w*|_*wait_for_common|do_wait_for_common|wait_for_vfork_done|kthread_(?:stop|park)\w*)$/,
  ],
  [
    'wait-queue',
    /^(?:_*wait_on_bit\w*|out_of_line_wait_on_\w+|bit_wait\w*|wait_woken|rcuwait_\w+)$/,
  ],
  [
    'timer',
    /^(?:msleep\w*|usleep_range\w*|fsleep|schedule_(?:hr)?timeout\w*|(?:do|hrtimer)_nanosleep|common_nsleep\w*)$/,
  ],
]

/** What goes to sleep for whoever calls it. */
const SCHEDULING =
  /^(?:_*schedule|schedule_preempt_disabled|schedule_rtlock|preempt_schedule\w*|context_switch|__switch_to\w*|read_hpet|trace_\w+)$/

/**
 * Classify a wait by its frames, innermost first. Of functions of sleeping that call each other the outermost says what
 * it is about: synchronize_rcu() waits for a completion, but what it waits for is RCU.
 */
export function waitFunctions(frames: readonly WaitFrame[]): WaitFunctions {
  let found: WaitFunctions = { kind: 'unknown', by: '', caller: 0 }
  for (const [index, { name }] of frames.entries()) {
    const bare = name === null ? '' : bareFunction(name)
    const kind = sleeperKind(bare)
    if (kind) found = { kind, by: bare, caller: index + 1 }
    else if (SCHEDULING.test(bare)) found = { ...found, caller: index + 1 }
    else break
  }
  return found
}

function sleeperKind(name: string): WaitedKind | undefined {
  return SLEEPERS.find(([, pattern]) => pattern.test(name))?.[0]
}

/** Without what compilers append: `.isra.0`, `.constprop.1`. */
function bareFunction(name: string): string {
  const dot = name.indexOf('.')
  return dot > 0 ? name.slice(0, dot) : name
}
