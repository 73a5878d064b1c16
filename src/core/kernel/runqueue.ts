// Run queues: what a CPU had to run. Source: kernel/sched/sched.h, kernel/sched/fair.c, rt.c, deadline.c.
import { CorruptError } from '../base/errors.ts'
import { stripType } from '../debuginfo/type.ts'
import type { KObject } from '../program/kobject.ts'
import type { Program } from '../program/program.ts'
import { containerOf, listForEachEntry } from './list.ts'
import { forEachCpu, perCpu, perCpuPtr } from './percpu.ts'
import { rbtreeInorderForEachEntry } from './rbtree.ts'
import type { Task } from './sched.ts'

/** How deep control groups nest, as deep as a walk follows them. */
const GROUP_DEPTH_LIMIT = 1000
/** MAX_RT_PRIO: priorities below are real-time ones. @source include/linux/sched/prio.h */
export const MAX_RT_PRIO = 100

/** What waits in a run queue: a task, or a group with a run queue of its own. */
export type QueuedEntity =
  | { readonly kind: 'task'; readonly task: Task }
  | { readonly kind: 'group'; readonly queue: KObject }

/** `cpu_rq(cpu)`. */
export function cpuRq(program: Program, cpu: number): KObject<'rq'> {
  return perCpu(program, 'runqueues', cpu, 'struct rq').cast('struct rq')
}

/** What a task last got a CPU at, by the scheduler's clock; without CONFIG_SCHED_INFO when its slice began. */
export function taskLastArrival(task: Task): bigint {
  // Since v2.6.23 there is `se`; sched_info depends on the configuration.
  return task.bigint('sched_info.last_arrival', 'se.exec_start')
}

/** The scheduler's clock when the newest of the run queues looked at it: of a CPU that hung the own one stood still. */
export function schedClock(program: Program): bigint {
  return forEachCpu(program, 'online')
    .map((cpu) => cpuRq(program, cpu).bigint('clock'))
    .reduce((newest, clock) => (clock > newest ? clock : newest), 0n)
}

/**
 * Walk the timeline of a fair run queue: by deadline since v6.6 (EEVDF), by virtual run time before.
 *
 * @param cfsRq `struct cfs_rq`
 * @yields tasks and groups in tree order; the one that runs is not in the tree
 * @source kernel/sched/fair.c __enqueue_entity()
 */
export function* forEachFairEntity(cfsRq: KObject): Generator<QueuedEntity> {
  const timeline = cfsRq.get('tasks_timeline')
  for (const entity of rbtreeInorderForEachEntry<'sched_entity'>(
    // Since v4.14, commit bfb068892d30 ("sched/fair: replace cfs_rq->rb_leftmost"), the root is a cached one.
    timeline.find('rb_root') ?? timeline,
    'struct sched_entity',
    'run_node',
  ))
    yield fairEntity(entity)
}

/** What a fair run queue runs, undefined if it is idle or its CPU runs another class. */
export function fairCurrent(cfsRq: KObject): QueuedEntity | undefined {
  const current = cfsRq.get('curr')
  return current.isNull() ? undefined : fairEntity(current.deref())
}

/** @source kernel/sched/sched.h task_of(), group_cfs_rq() */
function fairEntity(entity: KObject): QueuedEntity {
  // my_q is there with CONFIG_FAIR_GROUP_SCHED only.
  const queue = entity.find('my_q')
  if (queue && !queue.isNull()) return { kind: 'group', queue: queue.deref() }
  return { kind: 'task', task: containerOf(entity, entity.address, 'struct task_struct', 'se') }
}

/** Is a fair run queue held back by its group's quota? */
export function isThrottled(cfsRq: KObject): boolean {
  return (cfsRq.find('throttled')?.number() ?? 0) !== 0
}

/** A real-time entity and the list it waits in. */
export type RtEntity = QueuedEntity & {
  /** 0 is the most urgent, 99 the least. */
  readonly priority: number
}

/**
 * Walk a real-time run queue.
 *
 * @param rtRq `struct rt_rq`
 * @yields tasks and groups, most urgent first; the one that runs is among them
 * @source kernel/sched/rt.c __enqueue_rt_entity()
 */
