// Kernels by recipe: which of their objects are found vital. Each object is larger than two pages, so that the page in its
// middle is its own.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  buildKernel,
  type BuiltKernel,
  type KernelRecipe,
} from '../../../test/support/kernel_recipe.ts'
import { mkprintk } from '../../../test/support/mkprintk.ts'
import { FaultError } from '../../core/base/errors.ts'
import { VmcoreInfo } from '../../core/debuginfo/vmcoreinfo.ts'
import type { PfnRun } from '../../core/dump/dump_format.ts'
import type { WalkMemory } from './frame_walk.ts'
import { readKernelFacts } from './kernel_facts.ts'
import { findVitalFrames } from './vital_frames.ts'

const PAGE = 4096
const TYPES = `
  struct list_head { struct list_head *next, *prev; };
  struct mm_struct { unsigned long total_vm; char pad[8192]; };
  struct signal_struct { int live; struct list_head thread_head; char pad[8192]; };
  struct task_struct {
    unsigned int __state; void *stack; char pad[8192];
    struct list_head tasks; struct mm_struct *mm; struct list_head thread_node; struct signal_struct *signal;
  };
  struct pglist_data { int node_id; char pad[8192]; };
  struct rq { char pad[8192]; struct task_struct *curr, *idle; };
  percpu struct rq runqueues;
`
/** Behind a stack, for its end is not known where it is not vmalloc'ed. */
const BEHIND_STACK = 'char [32768]'

const RECIPE: KernelRecipe = {
  types: TYPES,
  variables: {
    init_task: ['struct task_struct', { signal: '&init_signals' }],
    init_signals: ['struct signal_struct'],
    pcpu_unit_size: ['int', 3 * PAGE + 8192],
    node_data: ['struct pglist_data *[4]', ['&node', 0, 0, 0]],
  },
  objects: {
    node: ['struct pglist_data'],
    idle: ['struct task_struct'],
    shell: ['struct task_struct', { mm: '&shell_mm', signal: '&shell_signals' }],
    shell_mm: ['struct mm_struct'],
    shell_signals: ['struct signal_struct'],
    thread: [
      'struct task_struct',
      { mm: '&shell_mm', signal: '&shell_signals', stack: '&thread_stack' },
    ],
    thread_stack: ['char [16384]'],
    behind: [BEHIND_STACK],
    last: ['struct task_struct', { signal: '&last_signals' }],
    last_signals: ['struct signal_struct'],
    bystander: ['struct task_struct', { mm: '&bystander_mm' }],
    bystander_mm: ['struct mm_struct'],
  },
  cpus: [
    { runqueues: { curr: '&thread', idle: '&init_task' } },
    { runqueues: { curr: '&idle', idle: '&idle' } },
  ],
  lists: {
    'init_task.tasks': ['shell.tasks', 'last.tasks'],
    'init_signals.thread_head': ['init_task.thread_node'],
    'shell_signals.thread_head': ['shell.thread_node', 'thread.thread_node'],
    'last_signals.thread_head': ['last.thread_node'],
  },
}
const OBJECTS = [...Object.keys(RECIPE.objects ?? {}), 'runqueues:0', 'runqueues:1'].filter(
  (name) => name !== 'behind',
)
const NOT_VITAL = ['bystander', 'bystander_mm']

/** What findVitalFrames() is given of a program, and physical addresses to compare with. */
function find(
  { program, addressOf }: BuiltKernel,
  more: string | undefined = `LENGTH(node_data)=4\nSIZE(pglist_data)=8200\n`,
): readonly PfnRun[] {
  const { memory } = program
  const walkMemory: WalkMemory = {
    littleEndian: true,
    readVirtual: (address, into) => memory.readVirtual(address, into),
    piece(address, sizeMax) {
      const rest = PAGE - Number(address % BigInt(PAGE))
      return { physical: memory.toPhysical(address), size: Math.min(sizeMax, rest) }
    },
  }
  const text = [...program.info.entries].map(([key, value]) => `${key}=${value}`).join('\n')
  const nodes = `SYMBOL(node_data)=${addressOf('node_data').toString(16)}\n`
  const facts = readKernelFacts(memory, program.info)
  return findVitalFrames(walkMemory, new VmcoreInfo(`${text}\n${nodes}${more}`), facts)
}

