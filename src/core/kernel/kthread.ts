// Names of kernel threads, longer than the 15 bytes of task.comm. Source: kernel/kthread.c, kernel/workqueue.c, fs/proc/array.c.
import { KdumpError } from '../base/errors.ts'
import type { KObject } from '../program/kobject.ts'
import { isKthread, type Task } from './sched.ts'

/** include/linux/sched.h; a task that serves a workqueue. */
export const PF_WQ_WORKER = 0x20

/**
 * A task's name as /proc/PID/comm has it: a kernel thread's full name, a kworker's with what it works on.
 *
 * @source fs/proc/array.c proc_task_name()
 */
export function taskName(task: Task): string {
  const comm = task.string('comm')
  if (!isKthread(task)) return comm
  try {
    const kthread = toKthread(task)
    if (!kthread) return comm
    // Since v5.17, commit d6986ce24fc0 ("kthread: dynamically allocate memory to store kthread's full name").
    const name = kthread.find('full_name')?.string() || comm
    return (task.number('flags') & PF_WQ_WORKER) === 0 ? name : name + workerSuffix(kthread)
  } catch (error) {
    // The short name is right, only short.
    if (error instanceof KdumpError) return comm
    throw error
  }
}

/** `task->worker_private` as `struct kthread`; undefined for idle tasks. @source kernel/kthread.c to_kthread() */
export function toKthread(task: Task): KObject<'kthread'> | undefined {
  // Since v5.17, commit e32cf5dfbe22 ("kthread: Generalize pf_io_worker so it can point to struct kthread").
  const pointer = task.pointer('worker_private', 'set_child_tid')
  return pointer === 0n ? undefined : task.program.objectAt('struct kthread', pointer)
}

/** `+desc` while working, `-desc` of the last work when idle. @source kernel/workqueue.c wq_worker_comm() */
function workerSuffix(kthread: KObject<'kthread'>): string {
  const worker = kthread.program.objectAt('struct worker', kthread.pointer('data'))
  if (worker.pointer('pool') === 0n) return ''
  const description = worker.string('desc')
  if (description === '') return ''
  return `${worker.pointer('current_work') === 0n ? '-' : '+'}${description}`
}
