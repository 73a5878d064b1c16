// The tasks that there are most of, and whose children they are.
import { attempt } from '../base/errors.ts'
import { EXIT_ZOMBIE, taskState, type Task } from '../kernel/sched.ts'
import { parentTask } from '../kernel/task_parent.ts'
import { taskText } from './task_text.ts'

/** Many tasks of one name. */
export interface TaskCrowd {
  readonly comm: string
  readonly count: number
  readonly example: Task
  readonly examplePid: number
  /** `125 tasks "sleep", 3 of them zombies`. */
  readonly text: string
  /** `120 of them are children of PID 180 "spawner"`; undefined unless most have one parent. */
  readonly parentText: string | undefined
  /** Who is to blame: the parent of most, if it is not init, else the tasks themselves. */
  readonly culprit: string
}

/** A crowd is this part of all tasks. */
const CROWD_SHARE = 0.25
const INIT_PID = 1

/** Find the name that most tasks have; undefined if no name stands out. */
export function mostCommonTasks(tasks: readonly Task[]): TaskCrowd | undefined {
  const [comm, group = []] = largest(groupBy(tasks, (task) => attempt(() => task.string('comm'))))
  const [example] = group
  if (comm === undefined || !example || group.length < tasks.length * CROWD_SHARE) return undefined
  const zombies = group.filter((task) => (attempt(() => taskState(task)) ?? 0) & EXIT_ZOMBIE).length
  const [, children = []] = largest(
    groupBy(group, (task) => attempt(() => parentTask(task).address)),
  )
  const [child] = children
  const parent = child && attempt(() => parentTask(child))
  const hasParent = parent !== undefined && children.length > group.length / 2
  const isAdopted = !hasParent || (attempt(() => parent.number('pid')) ?? INIT_PID) <= INIT_PID
  return {
    ...{ comm, count: group.length, example },
    examplePid: attempt(() => example.number('pid')) ?? 0,
    text: `${group.length} tasks "${comm}"${zombies > 0 ? `, ${zombies} of them zombies` : ''}`,
    parentText: hasParent
      ? `${children.length} of them are children of ${taskText(parent)}${isAdopted ? ': whoever started them is gone' : ''}`
      : undefined,
    culprit: isAdopted ? `${group.length} tasks "${comm}"` : taskText(parent),
  }
}

function groupBy<K>(tasks: readonly Task[], keyOf: (task: Task) => K | undefined): Map<K, Task[]> {
  const groups = new Map<K, Task[]>()
  for (const task of tasks) {
    const key = keyOf(task)
    if (key === undefined) continue
    const group = groups.get(key)
    if (group) group.push(task)
    else groups.set(key, [task])
  }
  return groups
}

function largest<K>(groups: Map<K, Task[]>): [K | undefined, Task[] | undefined] {
  let best: [K | undefined, Task[] | undefined] = [undefined, undefined]
  for (const [key, group] of groups) if (group.length > (best[1]?.length ?? 0)) best = [key, group]
  return best
}
