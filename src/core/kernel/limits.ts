// Numbers of which a kernel has only so many: process ids, threads, open files. Source: kernel/pid.c alloc_pid(),
// kernel/fork.c copy_process(), fs/file_table.c alloc_empty_file().
import type { Program } from '../program/program.ts'
import { percpuCounterSum } from './percpu_counter.ts'
import { forEachPid, initPidNs } from './pid.ts'

/** Once the ids have gone round, those below are given to nobody again. @source include/linux/threads.h */
const RESERVED_PIDS = 300

/** Something there is only so much of. */
export interface Limit {
  readonly used: number
  readonly max: number
}

/**
 * Process ids of the first namespace that can be given out, and how many of them are taken. Ids of process groups and
 * sessions whose leader is gone are taken, too. Looks at every id if more than half seem to be.
 *
 * @source kernel/pid.c alloc_pid()
 */
export function pidLimit(program: Program): Limit {
  const namespace = initPidNs(program)
  // Since v6.14, commit 7863dcc72d0f ("pid: allow pid_max to be set per pid namespace"), each namespace has its own.
  const pidMax = namespace.find('pid_max')?.number() ?? program.object('pid_max', 'int').number()
  const max = Math.max(1, pidMax - RESERVED_PIDS)
  // The upper bit says that ids may still be added. @source include/linux/pid_namespace.h PIDNS_ADDING
  const allocated = namespace.number('pid_allocated') & 0x7fff_ffff
  if (allocated < max / 2) return { used: allocated, max }
  let used = 0
  for (const { nr } of forEachPid(namespace)) if (nr >= RESERVED_PIDS) used++
  return { used, max }
}

/** Threads, and how many there may be: kernel.threads-max. @source kernel/fork.c copy_process() */
export function threadLimit(program: Program): Limit {
  return {
    used: program.object('nr_threads', 'int').number(),
    max: program.object('max_threads', 'int').number(),
  }
}

/** Open files, and how many those without CAP_SYS_ADMIN may have: fs.file-max. @source fs/file_table.c alloc_empty_file() */
export function fileLimit(program: Program): Limit {
  const max = program.object('files_stat', 'struct files_stat_struct').number('max_files')
  return {
    used: Number(percpuCounterSum(program.object('nr_files', 'struct percpu_counter'))),
    max,
  }
}
