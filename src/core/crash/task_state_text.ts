// A task's state in the kernel's own words, all bits of it.
import * as sched from '../kernel/sched.ts'

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
