// Tasks of the small kernel (test/support/small_kernel.ts), and of kernels whose structs differ as versions did.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { buildKernel, type KernelRecipe } from '../../../test/support/kernel_recipe.ts'
import { SMALL_KERNEL } from '../../../test/support/small_kernel.ts'
import { NotFoundError } from '../base/errors.ts'
import { forEachCpu, nrCpuIds, perCpu, perCpuOffset, perCpuPtr } from './percpu.ts'
import { panicCpu, panicTask } from './panic.ts'
import {
  currentTask,
  findTask,
  forEachIdleTask,
  forEachProcess,
  forEachTask,
  forEachThread,
  isKthread,
  runningCpu,
  taskCpu,
  taskState,
  taskStateName,
  type Task,
} from './sched.ts'

const comms = (tasks: Iterable<Task>): string[] => Array.from(tasks, (task) => task.string('comm'))
const { program, addressOf } = buildKernel(SMALL_KERNEL)

test('processes, their threads and all tasks come in list order, idle tasks apart', () => {
  assert.deepEqual(comms(forEachProcess(program)), ['kthreadd', 'app'])
  assert.deepEqual(comms(forEachThread(program.objectAt('struct task_struct', addressOf('app')))), [
    'app',
    'worker',
  ])
  assert.deepEqual(comms(forEachTask(program)), ['kthreadd', 'app', 'worker'])
  assert.deepEqual(comms(forEachIdleTask(program)), ['swapper/0', 'swapper/1'])
})

test('a task is found by its id, a thread by its own, and PID 0 is the idle task of CPU 0', () => {
  assert.deepEqual(
    [2, 101, 0].map((pid) => findTask(program, pid)?.string('comm')),
    ['kthreadd', 'worker', 'swapper/0'],
  )
  assert.equal(findTask(program, 4711), undefined)
})

test('kernel threads are told by their flag', () => {
  assert.deepEqual(
    Array.from(forEachTask(program), (task) => isKthread(task)),
    [true, false, false],
  )
})

test('a task runs on the CPU whose current it is', () => {
  const cpus = Array.from(forEachTask(program), (task) => runningCpu(program, task))
  assert.deepEqual(cpus, [undefined, undefined, 1])
  assert.equal(currentTask(program, 1).string('comm'), 'worker')
  assert.deepEqual([panicCpu(program), panicTask(program)?.string('comm')], [1, 'worker'])
})

test('a list that leaves the dump yields what came before, then faults', () => {
  const { program: cut } = buildKernel({ ...SMALL_KERNEL, excluded: ['app'] })
  const seen: string[] = []
  assert.throws(
    () => {
      for (const task of forEachTask(cut)) seen.push(task.string('comm'))
    },
    { name: 'FaultError', reason: 'excluded' },
  )
  assert.deepEqual(seen, ['kthreadd'])
})

/** One CPU whose current is `task`; `extra` are members of task_struct beside those every version has. */
function versionOf(
  extra: string,
  values: object,
  more: Partial<KernelRecipe> = {},
): { task: Task; program: ReturnType<typeof buildKernel>['program'] } {
  const built = buildKernel({
    types: `struct task_struct { int exit_state; char comm[16]; ${extra} };
      struct rq { struct task_struct *curr, *idle; }; percpu struct rq runqueues;`,
    objects: { task: ['struct task_struct', { comm: 'one', ...values }] },
    cpus: [{ runqueues: { curr: '&task', idle: '&task' } }],
    ...more,
  })
  return {
    task: built.program.objectAt('struct task_struct', built.addressOf('task')),
    program: built.program,
  }
}

const STATES: readonly (readonly [state: number, exitState: number, name: string])[] = [
  [0, 0, 'RU'],
  [1, 0, 'IN'],
  [2, 0, 'UN'],
  [0x402, 0, 'ID'],
  [0x102, 0, 'UN'],
  [4, 0, 'ST'],
  [8, 0, 'TR'],
  [0x40, 0, 'PA'],
  [0x80, 0x10, 'DE'],
  [0, 0x20, 'ZO'],
  [0x200, 0, 'WA'],
  [0x800, 0, 'NE'],
  [0x1000, 0, 'RU'],
]
for (const member of ['__state', 'state']) {
  test(`task states are named, kept in ${member}`, () => {
    const type = member === 'state' ? 'long' : 'unsigned int'
    for (const [state, exitState, name] of STATES) {
      const { task } = versionOf(`${type} ${member};`, { [member]: state, exit_state: exitState })
      assert.equal(taskStateName(task), name, `0x${state.toString(16)}`)
      assert.equal(taskState(task), state | exitState)
    }
  })
}

