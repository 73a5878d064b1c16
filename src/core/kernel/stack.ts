// Where to start unwinding: a sleeping task's saved frame, a running CPU's crash note.
// Source: arch/x86/include/asm/switch_to.h struct inactive_task_frame, kernel/crash_core.c crash_save_cpu().
import { FaultError, KdumpError } from '../base/errors.ts'
import { forEachNote, NT_PRSTATUS } from '../elf/elf_note.ts'
import type { Program } from '../program/program.ts'
import { parsePrstatus, type Registers } from '../program/registers.ts'
import type { StackTrace } from '../program/stack_trace.ts'
import { unwindStack } from '../program/unwind_stack.ts'
import { panicCpu } from './panic.ts'
import { forEachCpu, perCpuOffset } from './percpu.ts'
import { realReturnAddress } from './return_address.ts'
import { currentTask, runningCpu, type Task } from './sched.ts'

/** A CPU's note_buf_t: one NT_PRSTATUS and an empty note, 1 KiB at most on any architecture. */
const NOTE_BUF_SIZE = 1024

/**
 * Unwind a task: from its CPU's registers if it was running, else from where it went to sleep.
 *
 * @returns a trace that ended 'lost' with the reason when there is nowhere to start; never throws for what the dump lacks
 */
export function stackTrace(program: Program, task: Task): StackTrace {
  try {
    const cpu = runningCpu(program, task) ?? stoppedCpu(program, task)
    return cpu === undefined ? sleepingTrace(program, task) : cpuTrace(program, cpu)
  } catch (error) {
    if (error instanceof KdumpError && isStackGone(task))
      return { frames: [], end: 'lost', why: 'the task has exited and given its stack back' }
    if (error instanceof KdumpError) return { frames: [], end: 'lost', why: error.message }
    throw error
  }
}

/** A task that has exited may still be unwound while nobody else has taken its stack's place. */
function isStackGone(task: Task): boolean {
  return task.has('stack') && task.pointer('stack') === 0n
}

/**
 * The CPU that panic() stopped while it ran `task`: it is no longer online, and its registers are lost unless a
 * hypervisor made the dump. Undefined if there is none.
 *
 * @source arch/x86/kernel/smp.c stop_this_cpu()
 */
function stoppedCpu(program: Program, task: Task): number | undefined {
  if (!isByQemu(program) || !task.has('on_cpu') || task.number('on_cpu') === 0) return undefined
  return forEachCpu(program, 'present').find(
    (cpu) => currentTask(program, cpu).address === task.address,
  )
}

/** QEMU notes each virtual CPU twice: as the kernel would, and by all that it knows of it. */
function isByQemu({ dump }: Program): boolean {
  return dump.notes.some(({ name }) => name === 'QEMU')
}

/** Unwind what a CPU was doing when the kernel died. */
export function cpuTrace(program: Program, cpu: number): StackTrace {
  const registers = crashRegisters(program, cpu)
  if (!registers) return { frames: [], end: 'lost', why: whyNoRegisters(program, cpu) }
  const { pc, sp, fp } = program.arch
  return unwindStack(program, {
    ip: registers[pc] ?? 0n,
    sp: registers[sp] ?? 0n,
    fp: registers[fp] ?? 0n,
    registers,
    returnAddress: (found, slot) =>
      realReturnAddress(program, () => currentTask(program, cpu), found, slot),
  })
}

/** A machine that went on while its memory was read never had its CPUs save anything. */
function whyNoRegisters(program: Program, cpu: number): string {
  return panicCpu(program) === undefined
    ? `CPU ${cpu} was running, and the dump has no registers of it`
    : `CPU ${cpu} saved no registers (it did not answer the NMI)`
}

/** A task that is not running left its callee-saved registers and return address at thread.sp. */
function sleepingTrace(program: Program, task: Task): StackTrace {
  const sp = task.pointer('thread.sp')
  const frame = program.objectAt('struct inactive_task_frame', sp)
  const slot = frame.get('ret_addr').address
  // The slot is above the saved registers; the return address has been popped once the task runs again.
  return unwindStack(program, {
    ip: frame.pointer('ret_addr'),
    sp: slot + 8n,
    slot,
    fp: frame.pointer('bp'),
    returnAddress: (found, at) => realReturnAddress(program, () => task, found, at),
  })
}

/**
 * Registers a CPU saved when the kernel crashed.
 *
 * Read from the kernel's own per-CPU notes; the copies in a dump's header are in the order of online CPUs
 * and may be missing.
 *
 * @returns undefined if the CPU never wrote its note
 */
export function crashRegisters(program: Program, cpu: number): Registers | undefined {
  return registersFromMemory(program, cpu) ?? registersFromHeader(program, cpu)
}

function registersFromMemory(program: Program, cpu: number): Registers | undefined {
  if (!program.hasSymbol('crash_notes')) return undefined
  try {
    const percpu = program.memory.u64(program.symbol('crash_notes'))
    if (percpu === 0n) return undefined
    const note = program.memory.bytes(
      BigInt.asUintN(64, percpu + perCpuOffset(program, cpu)),
      NOTE_BUF_SIZE,
    )
    return registersOfNote(program, note)
  } catch (error) {
    // The percpu allocation may end within NOTE_BUF_SIZE of an excluded page: the header's copy is as good.
    if (error instanceof FaultError) return undefined
    throw error
  }
}

function registersFromHeader(program: Program, cpu: number): Registers | undefined {
  // QEMU notes those as well that are offline.
  const index = forEachCpu(program, isByQemu(program) ? 'present' : 'online').indexOf(cpu)
  const notes = program.dump.notes.filter(
    ({ name, type }) => name === 'CORE' && type === NT_PRSTATUS,
  )
  const note = notes[index]
  return note && parsePrstatus(program, note.desc)
}

function registersOfNote(program: Program, bytes: Uint8Array): Registers | undefined {
  try {
    for (const note of forEachNote(`crash note`, bytes, 0, program.memory.littleEndian)) {
      if (note.name === 'CORE' && note.type === NT_PRSTATUS)
        return parsePrstatus(program, note.desc)
    }
  } catch (error) {
    if (!(error instanceof KdumpError)) throw error
  }
  return undefined
}