export function* forEachRtEntity(rtRq: KObject): Generator<RtEntity> {
  const queues = rtRq.get('active.queue')
  for (let priority = 0; priority < Math.min(queues.length, MAX_RT_PRIO); priority++) {
    for (const entity of listForEachEntry<'sched_rt_entity'>(
      queues.at(priority),
      'struct sched_rt_entity',
      'run_list',
    )) {
      // my_q is there with CONFIG_RT_GROUP_SCHED only.
      const queue = entity.find('my_q')
      if (queue && !queue.isNull()) yield { kind: 'group', queue: queue.deref(), priority }
      else {
        const task = containerOf<'task_struct'>(entity, entity.address, 'struct task_struct', 'rt')
        yield { kind: 'task', task, priority }
      }
    }
  }
}

/**
 * Walk a deadline run queue.
 *
 * @param dlRq `struct dl_rq`
 * @yields tasks, earliest deadline first; servers, which stand in for other classes, are left out
 * @source kernel/sched/deadline.c __enqueue_dl_entity(), dl_task_of()
 */
export function* forEachDeadlineTask(dlRq: KObject): Generator<Task> {
  const root = dlRq.get('root')
  for (const entity of rbtreeInorderForEachEntry<'sched_dl_entity'>(
    root.find('rb_root') ?? root,
    'struct sched_dl_entity',
    'rb_node',
  )) {
    // Since v6.8, commit 63ba8422f876 ("sched/deadline: Introduce deadline servers"), not every entity is a task.
    if (entity.find('dl_server')?.bool() === true) continue
    yield containerOf<'task_struct'>(entity, entity.address, 'struct task_struct', 'dl')
  }
}

/**
 * Walk the tasks that wait for a CPU or run on it, group by group.
 *
 * @yields fair, real-time and deadline tasks; the idle task is none of them
 */
export function* forEachRunnableTask(program: Program, cpu: number): Generator<Task> {
  const rq = cpuRq(program, cpu)
  yield* forEachDeadlineTask(rq.get('dl'))
  yield* rtTasks(rq.get('rt'), 0)
  yield* forEachFairTask(rq.get('cfs'))
}

function* rtTasks(rtRq: KObject, depth: number): Generator<Task> {
  checkDepth(rtRq, depth)
  for (const entity of forEachRtEntity(rtRq)) {
    if (entity.kind === 'task') yield entity.task
    else yield* rtTasks(entity.queue, depth + 1)
  }
}

/** Walk the tasks of a fair run queue and of the groups in it, the running one's group first. */
export function* forEachFairTask(cfsRq: KObject, depth = 0): Generator<Task> {
  checkDepth(cfsRq, depth)
  const current = fairCurrent(cfsRq)
  if (current?.kind === 'group') yield* forEachFairTask(current.queue, depth + 1)
  for (const entity of forEachFairEntity(cfsRq)) {
    if (entity.kind === 'task') yield entity.task
    else yield* forEachFairTask(entity.queue, depth + 1)
  }
}

/** Entities that lead back to a queue above them would nest without end. @throws {CorruptError} */
export function checkDepth(queue: KObject, depth: number): void {
  if (depth > GROUP_DEPTH_LIMIT)
    throw new CorruptError(queue.address, `run queues nest deeper than ${GROUP_DEPTH_LIMIT}`)
}

/** A task group's fair run queue of one CPU; undefined for a kernel without fair groups. */
export function groupCfsRq(group: KObject<'task_group'>, cpu: number): KObject | undefined {
  const queues = group.find('cfs_rq')
  if (!queues || queues.isNull()) return undefined
  // Since v7.2 the pointer is a percpu one; before, it led to an array of pointers by CPU.
  const isArray = stripType(queues.at(0).type).kind === 'pointer'
  return isArray ? queues.at(cpu).deref() : perCpuPtr(queues, cpu)
}

/** Walk the groups directly below a task group, in list order, newest first. @source kernel/sched/core.c sched_online_group() */
export function forEachChildGroup(group: KObject<'task_group'>): Generator<KObject<'task_group'>> {
  return listForEachEntry<'task_group'>(group.get('children'), 'struct task_group', 'siblings')
}

/** Name of a task group: its control group's; '' for a session's own group, which has none. */
export function taskGroupName(group: KObject): string {
  const cgroup = group.find('css.cgroup')
  if (!cgroup || cgroup.isNull()) return ''
  return cgroup.get('kn').deref().string('name')
}
