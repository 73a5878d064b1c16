// RCU: the grace period that runs, and who holds it up. Source: kernel/rcu/tree.h, tree.c, tree_stall.h, tree_plugin.h.
import { attempt, CorruptError } from '../base/errors.ts'
import type { KObject } from '../program/kobject.ts'
import type { Program } from '../program/program.ts'
import { listForEach, containerOf } from './list.ts'
import type { Task } from './sched.ts'

/** RCU_SEQ_STATE_MASK: a grace period runs while these bits are set. */
const SEQ_STATE = 3n
/** RCU_NUM_LVLS, and leaves of 16 CPUs for 8192 of them with some to spare. */
const LEVELS_MAX = 4
const NODES_MAX = 4096
const TASKS_MAX = 1000

/** A grace period that has not ended. */
export interface GracePeriod {
  /** `rcu_preempt`, `rcu_sched`. */
  readonly name: string
  /** Ticks since it began. */
  readonly ageJiffies: number
  /** CPUs it still waits for. */
  readonly cpus: readonly number[]
  /** Tasks that were preempted while they read. */
  readonly tasks: readonly Task[]
  /** Address of rcu_state. */
  readonly address: bigint
  /** The kernel thread that drives it; undefined if it is not known. */
  readonly kthread: Task | undefined
  /** Ticks since that thread last ran. */
  readonly idleJiffies: number | undefined
}

/**
 * The grace period that was running; undefined if none was.
 *
 * @throws {NotFoundError} for kernels before v4.20, whose flavours had a state each
 * @source kernel/rcu/tree_stall.h print_other_cpu_stall()
 */
export function runningGracePeriod(program: Program): GracePeriod | undefined {
  const state = program.objectAt('struct rcu_state', program.symbol('rcu_state'))
  if ((state.bigint('gp_seq') & SEQ_STATE) === 0n) return undefined
  const jiffies = program.object('jiffies', 'unsigned long').bigint()
  const since = (stamp: bigint): number => Number(BigInt.asIntN(64, jiffies - stamp))
  const leaves = [...forEachLeaf(program, state)]
  const kthread = state.find('gp_kthread')
  return {
    name: attempt(() => state.string('name')) ?? 'rcu',
    ageJiffies: since(state.bigint('gp_start')),
    cpus: leaves.flatMap((leaf) => waitedCpus(leaf)),
    tasks: leaves.flatMap((leaf) => blockedTasks(leaf)),
    address: state.address,
    kthread: kthread && !kthread.isNull() ? kthread.deref().cast('struct task_struct') : undefined,
    idleJiffies: state.has('gp_activity') ? since(state.bigint('gp_activity')) : undefined,
  }
}

/** Leaves of the tree, each for some CPUs. @source kernel/rcu/rcu.h rcu_for_each_leaf_node() */
function* forEachLeaf(program: Program, state: KObject<'rcu_state'>): Generator<KObject> {
  const variable = (name: string): number =>
    program.hasSymbol(name) ? program.memory.i32(program.symbol(name)) : 1
  const levels = variable('rcu_num_lvls')
  const nodes = variable('rcu_num_nodes')
  if (levels < 1 || levels > LEVELS_MAX || nodes < 1 || nodes > NODES_MAX)
    throw new CorruptError(state.address, `RCU tree of ${levels} levels and ${nodes} nodes`)
  const array = state.get('node')
  const first = state
    .get('level')
    .at(levels - 1)
    .pointer()
  const size = BigInt(program.sizeof('struct rcu_node'))
  const start = Number((first - array.address) / size)
  if (start < 0 || start >= nodes) throw new CorruptError(first, 'a level outside of the RCU tree')
  for (let index = start; index < nodes; index++) yield array.at(index)
}

function waitedCpus(leaf: KObject): number[] {
  const mask = leaf.bigint('qsmask')
  const low = leaf.number('grplo')
  const count = Math.min(Math.max(leaf.number('grphi') - low + 1, 0), 64)
  return Array.from({ length: count }, (_, bit) => bit)
    .filter((bit) => ((mask >> BigInt(bit)) & 1n) !== 0n)
    .map((bit) => low + bit)
}

/** From gp_tasks to the end of the list; those before it do not block this grace period. */
function blockedTasks(leaf: KObject): Task[] {
  // Without CONFIG_PREEMPT_RCU it stays NULL.
  const first = leaf.has('gp_tasks') ? leaf.pointer('gp_tasks') : 0n
  if (first === 0n) return []
  const tasks: Task[] = []
  let isReached = false
  for (const node of listForEach(leaf.get('blkd_tasks'))) {
    isReached ||= node === first
    if (!isReached) continue
    tasks.push(containerOf<'task_struct'>(leaf, node, 'struct task_struct', 'rcu_node_entry'))
    if (tasks.length === TASKS_MAX) break
  }
  return tasks
}
