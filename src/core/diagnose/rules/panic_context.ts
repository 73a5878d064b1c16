// Where the kernel died: in an interrupt, a softirq, a worker, a system call. No cause, but it says who could not help it.
import { attempt } from '../../base/errors.ts'
import { taskName } from '../../kernel/kthread.ts'
import { isKthread, type Task } from '../../kernel/sched.ts'
import { taskWork, type BusyWorker } from '../../kernel/workqueue.ts'
import type { Program } from '../../program/program.ts'
import { isWatching, splitContexts, type Context } from '../context.ts'
import { contextText, findDispatched, systemCallText } from '../context_text.ts'
import { isIdle } from '../cpu_hang.ts'
import { withoutMachinery } from '../fault.ts'
import { functionText, pathText } from '../frame_text.ts'
import type { Evidence, Finding, Rule } from '../rule.ts'
import type { Scene } from '../scene.ts'
import { taskText } from '../task_text.ts'

export const panicContext: Rule = {
  name: 'panic_context',
  summary: 'in which context the kernel died',
  needs: ['symbols'],
  *find(scene) {
    const { frames, userRegisters } = scene.panicTrace
    const task = scene.panicTask
    if (!task || frames.length === 0) return
    const contexts = splitContexts(frames)
    const [base] = contexts.slice(-1)
    const above = contexts.filter((context) => context.kind !== 'task' && !isOnlyDying(context))
    if (!base) return
    const ran = baseText(scene, base, task, userRegisters)
    yield finding(scene, task, contexts, above, ran)
  },
}

/** Who sees that a CPU hangs, or is sent to see what it does, did not trip over anything itself. */
const isNoTrouble = (context: Context): boolean => context.kind === 'nmi' || isWatching(context)

/** Exceptions that were the way to die: what faulted is what they stand on. */
function isOnlyDying({ kind, frames }: Context): boolean {
  return kind === 'exception' || (kind === 'nmi' && withoutMachinery(frames).length === 0)
}

/** What the task itself did: `a system call (write())`, `the work function x() of workqueue y`, `idling`. */
function baseText(
  scene: Scene,
  { frames }: Context,
  task: Task,
  userRegisters: Scene['panicTrace']['userRegisters'],
): string {
  if (isIdle(frames)) return 'the idle loop'
  const { program } = scene
  const call = systemCallText(program, userRegisters)
  if (call !== undefined) return `the system call ${call}`
  const work = attempt(() => taskWork(task))
  if (work) return workText(program, work)
  const dispatched = findDispatched(frames)
  if (dispatched) return dispatched.text
  if (userRegisters) {
    const entry = frames.at(-1)?.name ?? 'an unknown entry'
    return `${entry.includes('exc_') ? 'an exception' : 'an interrupt'} of user mode (${entry})`
  }
  return isKthread(task) ? `kernel thread ${attempt(() => taskName(task)) ?? ''}` : 'kernel mode'
}

/** A worker knows what it works on, also where the work's function ended in a jump to another. */
function workText(program: Program, { function: address, queue }: BusyWorker): string {
  const symbol = program.symbolAt(address)
  const work = functionText({ name: symbol?.name ?? null, module: symbol?.module ?? '' })
  return `the work function ${work}${queue === '' ? '' : ` of workqueue ${queue}`}`
}

function finding(
  scene: Scene,
  task: Task,
  contexts: readonly Context[],
  above: readonly Context[],
  ran: string,
): Finding {
  const { panicCpu } = scene
  const who = taskText(task)
  const cpu = panicCpu === undefined ? '' : ` on CPU ${panicCpu}`
  const texts = above.map((context) => contextText(scene.program, context))
  const title = titleOf(above.some(isNoTrouble), texts.join(', which interrupted '), ran, who, cpu)
  const evidence: Evidence[] = contexts.map(({ kind, frames }) => ({
    text: `${kind}: ${pathText(scene.program, withoutMachinery(frames).length > 0 ? withoutMachinery(frames) : frames)}`,
    ...(frames[0] ? { address: frames[0].ip } : {}),
    command: 'bt',
  }))
  const isInterrupt = scene.panicReason.startsWith('Fatal exception in interrupt')
  if (isInterrupt)
    evidence.unshift({
      text: `panic: ${scene.panicReason}: there was no task to end in its place`,
      command: 'log',
    })
  return {
    kind: scene.words.kind,
    role: 'context',
    title,
    confidence: scene.panicTrace.frames.some(({ quality }) => quality === 'guess')
      ? 'likely'
      : 'certain',
    evidence,
    refutedBy: ["the kernel's own trace in the log, where it differs"],
    culprit: null,
    next: [{ text: 'see the whole stack', command: 'bt' }],
    explains: [],
  }
}

function titleOf(isNoticed: boolean, above: string, ran: string, who: string, cpu: string): string {
  if (above === '') return `it died in ${ran}, of ${who}${cpu}`
  return isNoticed
    ? `it was noticed in ${above}; what that interrupted${cpu} was ${ran}, of ${who}`
    : `it died in ${above}${cpu}; ${who} was interrupted in ${ran}, and has no part in it`
}
