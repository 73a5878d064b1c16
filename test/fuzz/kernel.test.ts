// Damaged logs, stacks, and whole kernels: pages of a small kernel are damaged below a reader that walks all of it.
import { KdumpError } from '../../src/core/base/errors.ts'
import { VmcoreInfo } from '../../src/core/debuginfo/vmcoreinfo.ts'
import { listForEach } from '../../src/core/kernel/list.ts'
import { panicMessage, panicTask } from '../../src/core/kernel/panic.ts'
import { formatLogLines, readLog } from '../../src/core/kernel/printk.ts'
import { forEachTask, taskStateName, type Task } from '../../src/core/kernel/sched.ts'
import { stackTrace } from '../../src/core/kernel/stack.ts'
import { buildWaitGraph } from '../../src/core/kernel/wait_graph.ts'
import type { Program } from '../../src/core/program/program.ts'
import { unwindStack } from '../../src/core/program/unwind_stack.ts'
import { damagedProgram } from '../support/damaged_program.ts'
import { fuzz } from '../support/fuzz.ts'
import { buildKernel } from '../support/kernel_recipe.ts'
import { mkprintk, mkprintkLog, type LogImage } from '../support/mkprintk.ts'
import { mutate, mutateText } from '../support/mutate.ts'
import { SMALL_KERNEL } from '../support/small_kernel.ts'
import { SparseMemory } from '../support/sparse_memory.ts'
import { stackKernel } from '../support/stack_kernel.ts'
import { waitKernel, type WaitRecipe } from '../support/wait_kernel.ts'

const LINES = Array.from({ length: 60 }, (_, i) => ({
  text: `message ${i} ${'.'.repeat(i % 37)}`,
  level: i % 8,
}))
const LOGS: readonly LogImage[] = [
  mkprintk({ lines: LINES, countBits: 5, sizeBits: 12 }),
  mkprintk({ lines: LINES, countBits: 7, sizeBits: 11, exactFit: true }),
  mkprintkLog(LINES.slice(0, 10), { size: 1024, first: 600 }),
]

/** A log of fewer lines than this many exhausts nobody. */
const RECORDS_MAX = 2 ** 20

fuzz('kernel logs', {}, (random) => {
  const { pieces, vmcoreinfo } = random.pick(LOGS)
  const damaged = random.below(pieces.length)
  const memory = new SparseMemory(
    pieces.map(([at, bytes], i): [bigint, Uint8Array] => [
      at,
      i === damaged ? mutate(bytes, random) : bytes,
    ]),
    random.below(16) !== 0,
  )
  const info = new VmcoreInfo(random.below(4) === 0 ? mutateText(vmcoreinfo, random) : vmcoreinfo)
  let count = 0
  for (const record of readLog(memory, info)) {
    void formatLogLines(record)
    if (++count > RECORDS_MAX) throw new Error('a log without end')
  }
})

const STACK = stackKernel({
  functions: { start: 0x40, middle: 0x100, deep: 0x100, irq: 0x80, bare: 0x80, caller: 0x80 },
  orc: `
    start+0  -     -          end_of_stack
    middle+0 sp+24 -          call
    deep+0   bp+16 prev_sp-16 call
    irq+0    sp+0  -          regs signal
    bare+0   -     -          undefined
    caller+0 sp+16 -          call`,
  stack: [
    'deep+0x20',
    '@8',
    'middle+0x30',
    'irq+0x10',
    0,
    0,
    'caller+0x15',
    'bare+0x10',
    '@20',
    'start+0x10',
    ...new Array<number>(80).fill(0),
  ],
  code: { 'caller+0x10': 'e800000000' },
})

fuzz('stacks, rules and code', {}, (random) => {
  const program = damagedProgram(STACK.program, random)
  for (const name of ['middle+0x20', 'deep+0x20', 'irq+0x20', 'bare+0x20', 'start+0x20']) {
    unwindStack(program, {
      ip: STACK.place(name),
      sp: STACK.place('@0') + BigInt(random.below(16) * 8),
      fp: STACK.place('@8'),
    })
  }
})

const waiter = (name: string, frames: string): WaitRecipe['tasks'][string] => ({
  frames: frames.split(' '),
  entry: ['struct mutex_waiter', { task: `&${name}` }],
})
const WAITS = waitKernel({
  types: `struct mutex { atomic_long_t owner; int wait_lock; struct list_head wait_list; };
    struct mutex_waiter { struct list_head list; struct task_struct *task; void *ww_ctx; };`,
  variables: {
    first_lock: ['struct mutex', { owner: { counter: '&b' } }],
    second_lock: ['struct mutex', { owner: { counter: '&a' } }],
  },
  tasks: {
    a: waiter('a', 'schedule mutex_lock update'),
    b: waiter('b', 'schedule mutex_lock remove'),
    c: waiter('c', 'schedule rwsem_down_read_slowpath down_read show'),
  },
  lists: {
    'first_lock.wait_list': ['a_stack.entry.list', 'c_stack.entry.list'],
    'second_lock.wait_list': ['b_stack.entry.list'],
  },
})

fuzz('who waits for whom', {}, (random) => {
  const program = damagedProgram(WAITS.program, random)
  // Which functions a damaged stack is of is a matter of chance.
  const frames = random.pick(['mutex_lock', 'down_read', 'wait_for_completion', 'io_schedule'])
  const { groups } = buildWaitGraph(program, {
    trace: () => ({ frames: [{ name: frames, module: '', ip: 0n, sp: 0n }] }),
  })
  for (const { waits, cycle } of groups)
    if (waits.length < cycle.length) throw new Error('a group without its cycle')
})

const { program: small } = buildKernel(SMALL_KERNEL)

fuzz('kernels, walked from their tasks to their modules', {}, (random) => {
  const program = damagedProgram(small, random)
  const walks: readonly (() => unknown)[] = [
    () => walkTasks(program),
    () => program.modules.map(({ symbols, types, orc }) => [symbols(), types(), orc()]),
    () => panicTask(program)?.number('pid'),
    () => panicMessage(program),
    () => [...listForEach(program.object('init_task').get('tasks'))],
    () => program.findSymbol('schedule'),
    () => program.symbolize(0xffff_ffff_8100_0010n),
  ]
  for (const walk of walks) tolerant(walk)
})

function walkTasks(program: Program): void {
  let count = 0
  for (const task of forEachTask(program)) {
    tolerant(() => describe(program, task))
    if (++count > 100) return
  }
}

function describe(program: Program, task: Task): unknown {
  const copy = task.snapshot()
  const stack = stackTrace(program, task)
  return [
    copy.string('comm'),
    taskStateName(copy),
    copy.find('mm.total_vm')?.number(),
    copy.enumName('exit_state'),
    stack.end,
  ]
}

/** Read what may be missing; anything but a KdumpError is ours. */
function tolerant(walk: () => unknown): void {
  try {
    walk()
  } catch (error) {
    if (!(error instanceof KdumpError)) throw error
  }
}
