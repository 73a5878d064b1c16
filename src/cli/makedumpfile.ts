// kbox makedumpfile: the options, messages and exit codes of makedumpfile(8) in front of our own engine.
import { KdumpError, MismatchError, UsageError } from '../core/base/errors.ts'
import { makeDump } from './makedumpfile_dump.ts'
import { Messages } from './makedumpfile_messages.ts'
import {
  type MakedumpfileRequest,
  ML_COMMON,
  ML_ERROR,
  parseMakedumpfileOptions,
} from '../host/capture/makedumpfile_options.ts'
import { VERSION } from './version.ts'
import { writeText } from '../host/platform/stream.ts'
import { unlockNoted } from './noted_access.ts'

const FAILED = '\nmakedumpfile Failed.\n'

/**
 * Run `kbox makedumpfile`.
 *
 * @returns exit code: 0 done, 1 failed or the dump is incomplete, 2 if -x or -i is of another kernel, as makedumpfile
 * has it
 */
export async function makedumpfileMain(argv: readonly string[]): Promise<number> {
  let request: MakedumpfileRequest
  try {
    request = parseMakedumpfileOptions(argv)
  } catch (error) {
    return reportUsage(error)
  }
  if (request.checkOnly) return 0
  const messages = new Messages(request.messageLevel, request.isFlattened)
  for (const option of request.ignored) {
    messages.say(ML_COMMON, `${option} changes nothing here: ignored\n`)
  }
  try {
    await unlockNoted('makedumpfile', request.inputs)
    return (await run(request, messages)) ? 0 : 1
  } catch (error) {
    if (!(error instanceof KdumpError)) throw error
    messages.say(ML_ERROR, `${error.message}\n`)
    messages.sayFailed()
    return error instanceof MismatchError ? 2 : 1
  }
}

async function run(request: MakedumpfileRequest, messages: Messages): Promise<boolean> {
  switch (request.mode) {
    case 'rearrange':
      return (await aside()).rearrangeStream(request, messages)
    case 'dmesg':
      return (await aside()).writeDmesg(request, messages)
    case 'mem-usage':
      return (await aside()).printMemUsage(request, messages)
    case 'vmcoreinfo':
      return (await aside()).writeVmcoreinfo(request, messages)
    case 'help':
      return showHelp()
    case 'version':
      return showVersion()
    case 'dump':
    case 'reassemble':
      return makeDump(request, messages)
  }
}

/** Loaded only if asked for: start-up counts. */
const aside = (): Promise<typeof import('./makedumpfile_aside.ts')> =>
  import('./makedumpfile_aside.ts')

/** getopt's own messages begin in lower case and go to stderr, makedumpfile's are sentences on stdout. */
function reportUsage(error: unknown): number {
  if (!(error instanceof KdumpError)) throw error
  const { message } = error
  if (error instanceof UsageError && /^[A-Z]/.test(message)) {
    writeText(1, `${message}\n${FAILED}`)
    return 1
  }
  if (message !== '') writeText(2, `makedumpfile: ${message}\n`)
  writeText(
    1,
    `Commandline parameter is invalid.\nTry \`makedumpfile --help' for more information.\n${FAILED}`,
  )
  return 1
}

async function showHelp(): Promise<boolean> {
  const [{ VERBS }, { formatVerbHelp }] = await Promise.all([
    import('./verbs.ts'),
    import('./verb.ts'),
  ])
  const verb = VERBS.find(({ name }) => name === 'makedumpfile')
  writeText(1, verb ? formatVerbHelp(verb) : '')
  return true
}

/** kdump scripts look here for what is compiled in. */
function showVersion(): boolean {
  const codecs = ['lzo', 'snappy', 'zstd'].map((name) => `${name}\tenabled\n`).join('')
  writeText(1, `makedumpfile: version ${VERSION} (kbox)\n${codecs}\n`)
  return true
}
