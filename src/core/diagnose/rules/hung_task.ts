// Tasks that slept where nothing but what they wait for wakes them. Source: kernel/hung_task.c
// check_hung_uninterruptible_tasks(). Whom they wait for is another rule's to say.
import { attempt } from '../../base/errors.ts'
import {
  TASK_NOLOAD,
  TASK_UNINTERRUPTIBLE,
  TASK_WAKEKILL,
  taskState,
  type Task,
} from '../../kernel/sched.ts'
import { kernelHz } from '../../kernel/timekeeping.ts'
import { blame, blamedFrame } from '../blame.ts'
import { diedOf, panicEvidence } from '../hang_death.ts'
import { functionText } from '../frame_text.ts'
import type { Culprit, Evidence, Finding, Rule } from '../rule.ts'
import type { Scene } from '../scene.ts'
import { taskEvidence, taskText } from '../task_text.ts'

/** A task that the kernel would call hung. */
interface HungTask {
  readonly task: Task
  readonly seconds: number
}

const SHOWN = 10
/**
 * "INFO: task jbd2/vda1-8:123 blocked for more than 120 seconds.", since v7.0 "blocked in I/O wait for more than". The
 * name is cut to 15 bytes, and may hold anything.
 */
const SAID = /^INFO: task (.*):(\d+) blocked (?:in I\/O wait )?for more than (\d+) seconds/
/** Asleep in these, somebody else is to blame: whoever holds the lock. */
const LOCKS =
  /^(?:__)?(?:mutex_lock|rwsem_down|down_(?:read|write|killable|interruptible|common)|down$|rt_mutex|rtlock|ww_mutex|percpu_(?:down|rwsem)|rwbase)/
/** Asleep in these, a disk or a server is. */
const IO_WAITS =
  /^(?:io_schedule\w*|(?:__)?(?:folio|page)_wait_\w+|wait_on_page_\w+|(?:__)?wait_on_buffer|blk_mq_get_tag|rq_qos_wait|submit_bio_wait)$/

export const hungTask: Rule = {
  name: 'hung_task',
  summary: 'tasks that slept for ever in the kernel',
  needs: [],
  *find(scene) {
    const isPanic = diedOf(scene, /hung_task: blocked tasks/, /^(?:check_hung_\w+|watchdog)$/)
    const said = saidTasks(scene)
    if (!isPanic) {
      if (said.length > 0) yield survived(scene, said)
      return
    }
    yield panicFinding(scene, said)
  },
}

interface SaidTask {
  readonly comm: string
  readonly pid: number
  readonly seconds: number
  readonly line: string
}

function saidTasks({ lines }: Scene): SaidTask[] {
  const latest = new Map<number, SaidTask>()
  for (const { text } of lines) {
    const [, comm = '', pid, seconds] = SAID.exec(text) ?? []
    if (pid === undefined) continue
    latest.set(Number(pid), { comm, pid: Number(pid), seconds: Number(seconds), line: text })
  }
  return [...latest.values()]
}

function panicFinding(scene: Scene, said: readonly SaidTask[]): Finding {
  const hung = readHungTasks(scene)
  const last = said.at(-1)
  // The one that made it panic is the last that was told of; others may have been asleep for longer.
  const first = hung.find(({ task }) => attempt(() => task.number('pid')) === last?.pid) ?? hung[0]
  const task =
    first?.task ?? scene.tasks.find((each) => attempt(() => each.number('pid')) === last?.pid)
  const culprit = task ? sleeperCulprit(scene, task) : null
  const more = Math.max(hung.length, said.length) - 1
  const others = more > 0 ? `, and ${more} more` : ''
  const who = task ? taskText(task) : last ? `PID ${last.pid} "${last.comm}"` : 'a task'
  const seconds = first?.seconds ?? last?.seconds
  const long = seconds === undefined ? '' : ` for ${seconds} s`
  return {
    kind: 'hung-task',
    role: 'cause',
    title: `${who} slept uninterruptibly${long}${task ? inSleeper(scene, task) : ''}${others}`,
    confidence: 'certain',
    evidence: [
      ...panicEvidence(scene),
      ...said.slice(-SHOWN).map(({ line }) => ({ text: `the log says: ${line}`, command: 'log' })),
      ...hung.slice(0, SHOWN).map((each) => hungEvidence(scene, each)),
    ],
    refutedBy: ['a disk or a server that is only slow, and a timeout set too short'],
    culprit,
    next: [
      { text: 'see what each one waits for', command: 'foreach UN bt' },
      { text: 'see since when they sleep', command: 'foreach UN ps -m' },
      { text: 'see requests that disks have not ended', command: 'dev -d' },
    ],
    explains: ['panic'],
    tasks: task ? [task.address] : [],
  }
}

