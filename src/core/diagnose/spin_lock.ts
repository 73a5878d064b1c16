// Spinlocks: who spins for which, and who holds it. A spinlock does not know its holder; the code of the functions on the
// stacks does: one that took a lock, stands before it gives it back, holds it.
// Source: include/linux/spinlock_api_smp.h, kernel/locking/qspinlock.c, include/asm-generic/qspinlock_types.h.
import { attempt } from '../base/errors.ts'
import { functionFlow, type FunctionFlow, type Operation } from '../program/function_flow.ts'
import type { Program } from '../program/program.ts'
import { placeOf } from '../program/value_flow.ts'
import type { Origin } from '../program/value_origin.ts'
import { getDisassembler } from '../arch/disassembler.ts'
import { isHelper } from './known_functions.ts'
import { callOf, frameArgument, frameValue, standpointOf } from './frame_value.ts'
import type { NamedFrame } from './named_frame.ts'
import { bareName } from './panic_machinery.ts'

/** Somebody who spins. */
export interface SpinWait {
  /** Undefined if it cannot be told. */
  readonly lock: bigint | undefined
  /** In the frames: the function that wants the lock, and all that called it. */
  readonly index: number
}

/** A lock that a function on the stack took and had not given back. */
export interface HeldLock {
  readonly lock: bigint
  readonly frame: NamedFrame
  /** Where it was taken. */
  readonly takenAt: bigint
}

const TAKE =
  /^(?:_raw_(?:spin|read|write)_lock(?:_bh|_irq|_irqsave|_nested)?|do_raw_(?:spin|read|write)_lock)$/
const GIVE =
  /^(?:_raw_(?:spin|read|write)_unlock(?:_bh|_irq|_irqrestore)?|do_raw_(?:spin|read|write)_unlock)$/
const SPIN =
  /^(?:(?:native_|__pv_)?queued_(?:spin|read|write)_lock_slowpath|_raw_(?:spin|read|write)_lock\w*|do_raw_\w+_lock|__raw_spin_lock\w*|pv_wait\w*|kvm_wait|xen_qlock_wait|hv_qlock_wait|__raw_callee_save\w*|__pv_\w+|virt_spin_lock|native_halt|resilient_\w+)$/
/** Functions on one stack that are looked through. */
const FRAMES_MAX = 64

/** What this stack spins for; undefined if it does not. */
export function spinWait(program: Program, frames: readonly NamedFrame[]): SpinWait | undefined {
  const spins = frames.findIndex(({ name }) => name === null || !SPIN.test(bareName(name)))
  if (spins < 1) return undefined
  for (let index = 0; index < spins; index++) {
    const lock = frameArgument(program, frames, index, 0)
    if (lock !== undefined && program.arch.isKernelAddress(lock)) return { lock, index: spins }
  }
  return { lock: undefined, index: spins }
}

/** The locks that the functions on a stack hold, as far as their code says. */
export function heldLocks(program: Program, frames: readonly NamedFrame[]): HeldLock[] {
  const found: HeldLock[] = []
  frames.slice(0, FRAMES_MAX).forEach((frame, index) => {
    if (frame.name === null || isHelper(frame)) return
    for (const { origin, at } of rememberedHeldBy(program, frame)) {
      const lock = frameValue(program, frames, standpointOf(program, frames, index), origin)
      if (lock !== undefined) found.push({ lock, frame, takenAt: at })
    }
  })
  return found
}

interface Taken {
  readonly origin: Origin
  readonly at: bigint
}

const remembered = new WeakMap<Program, Map<bigint, readonly Taken[]>>()

/** Of a hundred CPUs that spin most stand at the same places. */
function rememberedHeldBy(program: Program, frame: NamedFrame): readonly Taken[] {
  let known = remembered.get(program)
  if (!known) remembered.set(program, (known = new Map()))
  let taken = known.get(frame.ip)
  if (!taken) known.set(frame.ip, (taken = heldBy(program, frame)))
  return taken
}

/** Taken before where the frame stands and given back behind it: code is laid out in the order it runs, mostly. */
function heldBy(program: Program, frame: NamedFrame): Taken[] {
  const flow = functionFlow(program, frame.interrupted ? frame.ip : frame.ip - 1n)
  if (!flow) return []
  const standing = callOf(program, frame)?.address ?? frame.ip
  const taken = new Map<string, Taken>()
  const given = new Set<string>()
  const byAddress = [...flow.operations.values()].toSorted((a, b) =>
    a.address < b.address ? -1 : 1,
  )
  for (const operation of byAddress) {
    const act = lockAct(program, flow, operation)
    if (!act) continue
    const { origin, isTaking } = act
    if (operation.address < standing) {
      if (isTaking) taken.set(origin.key, { origin, at: operation.address })
      else taken.delete(origin.key)
    } else if (!isTaking) given.add(origin.key)
  }
  return [...taken.values()].filter(({ origin }) => given.has(origin.key))
}

/** What an instruction does to a lock. */
function lockAct(
  program: Program,
  { flow }: FunctionFlow,
  operation: Operation,
): { readonly origin: Origin; readonly isTaking: boolean } | undefined {
  const { address, target, transfer, through } = operation
  if (operation.flow === 'call' || (operation.flow === 'jump' && target !== undefined)) {
    const name = target === undefined ? '' : bareName(program.symbolAt(target)?.name ?? '')
    const isTaking = TAKE.test(name)
    if (!isTaking && !GIVE.test(name) && !isParavirtual(program, through)) return undefined
    const register = getDisassembler(program.arch.name).convention.arguments[0]
    const origin =
      register === undefined ? undefined : flow.stateAt(address)?.registers.get(register)
    return origin && { origin, isTaking }
  }
  // Inlined: the byte that says locked is cleared.
  if (transfer?.to.kind !== 'memory' || transfer.from.kind !== 'constant') return undefined
  if (transfer.size !== 1 || transfer.from.value !== 0n) return undefined
  const state = flow.stateAt(address)
  const origin = state && placeOf(state, transfer.to.memory)
  return origin && { origin, isTaking: false }
}

/** Unlocking is a call through pv_ops in guests. @source arch/x86/include/asm/paravirt.h pv_queued_spin_unlock() */
function isParavirtual(program: Program, through: Operation['through']): boolean {
  if (through?.kind !== 'memory' || through.memory.base !== '') return false
  const symbol = program.symbolAt(through.memory.displacement)
  return symbol?.name === 'pv_ops' || symbol?.name === 'pv_lock_ops'
}

/** Is a lock taken, as a queued spinlock says it? undefined if it cannot be read. @source struct qspinlock */
export function isSpinLocked(program: Program, lock: bigint): boolean | undefined {
  const word = attempt(() => program.memory.u32(lock))
  return word === undefined ? undefined : (word & 0xff) !== 0
}
