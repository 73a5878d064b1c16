// Process ids: from a number to its tasks. Source: include/linux/pid.h, kernel/pid.c.
import { wrap64 } from '../base/addr.ts'
import { NotFoundError } from '../base/errors.ts'
import type { KObject } from '../program/kobject.ts'
import type { Program } from '../program/program.ts'
import { idrForEach } from './idr.ts'
import type { Task } from './sched.ts'

export type Pid = KObject<'pid'>

/** A number and its `struct pid`. */
export interface PidEntry {
  readonly nr: number
  readonly pid: Pid
}

/** Walk the ids of a namespace, ascending. @source kernel/pid.c find_ge_pid() */
export function* forEachPid(namespace: KObject<'pid_namespace'>): Generator<PidEntry> {
  for (const { id, entry } of idrForEach(pidIdr(namespace))) {
    yield { nr: id, pid: namespace.program.objectAt('struct pid', entry) }
  }
}

/** The thread with this id; undefined if only a process group or session still has it. @source kernel/pid.c pid_task() */
export function pidTask(pid: Pid): Task | undefined {
  const { program } = pid
  const first = pid.pointer('tasks[0].first')
  if (first === 0n) return undefined
  // Since v4.19, commit 2c4704756cab ("pids: Move the pgrp and session pid pointers from task_struct to signal_struct"),
  // the links are pid_links; before, pids, whose entries begin with the same link.
  const offset = program.offsetof('struct task_struct', 'pid_links', 'pids')
  return program.objectAt('struct task_struct', wrap64(first - BigInt(offset)))
}

/** The namespace every task is in. */
export function initPidNs(program: Program): KObject<'pid_namespace'> {
  return program.object('init_pid_ns').cast('struct pid_namespace')
}

function pidIdr(namespace: KObject<'pid_namespace'>): KObject {
  const idr = namespace.find('idr')
  // Before v4.15, commit 95846ecf9dac ("pid: replace pid bitmap implementation with IDR API"), ids were in a hash table.
  if (!idr) throw new NotFoundError('member', 'struct pid_namespace has no idr')
  return idr
}
