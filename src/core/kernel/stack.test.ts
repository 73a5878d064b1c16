// Where unwinding starts: a sleeping task's frame, a CPU's crash note, its copy in the dump's header.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { smallKernel } from '../../../test/support/small_kernel.ts'
import { elfNotes } from '../../../test/support/elf_notes.ts'
import {
  stackKernel,
  type StackKernel,
  type StackWord,
} from '../../../test/support/stack_kernel.ts'
import type { ElfNote } from '../elf/elf_note.ts'
import { Program } from '../program/program.ts'
import { frameSymbol, type StackTrace } from '../program/stack_trace.ts'
import { cpuTrace, crashRegisters, stackTrace } from './stack.ts'

const FUNCTIONS = { start: 0x40, schedule: 0x100, spin: 0x100 }
const ORC = `
  start+0    -     - end_of_stack
  schedule+0 sp+16 - call
  spin+0     sp+8  - call`
const TYPES = `
  struct inactive_task_frame { unsigned long r15, r14, r13, r12, bx, bp, ret_addr; };
  struct task_struct { int on_cpu; unsigned int cpu; char comm[16]; struct { unsigned long sp; } thread; };
  percpu struct task_struct *current_task;`
const PRSTATUS_SIZE = 336
const REGISTERS_AT = 112

/** NT_PRSTATUS with ip and sp set, as crash_save_cpu() leaves it. */
function prstatus(ip: bigint, sp: bigint): Uint8Array {
  const desc = new Uint8Array(PRSTATUS_SIZE)
  const view = new DataView(desc.buffer)
  view.setBigUint64(REGISTERS_AT + 16 * 8, ip, true)
  view.setBigUint64(REGISTERS_AT + 17 * 8, 0x10n, true)
  view.setBigUint64(REGISTERS_AT + 19 * 8, sp, true)
  return elfNotes([{ name: 'CORE', type: 1, desc }], true)
}

interface Machine extends StackKernel {
  readonly sleeper: bigint
  readonly runner: bigint
}

/** One CPU; 'runner' is its current task, 'sleeper' went to sleep at `sp`. */
function machine({
  stack,
  sp = '@0',
  online = 1,
  panicCpu = -1,
  note,
}: {
  stack: readonly StackWord[]
  sp?: StackWord
  online?: number
  panicCpu?: number
  note?: (place: (word: StackWord) => bigint) => Uint8Array
}): Machine {
  let sleeper = 0n
  let runner = 0n
  const built = stackKernel({
    functions: FUNCTIONS,
    orc: ORC,
    types: TYPES,
    stack,
    more(kernel, place) {
      sleeper = kernel.place('struct task_struct', { comm: 'sleeper', thread: { sp: place(sp) } })
      runner = kernel.place('struct task_struct', { comm: 'runner', on_cpu: 1 })
      kernel.global('__cpu_online_mask', 'unsigned long', online)
      for (const set of ['possible', 'present'])
        kernel.global(`__cpu_${set}_mask`, 'unsigned long', 1)
      kernel.global('nr_cpu_ids', 'unsigned int', 1)
      kernel.global('panic_cpu', 'int', panicCpu)
      const area = kernel.allocate(4096, 4096)
      kernel.symbol('current_task', 'A', 0x100n)
      kernel.global('__per_cpu_offset', 'unsigned long [1]', [area])
      kernel.write(area + 0x100n, 8, runner)
      if (!note) return
      kernel.global('crash_notes', 'unsigned long', 0x200)
      kernel.image.write(area + 0x200n, note(place))
    },
  })
  return { ...built, sleeper, runner }
}

function names(program: Program, { frames }: StackTrace): string[] {
  return frames.map(
    (frame) => `${frameSymbol(program, frame)?.symbol.name ?? '?'}${frame.interrupted ? '!' : ''}`,
  )
}

const trace = ({ program }: Machine, task: bigint): StackTrace =>
  stackTrace(program, program.objectAt('struct task_struct', task))

