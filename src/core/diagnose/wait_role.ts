// Whether waits are why the kernel died: it died as one that hung, and they lasted so long that the kernel said so or
// would have. Source: kernel/hung_task.c.
import { attempt } from '../base/errors.ts'
import type { WaitGroup } from '../kernel/wait_graph.ts'
import type { CrashKind } from './crash_kind.ts'
import { HANG_DEATHS, isWatchdogPanic } from './hang_death.ts'
import type { FindingRole } from './rule.ts'
import type { Scene } from './scene.ts'

/** CONFIG_DEFAULT_HUNG_TASK_TIMEOUT. */
const TIMEOUT_DEFAULT = 120
/** Deaths that somebody asked for, who need not have done so because of these waits. */
const ASKED_FOR: readonly CrashKind[] = ['sysrq', 'nmi', 'unknown']
/** Deaths of sleepers: CPUs lock up for other reasons. */
const OF_SLEEPERS: readonly CrashKind[] = ['hung-task', 'workqueue-lockup', 'panic', ...ASKED_FOR]

/** Seconds after which the kernel calls a task hung; where that is off, its usual ones. */
export function hungTimeout({ program }: Scene): number {
  const seconds = attempt(() =>
    Number(program.object('sysctl_hung_task_timeout_secs', 'unsigned long').bigint()),
  )
  return seconds === undefined || seconds === 0 ? TIMEOUT_DEFAULT : seconds
}

/** Has the kernel's watch over hung tasks named a task of the group? */
export function isReported(scene: Scene, { waits }: WaitGroup): boolean {
  const pids = new Set(
    scene.troubles.filter(({ kind }) => kind === 'hung-task').map(({ pid }) => pid),
  )
  return waits.some(({ task }) => pids.has(attempt(() => task.number('pid'))))
}

/** Seconds that the longest of the waits has lasted. */
export function longestWait({ waits }: WaitGroup): number {
  return Math.max(0, ...waits.map(({ seconds }) => seconds ?? 0))
}

/**
 * 'cause' for waits that hung the machine, else 'state'.
 *
 * @param isLasting nothing can end them by itself: a cycle of locks
 */
export function waitRole(scene: Scene, group: WaitGroup, isLasting: boolean): FindingRole {
  const kind = deathKind(scene)
  if (!OF_SLEEPERS.includes(kind)) return 'state'
  if (kind === 'panic' && !isWatchdogPanic(scene.panicReason)) return 'state'
  // Who has frozen a file system knows, and will thaw it.
  if (ASKED_FOR.includes(kind) && group.root?.on.kind === 'percpu-rwsem') return 'state'
  const isLong = longestWait(group) >= hungTimeout(scene)
  if (isReported(scene, group) || isLasting) return 'cause'
  // Where the log has lost the reports, time tells; but a machine on which somebody wanted a dump may be well.
  return isLong && !ASKED_FOR.includes(kind) ? 'cause' : 'state'
}

/** What waits that are the cause explain. */
export const explainedByWaits: readonly CrashKind[] = HANG_DEATHS.filter(
  (kind) => kind !== 'soft-lockup' && kind !== 'hard-lockup' && kind !== 'rcu-stall',
)

/** Without a log the watcher tells: it is the task that panicked. */
function deathKind(scene: Scene): CrashKind {
  const { kind } = scene.words
  if (kind !== 'unknown') return kind
  const comm = scene.panicTask && attempt(() => scene.panicTask?.string('comm'))
  return comm === 'khungtaskd' ? 'hung-task' : kind
}
