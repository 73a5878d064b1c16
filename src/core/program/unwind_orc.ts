// Unwinding by ORC, the kernel's own unwind tables. Source: arch/x86/kernel/unwind_orc.c unwind_next_frame().
import { wrap64 } from '../base/addr.ts'
import { FaultError } from '../base/errors.ts'
import type { OrcEntry, OrcRegister } from '../debuginfo/orc.ts'
import { findCallSite } from './call_site.ts'
import { BPF_TEXT } from './generated_map.ts'
import type { Program } from './program.ts'
import { readPtRegs, type Registers } from './registers.ts'
import type { FrameQuality, StackFrame, StackTrace } from './stack_trace.ts'

/** Deeper stacks than a 32 KiB stack of 16-byte frames do not exist; recursion across damaged stacks might. */
const FRAME_LIMIT = 2048

/** The registers an unwinder starts from. */
export interface UnwindStart {
  readonly ip: bigint
  readonly sp: bigint
  readonly fp: bigint
  /** Where `ip` lay on the stack, if it did: a task that sleeps left it there. */
  readonly slot?: bigint
  /** What a function really returns to, where tracing has put its own address into the slot. */
  readonly returnAddress?: (found: bigint, slot: bigint) => bigint
  /** The full registers, when the start is a running or interrupted CPU; `ip` is then no return address. */
  readonly registers?: Registers
}

interface State {
  ip: bigint
  sp: bigint
  fp: bigint
  interrupted: boolean
  /** The registers this frame was interrupted with: the only source of r10, r13, di, dx. */
  registers: Registers | undefined
  readonly returnAddress: UnwindStart['returnAddress']
}

/** How a step ended the walk. */
type End = Pick<StackTrace, 'end' | 'why'> & { readonly userRegisters?: Registers }

/**
 * Unwind one stack.
 *
 * @returns as many frames as could be found; never throws for what the dump holds or lacks
 */
export function unwindOrc(program: Program, start: UnwindStart): StackTrace {
  const frames: StackFrame[] = []
  const state: State = {
    ip: start.ip,
    sp: start.sp,
    fp: start.fp,
    interrupted: start.registers !== undefined,
    registers: start.registers,
    returnAddress: start.returnAddress,
  }
  if (start.registers && program.arch.isUserMode(start.registers)) {
    return { frames, end: 'user', why: '', userRegisters: start.registers }
  }
  pushFrame(frames, state, start.slot ?? start.sp, 'exact')
  const seen = new Set<bigint>([start.sp])
  for (;;) {
    const end =
      frames.length >= FRAME_LIMIT
        ? lost(`more than ${FRAME_LIMIT} frames`)
        : step(program, state, frames)
    if (end) return { frames, ...end }
    if (seen.has(state.sp))
      return { frames, ...lost(`stack pointer 0x${state.sp.toString(16)} repeats`) }
    seen.add(state.sp)
  }
}

const lost = (why: string): End => ({ end: 'lost', why })

function pushFrame(
  frames: StackFrame[],
  state: State,
  sp: bigint,
  quality: FrameQuality,
  registersAddress?: bigint,
): void {
  const { ip, interrupted, registers } = state
  const frame = { ip, sp, quality, interrupted }
  if (!registers || !interrupted) frames.push(frame)
  else if (registersAddress === undefined) frames.push({ ...frame, registers })
  else frames.push({ ...frame, registers, registersAddress })
}

/** Move `state` to the caller and record its frame. Returns how the walk ended, or undefined to go on. */
function step(program: Program, state: State, frames: StackFrame[]): End | undefined {
  try {
    const entry = findEntry(program, state)
    if (!entry) return stepWithoutTable(program, state, frames)
    if (entry.type === 'end_of_stack') return { end: 'end', why: '' }
    const cfa = frameAddress(program, state, entry)
    if (cfa === undefined) return stepWithoutTable(program, state, frames)
    return stepTo(program, state, frames, entry, cfa)
  } catch (error) {
    if (error instanceof FaultError) return lost(error.message)
    throw error
  }
}

function findEntry(program: Program, state: State): OrcEntry | undefined {
  const ip = state.interrupted ? state.ip : state.ip - 1n
  return program.orcTable(ip)?.find(ip)
}

function stepTo(
  program: Program,
  state: State,
  frames: StackFrame[],
  entry: OrcEntry,
  cfa: bigint,
): End | undefined {
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
  return program.symbolAt(ip) ? undefined : lost(`0x${ip.toString(16)} is no kernel text`)
}

function readReturnAddress(program: Program, state: State, slot: bigint): bigint {
  const found = program.memory.u64(slot)
  return state.returnAddress?.(found, slot) ?? found
}

/** The canonical frame address: the caller's stack pointer. */
function frameAddress(
  program: Program,
  state: State,
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

function registerValue(state: State, register: OrcRegister): bigint | undefined {
  return state.registers?.[register]
}

function callerFramePointer(
  program: Program,
  state: State,
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
function stepWithoutTable(program: Program, state: State, frames: StackFrame[]): End | undefined {
  const symbol = program.symbolAt(state.interrupted ? state.ip : state.ip - 1n)
  if (!symbol || symbol.module === BPF_TEXT) return stepByFramePointer(program, state, frames)
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

function stepByFramePointer(program: Program, state: State, frames: StackFrame[]): End | undefined {
  const slot = wrap64(state.fp + 8n)
  const ip = readReturnAddress(program, state, slot)
  if (!program.symbolAt(ip - 1n)) return lost(`no unwind rule for 0x${state.ip.toString(16)}`)
  const fp = program.memory.u64(state.fp)
  Object.assign(state, { ip, sp: slot + 8n, fp, interrupted: false, registers: undefined })
  pushFrame(frames, state, slot, 'guess')
  return undefined
}
