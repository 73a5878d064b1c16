// A task's state in the kernel's own words, all bits of it.
import * as sched from '../kernel/sched.ts'

// include/linux/sched.h, since v5.15, commit 5f220be21418 ("sched/wakeup: Prepare for RT sleeping spin/rwlocks"),
// and v6.1, commit f5d39b020809 ("freezer,sched: Rewrite core freezer logic"); the bits were unused before.
const TASK_RTLOCK_WAIT = 0x1000
const TASK_FREEZABLE = 0x2000
const TASK_FROZEN = 0x8000

const BITS: readonly (readonly [bit: number, name: string])[] = [
  [sched.TASK_INTERRUPTIBLE, 'TASK_INTERRUPTIBLE'],
  [sched.TASK_UNINTERRUPTIBLE, 'TASK_UNINTERRUPTIBLE'],
  [sched.TASK_STOPPED, 'TASK_STOPPED'],
  [sched.TASK_TRACED, 'TASK_TRACED'],
  [sched.EXIT_DEAD, 'EXIT_DEAD'],
  [sched.EXIT_ZOMBIE, 'EXIT_ZOMBIE'],
  [sched.TASK_PARKED, 'TASK_PARKED'],
  [sched.TASK_DEAD, 'TASK_DEAD'],
  [sched.TASK_WAKEKILL, 'TASK_WAKEKILL'],
  [sched.TASK_WAKING, 'TASK_WAKING'],
  [sched.TASK_NOLOAD, 'TASK_NOLOAD'],
  [sched.TASK_NEW, 'TASK_NEW'],
  [TASK_RTLOCK_WAIT, 'TASK_RTLOCK_WAIT'],
  [TASK_FREEZABLE, 'TASK_FREEZABLE'],
  [TASK_FROZEN, 'TASK_FROZEN'],
]

/** `TASK_RUNNING`, or the names of all bits joined by `|`; bits without a name in hex. */
export function taskStateText(task: sched.Task): string {
  let rest = sched.taskState(task)
  if (rest === 0) return 'TASK_RUNNING'
  const names: string[] = []
  for (const [bit, name] of BITS) {
    if ((rest & bit) !== 0) names.push(name)
    rest &= ~bit
  }
  if (rest !== 0) names.push(`0x${rest.toString(16)}`)
  return names.join('|')
}
