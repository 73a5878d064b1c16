// The recorder's two jobs on the old kernel's memory: its log as text, its pages as a dump.
import os from 'node:os'
import { HostError, KdumpError } from '../../core/base/errors.ts'
import type { DumpOutput } from '../platform/dump_output.ts'
import type { CaptureConfig } from './capture_config.ts'
import { copyMemory } from './copy_memory.ts'
import type { DumpStats } from './dump_stats.ts'
import { runDump, type DumpStage } from './engine.ts'
import { openDumpPath } from './open_pages.ts'
import { readDmesg } from './read_dmesg.ts'
import { describeError } from './step_log.ts'
import type { CaptureWork, DumpFacts, DumpRun } from './supervisor.ts'

/** An upload that is cut where its target cannot go on is begun anew so often. */
const UPLOADS_MAX = 3

/** What the capture kernel does with /proc/vmcore. */
export const captureWork: CaptureWork = { readDmesg, dump }

/**
 * The ladder of what is saved: the first dump level that fits; of the last one, what fits, the most important first; if
 * not even a page does, nothing but the log, which is there already. Of a kernel that is not understood, all of memory.
 */
async function dump(
  vmcore: string,
  open: () => Promise<DumpOutput>,
  config: CaptureConfig,
  run: DumpRun,
): Promise<DumpFacts> {
  try {
    return await dumpFiltered(vmcore, open, config, run)
  } catch (error) {
    // A kernel that cannot be understood; a target that cannot be opened throws again.
    if (!(error instanceof KdumpError)) throw error
    const onProgress = (done: number, total: number): void => {
      run.onProgress({ fraction: done / Math.max(1, total), writtenBytes: done })
    }
    const output = await open()
    try {
      const watch = { onProgress, isExpired: () => run.isExpired() }
      const problem = await copyMemory(vmcore, output, watch)
      return { problem, isEmpty: false, unfiltered: describeError(error) }
    } finally {
      await output.close()
    }
  }
}

async function dumpFiltered(
  vmcore: string,
  open: () => Promise<DumpOutput>,
  config: CaptureConfig,
  run: DumpRun,
): Promise<DumpFacts> {
  const tried: string[] = []
  for (const [i, level] of config.dumpLevels.entries()) {
    for (let uploads = 1; ; uploads++) {
      const { stats, problem, errno } = await dumpAt(level, vmcore, open, config, run)
      const isLast = i === config.dumpLevels.length - 1
      const isCut = errno === 'ERESTART' && uploads < UPLOADS_MAX
      if (problem === '' || run.isExpired() || !(isCut || (errno === 'ENOSPC' && !isLast))) {
        const isEmpty = stats.remainingPages > 0 && stats.lostPages >= stats.remainingPages
        return { problem, isEmpty, dumpLevel: level, tried, ...describeStats(stats) }
      }
      tried.push(`level ${level}: ${problem}`)
      if (!isCut) break
    }
  }
  throw new HostError('no dump level')
}

/** What came of one try. */
interface DumpTry {
  readonly stats: DumpStats
  /** '' if nothing went wrong. */
  readonly problem: string
  /** ENOSPC: another level may fit. ERESTART: another upload may go well. */
  readonly errno: string
}

async function dumpAt(
  level: number,
  vmcore: string,
  open: () => Promise<DumpOutput>,
  config: CaptureConfig,
  run: DumpRun,
): Promise<DumpTry> {
  const threads = boundThreads(config.threads)
  try {
    return await writeDump({ level, vmcore, threads, config, run }, await open())
  } catch (error) {
    if (threads === 1 || run.isExpired()) throw error
    // A thread that dies, of too little memory perhaps, takes the dump with it: one alone may come through.
    return writeDump({ level, vmcore, threads: 1, config, run }, await open())
  }
}

interface LevelInput {
  readonly level: number
  readonly vmcore: string
  readonly threads: number
  readonly config: CaptureConfig
  readonly run: DumpRun
}

async function writeDump(
  { level, vmcore, threads, config, run }: LevelInput,
  output: DumpOutput,
): Promise<DumpTry> {
  const path = { files: [vmcore], useMmap: true }
  try {
    using old = openDumpPath(path)
    const stats = await runDump({
      ...{ dump: old, path, level },
      outputs: [output],
      format: config.format ?? 'kdump',
      codec: config.codec === 'none' || config.format === 'elf' ? undefined : config.codec,
      threads,
      pageOrder: config.pageOrder,
      isExpired: () => run.isExpired(),
      onProgress: (stage, done, total, writtenBytes) => {
        run.onProgress({ fraction: fractionOf(stage, done, total), writtenBytes })
      },
    })
    // Of a full disk, too, what is there must stay.
    const lost = await syncOrSay(output)
    const refused = output.problem ?? lost
    return { stats, problem: problemOf(stats, refused, run), errno: refused?.errno ?? '' }
  } finally {
    await output.close()
  }
}

/** Memory that a thread with its page buffers takes, and what must stay free beside them. */
const THREAD_BYTES = 32 << 20
const SPARE_BYTES = 48 << 20

/** No more threads than CPUs, nor than the capture kernel has memory for: each is an instance of the runtime. */
function boundThreads(wanted = 1): number {
  const room = Math.floor((os.freemem() - SPARE_BYTES) / THREAD_BYTES)
  return Math.max(1, Math.min(wanted, os.availableParallelism(), room))
}

/**
 * Why a dump ended early, '' if it did not. Pages that could not be read are no reason: memory that failed is what
 * machines die of, and no other target would get more.
 */
function problemOf(
  { isComplete, lostPages }: DumpStats,
  problem: HostError | undefined,
  run: DumpRun,
): string {
  if (problem) return problem.message
  return !isComplete && run.isExpired() ? `time is up: ${lostPages} pages are not in the dump` : ''
}

/** What a server did not take shows when it is asked to keep it. */
async function syncOrSay(output: DumpOutput): Promise<HostError | undefined> {
  try {
    await output.sync()
    return undefined
  } catch (error) {
    if (error instanceof HostError) return error
    throw error
  }
}

/** Filtering takes about a tenth of the time. */
function fractionOf(stage: DumpStage, done: number, total: number): number {
  const part = total === 0 ? 1 : done / total
  return stage === 'filter' ? part * 0.1 : 0.1 + part * 0.9
}

/** The statistics as they go into kbox.json. */
function describeStats({
  problems,
  planMs,
  filterMs,
  copyMs,
  ...counts
}: DumpStats): Readonly<Record<string, unknown>> {
  return {
    ...counts,
    planMs: Math.round(planMs),
    filterMs: Math.round(filterMs),
    copyMs: Math.round(copyMs),
    problems: problems.map((problem) => problem.message),
  }
}
