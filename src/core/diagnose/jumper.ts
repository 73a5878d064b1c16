// Functions that a stack does not show, since they ended in a jump: `void f(x) { kfree(x); }` while kfree() runs.
import { attempt } from '../base/errors.ts'
import type { KernelSymbol } from '../debuginfo/symbol_index.ts'
import type { Program } from '../program/program.ts'
import { findTailCaller } from '../program/tail_call.ts'
import { isBlamable } from './known_functions.ts'
import type { NamedFrame } from './named_frame.ts'

/** Who jumped to the function of `frames[index]`, called by that of the next frame; undefined for nobody, and for helpers. */
export function jumperTo(
  program: Program,
  frames: readonly NamedFrame[],
  index: number,
): KernelSymbol | undefined {
  const callee = frames[index]
  const caller = frames[index + 1]
  if (!callee || !caller || caller.interrupted || callee.ip === 0n || caller.ip === 0n)
    return undefined
  const address = callee.interrupted ? callee.ip : callee.ip - 1n
  const jumper = attempt(() => findTailCaller(program, caller.ip, address))
  return jumper && isBlamable(jumper) ? jumper : undefined
}
