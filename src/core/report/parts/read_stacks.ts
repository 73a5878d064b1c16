// Stacks of the report: the one of the task that died and of each CPU frame by frame, those of all tasks folded.
import { attempt } from '../../base/errors.ts'
import { formatHex } from '../../base/hex.ts'
import type { NamedFrame } from '../../diagnose/named_frame.ts'
import type { Scene, SceneTrace } from '../../diagnose/scene.ts'
import { taskStateName, type Task } from '../../kernel/sched.ts'
import type {
  ReportBacktrace,
  ReportCpu,
  ReportFrame,
  ReportStackGroup,
  ReportStacks,
  ReportTaskName,
} from '../model/stack_model.ts'

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

/** Stacks folded, and which of the groups a task is in. */
export interface FoldedStacks {
  readonly stacks: ReportStacks
  /** Index in `stacks.groups` by the task's address. */
  readonly groupOf: ReadonlyMap<bigint, number>
}

interface Group {
  readonly frames: readonly string[]
  readonly tasks: Task[]
}

/** Fold the stacks of all tasks: equal names are one group. */
export function foldStacks(scene: Scene): FoldedStacks {
  const looked = scene.tasks.slice(0, TASKS_MAX)
  const groups = new Map<string, Group>()
  for (const task of looked) {
    const frames = scene.trace(task).frames.slice(0, FRAMES_MAX).map(frameText)
    const key = frames.join('\n')
    const group = groups.get(key)
    if (group) group.tasks.push(task)
    else groups.set(key, { frames, tasks: [task] })
  }
  const sorted = [...groups.values()].toSorted((a, b) => b.tasks.length - a.tasks.length)
  const listed = sorted.slice(0, GROUPS_MAX)
  const groupOf = new Map<bigint, number>()
  for (const [index, { tasks }] of listed.entries())
    for (const { address } of tasks) groupOf.set(address, index)
  const omitted = scene.tasks.length - groupOf.size
  return { stacks: { tasks: looked.length, groups: listed.map(toGroup), omitted }, groupOf }
}

function frameText({ name, module }: NamedFrame): string {
  return `${name ?? '(unknown)'}${module === '' ? '' : ` [${module}]`}`
}

function toGroup({ frames, tasks }: Group): ReportStackGroup {
  const byState: Record<string, number> = {}
  for (const task of tasks) {
    const state = attempt(() => taskStateName(task)) ?? '??'
    byState[state] = (byState[state] ?? 0) + 1
  }
  const examples = tasks
    .slice(0, EXAMPLES_MAX)
    .flatMap((task) => attempt(() => taskName(task)) ?? [])
  return { frames, count: tasks.length, byState, examples }
}
