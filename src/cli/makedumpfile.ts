// kbox makedumpfile: the options, messages and exit codes of makedumpfile(8) in front of our own engine.
import { KdumpError, UsageError } from '../core/base/errors.ts'
import { rearrange } from '../host/capture/rearrange.ts'
import { openFileOutput } from '../host/platform/file_output.ts'
import { makeDump } from './makedumpfile_dump.ts'
import { Messages } from './makedumpfile_messages.ts'
import {
  type MakedumpfileRequest,
  ML_COMMON,
  ML_ERROR,
  parseMakedumpfileOptions,
} from './makedumpfile_options.ts'
import { VERSION } from './version.ts'

const FAILED = '\nmakedumpfile Failed.\n'
const STDIN = 0

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
  if (request.mode === 'help') return showHelp()
  if (request.mode === 'version') return showVersion()
  if (request.checkOnly) return 0
  const messages = new Messages(request.messageLevel, request.isFlattened)
  for (const option of request.ignored) {
    messages.say(ML_COMMON, `${option} changes nothing here: ignored\n`)
  }
  try {
    return (await run(request, messages)) ? 0 : 1
  } catch (error) {
    if (!(error instanceof KdumpError)) throw error
    messages.say(ML_ERROR, `${error.message}\n`)
    messages.sayFailed()
    return 1
  }
}

async function run(request: MakedumpfileRequest, messages: Messages): Promise<boolean> {
  switch (request.mode) {
    case 'rearrange':
      return rearrangeStream(request, messages)
    default:
      return makeDump(request, messages)
  }
}

/** -R: write standard input, a flattened stream, out as the file it describes. */
function rearrangeStream({ outputs, overwrite }: MakedumpfileRequest, messages: Messages): boolean {
  const [file = ''] = outputs
  const output = openFileOutput(file, { overwrite })
  try {
    rearrange(STDIN, 'stdin', output)
  } finally {
    output.close()
  }
  if (output.problem) throw output.problem
  messages.say(ML_COMMON, `\nThe dumpfile is saved to ${file}.\n\nmakedumpfile Completed.\n`)
  return true
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
