// The ways to crash a machine that the diagnosis is tried on, and what must be said of each. Rules know nothing of this file.
import type { CrashKind } from '../../src/core/diagnose/crash_kind.ts'
import { DEADLOCKS } from './scenarios/deadlocks.ts'
import { LEDGER } from './scenarios/ledger.ts'
import { LOCKUPS } from './scenarios/lockups.ts'
import { MEMORY } from './scenarios/memory.ts'
import { POINTERS } from './scenarios/pointers.ts'
import { CHECKS } from './scenarios/checks.ts'
import { SYSTEM } from './scenarios/system.ts'

/** One way to crash. */
export interface FaultScenario {
  readonly name: string
  /** Shell lines, run by the guest's PID 1. */
  readonly run: string
  readonly sysctls?: Readonly<Record<string, number>>
  /** What the host does a moment later: an NMI, or a line for QEMU's monitor. */
  readonly host?: string
  readonly hostAfterMs?: number
  readonly timeoutMs?: number
  /** Another scenario with the same bug, and so with the same signature. */
  readonly sameBugAs?: string
  /** Series whose kernel cannot crash this way, and why. */
  readonly lacking?: Readonly<Record<string, string>>
  readonly expected: FaultExpectation
}

/** What a right diagnosis says. */
export interface FaultExpectation {
  /** Names of crash kinds, any of which is right. */
  readonly kinds: readonly CrashKind[]
  /** Kinds that are true as well, but not the cause: what was noticed of it. */
  readonly also?: readonly CrashKind[]
  /** Functions, any of which is a right culprit; none when no function is to blame. */
  readonly functions: readonly string[]
  /** The culprit's module; '' for the kernel itself. */
  readonly module: string
  /** Each must be said somewhere in the findings: a lock's symbol, struct.member, a task. */
  readonly words: readonly string[]
}

/** Those the bound of the tests is set on: classes that every series can crash with. */
export const CORE_SCENARIOS: readonly string[] = [
  ...[
    'null-argument',
    'null-member',
    'null-call',
    'error-pointer',
    'ascii-pointer',
    'write-protected',
  ],
  ...['use-after-free', 'double-free', 'stack-overflow', 'stack-corruption', 'list-corruption'],
  ...[
    'refcount',
    'bug',
    'warning',
    'divide',
    'soft-lockup',
    'rcu-stall',
    'mutex-order',
    'mutex-three',
  ],
  ...['rwsem-order', 'io-lost-with-lock', 'out-of-memory', 'init-exits', 'sysrq'],
]

/** Every scenario. */
export const SCENARIOS: readonly FaultScenario[] = [
  ...POINTERS,
  ...MEMORY,
  ...CHECKS,
  ...LOCKUPS,
  ...DEADLOCKS,
  ...SYSTEM,
  ...LEDGER,
]
