// A kernel stack that was too small: the stack pointer ran into the guard page, or over the mark at the end. Source:
// arch/x86/kernel/traps.c exc_double_fault(), handle_stack_overflow(), arch/arm64/kernel/traps.c panic_bad_stack(),
// kernel/sched/core.c schedule_debug().
import { attempt } from '../../base/errors.ts'
import { formatHex } from '../../base/hex.ts'
import { kernelStack, type StackBounds } from '../../kernel/stack_bounds.ts'
import { blame, culpritOf } from '../blame.ts'
import { findRecursion, frameSizes, type Recursion } from '../deep_stack.ts'
import { functionText, inCulprit } from '../frame_text.ts'
import { atMost } from '../incident.ts'
import type { NamedFrame } from '../named_frame.ts'
import type { Culprit, Evidence, Rule } from '../rule.ts'
import type { Scene } from '../scene.ts'

/** include/uapi/linux/magic.h, at the far end of each stack. */
const STACK_END_MAGIC = 0x57ac_6e9dn
/** Below the stack lies a guard page; frames larger than it jump over. */
const BELOW = 0x4000n
/** Left of the stack when it is too small for an exception. */
const LEFT = 0x100n
const LARGEST = 3

export const stackOverflow: Rule = {
  name: 'stack-overflow',
  summary: 'a kernel stack that was too small for what ran on it',
  needs: ['symbols'],
  *find(scene) {
    const stack = attempt(() => scene.panicTask && kernelStack(scene.panicTask))
    for (const { fault, index, role, explains, limit } of scene.incidents) {
      const sp = fault.registers[scene.program.arch.sp]
      const isBelow = fault.isWhole && stack !== undefined && sp !== undefined && isOver(stack, sp)
      if (fault.trouble?.kind !== 'stack-overflow' && !isBelow) continue
      yield {
        ...describe(scene, fault.frames, stack, sp),
        role,
        // Who recurses is seen; the largest of many frames need not be the one too many.
        confidence: atMost(findRecursion(fault.frames) ? 'certain' : 'likely', limit),
        explains: [
          'double-fault',
          'bad-address',
          'null-dereference',
          'general-protection',
          ...explains,
        ],
        ...(index === undefined ? {} : { fault: index }),
      }
      return
    }
    if (!/corrupted stack end|stack overflow/i.test(scene.panicReason)) return
    yield {
      ...describe(scene, scene.panicTrace.frames, stack, undefined),
      role: 'cause',
      // That the mark is gone is certain, what went over it is not: it may have returned long ago.
      confidence: 'likely',
      explains: ['panic', 'stack-corruption'],
    }
  },
}

const isOver = ({ start }: StackBounds, sp: bigint): boolean =>
  sp >= start - BELOW && sp < start + LEFT

function describe(
  scene: Scene,
  frames: readonly NamedFrame[],
  stack: StackBounds | undefined,
  sp: bigint | undefined,
) {
  const recursion = findRecursion(frames)
  const culprit = culpritFrom(scene, frames, recursion)
  return {
    kind: 'stack-overflow',
    title: titleOf(recursion, culprit),
    evidence: evidenceOf(scene, frames, recursion, stack, sp),
    refutedBy: [
      'the stack pointer was wrong, rather than the stack too small: its frames do not fill the stack',
    ],
    culprit,
    next: [
      { text: 'see all frames, with their sizes', command: 'bt -f' },
      recursion
        ? { text: 'find what ends the recursion, and why it did not', command: '' }
        : { text: 'move what is large from the stack to the heap', command: '' },
    ],
  } as const
}

function culpritFrom(
  { program }: Scene,
  frames: readonly NamedFrame[],
  recursion: Recursion | undefined,
): Culprit | null {
  if (recursion) return blame(program, recursion.cycle)
  const [largest] = frameSizes(frames)
  return largest ? culpritOf(program, largest.frame) : blame(program, frames)
}

function titleOf(recursion: Recursion | undefined, culprit: Culprit | null): string {
  if (!recursion) {
    const most = culprit?.function ? `; most of it is taken${inCulprit(culprit)}` : ''
    return `the kernel stack was too small${most}`
  }
  const { cycle, turns } = recursion
  const [first] = cycle
  const through = cycle
    .slice(1)
    .toReversed()
    .map((frame) => functionText(frame))
  const by = through.length === 0 ? '' : ` by way of ${through.join(', ')}`
  return `the kernel stack overflowed: ${first ? functionText(first) : ''} calls itself${by}, ${turns} times`
}

function evidenceOf(
  { program, panicReason }: Scene,
  frames: readonly NamedFrame[],
  recursion: Recursion | undefined,
  stack: StackBounds | undefined,
  sp: bigint | undefined,
): Evidence[] {
  const evidence: Evidence[] = []
  if (stack && sp !== undefined)
    evidence.push({
      text: `the stack pointer is ${formatHex(sp)}, the stack ${formatHex(stack.start)} to ${formatHex(stack.end)}`,
      address: sp,
      command: 'bt',
    })
  const mark = stack && attempt(() => program.memory.u64(stack.start))
  if (stack && mark !== undefined && mark !== STACK_END_MAGIC)
    evidence.push({
      text: `the mark at the end of the stack is gone: ${formatHex(mark)} instead of ${formatHex(STACK_END_MAGIC)}`,
      address: stack.start,
      command: `rd ${formatHex(stack.start).slice(2)}`,
    })
  if (panicReason !== '') evidence.push({ text: panicReason, command: 'log' })
  if (recursion) {
    const { cycle, turns } = recursion
    const [first] = cycle
    const turn = first && recursion.next ? Number(recursion.next.sp - first.sp) : 0
    evidence.push({
      text: `${turns} times on the stack, ${turn} bytes each: ${cycle.map((frame) => functionText(frame)).join(' < ')}`,
      command: 'bt -f',
    })
    return evidence
  }
  const largest = frameSizes(frames).slice(0, LARGEST)
  if (largest.length > 0)
    evidence.push({
      text: `the largest frames: ${largest.map(({ frame, bytes }) => `${bytes} bytes of ${functionText(frame)}`).join(', ')}`,
      command: 'bt -f',
    })
  return evidence
}
