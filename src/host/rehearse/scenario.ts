// A way to die: what is done to the guest, and what its dump must then say.
import type { Machine } from './machine.ts'

/** A way to die, and how it is known again. */
export interface Scenario {
  readonly name: string
  /** One line, imperative, no period. */
  readonly summary: string
  /** The letter written to /proc/sysrq-trigger in the guest; '' when `kill` does it. */
  readonly sysrq: string
  /** Words for the guest's command line. */
  readonly cmdline: string
  /** Kill from outside. Absent when the guest does it itself. */
  readonly kill?: (machine: Machine) => Promise<void>
  /** What the dump's panic message must match. */
  readonly panicMessage: RegExp
}
