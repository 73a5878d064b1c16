// Making a dump as the command line asks: levels in turn, one file or several, a stream, or nothing but the numbers.
import fs from 'node:fs'
import os from 'node:os'
import { HostError } from '../core/base/errors.ts'
import type { Dump } from '../core/dump/dump_format.ts'
import type { DumpStats } from '../host/capture/dump_stats.ts'
import { runDump, type RunDumpOptions } from '../host/capture/engine.ts'
import { type DumpPath, openDumpPath } from '../host/capture/open_pages.ts'
import { isEncrypted } from '../host/platform/age/unlock.ts'
import type { DumpOutput } from '../host/platform/dump_output.ts'
import { openFileOutput } from '../host/platform/file_output.ts'
import { openFlattenedOutput } from '../host/platform/flattened_output.ts'
import { limitOutput, nullOutput } from '../host/platform/limited_output.ts'
import type { Messages } from './makedumpfile_messages.ts'
import { formatStats, ProgressLine } from './makedumpfile_messages.ts'
import {
  type MakedumpfileRequest,
  ML_COMMON,
  ML_DEBUG,
  ML_ERROR,
  ML_PROGRESS,
  ML_REPORT,
} from '../host/capture/makedumpfile_options.ts'

const STDOUT = 1
/** The target is too small: the next dump level may fit. */
const TOO_SMALL = ['ENOSPC', 'EFBIG', 'EDQUOT']
/** Below so many bytes of memory a thread costs more than it gains. */
const THREADS_MEMORY_MIN = 4 * 2 ** 30

/** Try the dump levels in turn until the dump fits; true if it is whole. */
export async function makeDump(request: MakedumpfileRequest, messages: Messages): Promise<boolean> {
  const { outputs, overwrite } = request
  for (const output of request.isDryRun || overwrite ? [] : outputs) {
    if (!fs.existsSync(output)) continue
    const what = `check_dump_file: Can't open the dump file (${output}). File exists`
    throw new HostError(what, 'EEXIST')
  }
  // Without a DUMPFILE an address is all that was asked about.
  if (outputs.length === 0 && !request.isFlattened && !request.isDryRun) {
    return translateOnly(request, messages)
  }
  let stats: DumpStats | undefined
  for (const level of request.levels) {
    if (stats) messages.say(ML_COMMON, `\nRetry to create a dump file by dump_level(${level}).\n`)
    stats = await dumpOnce(request, level, messages)
    // A stream cannot be begun again.
    if (request.isFlattened || !stats.problems.some(isTooSmall)) break
  }
  return stats !== undefined && conclude(request, stats, messages)
}

const isTooSmall = (problem: Error): boolean =>
  problem instanceof HostError && TOO_SMALL.includes(problem.errno)

async function dumpOnce(
  request: MakedumpfileRequest,
  level: number,
  messages: Messages,
): Promise<DumpStats> {
  const path: DumpPath = { files: request.inputs, useMmap: request.useMmap }
  // A thread would open it again, and has no key.
  const isLocked = request.inputs.some(isEncrypted)
  const progress = new ProgressLine()
  // Parts are joined as they are, compression included.
  const isReassembly = request.mode === 'reassemble'
  using dump = openDumpPath(path)
  const erase = needsExtras(request) ? await prepareExtras(request, dump, messages) : undefined
  const outputs = openOutputs(request)
  let isStarted = false
  try {
    const stats = await runDump({
      ...{ dump, outputs, level, erase },
      ...(isLocked ? {} : { path }),
      format: request.format,
      codec: request.codec ?? (isReassembly ? dump.codec : undefined),
      pageOrder: request.pageOrder,
      keepAll: isReassembly,
      splitGrain: request.splitblockKib && (request.splitblockKib * 1024) / dump.pageSize,
      threads: request.threads ?? defaultThreads(dump.pfnEnd * dump.pageSize),
      onProgress(stage, done, total, writtenBytes) {
        isStarted ||= stage === 'copy'
        if (messages.has(ML_PROGRESS)) progress.update(stage, done, total, writtenBytes)
      },
    })
    progress.end()
    return stats
  } catch (error) {
    for (const file of isStarted || request.isDryRun ? [] : request.outputs) {
      fs.rmSync(file, { force: true })
    }
    throw error
  } finally {
    for (const output of outputs) await output.close()
  }
}

