// A grace period of RCU that did not end: a CPU never passed through a quiescent state, or a task was preempted while it
// read. Source: kernel/rcu/tree_stall.h print_other_cpu_stall(), print_cpu_stall().
import { attempt } from '../../base/errors.ts'
import type { GracePeriod } from '../../kernel/rcu.ts'
import { runningCpu, taskCpu, taskState, type Task } from '../../kernel/sched.ts'
import { formatCpuList } from '../../kernel/cpumask.ts'
import { blame } from '../blame.ts'
import { cpuFrames, gracePeriodAge, isIdle } from '../cpu_hang.ts'
import { inCulprit } from '../frame_text.ts'
import { diedOf, hangRole, HANG_DEATHS, panicEvidence } from '../hang_death.ts'
import { whoRan, stuckCode } from '../hang_text.ts'
import type { Culprit, Evidence, Finding, Rule } from '../rule.ts'
import type { Scene } from '../scene.ts'
import { taskEvidence, taskText } from '../task_text.ts'

/** RCU_CPU_STALL_TIMEOUT as distributions set it. */
const TIMEOUT_DEFAULT = 21
const TIMEOUT_MAX = 300
const TASKS_SHOWN = 4
/** Seconds for which RCU's thread may not run before it counts as starved. @source rcu_is_gp_kthread_starving() */
const STARVED_MIN = 2

/** Who holds the grace period up. */
interface Stall {
  readonly period: GracePeriod | undefined
  readonly seconds: number | undefined
  readonly cpus: readonly number[]
  readonly tasks: readonly Task[]
}

export const rcuStall: Rule = {
  name: 'rcu_stall',
  summary: 'a CPU or a task kept RCU from ever moving on',
  needs: [],
  *find(scene) {
    const said = scene.troubles.filter(({ kind }) => kind === 'rcu-stall')
    const isPanic = diedOf(
      scene,
      /RCU Stall/,
      /^(?:panic_on_rcu_stall|print_\w*cpu_stall|check_cpu_stall|rcu_sched_clock_irq)$/,
    )
    const stall = readStall(scene)
    const line: Evidence[] = said
      .slice(-1)
      .map(({ line: text }) => ({ text: `the log says: ${text}`, command: 'log' }))
    if (isPanic) {
      yield finding(scene, stall, 'certain', [...panicEvidence(scene), ...line])
    } else if (isLong(scene, stall)) yield finding(scene, stall, 'likely', line)
    else if (line.length > 0) yield survived(line, said.at(-1)?.line ?? '')
  },
}

function readStall(scene: Scene): Stall {
  const found = gracePeriodAge(scene.program)
  const printed = printedCpus(scene)
  const cpus = found && found.period.cpus.length > 0 ? found.period.cpus : printed
  // A CPU that says so itself comes first; an idle one is no reason: RCU knows by itself that it is.
  const order = cpus
    .filter((cpu) => !isIdle(cpuFrames(scene, cpu)))
    .toSorted((a, b) => Number(b === scene.panicCpu) - Number(a === scene.panicCpu))
  return {
    period: found?.period,
    seconds: found?.seconds,
    cpus: order,
    tasks: found?.period.tasks ?? [],
  }
}

