// CPUs that spin for locks which only they themselves could give back: two in opposite order, or one that has the lock
// already. Spinlocks know no holder: who holds which is told by the code of the functions on the stacks.
import { formatAddress } from '../../base/hex.ts'
import { blamedFrame, culpritOf } from '../blame.ts'
import { cpuFrames } from '../cpu_hang.ts'
import { functionText } from '../frame_text.ts'
import { HANG_DEATHS } from '../hang_death.ts'
import { whoRan } from '../hang_text.ts'
import { lockText } from '../lock_text.ts'
import type { NamedFrame } from '../named_frame.ts'
import type { Evidence, Finding, Rule } from '../rule.ts'
import type { Scene } from '../scene.ts'
import { heldLocks, isSpinLocked, spinWait, type HeldLock } from '../spin_lock.ts'

/** A CPU that spins for a lock. */
interface Spinner {
  readonly cpu: number
  readonly lock: bigint
  readonly waiter: NamedFrame
  readonly held: readonly HeldLock[]
}

/** Deaths of machines whose CPUs hang. */
const LOCKUPS: ReadonlySet<string> = new Set([
  'soft-lockup',
  'hard-lockup',
  'rcu-stall',
  'workqueue-lockup',
])
/** CPUs that are looked at: those that spin for one lock are many, those in a ring few. */
const SPINNERS_MAX = 256

export const spinDeadlock: Rule = {
  name: 'spin_deadlock',
  summary: 'CPUs that spin for locks that each other holds',
  needs: ['symbols'],
  *find(scene) {
    // Without a sign of time a ring is a guess about code, and guesses about code are sometimes wrong.
    if (!LOCKUPS.has(scene.words.kind) && scene.cpuHangs.length === 0) return
    const ring = findRing(readSpinners(scene))
    if (ring.length > 0) yield finding(scene, ring)
  },
}

function readSpinners(scene: Scene): Spinner[] {
  return scene.cpus.slice(0, SPINNERS_MAX).flatMap((cpu) => {
    const frames = cpuFrames(scene, cpu)
    const spin = spinWait(scene.program, frames)
    if (spin?.lock === undefined || isSpinLocked(scene.program, spin.lock) === false) return []
    const own = frames.slice(spin.index)
    const waiter = blamedFrame(own)
    if (!waiter) return []
    // The function that spins does not hold yet what it spins for.
    return [{ cpu, lock: spin.lock, waiter, held: heldLocks(scene.program, own) }]
  })
}

/** Follow from each spinner to the one that holds its lock, until one comes again. */
function findRing(spinners: readonly Spinner[]): Spinner[] {
  for (const start of spinners) {
    const path = [start]
    for (let at = holderOf(spinners, start); at; at = holderOf(spinners, at)) {
      if (at === start) return path
      if (path.includes(at)) break
      path.push(at)
    }
  }
  return []
}

function holderOf(spinners: readonly Spinner[], { lock }: Spinner): Spinner | undefined {
  return spinners.find(({ held }) => held.some((each) => each.lock === lock))
}

function finding(scene: Scene, ring: readonly Spinner[]): Finding {
  const { program } = scene
  const [first] = ring.toSorted((a, b) => ((a.waiter.name ?? '') < (b.waiter.name ?? '') ? -1 : 1))
  const parts = ring.map(
    ({ cpu, lock, waiter }) =>
      `CPU ${cpu} spins for ${lockText(program, lock)} in ${functionText(waiter)}`,
  )
  const [only] = ring
  const title =
    ring.length === 1 && only
      ? `CPU ${only.cpu} spins for a lock it holds: ${lockText(program, only.lock)}, taken in ${functionText(takerOf(only, only.lock))} and again in ${functionText(only.waiter)}`
      : `deadlock of spinlocks: ${parts.join('; ')}; each holds what the other wants`
  return {
    kind: 'deadlock',
    role: 'cause',
    title,
    confidence: 'likely',
    evidence: ring.flatMap((spinner, index) => spinnerEvidence(scene, ring, spinner, index)),
    refutedBy: [
      'the function having given the lock back on a way that its code layout does not show',
      'the lock word being free: then the CPU is about to take it',
    ],
    culprit: first ? culpritOf(program, first.waiter) : null,
    next: [
      ...ring.map(({ cpu }) => ({ text: `see what CPU ${cpu} ran`, command: `bt -c ${cpu}` })),
      { text: 'take the locks in one order, or only once', command: '' },
    ],
    explains: HANG_DEATHS.filter((kind) => kind !== 'panic'),
    tasks: ring.flatMap(({ cpu }) => scene.currentTask(cpu)?.address ?? []),
  }
}

function takerOf({ held, waiter }: Spinner, lock: bigint): NamedFrame {
  return held.find((each) => each.lock === lock)?.frame ?? waiter
}

function spinnerEvidence(
  scene: Scene,
  ring: readonly Spinner[],
  { cpu, lock, waiter, held }: Spinner,
  index: number,
): Evidence[] {
  const { program } = scene
  const before = ring[(index + ring.length - 1) % ring.length]
  const wanted = held.find((each) => each.lock === before?.lock)
  const spins = {
    text: `CPU ${cpu} spins, in ${whoRan(scene.currentTask(cpu))}, for ${lockText(program, lock)} in ${functionText(waiter)}`,
    address: lock,
    command: `rd -32 ${formatAddress(lock)}`,
  }
  if (!wanted) return [spins]
  return [
    spins,
    {
      text: `CPU ${cpu} holds ${lockText(program, wanted.lock)}, taken in ${functionText(wanted.frame)} at ${formatAddress(wanted.takenAt)}`,
      address: wanted.frame.ip,
      command: `dis ${formatAddress(wanted.takenAt)}`,
    },
  ]
}
