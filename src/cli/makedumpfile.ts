// kbox makedumpfile: the options, messages and exit codes of makedumpfile(8) in front of our own engine.
import fs from 'node:fs'
import { HostError, KdumpError, UsageError } from '../core/base/errors.ts'
import { openDump } from '../core/dump/formats.ts'
import type { DumpStats } from '../host/capture/dump_stats.ts'
import { runDump } from '../host/capture/engine.ts'
import { openFileOutput } from '../host/platform/file_output.ts'
import { openFileSource } from '../host/platform/file_source.ts'
import { openVmcoreSource } from '../host/platform/mmap_source.ts'
import { formatStats, ProgressLine } from './makedumpfile_messages.ts'
import {
  type MakedumpfileRequest,
  ML_COMMON,
  ML_DEBUG,
  ML_ERROR,
  ML_PROGRESS,
  ML_REPORT,
  parseMakedumpfileOptions,
} from './makedumpfile_options.ts'
import { VERSION } from './version.ts'

const FAILED = '\nmakedumpfile Failed.\n'

/**
 * Run `kbox makedumpfile`.
 *
 * @returns exit code: 0 done, 1 failed or the dump is incomplete, as makedumpfile has it
 */
export async function makedumpfileMain(argv: readonly string[]): Promise<number> {
  let request: MakedumpfileRequest
  try {
    request = parseMakedumpfileOptions(argv)
  } catch (error) {
    return reportUsage(error)
  }
  if (request.show === 'help') return showHelp()
  if (request.show === 'version') return showVersion()
  if (request.checkOnly) return 0
  try {
    return (await makeDump(request)) ? 0 : 1
  } catch (error) {
    if (!(error instanceof KdumpError)) throw error
    say(request, ML_ERROR, `${error.message}\n`)
    say(request, ML_COMMON, FAILED)
    return 1
  }
}

/** Try the dump levels in turn until the dump fits. */
async function makeDump(request: MakedumpfileRequest): Promise<boolean> {
  const { dumpfile } = request
  if (!request.overwrite && fs.existsSync(dumpfile)) {
    throw new HostError(
      `check_dump_file: Can't open the dump file (${dumpfile}). File exists`,
      'EEXIST',
    )
  }
  for (const option of request.ignored) {
    say(request, ML_DEBUG, `${option} changes nothing: ignored\n`)
  }
  let stats: DumpStats | undefined
  for (const level of request.levels) {
    if (stats) say(request, ML_COMMON, `\nRetry to create a dump file by dump_level(${level}).\n`)
    stats = await dumpOnce(request, level, stats !== undefined)
    const isFull = stats.problems.some(
      (problem) => problem instanceof HostError && problem.errno === 'ENOSPC',
    )
    if (!isFull) break
  }
  return stats !== undefined && conclude(request, stats)
}

async function dumpOnce(
  request: MakedumpfileRequest,
  level: number,
  isRetry: boolean,
): Promise<DumpStats> {
  const { vmcore, dumpfile, codec, pageOrder, messageLevel } = request
  const progress = new ProgressLine()
  using source = request.useMmap ? openVmcoreSource(vmcore) : openFileSource(vmcore)
  using dump = openDump(source)
  const output = openFileOutput(dumpfile, { overwrite: request.overwrite || isRetry })
  let isStarted = false
  try {
    const stats = await runDump({
      dump,
      output,
      level,
      codec,
      pageOrder,
      onProgress(stage, done, total) {
        isStarted ||= stage === 'copy'
        if (messageLevel & ML_PROGRESS) progress.update(stage, done, total)
      },
    })
    if (messageLevel & ML_PROGRESS) process.stderr.write('\n')
    return stats
  } catch (error) {
    if (!isStarted) fs.rmSync(dumpfile, { force: true })
    throw error
  } finally {
    output.close()
  }
}

/** Say how it went; true if the dump is whole. */
function conclude(request: MakedumpfileRequest, stats: DumpStats): boolean {
  say(request, ML_REPORT, formatStats(stats))
  say(
    request,
    ML_DEBUG,
    `STEP [Excluding unnecessary pages] : ${(stats.filterMs / 1000).toFixed(6)} seconds\n` +
      `STEP [Copying data               ] : ${(stats.copyMs / 1000).toFixed(6)} seconds\n`,
  )
  for (const problem of stats.problems) say(request, ML_ERROR, `${problem.message}\n`)
  if (stats.unreadableMapPages > 0) {
    const what = `${stats.unreadableMapPages} pages of the page array cannot be read`
    say(request, ML_ERROR, `${what}: the pages they describe are kept\n`)
  }
  say(request, ML_COMMON, `\nThe dumpfile is saved to ${request.dumpfile}.\n`)
  if (stats.isComplete) {
    say(request, ML_COMMON, '\nmakedumpfile Completed.\n')
    return true
  }
  say(request, ML_ERROR, `The dumpfile is incomplete: ${stats.lostPages} pages are lost\n`)
  say(request, ML_COMMON, FAILED)
  return false
}

/** Errors and progress go to stderr, all else to stdout. */
function say(request: MakedumpfileRequest, bit: number, text: string): void {
  if ((request.messageLevel & bit) === 0) return
  ;(bit === ML_ERROR ? process.stderr : process.stdout).write(text)
}

/** getopt's own messages begin in lower case and go to stderr, makedumpfile's are sentences on stdout. */
function reportUsage(error: unknown): number {
  if (!(error instanceof KdumpError)) throw error
  const { message } = error
  if (error instanceof UsageError && /^[A-Z]/.test(message)) {
    process.stdout.write(`${message}\n${FAILED}`)
    return 1
  }
  if (message !== '') process.stderr.write(`makedumpfile: ${message}\n`)
  process.stdout.write(
    `Commandline parameter is invalid.\nTry \`makedumpfile --help' for more information.\n${FAILED}`,
  )
  return 1
}

async function showHelp(): Promise<number> {
  const [{ VERBS }, { formatVerbHelp }] = await Promise.all([
    import('./verbs.ts'),
    import('./verb.ts'),
  ])
  const verb = VERBS.find(({ name }) => name === 'makedumpfile')
  process.stdout.write(verb ? formatVerbHelp(verb) : '')
  return 0
}

/** kdump scripts look here for what is compiled in. */
function showVersion(): number {
  const codecs = ['lzo', 'snappy', 'zstd'].map((name) => `${name}\tenabled\n`).join('')
  process.stdout.write(`makedumpfile: version ${VERSION} (kbox)\n${codecs}\n`)
  return 0
}
