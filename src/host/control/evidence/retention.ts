// Which dumps are kept: the decision alone, made of facts. The newest that is whole always stays, and so does what is pinned.
import type { ConfRetention } from '../config/kdump_conf_model.ts'
import type { SavedDump } from './saved_dumps.ts'

/** A dump to remove, and by which limit. */
export interface Removal {
  readonly dump: SavedDump
  readonly why: string
}

/** What is to be removed, the oldest first. */
export interface RetentionPlan {
  readonly removals: readonly Removal[]
  /** What was not decided, and why. */
  readonly notes: readonly string[]
}

const DAY_MS = 86_400_000

/**
 * Decide.
 *
 * @param dumps of one folder, the oldest first
 * @param nowMs the clock, which may be wrong: one that is behind the newest crash says nothing about age
 */
export function planRetention(
  dumps: readonly SavedDump[],
  { count, bytes, ageDays }: ConfRetention,
  nowMs: number,
): RetentionPlan {
  const notes: string[] = []
  const newestMs = Math.max(...dumps.map(({ crashedMs }) => crashedMs))
  const isClockWrong = nowMs < newestMs
  if (ageDays !== undefined && isClockWrong) {
    const at = new Date(newestMs).toISOString()
    notes.push(`the clock is behind the newest crash (${at}): nothing is removed for its age`)
  }
  const oldestMs = ageDays === undefined || isClockWrong ? -Infinity : nowMs - ageDays * DAY_MS
  const newestWhole = dumps.findLast(({ complete }) => complete)
  const removals: Removal[] = []
  let kept = 0
  let keptBytes = 0
  for (const dump of dumps.toReversed()) {
    const isFixed = dump.isPinned || dump === newestWhole
    const why = isFixed
      ? ''
      : dump.crashedMs < oldestMs
        ? `older than ${ageDays ?? 0} days (retain_age)`
        : count !== undefined && kept >= count
          ? `not among the newest ${count} (retain_count)`
          : bytes !== undefined && keptBytes + dump.sizeBytes > bytes
            ? `with those newer, more than ${bytes} bytes (retain_bytes)`
            : ''
    if (why !== '') {
      removals.unshift({ dump, why })
      continue
    }
    // What is pinned takes room, and no place among the newest.
    if (!dump.isPinned) kept++
    keptBytes += dump.sizeBytes
  }
  return { removals, notes }
}
