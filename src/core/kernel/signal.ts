// Signals: names, handlers, what is blocked and pending. Source: include/linux/signal_types.h, include/uapi/asm-generic/signal.h.
import { CorruptError } from '../base/errors.ts'
import type { KObject } from '../program/kobject.ts'
import { listForEachEntry } from './list.ts'
import type { Task } from './sched.ts'

export type SigQueue = KObject<'sigqueue'>

/** _NSIG of 64-bit kernels (MIPS has 128). */
export const NSIG = 64
/** The kernel's; the C library keeps the first ones for itself. */
const SIGRTMIN = 32

const CLASSIC = [
  ...['HUP', 'INT', 'QUIT', 'ILL', 'TRAP', 'ABRT', 'BUS', 'FPE', 'KILL', 'USR1', 'SEGV', 'USR2'],
  ...['PIPE', 'ALRM', 'TERM', 'STKFLT', 'CHLD', 'CONT', 'STOP', 'TSTP', 'TTIN', 'TTOU', 'URG'],
  ...['XCPU', 'XFSZ', 'VTALRM', 'PROF', 'WINCH', 'IO', 'PWR', 'SYS'],
]

/** Other names of the same numbers. */
const ALIASES: Readonly<Record<string, string>> = {
  ABRT: 'IOT',
  CHLD: 'CLD',
  IO: 'POLL',
  SYS: 'UNUSED',
}

/** The name of a signal, 1 to 64: `SIGHUP`, `SIGRTMIN+3`, `SIGRTMAX-2`. */
export function signalName(signal: number): string {
  const name = CLASSIC[signal - 1]
  if (name !== undefined) return `SIG${name}`
  const above = signal - SIGRTMIN
  const below = NSIG - signal
  if (above <= (NSIG - SIGRTMIN) / 2) return `SIGRTMIN${above === 0 ? '' : `+${above}`}`
  return `SIGRTMAX${below === 0 ? '' : `-${below}`}`
}

/** All names of a signal: `SIGABRT/SIGIOT`. */
export function signalNames(signal: number): string {
  const alias = ALIASES[CLASSIC[signal - 1] ?? '']
  return signalName(signal) + (alias === undefined ? '' : `/SIG${alias}`)
}

/** Signals in a set of 64 bits, ascending. */
export function signalsOf(set: bigint): number[] {
  return Array.from({ length: NSIG }, (_, i) => i + 1).filter(
    (signal) => (set >> BigInt(signal - 1)) & 1n,
  )
}

/** A `sigset_t` as 64 bits, signal 1 the lowest. */
export function sigset(set: KObject): bigint {
  return set.get('sig').at(0).bigint()
}

/** What a task does about a signal. */
export interface SigAction {
  readonly signal: number
  /** Address of the `struct k_sigaction`. */
  readonly address: bigint
  /** 0 is SIG_DFL, 1 is SIG_IGN. */
  readonly handler: bigint
  readonly mask: bigint
  readonly flags: bigint
}

/**
 * Walk what a task does about each signal.
 *
 * @yields nothing for a task that has exited
 * @source include/linux/sched/signal.h struct sighand_struct
 */
export function* forEachSigAction(task: Task): Generator<SigAction> {
  const sighand = task.get('sighand')
  if (sighand.isNull()) return
  const actions = sighand.deref().get('action')
  const count = Math.min(actions.length || NSIG, NSIG)
  for (let i = 0; i < count; i++) {
    const action = actions.at(i)
    yield {
      signal: i + 1,
      address: action.address,
      handler: action.pointer('sa.sa_handler'),
      mask: sigset(action.get('sa.sa_mask')),
      flags: action.bigint('sa.sa_flags'),
    }
  }
}

// include/uapi/asm-generic/signal-defs.h, arch/x86/include/uapi/asm/signal.h
const FLAGS: readonly (readonly [bit: bigint, name: string])[] = [
  [0x1n, 'SA_NOCLDSTOP'],
  [0x2n, 'SA_NOCLDWAIT'],
  [0x0400_0000n, 'SA_RESTORER'],
  [0x4n, 'SA_SIGINFO'],
  [0x0800_0000n, 'SA_ONSTACK'],
  [0x1000_0000n, 'SA_RESTART'],
  [0x4000_0000n, 'SA_NODEFER'],
  [0x8000_0000n, 'SA_RESETHAND'],
  [0x400n, 'SA_UNSUPPORTED'],
  [0x800n, 'SA_EXPOSE_TAGBITS'],
]

/** Names of the flags of a handler. */
export function sigActionFlagNames(flags: bigint): string[] {
  return FLAGS.filter(([bit]) => (flags & bit) !== 0n).map(([, name]) => name)
}

/** Signals sent and not yet delivered: a `struct sigpending`, of a thread or shared by its process. */
export function* forEachPendingSignal(pending: KObject): Generator<SigQueue> {
  const type = 'struct sigqueue'
  let count = 0
  for (const queued of listForEachEntry<'sigqueue'>(pending.get('list'), type, 'list')) {
    if (++count > PENDING_MAX)
      throw new CorruptError(pending.address, `more than ${PENDING_MAX} signals are queued`)
    yield queued
  }
}

/** RLIMIT_SIGPENDING follows the size of memory; no machine allows this many. */
const PENDING_MAX = 10_000_000

/** The number of a queued signal. */
export function queuedSignal(queued: SigQueue): number {
  return queued.number('info.si_signo')
}

/** Is there a signal for this task that it does not block? @source kernel/signal.c recalc_sigpending_tsk() */
export function hasUnblockedSignal(task: Task): boolean {
  const signal = task.get('signal')
  const shared = signal.isNull() ? 0n : sigset(signal.get('shared_pending.signal'))
  return ((sigset(task.get('pending.signal')) | shared) & ~sigset(task.get('blocked'))) !== 0n
}
