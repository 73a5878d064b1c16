// Resource limits. Source: include/uapi/asm-generic/resource.h, include/linux/sched/signal.h.
import type { Task } from './sched.ts'

/** By number, without RLIM; as on every architecture but alpha, mips and sparc, which swap a few. */
const RLIMIT_NAMES = [
  ...['CPU', 'FSIZE', 'DATA', 'STACK', 'CORE', 'RSS', 'NPROC', 'NOFILE'],
  ...['MEMLOCK', 'AS', 'LOCKS', 'SIGPENDING', 'MSGQUEUE', 'NICE', 'RTPRIO', 'RTTIME'],
]

/** RLIM_INFINITY. */
export const RLIM_INFINITY = 0xffff_ffff_ffff_ffffn

/** One limit, soft and hard, in its own unit. */
export interface ResourceLimit {
  readonly name: string
  readonly current: bigint
  readonly maximum: bigint
}

/** The limits of a process, by number. @source fs/proc/base.c proc_pid_limits() */
export function* forEachRlimit(task: Task): Generator<ResourceLimit> {
  const limits = task.get('signal.rlim')
  for (let index = 0; index < Math.min(limits.length, RLIMIT_NAMES.length); index++) {
    const limit = limits.at(index)
    yield {
      name: RLIMIT_NAMES[index] as string,
      current: limit.bigint('rlim_cur'),
      maximum: limit.bigint('rlim_max'),
    }
  }
}