/** Objects whose middle is vital. */
function vitalObjects(kernel: BuiltKernel, runs: readonly PfnRun[] = find(kernel)): string[] {
  const isVital = (address: bigint): boolean => {
    const pfn = Math.floor(kernel.program.memory.toPhysical(address) / PAGE)
    return runs.some(({ start, end }) => pfn >= start && pfn < end)
  }
  return OBJECTS.filter((name) => isVital(kernel.addressOf(name) + BigInt(PAGE)))
}

const without = (...names: string[]): string[] =>
  OBJECTS.filter((name) => !NOT_VITAL.includes(name) && !names.includes(name))

test('tasks with stack, address space and signals, idle tasks, per-CPU areas and nodes are vital', () => {
  assert.deepEqual(vitalObjects(buildKernel(RECIPE)), without())
})

test('behind a lost task the list is walked from its other end', () => {
  const kernel = buildKernel({ ...RECIPE, excluded: ['shell'] })
  assert.deepEqual(
    vitalObjects(kernel),
    without('shell', 'shell_mm', 'shell_signals', 'thread', 'thread_stack'),
  )
})

test('lists that run in circles end', () => {
  for (const lists of [
    // The list of processes never comes back to init_task, that of threads never to its head.
    { ...RECIPE.lists, 'shell.tasks': ['last.tasks'] },
    { ...RECIPE.lists, 'shell.thread_node': [] },
    { ...RECIPE.lists, 'shell.thread_node': ['thread.thread_node'] },
  ]) {
    const found = vitalObjects(buildKernel({ ...RECIPE, lists }))
    assert.ok(found.includes('shell_mm') && found.includes('runqueues:1'), found.join(' '))
  }
})

test('sizes no machine has are not believed', () => {
  const kernel = buildKernel({
    ...RECIPE,
    variables: { ...RECIPE.variables, pcpu_unit_size: ['int', -1], nr_cpu_ids: ['int', -1] },
  })
  const runs = find(kernel, 'LENGTH(node_data)=4294967295\nSIZE(pglist_data)=4294967295\n')
  assert.ok(runs.reduce((sum, { start, end }) => sum + end - start, 0) <= 2 ** 20)
  assert.ok(vitalObjects(kernel, runs).includes('shell'))
})

test('without types of tasks the per-CPU areas and nodes are still vital', () => {
  const types = TYPES.replace('thread_node;', 'other_node;')
  const kernel = buildKernel({ ...RECIPE, types, lists: {} })
  assert.deepEqual(vitalObjects(kernel), ['node', 'runqueues:0', 'runqueues:1'])
})

test('the log is vital, and VMCOREINFO alone locates it', () => {
  const { pieces, vmcoreinfo, at } = mkprintk({ lines: [{ text: 'Kernel panic' }] })
  const memory = pieceMemory(pieces)
  const facts = { reader: memory, symbols: new Map(), types: undefined, problems: [] }
  const runs = findVitalFrames(memory, new VmcoreInfo(`PAGESIZE=4096\n${vmcoreinfo}`), facts)
  for (const [name, address] of Object.entries(at)) {
    const pfn = Number(address & 0x3fff_ffffn) / PAGE
    assert.ok(
      runs.some(({ start, end }) => pfn >= start && pfn < end),
      name,
    )
  }
})

/** Memory of these pieces alone, 1 GiB of addresses at physical 0. */
function pieceMemory(pieces: readonly (readonly [bigint, Uint8Array])[]): WalkMemory {
  const pieceAt = (address: bigint): readonly [bigint, Uint8Array] => {
    const piece = pieces.find(([at, { length }]) => address >= at && address < at + BigInt(length))
    if (!piece) throw new FaultError(address, 'virtual', 'no-translation')
    return piece
  }
  return {
    littleEndian: true,
    readVirtual(address, into) {
      const [at, bytes] = pieceAt(address)
      into.set(bytes.subarray(Number(address - at), Number(address - at) + into.length))
    },
    piece(address, sizeMax) {
      const [at, { length }] = pieceAt(address)
      const size = Math.min(sizeMax, length - Number(address - at))
      return { physical: Number(address & 0x3fff_ffffn), size }
    },
  }
}