test('the CPU of a task is in thread_info, or in the task', () => {
  const old = versionOf('unsigned int cpu;', { cpu: 3 })
  const since = versionOf('struct { unsigned long flags; unsigned int cpu; } thread_info;', {
    thread_info: { cpu: 4 },
  })
  assert.deepEqual([taskCpu(old.task), taskCpu(since.task)], [3, 4])
})

const HOT =
  'struct pcpu_hot { struct task_struct *current_task; int preempt_count; }; percpu struct pcpu_hot pcpu_hot;'
const VARIABLE = 'percpu struct task_struct *current_task;'
const TASK = 'struct task_struct { int exit_state; char comm[16]; unsigned int cpu; };'
const RQ = 'struct rq { struct task_struct *curr, *idle; }; percpu struct rq runqueues;'
for (const [where, types, cpus] of [
  ['pcpu_hot', `${TASK}${RQ}${HOT}`, { runqueues: {}, pcpu_hot: { current_task: '&task' } }],
  ['a variable', `${TASK}${RQ}${VARIABLE}`, { runqueues: {}, current_task: '&task' }],
  ['the run queue', `${TASK}${RQ}`, { runqueues: { curr: '&task' } }],
] as const) {
  test(`the current task of a CPU is found in ${where}`, () => {
    const { task, program: kernel } = versionOf('', {}, { types, cpus: [cpus] })
    assert.equal(currentTask(kernel, 0).address, task.address)
    assert.equal(runningCpu(kernel, task), 0)
  })
}

test('a kernel without any of them has no current task to find', () => {
  const { program: kernel } = buildKernel({ types: TASK })
  assert.throws(() => currentTask(kernel, 0), NotFoundError)
})

test('a task that is on no CPU is not looked for on any', () => {
  // The run queue is excluded: only a task that says it runs needs it.
  const types = `${TASK.replace('cpu;', 'cpu; int on_cpu;')}${RQ}`
  const gone = { types, cpus: [{ runqueues: { curr: 0xffff_8880_0f00_0000n } }] }
  const { task, program: kernel } = versionOf('', { on_cpu: 0 }, gone)
  assert.equal(runningCpu(kernel, task), undefined)
})

test('a CPU number that is none runs nothing', () => {
  const { task, program: kernel } = versionOf('unsigned int cpu;', { cpu: 0xffff_ffff })
  assert.equal(runningCpu(kernel, task), undefined)
})

test('percpu variables lie at the offset of their CPU', () => {
  const queues = [0, 1].map((cpu) => perCpu(program, 'runqueues', cpu))
  assert.deepEqual(
    queues.map((queue) => queue.number('nr_running')),
    [0, 1],
  )
  assert.equal(queues[1]?.address, addressOf('runqueues:1'))
  const pointer = program.value('struct rq *', addressOf('runqueues:0') - perCpuOffset(program, 0))
  assert.equal(perCpuPtr(pointer, 1).address, addressOf('runqueues:1'))
})

test('sets of CPUs are read from their masks', () => {
  const masks = {
    __cpu_online_mask: ['unsigned long', 0b101],
    nr_cpu_ids: ['unsigned int', 9],
  } as const
  const { program: kernel } = buildKernel({
    ...SMALL_KERNEL,
    variables: { ...SMALL_KERNEL.variables, ...masks },
  })
  assert.deepEqual(forEachCpu(kernel, 'online'), [0, 2])
  assert.deepEqual(forEachCpu(kernel, 'possible'), [0, 1])
})

test('a count of CPUs beyond any kernel’s is cut to what one can be built for', () => {
  const { program: kernel } = buildKernel({
    types: 'struct a { int x; };',
    variables: { nr_cpu_ids: ['struct a', { x: -1 }] },
  })
  assert.equal(nrCpuIds(kernel), 8192)
  assert.equal(nrCpuIds(buildKernel({ types: 'struct a { int x; };' }).program), 1)
})

test('a machine that did not panic has no panic CPU', () => {
  const calm = {
    ...SMALL_KERNEL,
    variables: { ...SMALL_KERNEL.variables, panic_cpu: ['int', -1] as const },
  }
  assert.equal(panicCpu(buildKernel(calm).program), undefined)
  assert.equal(panicTask(buildKernel(calm).program), undefined)
  const oops = { ...calm, variables: { ...calm.variables, crashing_cpu: ['int', 0] as const } }
  assert.equal(panicCpu(buildKernel(oops).program), 0)
})
