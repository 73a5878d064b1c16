// A crash as rules look at it, in words: the lines of its log, its tasks and what their stacks held.
//
//   const scene = sceneOf({
//     log: ['BUG: …', 'Kernel panic - not syncing: …'],
//     tasks: { hog: { pid: 100, cpu: 1, frames: ['spin', 'asm_sysvec_apic_timer_interrupt', 'hog_fn!', 'kthread'] } },
//     panicCpu: 1,
//   })
//
// A task with a `cpu` runs there, others sleep. What frames are: scene_stack.ts. Struct members beyond those below come
// with `members`, such as `{ task_struct: 'u64 last_switch_time;' }`, other types and percpu variables with `types`.
import { Scene } from '../../src/core/diagnose/scene.ts'
import { Program } from '../../src/core/program/program.ts'
import type { Value } from './encode_value.ts'
import { buildKernel, type KernelRecipe, type Placed } from './kernel_recipe.ts'
import type { KernelBuilder } from './kernel_builder.ts'
import { mkprintk, type LogLine } from './mkprintk.ts'
import { prstatusNote, SceneStacks, type SceneFrame } from './scene_stack.ts'

/** A task of the scene. */
export interface SceneTask {
  readonly pid: number
  /** The thread group; a process of its own if not given. */
  readonly tgid?: number
  /** Its name in the recipe if not given. */
  readonly comm?: string
  /** It runs there. */
  readonly cpu?: number
  /** Raw state; 0 for one that runs, 1 (interruptible) for others. */
  readonly state?: number
  readonly flags?: number
  /** Name of its parent in the recipe; init_task if not given. */
  readonly parent?: string
  /** Innermost first. */
  readonly frames?: readonly SceneFrame[]
  /** Further members. */
  readonly value?: { readonly [member: string]: Value }
}

/** What the crash consists of. */
export interface SceneRecipe extends Omit<KernelRecipe, 'types' | 'cpus'> {
  readonly log?: readonly (string | LogLine)[]
  readonly tasks?: Readonly<Record<string, SceneTask>>
  readonly panicCpu?: number
  /** CPUs: 2 if not given. Values of percpu variables beyond those of the scene. */
  readonly cpus?: readonly Readonly<Record<string, Value>>[]
  /** What CPUs without a task of the scene did, by number: their idle tasks. */
  readonly idleFrames?: Readonly<Record<number, readonly SceneFrame[]>>
  readonly types?: string
  /** Called before stacks are written, so that registers and words may refer to what it places. */
  readonly prepare?: (kernel: KernelBuilder) => void
  /** Struct → members it has besides. */
  readonly members?: Readonly<Record<string, string>>
}

const KTHREAD = 0x0020_0000

const typesOf = (members: Readonly<Record<string, string>>): string => `
  typedef unsigned char u8; typedef unsigned short u16; typedef unsigned int u32; typedef int s32;
  typedef unsigned long long u64; typedef long long s64; typedef int pid_t;
  typedef struct { int counter; } atomic_t; typedef struct { s64 counter; } atomic_long_t;
  struct list_head { struct list_head *next, *prev; };
  struct rb_node { unsigned long __rb_parent_color; struct rb_node *rb_right, *rb_left; };
  struct orc_ip { int offset; };
  struct orc_entry { short sp_offset; short bp_offset;
    unsigned sp_reg:4; unsigned bp_reg:4; unsigned type:3; unsigned signal:1; };
  struct inactive_task_frame { unsigned long r15, r14, r13, r12, bx, bp, ret_addr; };
  struct thread_info { unsigned long flags; u32 status; u32 cpu; ${members.thread_info ?? ''} };
  struct thread_struct { unsigned long sp; };
  struct mm_struct { unsigned long total_vm; void *pgd; ${members.mm_struct ?? ''} };
  struct signal_struct { atomic_t live; struct list_head thread_head; ${members.signal_struct ?? ''} };
  struct task_struct {
    struct thread_info thread_info; unsigned int __state; void *stack; unsigned int flags; int on_cpu;
    struct list_head tasks; struct mm_struct *mm; int exit_state; pid_t pid; pid_t tgid;
    struct task_struct *real_parent, *group_leader; struct list_head thread_node;
    char comm[16]; struct signal_struct *signal; ${members.task_struct ?? ''} struct thread_struct thread;
  };
  struct rq { unsigned int nr_running; struct task_struct *curr, *idle; ${members.rq ?? ''} };
  percpu struct rq runqueues; percpu struct task_struct *current_task;`