/** What most dumps do without is loaded only if asked for: start-up counts. */
function needsExtras({ vmcoreinfoFile, vmlinux, vtop, eraseConfig }: MakedumpfileRequest): boolean {
  return [vmcoreinfoFile, vmlinux, vtop, eraseConfig].some((value) => value !== undefined)
}

async function prepareExtras(
  request: MakedumpfileRequest,
  dump: Dump,
  messages: Messages,
): Promise<RunDumpOptions['erase']> {
  const { checkKernel, planErase, printVtop } = await import('./makedumpfile_extras.ts')
  checkKernel(request, dump)
  if (request.vtop !== undefined) printVtop(dump, request.vtop, messages)
  return planErase(request, messages)
}

async function translateOnly(request: MakedumpfileRequest, messages: Messages): Promise<boolean> {
  using dump = openDumpPath({ files: request.inputs, useMmap: request.useMmap })
  const { checkKernel, printVtop } = await import('./makedumpfile_extras.ts')
  checkKernel(request, dump)
  return printVtop(dump, request.vtop ?? '', messages)
}

/** This thread only hands out work and writes, which is little: every CPU compresses. */
function defaultThreads(memoryBytes: number): number {
  const cpus = os.availableParallelism()
  return cpus > 1 && memoryBytes >= THREADS_MEMORY_MIN ? Math.min(cpus, 8) : 1
}

function openOutputs({
  outputs,
  isDryRun,
  isFlattened,
  sizeLimit,
}: MakedumpfileRequest): DumpOutput[] {
  if (isFlattened && !isDryRun) return [limited(openFlattenedOutput(STDOUT, 'stdout'), sizeLimit)]
  if (isDryRun) {
    const names = outputs.length > 0 ? outputs : ['nothing']
    return names.map((name) => limited(nullOutput(name), sizeLimit))
  }
  // That nothing is there was asked before; a retry at the next level replaces what the last one left.
  return outputs.map((file) => limited(openFileOutput(file, { overwrite: true }), sizeLimit))
}

function limited(output: DumpOutput, sizeLimit: number | undefined): DumpOutput {
  return sizeLimit === undefined ? output : limitOutput(output, sizeLimit)
}

const seconds = (milliseconds: number): string => (milliseconds / 1000).toFixed(6)

/** Say how it went; true if the dump is whole. */
async function conclude(
  request: MakedumpfileRequest,
  stats: DumpStats,
  messages: Messages,
): Promise<boolean> {
  messages.say(ML_REPORT, formatStats(stats))
  messages.say(
    ML_DEBUG,
    `STEP [Knowing and verifying kernel] : ${seconds(stats.planMs - stats.filterMs)} seconds\n` +
      `STEP [Excluding unnecessary pages ] : ${seconds(stats.filterMs)} seconds\n` +
      `STEP [Copying data                ] : ${seconds(stats.copyMs)} seconds\n`,
  )
  for (const problem of stats.problems) messages.say(ML_ERROR, `${problem.message}\n`)
  if (stats.unreadableMapPages > 0) {
    const what = `${stats.unreadableMapPages} pages of the page array cannot be read`
    messages.say(ML_ERROR, `${what}: the pages they describe are kept\n`)
  }
  const where = request.isFlattened ? ['STDOUT'] : request.outputs
  const isSplit = where.length > 1
  if (where.length > 0 && !request.isDryRun) {
    const saved = `The dumpfile${isSplit ? 's are' : ' is'} saved to ${where.join(', ')}.`
    messages.say(ML_COMMON, `\n${saved}\n`)
  }
  if (request.isDryRun) {
    const { printPrediction } = await import('./makedumpfile_extras.ts')
    printPrediction(request, stats)
  }
  if (stats.isComplete) {
    messages.say(ML_COMMON, '\nmakedumpfile Completed.\n')
    return true
  }
  messages.say(ML_ERROR, `The dumpfile is incomplete: ${stats.lostPages} pages are lost\n`)
  messages.sayFailed()
  return false
}