/** Tasks that have slept for as long as khungtaskd lets pass, the longest first. @source kernel/hung_task.c task_is_hung() */
function readHungTasks({ program, tasks }: Scene): HungTask[] {
  const hz = attempt(() => kernelHz(program)) ?? 0
  const jiffies = attempt(() => program.object('jiffies', 'unsigned long').bigint())
  const timeout = attempt(() =>
    Number(program.object('sysctl_hung_task_timeout_secs', 'unsigned long').bigint()),
  )
  if (hz === 0 || jiffies === undefined || timeout === undefined || timeout === 0) return []
  const found = tasks.flatMap((task) => {
    const seconds = attempt(() => sleepSeconds(task, jiffies, hz))
    return seconds === undefined || seconds < timeout ? [] : [{ task, seconds }]
  })
  return found.toSorted((a, b) => b.seconds - a.seconds)
}

function sleepSeconds(task: Task, jiffies: bigint, hz: number): number | undefined {
  const state = taskState(task)
  if ((state & TASK_UNINTERRUPTIBLE) === 0 || (state & (TASK_WAKEKILL | TASK_NOLOAD)) !== 0)
    return undefined
  // khungtaskd notes both when it finds that a task has been switched since it last looked.
  if (task.bigint('nvcsw') + task.bigint('nivcsw') !== task.bigint('last_switch_count'))
    return undefined
  // Since v4.20, commit a2e514453861 ("kernel/hung_task.c: allow to set checking interval separately from timeout").
  if (!task.has('last_switch_time')) return undefined
  return Math.floor(Number(BigInt.asIntN(64, jiffies - task.bigint('last_switch_time'))) / hz)
}

/** Nobody is to blame for sleeping on a lock but its holder, nor for waiting for a disk but the disk. */
function sleeperCulprit(scene: Scene, task: Task): Culprit | null {
  const { frames } = scene.trace(task)
  if (frames.some(({ name }) => LOCKS.test(name ?? '') || IO_WAITS.test(name ?? ''))) return null
  return blame(scene.program, frames)
}

function inSleeper(scene: Scene, task: Task): string {
  const frame = blamedFrame(scene.trace(task).frames)
  return frame ? ` in ${functionText(frame)}` : ''
}

function hungEvidence(scene: Scene, { task, seconds }: HungTask): Evidence {
  return taskEvidence(task, `${taskText(task)} has slept for ${seconds} s${inSleeper(scene, task)}`)
}

/** Told in the log of a kernel that died of something else. */
function survived(scene: Scene, said: readonly SaidTask[]): Finding {
  const last = said.at(-1)
  const task = scene.tasks.find((each) => attempt(() => each.number('pid')) === last?.pid)
  const isStill =
    task !== undefined && ((attempt(() => taskState(task)) ?? 0) & TASK_UNINTERRUPTIBLE) !== 0
  const culprit = task && isStill ? sleeperCulprit(scene, task) : null
  const state =
    task === undefined
      ? 'is gone now'
      : isStill
        ? `still sleeps${inSleeper(scene, task)}`
        : 'went on'
  return {
    ...{ kind: 'hung-task', role: 'earlier', confidence: 'possible', culprit, explains: [] },
    title: `PID ${last?.pid ?? '?'} "${last?.comm ?? ''}" had slept for more than ${last?.seconds ?? '?'} s, and ${state}`,
    evidence: said
      .slice(-SHOWN)
      .map(({ line }) => ({ text: `the log says: ${line}`, command: 'log' })),
    refutedBy: ['the wait having ended before the crash'],
    next: [{ text: 'see what the tasks wait for', command: 'foreach UN bt' }],
  }
}
