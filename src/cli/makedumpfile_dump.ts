// Making a dump as the command line asks: levels in turn, one file or several, a stream, or nothing but the numbers.
import fs from 'node:fs'
import os from 'node:os'
import { FormatError, HostError, MismatchError } from '../core/base/errors.ts'
import type { Dump } from '../core/dump/dump_format.ts'
import { readExact } from '../core/io/source.ts'
import { openKernel } from '../core/kernel/open_kernel.ts'
import type { DumpStats } from '../host/capture/dump_stats.ts'
import { runDump } from '../host/capture/engine.ts'
import { type ErasePlan, planErasure } from '../host/capture/erase/erase_plan.ts'
import { type DumpPath, openDumpPath } from '../host/capture/open_pages.ts'
import { predictDump } from '../host/capture/predict_dump.ts'
import {
  applyVmcoreinfoFile,
  findVmlinuxMismatch,
  VMCOREINFO_FILE_SIZE_MAX,
} from '../host/capture/vmcoreinfo_file.ts'
import type { DumpOutput } from '../host/platform/dump_output.ts'
import { openFileOutput } from '../host/platform/file_output.ts'
import { openFileSource } from '../host/platform/file_source.ts'
import { openFlattenedOutput } from '../host/platform/flattened_output.ts'
import { limitOutput, nullOutput } from '../host/platform/limited_output.ts'
import { printVtop } from './makedumpfile_aside.ts'
import type { Messages } from './makedumpfile_messages.ts'
import { formatStats, ProgressLine } from './makedumpfile_messages.ts'
import {
  type MakedumpfileRequest,
  ML_COMMON,
  ML_DEBUG,
  ML_ERROR,
  ML_PROGRESS,
  ML_REPORT,
} from './makedumpfile_options.ts'
import { formatPrediction } from './predict_text.ts'

const STDOUT = 1
const RULES_SIZE_MAX = 16 * 1024 * 1024
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
  const progress = new ProgressLine()
  using dump = openDumpPath(path)
  checkKernel(request, dump)
  if (request.vtop !== undefined) printVtop(dump, request.vtop, messages)
  const erase = planErase(request, messages)
  const outputs = openOutputs(request)
  let isStarted = false
  try {
    const stats = await runDump({
      ...{ dump, path, outputs, level, erase },
      format: request.format,
      codec: request.codec,
      pageOrder: request.pageOrder,
      keepAll: request.mode === 'reassemble',
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
    for (const output of outputs) output.close()
  }
}

/** Take VMCOREINFO from a file, or have a vmlinux confirm that it is the dump's. @throws {MismatchError} */
function checkKernel({ vmcoreinfoFile, vmlinux }: MakedumpfileRequest, dump: Dump): void {
  let mismatch = ''
  if (vmcoreinfoFile !== undefined) {
    const applied = applyVmcoreinfoFile(dump, readSmallFile(vmcoreinfoFile), vmcoreinfoFile)
    mismatch = applied.mismatch
    Object.assign(dump, { vmcoreinfo: applied.vmcoreinfo })
  }
  if (vmlinux !== undefined) {
    using source = openFileSource(vmlinux)
    mismatch = findVmlinuxMismatch(dump, source)
  }
  if (mismatch !== '') throw new MismatchError(mismatch)
}

function readSmallFile(file: string): Uint8Array {
  using source = openFileSource(file)
  return readExact(source, 0, Math.min(source.size, VMCOREINFO_FILE_SIZE_MAX + 1), 'VMCOREINFO')
}

/** Find out what --config wants erased. A rule that cannot be followed is said, the others are. */
function planErase(
  { eraseConfig, inputs: [file = '', ...parts] }: MakedumpfileRequest,
  messages: Messages,
): ErasePlan | undefined {
  if (eraseConfig === undefined) return undefined
  const program = openKernel(openFileSource(file), ...parts.map((part) => openFileSource(part)))
  using _dump = program.dump
  const rules = new TextDecoder().decode(readRules(eraseConfig))
  const plan = planErasure(program, rules, eraseConfig)
  for (const { line, message } of plan.problems) {
    messages.say(ML_ERROR, `${eraseConfig}:${line}: ${message}: this rule is skipped\n`)
  }
  return plan
}

function readRules(file: string): Uint8Array {
  using source = openFileSource(file)
  if (source.size > RULES_SIZE_MAX) {
    throw new FormatError(file, 0, `${source.size} bytes are no file of rules`)
  }
  return readExact(source, 0, source.size, 'rules')
}

/** One CPU is left to this thread, which writes. */
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

/** Say how it went; true if the dump is whole. */
function conclude(request: MakedumpfileRequest, stats: DumpStats, messages: Messages): boolean {
  messages.say(ML_REPORT, formatStats(stats))
  messages.say(
    ML_DEBUG,
    `STEP [Excluding unnecessary pages] : ${(stats.filterMs / 1000).toFixed(6)} seconds\n` +
      `STEP [Copying data               ] : ${(stats.copyMs / 1000).toFixed(6)} seconds\n`,
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
  if (request.isDryRun) printPrediction(request, stats)
  if (stats.isComplete) {
    messages.say(ML_COMMON, '\nmakedumpfile Completed.\n')
    return true
  }
  messages.say(ML_ERROR, `The dumpfile is incomplete: ${stats.lostPages} pages are lost\n`)
  messages.sayFailed()
  return false
}

/** What was left unwritten, and what other options would write. */
function printPrediction(request: MakedumpfileRequest, { fileSize }: DumpStats): void {
  using dump = openDumpPath({ files: request.inputs, useMmap: request.useMmap })
  const prediction = predictDump(dump, request.pageOrder === 'priority')
  process.stdout.write(`\nThe dumpfile would have ${fileSize} bytes.\n`)
  process.stdout.write(formatPrediction(prediction))
}
