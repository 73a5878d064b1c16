// What makedumpfile prints while and after it works, word by word. Source: print_info.c, and its output.
import type { DumpStats } from '../host/capture/dump_stats.ts'
import type { DumpStage } from '../host/capture/engine.ts'

const STAGE_TEXT: Readonly<Record<DumpStage, string>> = {
  filter: 'Excluding unnecessary pages',
  copy: 'Copying data',
}
const SPINNER = '/|\\-'
/** Without a terminal each line of progress stays in a log. */
const PROGRESS_INTERVAL_MS = 1000

/** Print progress on stderr, as makedumpfile's message level 1 does. */
export class ProgressLine {
  #spin = 0
  #stage: DumpStage | undefined
  #startedMs = 0
  #printedMs = 0

  /** Tell that `done` of `total` is done; prints at most once a second, and at the end of a stage. */
  update(stage: DumpStage, done: number, total: number): void {
    const now = performance.now()
    if (stage !== this.#stage) {
      this.#stage = stage
      this.#startedMs = now
      this.#printedMs = 0
    }
    if (done < total && now - this.#printedMs < PROGRESS_INTERVAL_MS) return
    this.#printedMs = now
    const percent = total === 0 ? 100 : (done / total) * 100
    const spin = SPINNER.charAt(this.#spin++ % SPINNER.length)
    const eta = stage === 'copy' && done > 0 ? formatEta(now - this.#startedMs, done, total) : ''
    process.stderr.write(
      `\r${STAGE_TEXT[stage].padEnd(50)}: [${percent.toFixed(1).padStart(5)} %] ${spin}  ${eta.padStart(16)}`,
    )
  }
}

function formatEta(elapsedMs: number, done: number, total: number): string {
  const seconds = Math.floor((elapsedMs * (total - done)) / done / 1000)
  if (seconds < 60) return `eta: ${seconds}s`
  if (seconds < 3600) return `eta: ${Math.floor(seconds / 60)}m${seconds % 60}s`
  return `eta: ${Math.floor(seconds / 3600)}h${Math.floor(seconds / 60) % 60}m`
}

/**
 * The counts of --show-stats.
 *
 * makedumpfile counts the kernel image twice where /proc/vmcore maps it twice; here a frame counts once, in
 * 'Original pages', 'Remaining pages' and 'Memory Hole'.
 */
export function formatStats(stats: DumpStats): string {
  const hex = (count: number): string => `0x${count.toString(16).padStart(16, '0')}`
  const excluded = stats.originalPages - stats.remainingPages
  const percent =
    stats.originalPages === 0 ? 100 : Math.floor((stats.remainingPages * 100) / stats.originalPages)
  return `
Original pages  : ${hex(stats.originalPages)}
  Excluded pages   : ${hex(excluded)}
    Pages filled with zero  : ${hex(stats.zeroPages)}
    Non-private cache pages : ${hex(stats.cachePages)}
    Private cache pages     : ${hex(stats.cachePrivatePages)}
    User process data pages : ${hex(stats.userPages)}
    Free pages              : ${hex(stats.freePages)}
    Hwpoison pages          : ${hex(stats.hwpoisonPages)}
    Offline pages           : ${hex(stats.offlinePages)}
  Remaining pages  : ${hex(stats.remainingPages)}
  (The number of pages is reduced to ${percent}%.)
Memory Hole     : ${hex(stats.totalPages - stats.originalPages)}
--------------------------------------------------
Total pages     : ${hex(stats.totalPages)}
Write bytes     : ${stats.writtenBytes}
`
}
