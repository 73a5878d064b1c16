// Deaths behind which a hang may stand: the kernel noticed one itself, or somebody outside did and asked for the dump.
import type { CrashKind } from './crash_kind.ts'
import { bareName } from './panic_machinery.ts'
import type { Evidence, FindingRole } from './rule.ts'
import type { Scene } from './scene.ts'

/** Functions between panic() and the one that tells why it was called. */
const CALLERS_MAX = 4

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
  // An oops dies of itself, whatever the log told of last.
  if (scene.faults.some(({ isFatal }) => isFatal)) return 'state'
  if (/[Ff]atal exception/.test(scene.panicReason)) return 'state'
  return HANG_DEATHS.includes(kind) ? 'cause' : 'state'
}

/** Did the kernel panic for this reason? Where the log is lost, the functions that called panic() say so. */
export function diedOf(scene: Scene, reason: RegExp, callers: RegExp): boolean {
  if (scene.lines.length > 0) return reason.test(scene.panicReason)
  const names = scene.panicTrace.frames.map(({ name }) => bareName(name ?? ''))
  const at = names.findLastIndex((name) => /^v?panic$|^nmi_panic$/.test(name))
  return at >= 0 && names.slice(at + 1, at + 1 + CALLERS_MAX).some((name) => callers.test(name))
}

/** What panic() was told, as evidence; the stack's callers of panic() are, where the log is lost. */
export function panicEvidence({ panicReason }: Scene): Evidence[] {
  return panicReason === ''
    ? [{ text: 'panic() was called by the detector', command: 'bt' }]
    : [{ text: `panic: ${panicReason.trim()}`, command: 'log' }]
}

/** Panics of devices that count down unless a program of user space keeps them from it. */
export function isWatchdogPanic(reason: string): boolean {
  // "watchdog pretimeout event", "Software Watchdog Timer expired", "Watchdog pre-timeout", "An NMI occurred. …" of hpwdt.
  return /watchdog pre-?timeout|watchdog timer expired|An NMI occurred|IPMI.*pre-?timeout/i.test(
    reason,
  )
}
