// kbox: from argv to a verb. Also answers to the names kdumpctl, makedumpfile and crash.
import { KdumpError, UsageError } from '../core/base/errors.ts'
import { formatVerbHelp, type Verb } from './verb.ts'
import { VERBS } from './verbs.ts'
import { VERSION } from './version.ts'
import { isSystemError } from '../host/platform/file_error.ts'

/** Exit codes of kbox itself; a verb's own are in its help. */
const EXIT_FAILED = 1
const EXIT_USAGE = 2

/** Run kbox with the arguments behind the program's name. Returns the exit code. */
async function main(argv: readonly string[], calledAs: string): Promise<number> {
  if (calledAs === 'crash' || calledAs === 'makedumpfile') return runVerb(calledAs, argv)
  const [name, ...rest] = argv
  if (calledAs === 'kdumpctl') return runKdumpctl(name ?? '', rest)
  if (name === undefined || name === '--help' || name === '-h' || name === 'help')
    return overview(rest[0])
  if (name === '--version' || name === '-V') {
    process.stdout.write(`kbox ${VERSION}\n`)
    return 0
  }
  return runVerb(name, rest)
}

/** kdumpctl's verbs, in the order of its usage. */
const KDUMPCTL_VERBS: readonly string[] = [
  ...['estimate', 'start', 'stop', 'status', 'restart', 'reload', 'rebuild'],
  ...['reset-crashkernel', 'propagate', 'showmem', 'test', 'setup-crypttab'],
  'get-default-crashkernel',
]

async function runKdumpctl(name: string, argv: readonly string[]): Promise<number> {
  const known = KDUMPCTL_VERBS.filter((verb) => VERBS.some((candidate) => candidate.name === verb))
  if (known.includes(name)) return runVerb(name, argv)
  if (KDUMPCTL_VERBS.includes(name)) process.stderr.write(`kdump: ${name}: kbox has no such verb\n`)
  process.stderr.write(`kdump: Usage: kdumpctl {${known.join('|')}}\n`)
  return EXIT_FAILED
}

async function runVerb(name: string, argv: readonly string[]): Promise<number> {
  const verb = VERBS.find((candidate) => candidate.name === name)
  if (!verb) {
    process.stderr.write(`kbox: no verb '${name}'${didYouMean(name)}; 'kbox help' lists them\n`)
    return EXIT_USAGE
  }
  // Behind '--' and for crash's and makedumpfile's own -h nothing is intercepted.
  if (argv[0] === '--help') return showHelp(verb)
  if (!verb.isSilent) endOnClosedPipe()
  try {
    const run = await verb.load()
    return await run(argv)
  } catch (error) {
    return reportError(error, name)
  }
}

/** A closed pipe (`kbox crash … | head`) is no error. */
function endOnClosedPipe(): void {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(0)
    throw error
  })
}

function reportError(error: unknown, verb: string): number {
  if (error instanceof UsageError) {
    process.stderr.write(`kbox: ${error.message}\nkbox: 'kbox ${verb} --help' shows the usage\n`)
    return EXIT_USAGE
  }
  if (error instanceof KdumpError || isSystemError(error)) {
    process.stderr.write(`kbox: ${error.message}\n`)
    return EXIT_FAILED
  }
  throw error
}

function overview(name: string | undefined): number {
  const verb = VERBS.find((candidate) => candidate.name === name)
  if (verb) return showHelp(verb)
  const shown = VERBS.filter(({ internal }) => !internal)
  const width = Math.max(...shown.map((candidate) => candidate.name.length))
  const rows = shown.map((candidate) => `  ${candidate.name.padEnd(width)}  ${candidate.summary}`)
  process.stdout
    .write(`kbox: the Linux kernel's black box: kdump, makedumpfile and crash as one program

Usage: kbox VERB [OPTIONS]

${rows.join('\n')}

'kbox VERB --help' shows a verb's options and examples. 'kbox --version' prints the version.
`)
  return 0
}

function showHelp(verb: Verb): number {
  process.stdout.write(formatVerbHelp(verb))
  return 0
}

function didYouMean(name: string): string {
  const near = VERBS.find(
    (verb) => !verb.internal && (verb.name.startsWith(name) || name.startsWith(verb.name)),
  )
  return near ? ` (did you mean '${near.name}'?)` : ''
}

process.exitCode = await main(process.argv.slice(2), process.env.KBOX_ARGV0 ?? 'kbox')
