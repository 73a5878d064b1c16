// A kernel of tasks that wait, for tests of what they wait for: each has a stack of its own with room for the entries that
// sleeping tasks leave there. What the functions on their stacks are is said by name; nothing is unwound.
//
//   const { program, graph } = waitKernel({
//     types: MUTEX, variables: { first: ['struct mutex', { owner: { counter: '&b' } }] },
//     tasks: { a: { frames: ['mutex_lock', 'take'], entry: ['struct mutex_waiter', { task: '&a' }] } },
//     lists: { 'first.wait_list': ['a_stack.entry.list'] },
//   })
import { searchTasks } from '../../src/core/kernel/task_search.ts'
import { buildWaitGraph, type WaitGraph } from '../../src/core/kernel/wait_graph.ts'
import { sizeofType } from '../../src/core/debuginfo/type.ts'
import type { Value } from './encode_value.ts'
import { buildKernel, type BuiltKernel, type KernelRecipe, type Placed } from './kernel_recipe.ts'
import { KernelBuilder } from './kernel_builder.ts'

/** A task that sleeps. */
export interface WaitingTask {
  /** Raw state; 2 (uninterruptible) if not given. */
  readonly state?: number
  /** Innermost first. */
  readonly frames?: readonly string[]
  /** What lies on its stack, as `NAME_stack.entry`. */
  readonly entry?: Placed
  /** A word of its stack, as `NAME_stack.word`. */
  readonly word?: Value
  /** Further members. */
  readonly value?: { readonly [member: string]: Value }
}

/** What the kernel consists of. */
export interface WaitRecipe extends Omit<KernelRecipe, 'cpus'> {
  readonly tasks: Readonly<Record<string, WaitingTask>>
  /** Further members of task_struct. */
  readonly taskMembers?: string
}

/** The kernel, and who waits for whom in it. */
export interface WaitKernel extends BuiltKernel {
  readonly graph: WaitGraph
}

const STACK_SIZE = 16_384
const typesOf = (members: string): string => `
  typedef struct { int counter; } atomic_t; typedef struct { long counter; } atomic_long_t;
  struct list_head { struct list_head *next, *prev; };
  struct vm_struct { unsigned int nr_pages; };
  struct thread_info { unsigned long flags; unsigned int status; unsigned int cpu; };
  struct sched_info { unsigned long long last_arrival; };
  struct thread_struct { unsigned long sp; };
  struct signal_struct { atomic_t live; struct list_head thread_head; };
  struct task_struct { struct thread_info thread_info; unsigned int __state; void *stack; unsigned int flags; int on_cpu;
    struct list_head tasks; int exit_state; int pid; struct list_head thread_node; char comm[16];
    struct signal_struct *signal; struct sched_info sched_info; ${members} struct thread_struct thread; };
  struct rq { unsigned long long clock; struct task_struct *curr, *idle; };
  percpu struct rq runqueues; percpu struct task_struct *current_task;`

/** When the kernel died, by the scheduler's clock: 200 s. */
const CLOCK = 200_000_000_000n

/** Build it; tasks have the PIDs 100, 101, …, and sleep since 100 s, 101 s, …. */
export function waitKernel(recipe: WaitRecipe): WaitKernel {
  const { tasks, taskMembers = '' } = recipe
  const names = Object.keys(tasks)
  const types = typesOf(taskMembers) + recipe.types
  const sizes = new KernelBuilder(types)
  const stackTypes = names.map((name) => stackType(sizes, name, tasks[name]?.entry?.[0]))
  const objects = Object.fromEntries(
    names.flatMap((name, index) => taskObjects(name, index, tasks[name] ?? {})),
  )
  const built = buildKernel({
    ...recipe,
    types: types + stackTypes.join('\n'),
    variables: {
      init_task: ['struct task_struct', { comm: 'swapper/0', on_cpu: 1, signal: '&init_signals' }],
      init_signals: ['struct signal_struct'],
      ...recipe.variables,
    },
    objects: { ...objects, ...recipe.objects },
    cpus: [
      {
        runqueues: { clock: CLOCK, curr: '&init_task', idle: '&init_task' },
        current_task: '&init_task',
      },
    ],
    lists: {
      'init_task.tasks': names.map((name) => `${name}.tasks`),
      'init_signals.thread_head': ['init_task.thread_node'],
      ...Object.fromEntries(
        names.map((name) => [`${name}_signal.thread_head`, [`${name}.thread_node`]]),
      ),
      ...recipe.lists,
    },
  })
  const { program } = built
  const graph = buildWaitGraph(program, {
    tasks: searchTasks(program).tasks,
    trace: (task) => ({
      frames: (tasks[task.string('comm')]?.frames ?? []).map((name) => ({
        ...{ name, module: '', sp: 0n },
        ip: (program.findSymbol(name)?.address ?? 0n) + 16n,
      })),
    }),
  })
  return { ...built, graph }
}

/** Saved registers, a word, the entry, and what is above. */
function stackType(sizes: KernelBuilder, name: string, entry: string | undefined): string {
  const used = entry === undefined ? 0 : sizeofType(sizes.type(entry))
  const rest = (STACK_SIZE - 64 - used) / 8
  const member = entry === undefined ? '' : `${entry} entry;`
  return `struct ${name}_stack { unsigned long saved[7]; unsigned long word; ${member} unsigned long rest[${rest}]; };`
}

function taskObjects(name: string, index: number, task: WaitingTask): [string, Placed][] {
  const { state = 2, entry, word = 0, value } = task
  const stack = { word, ...(entry?.[1] === undefined ? {} : { entry: entry[1] }) }
  const members = {
    ...{ __state: state, pid: 100 + index, comm: name, signal: `&${name}_signal` },
    ...{ stack: `&${name}_stack`, thread: { sp: `&${name}_stack` } },
    sched_info: { last_arrival: BigInt(100 + index) * 1_000_000_000n },
    ...value,
  }
  return [
    [name, ['struct task_struct', members]],
    [`${name}_signal`, ['struct signal_struct']],
    [`${name}_stack`, [`struct ${name}_stack`, stack]],
  ]
}
