// Who made a task. Source: include/linux/sched.h, kernel/fork.c.
import type { Task } from './sched.ts'

/**
 * The task that made this one (or inherited it), as /proc counts parents: a debugger does not take its place.
 *
 * An idle task's is the idle task of CPU 0: the field names whoever brought the CPU up, often PID 1.
 *
 * @source fs/proc/array.c task_state()
 */
export function parentTask(task: Task): Task {
  if (task.number('pid') !== 0) return task.get('real_parent').deref()
  return task.program.objectAt('struct task_struct', task.program.symbol('init_task'))
}
