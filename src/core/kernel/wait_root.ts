// In what state a root is: what the holder of a lock does instead of giving it back, how long a disk has had a request.
import { attempt } from '../base/errors.ts'
import { formatHex } from '../base/hex.ts'
import { requestOperation } from './request.ts'
import { currentTask, taskCpu, taskState, type Task } from './sched.ts'
import { monotonicNsec } from './timekeeping.ts'
import { sleepSeconds } from './wait_clock.ts'
import { waitFunctions } from './wait_function.ts'
import type { Waited } from './wait_graph.ts'
import type { RootSources } from './wait_groups.ts'

const NSEC_PER_SEC = 1e9

/** What a task does that keeps others waiting: `runs on CPU 1`, `sleeps in do_wait() for 12 s`, `has exited`. */
export function ownerState(owner: Task, { program, tasks, trace, clock }: RootSources): string {
  if (!tasks.has(owner.address)) return 'has exited'
  if (owner.number('exit_state') !== 0) return 'has exited and is not reaped'
  const cpu = taskCpu(owner)
  if (attempt(() => currentTask(program, cpu).address) === owner.address)
    return `runs on CPU ${cpu}`
  if (taskState(owner) === 0) return `is ready to run on CPU ${cpu}, and does not`
  const { frames } = trace(owner)
  const { caller, by } = waitFunctions(frames)
  const where = frames[caller]?.name ?? by
  const seconds = sleepSeconds(owner, clock)
  const since = seconds === null ? '' : ` for ${Math.round(seconds)} s`
  return where === '' ? `sleeps${since}` : `sleeps in ${where}()${since}`
}

/** What is known of a thing that nobody is known to hold. */
export function thingState(on: Waited, { disks, program }: RootSources): string {
  switch (on.kind) {
    case 'folio':
    case 'buffer':
    case 'block-io':
      return on.device === ''
        ? 'it is not known of which disk'
        : diskState(on.device, disks, program)
    case 'timer':
      return 'sleeps for a time'
    case 'freezer':
      return 'is frozen'
    case 'rcu':
      return on.ownerNote === '' ? 'no CPU is known to hold it up' : on.ownerNote
    case 'completion':
    case 'work':
    case 'wait-queue':
      return on.ownerNote === '' ? 'nobody is known who would end it' : on.ownerNote
    case 'mutex':
    case 'rwsem-read':
    case 'rwsem-write':
    case 'percpu-rwsem':
    case 'semaphore':
    case 'rt-mutex':
    case 'spinlock':
    case 'unknown':
      return on.ownerNote === '' ? 'has no known owner' : on.ownerNote
  }
}

function diskState(
  disk: string,
  disks: RootSources['disks'],
  program: RootSources['program'],
): string {
  const oldest = disks.oldest(disk)
  if (!oldest) return `${disk} has no request in flight`
  const { request, sinceNsec } = oldest
  const what = `${attempt(() => requestOperation(request)) ?? ''} request ${formatHex(request.address)}`
  const now = attempt(() => monotonicNsec(program))
  if (sinceNsec === undefined || now === undefined) return `${disk} has ${what} in flight`
  const seconds = Math.max(0, Math.round(Number(now - sinceNsec) / NSEC_PER_SEC))
  return `${disk} has had ${what} for ${seconds} s`
}
