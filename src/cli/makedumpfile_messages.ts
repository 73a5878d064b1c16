// What makedumpfile prints while and after it works, word by word. Source: print_info.c, and its output.
import { fstatSync } from 'node:fs'
import { monotonicMs } from '../host/platform/clock.ts'
import { writeText } from '../host/platform/stream.ts'
import type { DumpStats } from '../host/capture/dump_stats.ts'
import type { DumpStage } from '../host/capture/engine.ts'
import { ML_COMMON, ML_ERROR } from '../host/capture/makedumpfile_options.ts'

const STAGE_TEXT: Readonly<Record<DumpStage, string>> = {
  filter: 'Excluding unnecessary pages',
  copy: 'Copying data',
}
const STDOUT = 1
const STDERR = 2
const SPINNER = '/|\\-'
/** A terminal has one line that changes. */
const LINE_INTERVAL_MS = 1000
/** In a pipe or a file each line stays. */
const LOG_INTERVAL_MS = 10_000

/** Where makedumpfile says something, by the bits of --message-level. */
export class Messages {
  readonly #level: number
  /** Standard output is the dump. */
  readonly #isQuiet: boolean

  constructor(level: number, isQuiet: boolean) {
    this.#level = level
    this.#isQuiet = isQuiet
  }

  has(bit: number): boolean {
    return (this.#level & bit) !== 0
  }

  /** Errors and progress go to stderr, all else to stdout unless the dump does. */
  say(bit: number, text: string): void {
    if (!this.has(bit)) return
    writeText(bit === ML_ERROR || this.#isQuiet ? STDERR : STDOUT, text)
  }

  /** Say makedumpfile's last word. */
  sayFailed(): void {
    this.say(ML_COMMON, '\nmakedumpfile Failed.\n')
  }
}

/** Print progress on stderr, as makedumpfile's message level 1 does; sparsely where stderr is no terminal. */
export class ProgressLine {
  readonly #isTerminal = fstatSync(STDERR).isCharacterDevice()
  #spin = 0
  #stage: DumpStage | undefined
  #startedMs = 0
  #printedMs = 0

  /** Tell that `done` of `total` is done. */
  update(stage: DumpStage, done: number, total: number, writtenBytes: number): void {
    const now = monotonicMs()
    if (stage !== this.#stage) {
      this.#stage = stage
      this.#startedMs = now
      this.#printedMs = this.#isTerminal ? 0 : now
    }
    const interval = this.#isTerminal ? LINE_INTERVAL_MS : LOG_INTERVAL_MS
    if (done < total && now - this.#printedMs < interval) return
    this.#printedMs = now
    const percent = total === 0 ? 100 : (done / total) * 100
    const elapsedMs = now - this.#startedMs
    const eta = stage === 'copy' && done > 0 ? formatEta(elapsedMs, done, total) : ''
    const rate = stage === 'copy' ? formatRate(writtenBytes, elapsedMs) : ''
    const line = `${STAGE_TEXT[stage].padEnd(50)}: [${percent.toFixed(1).padStart(5)} %]`
    if (this.#isTerminal) {
      const spin = SPINNER.charAt(this.#spin++ % SPINNER.length)
      writeText(STDERR, `\r${line} ${spin}  ${eta.padStart(16)} ${rate}`)
    } else writeText(STDERR, `${`${line} ${eta} ${rate}`.trimEnd()}\n`)
  }

  /** End the line. */
  end(): void {
    if (this.#isTerminal && this.#stage) writeText(STDERR, '\n')
  }
}

function formatEta(elapsedMs: number, done: number, total: number): string {
  const seconds = Math.floor((elapsedMs * (total - done)) / done / 1000)
  if (seconds < 60) return `eta: ${seconds}s`
  if (seconds < 3600) return `eta: ${Math.floor(seconds / 60)}m${seconds % 60}s`
  return `eta: ${Math.floor(seconds / 3600)}h${Math.floor(seconds / 60) % 60}m`
}

function formatRate(bytes: number, elapsedMs: number): string {
  return elapsedMs < 1 ? '' : `${(bytes / 1e3 / elapsedMs).toFixed(0)} MB/s`
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
