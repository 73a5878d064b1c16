// Deaths behind which a hang may stand: the kernel noticed one itself, or somebody outside did and asked for the dump.
import type { CrashKind } from './crash_kind.ts'
import type { FindingRole } from './rule.ts'
import type { Scene } from './scene.ts'

/** What a hang explains. */
export const HANG_DEATHS: readonly CrashKind[] = [
  'sysrq',
  'nmi',
  'soft-lockup',
  'hard-lockup',
  'rcu-stall',
  'hung-task',
  'workqueue-lockup',
  'panic',
  'unknown',
]

/** 'cause' for a hang that memory shows when the kernel died as a hung one does; else it is only worth knowing. */
export function hangRole(scene: Scene): FindingRole {
  const { kind } = scene.words
  if (kind === 'panic') return isWatchdogPanic(scene.panicReason) ? 'cause' : 'state'
  return HANG_DEATHS.includes(kind) ? 'cause' : 'state'
}

/** Panics of devices that count down unless a program of user space keeps them from it. */
export function isWatchdogPanic(reason: string): boolean {
  // "watchdog pretimeout event", "Software Watchdog Timer expired", "Watchdog pre-timeout", "An NMI occurred. …" of hpwdt.
  return /watchdog pre-?timeout|watchdog timer expired|An NMI occurred|IPMI.*pre-?timeout/i.test(
    reason,
  )
}
