// Unwinding by ORC, the kernel's own unwind tables. Source: arch/x86/kernel/unwind_orc.c unwind_next_frame().
import { wrap64 } from '../base/addr.ts'
import type { OrcEntry, OrcRegister } from '../debuginfo/orc.ts'
import { findCallSite } from './call_site.ts'
import { BPF_TEXT } from './generated_map.ts'
import type { Program } from './program.ts'
import { readPtRegs, type Registers } from './registers.ts'
import type { StackFrame } from './stack_trace.ts'
import { stepToFramePointer } from './unwind_frame_pointer.ts'
import {
  lost,
  pushFrame,
  readReturnAddress,
  strayed,
  type UnwindEnd,
  type UnwindState,
} from './unwind_state.ts'

/**
 * Move `state` to the caller by the kernel's table and record its frame.
 *
 * @returns how the walk ended, or undefined to go on
 * @throws {FaultError} if what the table points to cannot be read
 * @internal
 */
export function stepByOrc(
  program: Program,
  state: UnwindState,
  frames: StackFrame[],
): UnwindEnd | undefined {
  const entry = findEntry(program, state)
  if (!entry) return stepWithoutTable(program, state, frames)
  if (entry.type === 'end_of_stack') return { end: 'end', why: '' }
  const cfa = frameAddress(program, state, entry)
  if (cfa === undefined) return stepWithoutTable(program, state, frames)
  return stepTo(program, state, frames, entry, cfa)
}

/** Retpolines and return thunks. The kernel's tables end a stack there; what was called or jumped to is a word on it. */
const THUNK = /^__x86_(indirect|return)_/
/** Below the return address nothing was pushed, or the address that speculation is caught at, which is in the thunk again. */
const THUNK_ENTRY: OrcEntry = {
  spReg: 'sp',
  spOffset: 8,
  bpReg: 'undefined',
  bpOffset: 0,
  type: 'call',
  signal: false,
}

function findEntry(program: Program, state: UnwindState): OrcEntry | undefined {
  const ip = state.interrupted ? state.ip : state.ip - 1n
  const entry = program.orcTable(ip)?.find(ip)
  const isRule = entry !== undefined && entry.type !== 'end_of_stack' && entry.spReg !== 'undefined'
  return !isRule && THUNK.test(program.symbolAt(ip)?.name ?? '') ? THUNK_ENTRY : entry
}

function stepTo(
  program: Program,
  state: UnwindState,
  frames: StackFrame[],
  entry: OrcEntry,
  cfa: bigint,
): UnwindEnd | undefined {
  const { arch } = program
  const fp = callerFramePointer(program, state, entry, cfa)
  if (entry.type === 'call') {
    const slot = cfa - 8n
    Object.assign(state, {
      ip: readReturnAddress(program, state, slot),
      sp: cfa,
      fp,
      interrupted: false,
      registers: undefined,
    })
    if (!program.symbolAt(state.ip - 1n))
      return lost(`0x${state.ip.toString(16)} is no kernel text`)
    pushFrame(frames, state, slot, 'exact')
    return undefined
  }
  const registers = entry.type === 'regs' ? readPtRegs(program, cfa) : readIretFrame(program, cfa)
  if (arch.isUserMode(registers)) return { end: 'user', why: '', userRegisters: registers }
  const ip = registers[arch.pc] as bigint
  const nextFp = entry.type === 'regs' ? (registers[arch.fp] as bigint) : fp
  Object.assign(state, {
    ip,
    sp: registers[arch.sp] as bigint,
    fp: nextFp,
    interrupted: true,
    registers,
  })
  pushFrame(frames, state, cfa, 'exact', cfa)
  return strayed(program, state)
}

/** The canonical frame address: the caller's stack pointer. */
function frameAddress(
  program: Program,
  state: UnwindState,
  { spReg, spOffset }: OrcEntry,
): bigint | undefined {
  const offset = BigInt(spOffset)
  const { memory } = program
  if (spReg === 'sp') return wrap64(state.sp + offset)
  if (spReg === 'bp') return wrap64(state.fp + offset)
  // Since v5.12, commit 87ccc826bf1c ("x86/unwind/orc: Change REG_SP_INDIRECT"), the load comes first.
  if (spReg === 'sp_indirect') return wrap64(memory.u64(state.sp) + offset)
  if (spReg === 'bp_indirect') return memory.u64(wrap64(state.fp + offset))
  const value = registerValue(state, spReg)
  return value === undefined ? undefined : wrap64(value + offset)
}

function registerValue(state: UnwindState, register: OrcRegister): bigint | undefined {
  return state.registers?.[register]
}

function callerFramePointer(
  program: Program,
  state: UnwindState,
  { bpReg, bpOffset }: OrcEntry,
  cfa: bigint,
): bigint {
  if (bpReg === 'prev_sp') return program.memory.u64(wrap64(cfa + BigInt(bpOffset)))
  if (bpReg === 'bp') return program.memory.u64(wrap64(state.fp + BigInt(bpOffset)))
  return state.fp
}

/** The five words the CPU itself pushes. */
function readIretFrame(program: Program, address: bigint): Registers {
  const { memory } = program
  return {
    ip: memory.u64(address),
    cs: memory.u64(address + 8n),
    flags: memory.u64(address + 16n),
    sp: memory.u64(address + 24n),
    ss: memory.u64(address + 32n),
  }
}

/**
 * No rule covers the ip. __crash_kexec() is always so (STACK_FRAME_NON_STANDARD), and every panic() starts
 * there: find the call of it on the stack. Generated code without a symbol (BPF) keeps frame pointers.
 */
function stepWithoutTable(
  program: Program,
  state: UnwindState,
  frames: StackFrame[],
): UnwindEnd | undefined {
  const symbol = program.symbolAt(state.interrupted ? state.ip : state.ip - 1n)
  if (!symbol || symbol.module === BPF_TEXT)
    return stepToFramePointer(program, state, frames, 'guess')
  const site = findCallSite(program, state.sp, symbol.address)
  if (!site) return lost(`no unwind rule for ${symbol.name} and no call of it on the stack`)
  const { slot, returnAddress, quality } = site
  Object.assign(state, {
    ip: returnAddress,
    sp: slot + 8n,
    interrupted: false,
    registers: undefined,
  })
  pushFrame(frames, state, slot, quality)
  return undefined
}
