// Finding a caller without unwind rules: a word on the stack that follows a call instruction.
import { FaultError } from '../base/errors.ts'
import type { FrameQuality } from './stack_trace.ts'
import type { Program } from './program.ts'

/** Words looked at above the stack pointer: 16 KiB of stack. */
const SCAN_WORDS = 2048
/** Longest call instruction looked for. */
const CALL_BYTES = 7

/** A return address found on a stack. */
export interface CallSite {
  /** Stack slot that holds the return address. */
  readonly slot: bigint
  readonly returnAddress: bigint
  readonly quality: FrameQuality
}

/** What calls nothing within this is no caller that was found by its code. */
const CODE_SIZE_MAX = 64 * 1024

/**
 * Scan up from `sp` for the return address of a call of the function that starts at `functionStart`.
 *
 * A direct call of exactly that function is 'validated'. So is a call from a function that calls it elsewhere: it has
 * returned since its registers were saved, and its caller has called on from the same place of the stack. Ubuntu's 6.8
 * saves them in crash_setup_regs(), and then machine_kexec() stands where its return address stood. If there is
 * neither, the first word behind an indirect call is a 'guess'.
 */
export function findCallSite(
  program: Program,
  sp: bigint,
  functionStart: bigint,
): CallSite | undefined {
  let guess: CallSite | undefined
  const first = (sp + 7n) & ~7n
  for (let i = 0; i < SCAN_WORDS; i++) {
    const slot = first + BigInt(i * 8)
    const word = readWord(program, slot)
    if (word === undefined) break
    const target = callTarget(program, word)
    if (target === functionStart) return { slot, returnAddress: word, quality: 'validated' }
    const returned =
      typeof target === 'bigint' ? callWithin(program, word, functionStart) : undefined
    if (returned !== undefined) return { slot, returnAddress: returned, quality: 'validated' }
    if (target === 'indirect') guess ??= { slot, returnAddress: word, quality: 'guess' }
  }
  return guess
}

/** Is it code, by its symbol? */
export function isText(program: Program, address: bigint): boolean {
  return (
    program.arch.isKernelAddress(address) && /^[tw]$/i.test(program.symbolAt(address)?.type ?? '')
  )
}

/** The return address that lies in `slot`; undefined if what lies there follows no call. */
export function returnAddressAt(program: Program, slot: bigint): bigint | undefined {
  const word = readWord(program, slot)
  return word !== undefined && callTarget(program, word) !== undefined ? word : undefined
}

/** Return address of the first direct call of a function by the function that `address` lies in. */
function callWithin(program: Program, address: bigint, functionStart: bigint): bigint | undefined {
  const caller = program.symbolAt(address - 1n)
  if (!caller || caller.address === functionStart || caller.size > CODE_SIZE_MAX) return undefined
  try {
    const code = program.memory.bytes(caller.address, caller.size)
    for (let end = CALL_BYTES; end <= code.length; end++) {
      const at = caller.address + BigInt(end)
      const target = program.arch.callBefore(code.subarray(end - CALL_BYTES, end), at)
      if (target === functionStart) return at
    }
  } catch (error) {
    if (!(error instanceof FaultError)) throw error
  }
  return undefined
}

/** Find where the call that `returnAddress` would return from goes to; undefined if no call precedes it. @internal */
export function callTarget(
  program: Program,
  returnAddress: bigint,
): bigint | 'indirect' | undefined {
  if (!program.arch.isKernelAddress(returnAddress) || !program.symbolAt(returnAddress - 1n))
    return undefined
  try {
    const code = program.memory.bytes(returnAddress - BigInt(CALL_BYTES), CALL_BYTES)
    return program.arch.callBefore(code, returnAddress)
  } catch (error) {
    if (error instanceof FaultError) return undefined
    throw error
  }
}

function readWord(program: Program, address: bigint): bigint | undefined {
  try {
    return program.memory.u64(address)
  } catch (error) {
    if (error instanceof FaultError) return undefined
    throw error
  }
}
