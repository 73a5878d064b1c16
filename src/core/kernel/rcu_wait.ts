// Who holds up a grace period of RCU: CPUs that have not passed a quiescent state, and tasks that were preempted within a
// read-side section. Source: kernel/rcu/tree.h struct rcu_node, kernel/rcu/tree_stall.h.
import { attempt } from '../base/errors.ts'
import type { KObject } from '../program/kobject.ts'
import type { Program } from '../program/program.ts'
import { listForEachEntry } from './list.ts'
import { forEachCpu } from './percpu.ts'
import { currentTask, idleTask, type Task } from './sched.ts'

/** Nodes and tasks looked at. */
const NODES_MAX = 4096
const TASKS_MAX = 1024

/** What a grace period waits for. */
export interface RcuHolders {
  /** CPUs that have still to report. */
  readonly cpus: readonly number[]
  /** What those CPUs run, their idle tasks left out, and tasks preempted while reading. */
  readonly tasks: readonly Task[]
}

/** What the grace period in progress waits for; nobody if there is none. */
export function rcuHolders(program: Program): RcuHolders {
  const state = program.object('rcu_state', 'struct rcu_state')
  const nodes = state.get('node')
  const count = Math.min(state.find('node')?.length ?? 0, NODES_MAX)
  const online = new Set(forEachCpu(program, 'online'))
  const cpus: number[] = []
  const tasks = new Map<bigint, Task>()
  for (let i = 0; i < count; i++) {
    const node = nodes.at(i)
    // Leaves say which CPUs; the nodes above them, which nodes.
    if (node.number('level') !== leafLevel(program)) continue
    for (const cpu of leafCpus(node)) if (online.has(cpu)) cpus.push(cpu)
    for (const task of attempt(() => blockedReaders(node)) ?? []) tasks.set(task.address, task)
  }
  for (const cpu of cpus) {
    const task = attempt(() => currentTask(program, cpu))
    if (task && task.address !== attempt(() => idleTask(program, cpu).address))
      tasks.set(task.address, task)
  }
  return { cpus, tasks: [...tasks.values()] }
}

function leafLevel(program: Program): number {
  return program.memory.i32(program.symbol('rcu_num_lvls')) - 1
}

function leafCpus(node: KObject): number[] {
  const mask = node.bigint('qsmask')
  const first = node.number('grplo')
  const count = Math.min(node.number('grphi') - first + 1, 64)
  return Array.from({ length: Math.max(count, 0) }, (_, bit) => bit)
    .filter((bit) => ((mask >> BigInt(bit)) & 1n) !== 0n)
    .map((bit) => first + bit)
}

/** Those from gp_tasks on hold up the grace period. */
function blockedReaders(node: KObject): Task[] {
  const first = node.find('gp_tasks')?.pointer() ?? 0n
  if (first === 0n) return []
  const found: Task[] = []
  let isHolding = false
  for (const task of listForEachEntry<'task_struct'>(
    node.get('blkd_tasks'),
    'struct task_struct',
    'rcu_node_entry',
  )) {
    isHolding ||= task.get('rcu_node_entry').address === first
    if (isHolding) found.push(task)
    if (found.length >= TASKS_MAX) break
  }
  return found
}