/** Build the crash. */
export function sceneOf(recipe: SceneRecipe = {}): Scene {
  const { log = [], tasks = {}, members = {}, types = '', panicCpu = -1 } = recipe
  const cpuRecipes = recipe.cpus ?? [{}, {}]
  const count = cpuRecipes.length
  const image = mkprintk({
    lines: log.map((line) => (typeof line === 'string' ? { text: line } : line)),
    countBits: 9,
    sizeBits: 16,
  })
  const stacks = new SceneStacks()
  const running = new Map<number, string>()
  for (let cpu = 0; cpu < count; cpu++) running.set(cpu, idleName(cpu))
  for (const [name, { cpu }] of Object.entries(tasks)) if (cpu !== undefined) running.set(cpu, name)
  const { program } = buildKernel({
    ...recipe,
    types: typesOf(members) + types,
    variables: {
      init_task: idleTask(0),
      init_signals: ['struct signal_struct'],
      panic_cpu: ['int', panicCpu],
      ...recipe.variables,
    },
    objects: { ...idleTasks(count), ...taskObjects(tasks), ...recipe.objects },
    cpus: cpuRecipes.map((values, cpu) => ({
      current_task: `&${running.get(cpu)}`,
      ...values,
      runqueues: {
        curr: `&${running.get(cpu)}`,
        idle: `&${idleName(cpu)}`,
        ...membersOf(values.runqueues),
      },
    })),
    lists: { ...taskLists(tasks), ...recipe.lists },
    vmcoreinfo: (recipe.vmcoreinfo ?? '') + (log.length > 0 ? image.vmcoreinfo : ''),
    more(kernel) {
      recipe.prepare?.(kernel)
      if (log.length > 0) for (const [at, bytes] of image.pieces) kernel.image.write(at, bytes)
      for (const [cpu, frames] of Object.entries(recipe.idleFrames ?? {}))
        stacks.place(kernel, idleName(Number(cpu)), frames, Number(cpu))
      for (const [name, { frames, cpu }] of Object.entries(tasks))
        if (frames) stacks.place(kernel, name, frames, cpu)
      stacks.writeRules(kernel)
      recipe.more?.(kernel)
    },
  })
  const notes = Array.from({ length: count }, (_, cpu) => prstatusNote(stacks.running.get(cpu)))
  return new Scene(new Program({ ...program.dump, notes }))
}

function membersOf(value: Value | undefined): { readonly [member: string]: Value } {
  return typeof value === 'object' && !isList(value) ? value : {}
}

const isList = (value: object): value is readonly Value[] => Array.isArray(value)

const idleName = (cpu: number): string => (cpu === 0 ? 'init_task' : `idle${cpu}`)

function idleTask(cpu: number): Placed {
  const value = {
    ...{ comm: `swapper/${cpu}`, flags: KTHREAD, thread_info: { cpu }, signal: '&init_signals' },
    ...{ on_cpu: 1, real_parent: '&init_task', group_leader: `&${idleName(cpu)}` },
  }
  return ['struct task_struct', value]
}

function idleTasks(count: number): Record<string, Placed> {
  const others = Array.from({ length: count - 1 }, (_, index) => index + 1)
  return Object.fromEntries(others.map((cpu) => [idleName(cpu), idleTask(cpu)]))
}

function taskObjects(tasks: Readonly<Record<string, SceneTask>>): Record<string, Placed> {
  const placed: Record<string, Placed> = {}
  for (const [name, task] of Object.entries(tasks)) {
    const { pid, tgid = pid, cpu, comm = name, flags = 0, parent = 'init_task' } = task
    const leader = leaderOf(tasks, tgid) ?? name
    placed[name] = [
      'struct task_struct',
      {
        ...{ pid, tgid, comm, flags, __state: task.state ?? (cpu === undefined ? 1 : 0) },
        ...{ on_cpu: cpu === undefined ? 0 : 1, thread_info: { cpu: cpu ?? 0 } },
        ...{ real_parent: `&${parent}`, group_leader: `&${leader}`, signal: `&${leader}_signal` },
        ...task.value,
      },
    ]
    if (leader === name) placed[`${name}_signal`] = ['struct signal_struct']
  }
  return placed
}

function leaderOf(tasks: Readonly<Record<string, SceneTask>>, tgid: number): string | undefined {
  return Object.entries(tasks).find(([, { pid }]) => pid === tgid)?.[0]
}

function taskLists(tasks: Readonly<Record<string, SceneTask>>): Record<string, readonly string[]> {
  const leaders = Object.entries(tasks).filter(([, { pid, tgid = pid }]) => pid === tgid)
  const threads = leaders.map(([leader, { pid: group }]) => {
    const members = Object.entries(tasks).filter(([, { pid, tgid = pid }]) => tgid === group)
    return [`${leader}_signal.thread_head`, members.map(([name]) => `${name}.thread_node`)] as const
  })
  return {
    'init_task.tasks': leaders.map(([name]) => `${name}.tasks`),
    'init_signals.thread_head': ['init_task.thread_node'],
    ...Object.fromEntries(threads),
  }
}
