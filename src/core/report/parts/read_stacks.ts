// Stacks of the report: the one of the task that died and of each CPU frame by frame, those of all tasks folded.
import { attempt } from '../../base/errors.ts'
import { formatHex } from '../../base/hex.ts'
import type { NamedFrame } from '../../diagnose/named_frame.ts'
import type { Scene, SceneTrace } from '../../diagnose/scene.ts'
import type { Task } from '../../kernel/sched.ts'
import type {
  ReportBacktrace,
  ReportCpu,
  ReportFrame,
  ReportStackGroup,
  ReportStacks,
  ReportTaskName,
} from '../model/stack_model.ts'
import type { ReportTaskRow } from '../model/task_model.ts'
import { countStates, readTaskFacts, type TaskFacts } from './read_tasks.ts'

const CPUS_MAX = 512
const FRAMES_MAX = 200
/** Tasks whose stacks are looked at: 0.2 ms each. */
const TASKS_MAX = 30_000
const GROUPS_MAX = 500
const EXAMPLES_MAX = 5

/** A stack frame by frame. */
export function toBacktrace({ frames, end, why }: SceneTrace): ReportBacktrace {
  return { frames: frames.slice(0, FRAMES_MAX).map(toFrame), end, why }
}

function toFrame({ name, offset, module, ip, sp, quality, interrupted }: NamedFrame): ReportFrame {
  return {
    function: name,
    offset,
    module,
    ip: formatHex(ip),
    sp: formatHex(sp),
    quality,
    interrupted,
  }
}

/** Read what each CPU did, the one that panicked first. */
export function readCpus(scene: Scene): ReportCpu[] {
  const panicked = scene.panicCpu
  const others = scene.cpus.filter((cpu) => cpu !== panicked)
  const cpus = panicked === undefined ? others : [panicked, ...others]
  return cpus.slice(0, CPUS_MAX).map((cpu) => {
    const task = scene.currentTask(cpu)
    const name = task && attempt(() => taskName(task))
    return {
      cpu,
      panicked: cpu === panicked,
      pid: name?.pid ?? null,
      comm: name?.comm ?? null,
      backtrace: toBacktrace(scene.cpuTrace(cpu)),
    }
  })
}

/** A task by name. @throws {KdumpError} if it cannot be read */
export function taskName(task: Task): ReportTaskName {
  return { pid: task.number('pid'), comm: task.string('comm') }
}

/** Stacks folded, and the tasks in them. */
export interface FoldedStacks {
  readonly stacks: ReportStacks
  readonly rows: readonly ReportTaskRow[]
}

interface Group {
  readonly frames: readonly string[]
  readonly rows: TaskFacts[]
}

/**
 * Fold the stacks of all tasks: equal names are one group.
 *
 * All that is told of a task is read at once: of thousands, the first one's pages are gone from memory by the time the
 * last one is read.
 */
export function foldStacks(scene: Scene): FoldedStacks {
  const groups = new Map<string, Group>()
  const all: TaskFacts[] = []
  for (const [index, task] of scene.tasks.entries()) {
    const row = attempt(() => readTaskFacts(task))
    if (!row) continue
    all.push(row)
    if (index >= TASKS_MAX) continue
    const frames = scene.trace(task).frames.slice(0, FRAMES_MAX).map(frameText)
    const key = frames.join('\n')
    const group = groups.get(key)
    if (group) group.rows.push(row)
    else groups.set(key, { frames, rows: [row] })
  }
  const listed = [...groups.values()]
    .toSorted((a, b) => b.rows.length - a.rows.length)
    .slice(0, GROUPS_MAX)
  const indexes = new Map(listed.flatMap(({ rows }, index) => rows.map((row) => [row, index])))
  return {
    stacks: {
      tasks: Math.min(all.length, TASKS_MAX),
      groups: listed.map(toGroup),
      omitted: scene.tasks.length - indexes.size,
    },
    rows: all.map((row) => ({ ...row, stack: indexes.get(row) ?? null })),
  }
}

function frameText({ name, module }: NamedFrame): string {
  return `${name ?? '(unknown)'}${module === '' ? '' : ` [${module}]`}`
}

function toGroup({ frames, rows }: Group): ReportStackGroup {
  return {
    frames,
    count: rows.length,
    byState: countStates(rows),
    examples: rows.slice(0, EXAMPLES_MAX).map(({ pid, comm }) => ({ pid, comm })),
  }
}
