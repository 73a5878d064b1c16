// A function that ends in a jump to another leaves no frame: its caller seems to have called that other one. What the call
// instruction says tells.
import { callTarget } from './call_site.ts'
import type { Program } from './program.ts'
import type { KernelSymbol } from '../debuginfo/symbol_index.ts'

/** Ways to a function, no functions themselves. Source: arch/x86/include/asm/nospec-branch.h, include/linux/static_call.h */
const TRAMPOLINE = /^(?:__x86_indirect_|__x86_return_|__SCT__|__pfx_|ftrace_|__fentry__)/

/**
 * The function that was called at a return address, if it is not the one whose frame was found: it jumped there, or to what
 * did.
 *
 * @param returnAddress of the call, in the caller
 * @param callee any address in the function whose frame was found
 * @returns undefined where the two are the same, or the call is indirect
 */
export function findTailCaller(
  program: Program,
  returnAddress: bigint,
  callee: bigint,
): KernelSymbol | undefined {
  const target = callTarget(program, returnAddress)
  if (typeof target !== 'bigint') return undefined
  const called = program.symbolAt(target)
  const found = program.symbolAt(callee)
  if (!called || !found || called.address !== target) return undefined
  if (called.address === found.address || TRAMPOLINE.test(called.name)) return undefined
  // The unlikely part of the function itself.
  return baseName(called.name) === baseName(found.name) ? undefined : called
}

const baseName = (name: string): string => name.replace(/\..*/, '')
