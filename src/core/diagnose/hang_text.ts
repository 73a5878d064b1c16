// What findings about a CPU that hung say of it: what it ran, which lock it spun for, and who held that.
import { attempt } from '../base/errors.ts'
import { formatAddress } from '../base/hex.ts'
import { preemptCount } from '../kernel/preempt.ts'
import type { Task } from '../kernel/sched.ts'
import { blame, blamedFrame, culpritOf, unitCulprit } from './blame.ts'
import { cpuFrames } from './cpu_hang.ts'
import { functionText, pathText } from './frame_text.ts'
import { lockText } from './lock_text.ts'
import type { NamedFrame } from './named_frame.ts'
import { bareName } from './panic_machinery.ts'
import type { Culprit, Evidence } from './rule.ts'
import type { Scene } from './scene.ts'
import { heldLocks, isSpinLocked, spinWait } from './spin_lock.ts'
import { taskText } from './task_text.ts'

/** What a CPU was stuck in. */
export interface StuckCode {
  /** `looped in ring_drain() [lockstep]`, `spun for stats_lock in stats_reset()`, `waited for CPU 1 in …`. */
  readonly text: string
  readonly culprit: Culprit | null
  readonly evidence: readonly Evidence[]
}

/** Say what a CPU was stuck in; of a lock that another function holds, that one is to blame. */
export function stuckCode(scene: Scene, cpu: number): StuckCode {
  const { program } = scene
  const frames = cpuFrames(scene, cpu)
  if (frames.length === 0) return unknownCode(scene, cpu)
  const task = scene.currentTask(cpu)
  const evidence: Evidence[] = [
    {
      text: `CPU ${cpu} ran ${task ? `${taskText(task)}: ` : ''}${pathText(program, frames)}`,
      ...(frames[0] ? { address: frames[0].ip } : {}),
      command: `bt -c ${cpu}`,
    },
    ...preemptEvidence(scene, cpu),
  ]
  const spin = spinWait(program, frames)
  if (!spin) return waitForCpu(scene, cpu, evidence) ?? loop(scene, frames, evidence)
  const waiter = blamedFrame(frames.slice(spin.index))
  const inWaiter = waiter ? ` in ${functionText(waiter)}` : ''
  const waits: Culprit | null = waiter ? culpritOf(program, waiter) : null
  if (spin.lock === undefined)
    return { text: `spun for a lock${inWaiter}`, culprit: waits, evidence }
  const name = lockText(program, spin.lock)
  evidence.push({
    text: `it spun for ${name}${isSpinLocked(program, spin.lock) === true ? ', which is taken' : ''}`,
    address: spin.lock,
    command: `rd -32 ${formatAddress(spin.lock)}`,
  })
  const holder = findHolder(scene, spin.lock, cpu)
  if (!holder) return { text: `spun for ${name}${inWaiter}`, culprit: waits, evidence }
  evidence.push({
    text: `CPU ${holder.cpu} holds ${name}: ${functionText(holder.frame)} took it at ${formatAddress(holder.takenAt)}`,
    address: holder.frame.ip,
    command: `bt -c ${holder.cpu}`,
  })
  return {
    text: `spun for ${name}${inWaiter}, held by ${functionText(holder.frame)} on CPU ${holder.cpu}`,
    culprit: culpritOf(program, holder.frame),
    evidence,
  }
}

function unknownCode(scene: Scene, cpu: number): StuckCode {
  const { end, why } = scene.cpuTrace(cpu)
  const task = scene.currentTask(cpu)
  if (end === 'user')
    return {
      text: 'was in user mode',
      culprit: task ? unitCulprit(taskText(task)) : null,
      evidence: [],
    }
  return { text: `left no trace${why === '' ? '' : ` (${why})`}`, culprit: null, evidence: [] }
}

function loop(
  { program }: Scene,
  frames: readonly NamedFrame[],
  evidence: readonly Evidence[],
): StuckCode {
  const frame = blamedFrame(frames)
  const text = frame ? `looped in ${functionText(frame)}` : 'did not come back'
  return { text, culprit: blame(program, frames), evidence }
}

/** Functions that wait, without sleeping, for other CPUs to take an interrupt. @source kernel/smp.c, kernel/stop_machine.c */
const CROSS_CALL =
  /^(?:smp_call_function\w*|csd_lock_wait\w*|on_each_cpu\w*|generic_exec_single|multi_cpu_stop|(?:smp_)?text_poke_\w*|flush_tlb_\w+|native_flush_tlb_\w+)$/
/** Frames above the wait that belong to it. */
const CROSS_CALL_DEPTH = 3

/** A CPU that waits for one that takes no interrupts is its victim; undefined if it waits for none. */
function waitForCpu(
  scene: Scene,
  cpu: number,
  evidence: readonly Evidence[],
): StuckCode | undefined {
  const frames = cpuFrames(scene, cpu)
  const isWaiting = frames
    .slice(0, CROSS_CALL_DEPTH)
    .some(({ name }) => CROSS_CALL.test(bareName(name ?? '')))
  if (!isWaiting) return undefined
  const frame = blamedFrame(frames)
  const where = frame ? ` in ${functionText(frame)}` : ''
  const other = scene.cpuHangs.find((hang) => hang.cpu !== cpu && hang.lost === 'interrupts')
  if (!other) return { text: `waited for other CPUs${where}`, culprit: null, evidence }
  const { text, culprit, evidence: more } = loop(scene, other.frames, other.evidence)
  return {
    text: `waited${where} for CPU ${other.cpu}, which took no interrupts: ${whoRan(other.task)} ${text} there`,
    culprit,
    evidence: [...evidence, ...more],
  }
}

interface Holder {
  readonly cpu: number
  readonly frame: NamedFrame
  readonly takenAt: bigint
}

/** The function that holds a spinlock; other CPUs first. */
function findHolder(scene: Scene, lock: bigint, waiter: number): Holder | undefined {
  const others = scene.cpus.filter((cpu) => cpu !== waiter)
  for (const cpu of [...others, waiter]) {
    const held = heldLocks(scene.program, cpuFrames(scene, cpu)).find((each) => each.lock === lock)
    if (held) return { cpu, frame: held.frame, takenAt: held.takenAt }
  }
  return undefined
}

/** What it had forbidden itself; a CPU that panicked counts what it did to die. */
function preemptEvidence(scene: Scene, cpu: number): Evidence[] {
  if (cpu === scene.panicCpu) return []
  const count = attempt(() => preemptCount(scene.program, cpu))
  if (!count) return []
  const parts = [
    count.preempt > 0 ? `preemption disabled (${count.preempt})` : '',
    count.softirq > 0 ? (count.softirq % 2 === 1 ? 'in a softirq' : 'softirqs disabled') : '',
  ].filter((part) => part !== '')
  return parts.length === 0
    ? []
    : [{ text: `CPU ${cpu} had ${parts.join(' and ')}`, command: `bt -c ${cpu}` }]
}

/** `PID 12 "hog"`; `it` if that is not known. */
export const whoRan = (task: Task | undefined): string => (task ? taskText(task) : 'it')