/** "rcu: \t1-....: (2100 ticks this GP) …"; before v5.18 the tab came without "rcu: " in front on some lines. */
function printedCpus({ troubles, lines }: Scene): number[] {
  const last = troubles.findLast(({ kind }) => kind === 'rcu-stall')
  if (!last) return []
  return lines.slice(last.start, last.end).flatMap(({ text }) => {
    const cpu = /^(?:rcu: )?\s*(\d+)-[.!?oON\d]{4}: \(/.exec(text)?.[1]
    return cpu === undefined ? [] : [Number(cpu)]
  })
}

/** Longer than the kernel itself would have let pass in silence, with somebody there to blame. */
function isLong({ program }: Scene, { seconds, cpus, tasks }: Stall): boolean {
  if (seconds === undefined || (cpus.length === 0 && tasks.length === 0)) return false
  const name = 'rcu_cpu_stall_timeout'
  const set = program.hasSymbol(name)
    ? attempt(() => program.memory.i32(program.symbol(name)))
    : undefined
  const timeout = set !== undefined && set > 0 && set <= TIMEOUT_MAX ? set : TIMEOUT_DEFAULT
  return seconds > timeout
}

function finding(
  scene: Scene,
  stall: Stall,
  confidence: 'certain' | 'likely',
  line: readonly Evidence[],
): Finding {
  const starved = starvedThread(scene, stall)
  const [task] = stall.tasks
  // Nobody but RCU's own thread may be late: then whoever keeps its CPU is to blame.
  const cpu = stall.cpus[0] ?? (task ? undefined : starved?.cpu)
  const code = cpu === undefined ? undefined : stuckCode(scene, cpu)
  const reader = task && !code ? readerOf(scene, task) : undefined
  const long = stall.seconds === undefined || stall.seconds < 1 ? '' : ` for ${stall.seconds} s`
  const who =
    cpu !== undefined && code
      ? `${whoRan(scene.currentTask(cpu))} ${code.text} on CPU ${cpu}`
      : task
        ? `${taskText(task)} was preempted while it read${inCulprit(reader ?? null)}`
        : 'nobody is known to hold it up'
  return {
    kind: 'rcu-stall',
    role: confidence === 'certain' ? 'cause' : hangRole(scene),
    title: `RCU could not end a grace period${long}: ${who}`,
    confidence,
    evidence: [
      ...line,
      ...periodEvidence(stall),
      ...(code?.evidence ?? []),
      ...stall.tasks.slice(0, TASKS_SHOWN).map((each) => readerEvidence(scene, each)),
      ...starvedEvidence(starved),
    ],
    refutedBy: [
      'a virtual CPU that its host did not run for so long',
      "RCU's own thread not getting a CPU: a real-time task may have kept it away",
    ],
    culprit: code?.culprit ?? reader ?? null,
    next: [
      { text: 'see what it ran', command: cpu === undefined ? 'bt -a' : `bt -c ${cpu}` },
      { text: 'see the state of RCU', command: 'p rcu_state' },
    ],
    explains:
      confidence === 'certain'
        ? ['panic', 'workqueue-lockup', 'hung-task']
        : HANG_DEATHS.filter((kind) => !/lockup|rcu/.test(kind)),
  }
}

function periodEvidence({ period, seconds, cpus }: Stall): Evidence[] {
  if (!period) return []
  const waits =
    cpus.length === 0 ? '' : `, and waits for CPU ${formatCpuList(cpus.toSorted((a, b) => a - b))}`
  const text = `the grace period of ${period.name} began ${seconds ?? '?'} s before${waits}`
  return [{ text, address: period.address, command: 'p rcu_state.gp_seq' }]
}

function readerOf(scene: Scene, task: Task): Culprit | null {
  return blame(scene.program, scene.trace(task).frames)
}

function readerEvidence(scene: Scene, task: Task): Evidence {
  return taskEvidence(
    task,
    `${taskText(task)} was preempted within a read section${inCulprit(readerOf(scene, task))}`,
  )
}

/** RCU's own thread, which could not run: because of this CPU. */
interface Starved {
  readonly seconds: number
  readonly cpu: number
  readonly kthread: Task
}

/** The thread that drives RCU, runnable and not running for as long; undefined if it got its CPU. */
function starvedThread({ program }: Scene, { period, seconds }: Stall): Starved | undefined {
  const { kthread, idleJiffies, ageJiffies = 0 } = period ?? {}
  if (!kthread || idleJiffies === undefined || seconds === undefined || ageJiffies <= 0)
    return undefined
  const idle = Math.floor((idleJiffies * seconds) / ageJiffies)
  const isRunnable = attempt(() => taskState(kthread)) === 0
  if (idle < STARVED_MIN || !isRunnable) return undefined
  const cpu = attempt(() => taskCpu(kthread))
  const isRunning = attempt(() => runningCpu(program, kthread)) !== undefined
  return cpu === undefined || isRunning ? undefined : { seconds: idle, cpu, kthread }
}

function starvedEvidence(starved: Starved | undefined): Evidence[] {
  if (!starved) return []
  const { kthread, cpu, seconds } = starved
  const text = `${taskText(kthread)}, which drives RCU, waited to run on CPU ${cpu} for ${seconds} s`
  return [taskEvidence(kthread, text)]
}

function survived(evidence: readonly Evidence[], line: string): Finding {
  return {
    ...{ kind: 'rcu-stall', role: 'earlier', confidence: 'possible', evidence, culprit: null },
    title: `RCU was held up for a while, and went on: ${line}`,
    refutedBy: ['the stall having nothing to do with the crash'],
    next: [{ text: 'see the traces that were printed for it', command: 'log' }],
    explains: [],
  }
}
