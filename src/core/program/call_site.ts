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

/**
 * Scan up from `sp` for the return address of a call of the function that starts at `functionStart`.
 *
 * A direct call of exactly that function is 'validated'. If there is none, the first word behind an
 * indirect call is a 'guess'.
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
    if (target === 'indirect') guess ??= { slot, returnAddress: word, quality: 'guess' }
  }
  return guess
}

/** Where the call that `returnAddress` would return from goes to; undefined if no call precedes it. */
function callTarget(program: Program, returnAddress: bigint): bigint | 'indirect' | undefined {
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
