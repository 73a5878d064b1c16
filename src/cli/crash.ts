// kbox crash: crash(8)'s command line, on a dump alone. Source: crash's help -h.
import { openFiles } from '../api/open_files.ts'
import { optionName, parseOptions } from '../core/base/options.ts'
import type { Block } from '../core/crash/command.ts'
import { COMMANDS } from '../core/crash/commands.ts'
import { splitCommands } from '../core/crash/parse_line.ts'
import { runWords } from '../core/crash/run_command.ts'
import { Session } from '../core/crash/session.ts'
import { CrashShell } from './crash_shell.ts'
import { runCrashrc } from './crashrc.ts'
import { noteIncomplete } from './note_incomplete.ts'
import { unlockNoted } from './noted_access.ts'
import { renderText } from '../core/render/render_text.ts'
import { SESSION_HOST } from './session_host.ts'

/** Options with a value that crash takes and that change nothing here. */
const IGNORED_VALUES = [
  'machdep',
  'mod',
  'src',
  'kaslr',
  'reloc',
  'offline',
  'cpus',
  'hash',
  'CRASHPAGER',
] as const
const IGNORED_SWITCHES = [
  ...['minimal', 'noPanic', 'active', 'noModules', 'noKallsyms', 'noKmemCache', 'kmemCacheDelay'],
  ...['noElfNotes', 'noDataDebug', 'noIkconfig', 'noStrip', 'noScroll', 'readnow', 'smp'],
  ...['more', 'less'],
] as const

const OPTIONS = {
  commands: { type: 'string', short: 'c', multiple: true },
  input: { type: 'string', short: 'i' },
  silent: { type: 'boolean', short: 's' },
  json: { type: 'boolean' },
  identity: { type: 'string' },
  debug: { type: 'string', short: 'd' },
  machine: { type: 'string', short: 'm' },
  extensions: { type: 'boolean', short: 'x' },
  force: { type: 'boolean', short: 'f' },
  timestamp: { type: 'boolean', short: 't' },
  ...Object.fromEntries(IGNORED_VALUES.map((name) => [name, { type: 'string' as const }])),
  noCrashrc: { type: 'boolean' },
  zeroExcluded: { type: 'boolean' },
  ...Object.fromEntries(IGNORED_SWITCHES.map((name) => [name, { type: 'boolean' as const }])),
} as const

/** What shells expect of a process that SIGINT ended. */
const EXIT_INTERRUPTED = 130

/**
 * Run `kbox crash [VMLINUX] VMCORE…`.
 *
 * @returns the exit code
 * @throws {KdumpError} if the dump cannot be opened
 */
export async function crashMain(argv: readonly string[]): Promise<number> {
  const { values, operands } = parseOptions(OPTIONS, normalize(argv))
  noteIgnored(values)
  await unlockNoted('crash', operands, values.identity)
  const { program, files, namelist } = openFiles(operands)
  const session = new Session(program, COMMANDS)
  using dump = session.program.dump
  session.host = SESSION_HOST
  session.variables.set('dumpfile', files.join(' '))
  if (namelist !== undefined) session.variables.set('namelist', namelist)
  if (values.zeroExcluded) session.setVariable('zero_excluded', 'on')
  noteIncomplete(dump)
  // Not fatal: what does not need what is missing still works.
  for (const { message } of session.program.problems) process.stderr.write(`kbox: ${message}\n`)
  if (!values.noCrashrc) runCrashrc(session)
  const isTerminal = process.stdin.isTTY && process.stdout.isTTY
  const isOneShot = values.commands.length > 0
  const isInteractive = isTerminal && !isOneShot
  const shell = new CrashShell(session, { json: values.json, pager: isInteractive })
  // At the prompt Ctrl-C ends the command; a script it ends as a whole.
  const onInterrupt = (): void => {
    if (!isInteractive) process.exit(EXIT_INTERRUPTED)
    session.aborted = true
  }
  process.on('SIGINT', onInterrupt)
  try {
    if (!values.silent && !isOneShot && !values.json) writeBanner(session)
    await runCommands(shell, values.commands, values.input)
    if (session.finished || isOneShot) return shell.exitCode
    const { runRepl, runStream } = await import('./repl.ts')
    await (isInteractive ? runRepl(shell) : runStream(shell, process.stdin))
    return shell.exitCode
  } finally {
    process.off('SIGINT', onInterrupt)
  }
}

async function runCommands(
  shell: CrashShell,
  texts: readonly string[],
  input: string | undefined,
): Promise<void> {
  for (const line of texts.flatMap(splitCommands)) {
    if (shell.session.finished) return
    await shell.runLine(line)
  }
  if (input !== undefined && !shell.session.finished) await shell.runScript(input)
}

/** crash spells long options with one underscore or none, `--no_panic`, and `-s` may come behind the files. */
function normalize(argv: readonly string[]): string[] {
  return argv.map((arg) =>
    arg.startsWith('--') && !arg.includes('=') ? arg.replaceAll('_', '-') : arg,
  )
}

/** What a person asked for and does not get must be said. */
function noteIgnored(values: Readonly<Record<string, unknown>>): void {
  const ignored: readonly string[] = [...IGNORED_VALUES, ...IGNORED_SWITCHES, 'machine']
  for (const [key, spec] of Object.entries(OPTIONS)) {
    const isGiven = values[key] === true || typeof values[key] === 'string'
    if (!isGiven || !ignored.includes(key)) continue
    const name = optionName(key, spec)
    process.stderr.write(`kbox: ${name} is accepted for crash's sake and changes nothing\n`)
  }
}

/** What crash shows first: the machine, then the current task. */
function writeBanner(session: Session): void {
  const blocks: Block[] = [...runWords(session, ['sys']), ...runWords(session, ['set'])]
  const aligned = blocks.map((block) =>
    block.kind === 'record' ? { ...block, labelWidth: 12 } : block,
  )
  process.stdout.write(`\n${[...renderText(aligned)].join('\n')}\n\n`)
}
