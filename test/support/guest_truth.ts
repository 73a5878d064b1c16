// Reads what a rehearsal's guest wrote down about itself before it died: see src/host/rehearse/guest_truth.ts.
import { existsSync, readFileSync } from 'node:fs'
import path from 'node:path'

/** One thread a moment before the crash. */
export interface TrueTask {
  readonly tgid: number
  readonly tid: number
  /** task_struct.comm; what /proc adds to a worker's name is cut off. */
  readonly comm: string
  /** The letter of /proc/PID/stat. */
  readonly state: string
}

/** The truth of one guest. */
export interface GuestTruth {
  /** By thread id. */
  readonly tasks: ReadonlyMap<number, TrueTask>
  /** Read a file of truth/; '' if the guest had none. */
  read(name: string): string
  /** Read a file of a process, such as `fd` or `maps`. */
  ofProcess(pid: number, name: string): string
}

/** Open the truth in a rehearsal's folder. */
export function openTruth(folder: string): GuestTruth {
  const read = (name: string): string => {
    const file = path.join(folder, 'truth', name)
    return existsSync(file) ? readFileSync(file, 'latin1') : ''
  }
  const tasks = read('snapshot')
    .split('\n')
    .filter((line) => line !== '')
    .map(parseSnapshotLine)
  return {
    tasks: new Map(tasks.map((task) => [task.tid, task])),
    read,
    ofProcess: (pid, name) => read(`tasks/${pid}/${pid}/${name}`),
  }
}

/** `PID` and a line of /proc/PID/task/TID/stat, in which the name in parentheses may hold anything. */
function parseSnapshotLine(line: string): TrueTask {
  const [, tgid, tid, comm, state] = /^(\d+) (\d+) \((.*)\) (\w) /s.exec(line) ?? []
  if (state === undefined) throw new Error(`not a line of a snapshot: ${line}`)
  return { tgid: Number(tgid), tid: Number(tid), comm: bareComm(comm ?? ''), state }
}

/**
 * /proc shows a kernel worker as `kworker/0:1-events`, or with a `+` while it works; a rescuer's full name has dashes
 * of its own. @source kernel/workqueue.c wq_worker_comm()
 */
function bareComm(comm: string): string {
  return comm.replace(/^(kworker\/u?\d+:\d+H?)[-+].*$/, '$1')
}
