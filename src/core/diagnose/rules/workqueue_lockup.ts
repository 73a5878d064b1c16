// Work that no worker took up. Source: kernel/workqueue.c wq_watchdog_timer_fn(), show_one_worker_pool().
import { attempt } from '../../base/errors.ts'
import { taskState } from '../../kernel/sched.ts'
import { kernelHz } from '../../kernel/timekeeping.ts'
import {
  forEachBusyWorker,
  forEachPendingWork,
  forEachWorkerPool,
  type BusyWorker,
  type WorkerPool,
} from '../../kernel/workqueue.ts'
import { culpritOf, blame } from '../blame.ts'
import { inCulprit } from '../frame_text.ts'
import { hangRole } from '../hang_death.ts'
import type { Culprit, Evidence, Finding, Rule } from '../rule.ts'
import type { Scene } from '../scene.ts'
import { taskEvidence, taskText } from '../task_text.ts'

/** WQ_WATCHDOG's default of 30 s. */
const SECONDS_DEFAULT = 30
const WORKERS_SHOWN = 6

/** A pool whose work waits. */
interface Stall {
  readonly pool: WorkerPool
  readonly seconds: number
  readonly pending: number
  /** Name of the function of the oldest work that waits. */
  readonly first: string
  readonly busy: readonly BusyWorker[]
}

export const workqueueLockup: Rule = {
  name: 'workqueue_lockup',
  summary: 'work that waited because the workers were kept busy',
  needs: ['symbols', 'types'],
  *find(scene) {
    const said = scene.troubles.filter(({ kind }) => kind === 'workqueue-lockup')
    // Since v6.10 it may stop the machine, by BUG(); later by panic(), both in the watchdog's timer.
    const isPanic =
      scene.panicReason.includes('workqueue') ||
      scene.panicTrace.frames.some(({ name }) =>
        /^(?:panic_on_wq_watchdog|wq_watchdog_timer_fn)/.test(name ?? ''),
      )
    const line: Evidence[] = said
      .slice(-1)
      .map(({ line: text }) => ({ text: `the log says: ${text}`, command: 'log' }))
    const stalls = readStalls(scene)
    for (const stall of stalls) yield stallFinding(scene, stall, isPanic, line)
    if (stalls.length === 0 && line.length > 0)
      yield saidFinding(isPanic, line, said.at(-1)?.line ?? '')
  },
}

function readStalls({ program }: Scene): Stall[] {
  const hz = attempt(() => kernelHz(program)) ?? 0
  const jiffies = attempt(() => program.object('jiffies', 'unsigned long').bigint())
  if (hz === 0 || jiffies === undefined) return []
  const found: Stall[] = []
  attempt(() => {
    for (const pool of forEachWorkerPool(program)) {
      const ticks = Number(BigInt.asIntN(64, jiffies - pool.progressJiffies))
      if (ticks < threshold(program) * hz) continue
      const stall = attempt(() => stallOf(program, pool, Math.floor(ticks / hz)))
      if (stall) found.push(stall)
    }
  })
  return found.toSorted((a, b) => b.seconds - a.seconds)
}

function threshold(program: Scene['program']): number {
  const name = 'wq_watchdog_thresh'
  const set = program.hasSymbol(name) ? Number(program.memory.u64(program.symbol(name))) : 0
  return set > 0 && set <= 3600 ? set : SECONDS_DEFAULT
}

/** A pool without work that waits is not stalled, however long ago it got some. */
function stallOf(program: Scene['program'], pool: WorkerPool, seconds: number): Stall | undefined {
  const pending = [...forEachPendingWork(pool)]
  const [first] = pending
  if (!first) return undefined
  const name = program.symbolAt(first.function)?.name ?? ''
  return { pool, seconds, pending: pending.length, first: name, busy: [...forEachBusyWorker(pool)] }
}

function stallFinding(
  scene: Scene,
  stall: Stall,
  isPanic: boolean,
  line: readonly Evidence[],
): Finding {
  const { pool, seconds, pending, busy } = stall
  const hog = busy.find(({ task }) => attempt(() => taskState(task)) === 0) ?? busy[0]
  const culprit = hog ? workCulprit(scene, hog) : null
  const where = pool.cpu >= 0 ? `of CPU ${pool.cpu}` : 'of no CPU in particular'
  const who = hog ? `${taskText(hog.task)} was busy${inCulprit(culprit)}` : 'no worker was busy'
  return {
    kind: 'workqueue-lockup',
    role: isPanic ? 'cause' : hangRole(scene),
    title: `work ${where} had waited for ${seconds} s: ${who}`,
    confidence: isPanic ? 'certain' : 'likely',
    evidence: [
      ...line,
      {
        text: `pool ${pool.id} has ${pending} works waiting, ${stall.first}() first, and took none for ${seconds} s`,
        address: pool.address,
        command: `struct worker_pool ${pool.address.toString(16)}`,
      },
      ...busy.slice(0, WORKERS_SHOWN).map((worker) => workerEvidence(scene, worker)),
    ],
    refutedBy: [
      'the CPU of the pool being hung by something that is no work: then that is to blame',
    ],
    culprit,
    next: [
      {
        text: 'see what the workers do',
        command: hog ? `bt ${attempt(() => hog.task.number('pid')) ?? 0}` : 'ps -k',
      },
      { text: 'see what the CPUs ran', command: 'bt -a' },
    ],
    explains: isPanic ? ['panic', 'bug', 'hung-task'] : ['sysrq', 'nmi', 'hung-task', 'unknown'],
  }
}

/** The innermost function that is nobody's helper, else the work's own. */
function workCulprit(scene: Scene, { task, function: address }: BusyWorker): Culprit | null {
  const culprit = blame(scene.program, scene.trace(task).frames)
  if (culprit) return culprit
  const symbol = scene.program.symbolAt(address)
  if (!symbol) return null
  const { name, module } = symbol
  const frame = {
    name,
    module,
    offset: 0,
    ip: address,
    sp: 0n,
    interrupted: false,
    registers: undefined,
  }
  return culpritOf(scene.program, { ...frame, quality: 'guess' })
}

function workerEvidence(
  { program }: Scene,
  { task, function: address, queue }: BusyWorker,
): Evidence {
  const name = program.symbolAt(address)?.name ?? 'an unknown function'
  return taskEvidence(
    task,
    `${taskText(task)} runs ${name}()${queue === '' ? '' : ` of workqueue ${queue}`}`,
  )
}

function saidFinding(isPanic: boolean, evidence: readonly Evidence[], line: string): Finding {
  return {
    kind: 'workqueue-lockup',
    ...(isPanic
      ? { role: 'cause', confidence: 'certain' }
      : { role: 'earlier', confidence: 'possible' }),
    title: `a workqueue did not move for a while: ${line}`,
    evidence,
    refutedBy: ['the lockup having passed long before the crash'],
    culprit: null,
    next: [{ text: 'see which works were in flight', command: 'log' }],
    explains: isPanic ? ['panic', 'bug'] : [],
  }
}
