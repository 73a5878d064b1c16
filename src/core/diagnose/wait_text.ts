// How findings tell of a wait: who waits in which function for what, and who holds it.
import { attempt } from '../base/errors.ts'
import { formatAddress } from '../base/hex.ts'
import type { Task } from '../kernel/sched.ts'
import { waitFunctions } from '../kernel/wait_function.ts'
import type { Wait, Waited } from '../kernel/wait_graph.ts'
import { blamedFrame } from './blame.ts'
import { functionText } from './frame_text.ts'
import type { NamedFrame } from './named_frame.ts'
import type { Evidence } from './rule.ts'
import type { Scene } from './scene.ts'
import { taskEvidence, taskText } from './task_text.ts'

/** `mutex routes_lock [net]`; `I/O of vda` says itself what it is. */
export function waitedText({ kind, name }: Waited): string {
  switch (kind) {
    case 'mutex':
    case 'semaphore':
    case 'completion':
      return `${kind} ${name}`
    case 'rwsem-read':
    case 'rwsem-write':
      return `rwsem ${name}`
    case 'percpu-rwsem':
      return `percpu rwsem ${name}`
    case 'rt-mutex':
      return `rt_mutex ${name}`
    case 'wait-queue':
      return `wait queue ${name}`
    case 'spinlock':
    case 'folio':
    case 'buffer':
    case 'block-io':
    case 'rcu':
    case 'work':
    case 'freezer':
    case 'timer':
    case 'unknown':
      return name
  }
}

/** The frame that is to blame for where a task sleeps, what puts it to sleep for its callers left out. */
export function waitingFrame(scene: Scene, task: Task): NamedFrame | undefined {
  const { frames } = scene.trace(task)
  return blamedFrame(frames.slice(waitFunctions(frames).caller)) ?? blamedFrame(frames)
}

/** `index_rebuild() [search]`. */
export function waitingFunction(scene: Scene, wait: Wait): string {
  const frame = waitingFrame(scene, wait.task)
  return frame ? functionText(frame) : `${wait.function}()`
}

/** ` for 131 s`; '' if it is not known, or for who wakes up from time to time to look. */
export const secondsText = (seconds: number | null): string =>
  seconds === null || seconds < 0.5 ? '' : ` for ${Math.round(seconds)} s`

/** A wait as evidence; the command shows its stack. */
export function waitEvidence(scene: Scene, wait: Wait): Evidence {
  const where = waitingFunction(scene, wait)
  const text = `${taskText(wait.task)} has waited${secondsText(wait.seconds)} in ${where} for ${waitedText(wait.on)}`
  return taskEvidence(wait.task, text)
}

/** Members that hold the owner, by the kind of lock. */
const OWNER_MEMBERS: Partial<Record<Waited['kind'], string>> = {
  mutex: 'mutex.owner',
  'rwsem-read': 'rw_semaphore.count,owner',
  'rwsem-write': 'rw_semaphore.count,owner',
  semaphore: 'semaphore',
  'percpu-rwsem': 'percpu_rw_semaphore',
  'rt-mutex': 'rt_mutex',
}

/** Who holds what is waited for, as evidence: the command shows the lock. */
export function ownerEvidence(on: Waited): Evidence[] {
  const member = OWNER_MEMBERS[on.kind]
  const text = `${waitedText(on)} ${heldText(on, member !== undefined)}`
  if (on.address === 0n) return on.owners.length === 0 ? [] : [{ text, command: 'blocked' }]
  const command = member === undefined ? 'what' : `struct ${member}`
  return [{ text, address: on.address, command: `${command} ${formatAddress(on.address)}` }]
}

function heldText({ owners, ownerNote, ownerQuality }: Waited, isLock: boolean): string {
  const verb = isLock ? 'is held by' : 'is kept up by'
  const note = ownerNote === '' ? '' : ` (${ownerNote})`
  if (owners.length === 0) return `${verb} nobody who is known${note}`
  const guess = ownerQuality === 'guess' ? ', which is a guess' : ''
  return `${verb} ${owners.map((owner) => taskText(owner)).join(', ')}${guess}${note}`
}

/** The process id for commands; '' if it cannot be read. */
export const pidText = (task: Task): string => String(attempt(() => task.number('pid')) ?? '')
