// What one run of a command costs: wall time, peak memory, bytes read; children included.
import { spawnSync } from 'node:child_process'

/** The costs of one run; sizes are bytes. */
export interface ProcessCost {
  readonly wallMs: number
  /** Peak resident set of the largest process. */
  readonly peakBytes: number
  /** What read(2) and its like returned, from the page cache or not; mapped files are not in it. */
  readonly readBytes: number
  readonly stdout: string
  /** Why the numbers mean little; '' after exit 0. */
  readonly failed: string
}

/** Longest standard output: 16 TiB are 131,072 lines of makedumpfile -D. */
const OUTPUT_MAX = 256 * 2 ** 20
/** Exit code of timeout(1) for a command that took too long. */
const TIMED_OUT = 124
const KILL_AFTER_S = 10

/**
 * The shell waits for its child; from then on the child's reads are in its own /proc/PID/io, exactly, for the kernel
 * adds those of every process that was waited for. GNU time knows the peak memory.
 */
const SCRIPT = '"$@"; status=$?; cat /proc/$$/io >&2; exit $status'

/** Run a command once, standard input empty; ends it after `timeoutS` seconds. */
export function runCosted(command: readonly string[], timeoutS: number): ProcessCost {
  // In the foreground: an interrupt of the bench then ends the command too.
  const limit = ['timeout', '--foreground', '-k', String(KILL_AFTER_S), String(timeoutS)]
  const startedMs = performance.now()
  const { status, stdout, stderr, error } = spawnSync(
    '/usr/bin/time',
    ['-f', 'rss %M', 'sh', '-c', SCRIPT, 'sh', ...limit, ...command],
    { stdio: ['ignore', 'pipe', 'pipe'], encoding: 'latin1', maxBuffer: OUTPUT_MAX },
  )
  const wallMs = performance.now() - startedMs
  if (error) throw error
  return {
    wallMs,
    stdout,
    peakBytes: Number(/^rss (\d+)$/m.exec(stderr)?.[1] ?? NaN) * 1024,
    readBytes: Number(/^rchar: (\d+)$/m.exec(stderr)?.[1] ?? NaN),
    failed: status === 0 ? '' : whyFailed(status, timeoutS),
  }
}

function whyFailed(status: number | null, timeoutS: number): string {
  return status === TIMED_OUT ? `ended after ${timeoutS} s` : `exit ${status}`
}
