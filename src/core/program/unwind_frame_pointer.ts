// Unwinding by frame pointers: kernels built with CONFIG_UNWINDER_FRAME_POINTER. Each function keeps its caller's frame
// pointer at the address its own points to, and above it the return address; entry code leaves the address of pt_regs, marked
// by its lowest bit. Source: arch/x86/kernel/unwind_frame.c, arch/x86/include/asm/frame.h ENCODE_FRAME_POINTER.
import { wrap64 } from '../base/addr.ts'
import { findCallSite } from './call_site.ts'
import type { Program } from './program.ts'
import { readPtRegs } from './registers.ts'
import type { FrameQuality, StackFrame } from './stack_trace.ts'
import {
  lost,
  pushFrame,
  readReturnAddress,
  strayed,
  type UnwindEnd,
  type UnwindState,
} from './unwind_state.ts'

/** Mark of a frame pointer that is the address of registers. */
const ENCODED = 1n

/**
 * Move `state` to the caller by its frame pointer and record the frame.
 *
 * @returns how the walk ended, or undefined to go on
 * @throws {FaultError} if a frame cannot be read
 * @internal
 */
export function stepByFramePointer(
  program: Program,
  state: UnwindState,
  frames: StackFrame[],
): UnwindEnd | undefined {
  if (state.interrupted && !hasOwnFrame(program, state.ip)) {
    const end = stepOverLeaf(program, state, frames)
    if (end !== 'go by the frame pointer') return end
  }
  if (state.fp & ENCODED) return stepToRegisters(program, state, frames, state.fp & ~ENCODED)
  if (state.fp === 0n) return endOfStack(program, state)
  if (state.fp % 8n !== 0n || !program.arch.isKernelAddress(state.fp))
    return lost(`frame pointer 0x${state.fp.toString(16)} is none`)
  return stepToFramePointer(program, state, frames, 'exact')
}

/** The frame `state.fp` points to. @throws {FaultError} @internal */
export function stepToFramePointer(
  program: Program,
  state: UnwindState,
  frames: StackFrame[],
  quality: FrameQuality,
): UnwindEnd | undefined {
  const slot = wrap64(state.fp + 8n)
  const ip = readReturnAddress(program, state, slot)
  if (!program.symbolAt(ip - 1n)) return lost(`0x${ip.toString(16)} is no kernel text`)
  const fp = program.memory.u64(state.fp)
  Object.assign(state, { ip, sp: slot + 8n, fp, interrupted: false, registers: undefined })
  pushFrame(frames, state, slot, quality)
  return undefined
}

/** Has the function that was interrupted set up a frame of its own by then? */
function hasOwnFrame(program: Program, ip: bigint): boolean {
  const symbol = program.symbolAt(ip)
  return symbol === undefined || program.arch.hasFramePointer(readCode(program, symbol.address, ip))
}

/** The code of a function up to where it was interrupted; what is further than a prologue is not looked at. */
function readCode(program: Program, start: bigint, ip: bigint): Uint8Array {
  const size = Number(ip - start)
  return program.memory.bytes(start, Math.min(size, 64))
}

/** Whoever called a function that has not set up its frame left no mark but the return address. */
function stepOverLeaf(
  program: Program,
  state: UnwindState,
  frames: StackFrame[],
): UnwindEnd | undefined | 'go by the frame pointer' {
  const symbol = program.symbolAt(state.ip)
  const site = symbol && findCallSite(program, state.sp, symbol.address)
  if (!site || site.quality === 'guess') return 'go by the frame pointer'
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

function stepToRegisters(
  program: Program,
  state: UnwindState,
  frames: StackFrame[],
  address: bigint,
): UnwindEnd | undefined {
  const { arch } = program
  const registers = readPtRegs(program, address)
  if (arch.isUserMode(registers)) return { end: 'user', why: '', userRegisters: registers }
  const ip = registers[arch.pc] as bigint
  // A kernel thread comes from nowhere: the registers above its first function are empty.
  if (ip === 0n && registers[arch.sp] === 0n) return { end: 'end', why: '' }
  Object.assign(state, {
    ip,
    sp: registers[arch.sp] as bigint,
    fp: registers[arch.fp] as bigint,
    interrupted: true,
    registers,
  })
  pushFrame(frames, state, address, 'exact', address)
  return strayed(program, state)
}

/** Entry code clears the frame pointer: above the last frame are the registers a system call came with, or nothing. */
function endOfStack(program: Program, state: UnwindState): UnwindEnd {
  const registers = readPtRegs(program, state.sp)
  return program.arch.isUserMode(registers)
    ? { end: 'user', why: '', userRegisters: registers }
    : { end: 'end', why: '' }
}