test('a sleeping task is unwound from the frame it left on its stack', () => {
  const kernel = machine({ stack: [15, 14, 13, 12, 3, 5, 'schedule+0x40', 0, 'start+0x10'] })
  const found = trace(kernel, kernel.sleeper)
  assert.deepEqual([names(kernel.program, found), found.end], [['schedule', 'start'], 'end'])
})

test('a running task is unwound from what its CPU noted at the crash', () => {
  const kernel = machine({
    stack: ['schedule+0x20', 0, 'start+0x10'],
    note: (place) => prstatus(place('spin+0x8'), place('@0')),
  })
  const found = trace(kernel, kernel.runner)
  assert.deepEqual(
    [names(kernel.program, found), found.end],
    [['spin!', 'schedule', 'start'], 'end'],
  )
  assert.equal(found.frames[0]?.registers?.ip, kernel.place('spin+0x8'))
})

test('a CPU of a machine that did not panic is lost without registers, and says so', () => {
  const kernel = machine({ stack: [0] })
  assert.deepEqual(trace(kernel, kernel.runner), {
    frames: [],
    end: 'lost',
    why: 'CPU 0 was running, and the dump has no registers of it',
  })
})

test('a CPU that noted nothing is lost, and says so', () => {
  for (const note of [undefined, () => new Uint8Array(400), () => prstatus(0n, 0n)]) {
    const kernel = machine({ stack: [0], panicCpu: 0, ...(note && { note }) })
    assert.equal(crashRegisters(kernel.program, 0), undefined)
    const found = trace(kernel, kernel.runner)
    assert.deepEqual(
      [found.frames, found.end, found.why],
      [[], 'lost', 'CPU 0 saved no registers (it did not answer the NMI)'],
    )
    assert.equal(cpuTrace(kernel.program, 0).end, 'lost')
  }
})

test('a note that is damaged counts as none', () => {
  const kernel = machine({
    stack: [0],
    note: (place) => {
      const bytes = prstatus(place('spin+0x8'), place('@0'))
      new DataView(bytes.buffer).setUint32(4, 0x7fff_ffff, true)
      return bytes
    },
  })
  assert.equal(crashRegisters(kernel.program, 0), undefined)
})

test('a stack that is not there is lost with its address', () => {
  const kernel = machine({ stack: [0], sp: 0xffff_8880_0900_0000n })
  const found = trace(kernel, kernel.sleeper)
  assert.equal(found.end, 'lost')
  assert.match(found.why, /^cannot read virtual address 0xffff888009000030: page not present$/)
})

test('in a dump by QEMU, a task on a CPU that panic() stopped and marked offline has registers', () => {
  const kernel = machine({ stack: ['schedule+0x20', 0, 'start+0x10'], online: 0 })
  const desc = prstatus(kernel.place('spin+0x8'), kernel.place('@0')).subarray(20)
  const core = { name: 'CORE', type: 1, desc, descOffset: 0 }
  const qemu = { name: 'QEMU', type: 0, desc: new Uint8Array(440), descOffset: 0 }
  const namesWith = (notes: readonly ElfNote[]): string[] => {
    const program = new Program({ ...kernel.program.dump, notes })
    return names(program, trace({ ...kernel, program }, kernel.runner))
  }
  assert.deepEqual(namesWith([core, qemu]), ['spin!', 'schedule', 'start'])
  // Of a dump by anybody else, the first note is that of the first CPU online.
  assert.deepEqual(namesWith([core]), [])
})

test('a task that has exited has no stack any more, and that is said', () => {
  const { program, addressOf } = smallKernel()
  const { frames, end, why } = stackTrace(
    program,
    program.objectAt('task_struct', addressOf('app')),
  )
  assert.deepEqual([frames, end], [[], 'lost'])
  assert.equal(why, 'the task has exited and given its stack back')
})
