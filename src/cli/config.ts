// kbox config: what the machine's kdump configuration says, what is wrong with it, and the same in another dialect.
// Exit codes: 0 good, 1 problems, 2 usage.
import { UsageError } from '../core/base/errors.ts'
import { parseOptions } from '../core/base/options.ts'
import type { Dialect } from '../host/control/config/dialects/dialect.ts'
import { DIALECTS } from '../host/control/config/dialects/dialects.ts'
import {
  type Configuration,
  type ConfigurationResult,
  type FileProblem,
  readConfiguration,
} from '../host/control/config/read_configuration.ts'
import { formatSettings } from '../host/control/config/setting_text.ts'

const OPTIONS = {
  json: { type: 'boolean' },
  root: { type: 'string' },
  from: { type: 'string' },
  to: { type: 'string' },
} as const

const EXIT_GOOD = 0
const EXIT_PROBLEMS = 1

interface Request {
  readonly file: string | undefined
  readonly root: string
  readonly from: Dialect | undefined
  readonly to: Dialect | undefined
  readonly isJson: boolean
}

/**
 * Run `kbox config check|show|convert [FILE]`.
 *
 * @returns exit code: 0 good, 1 problems
 * @throws {UsageError} for an unknown action or dialect
 * @throws {NotFoundError} if there is no configuration
 */
export async function configMain(argv: readonly string[]): Promise<number> {
  const { values, operands } = parseOptions(OPTIONS, argv)
  const [action, file, surplus] = operands
  if (surplus !== undefined) throw new UsageError(`'${surplus}': one FILE at a time`)
  const request: Request = {
    file,
    root: values.root ?? '/',
    from: findDialect('--from', values.from),
    to: findDialect('--to', values.to),
    isJson: values.json,
  }
  switch (action) {
    case 'check':
      return check(request)
    case 'show':
      return show(request)
    case 'convert':
      return convert(request)
    default:
      throw new UsageError(
        action === undefined
          ? 'say what to do: check, show or convert'
          : `'${action}': there are check, show and convert`,
      )
  }
}

function findDialect(option: string, name: string | undefined): Dialect | undefined {
  if (name === undefined) return undefined
  const dialect = DIALECTS.find((candidate) => candidate.name === name)
  if (dialect) return dialect
  const names = DIALECTS.map((candidate) => candidate.name).join(', ')
  throw new UsageError(`${option} ${name}: must be one of ${names}`)
}

function read({ file, root, from }: Request, skipChecks = false): ConfigurationResult {
  return readConfiguration({ file, root, dialect: from, skipChecks })
}

function check(request: Request): number {
  const result = read(request)
  const errors = result.ok ? [] : result.errors
  const warnings = result.ok ? result.configuration.warnings : result.warnings
  const file = result.ok ? result.configuration.file : result.file
  if (request.isJson) {
    const problems = [
      ...errors.map((problem) => ({ severity: 'error', ...problem })),
      ...warnings.map((problem) => ({ severity: 'warning', ...problem })),
    ]
    print(JSON.stringify({ version: 1, ok: result.ok, file, problems }, null, 2))
  } else {
    for (const problem of errors) print(formatProblem('error', problem))
    for (const problem of warnings) print(formatProblem('warning', problem))
    print(`${file}: ${count(errors.length, 'error')}, ${count(warnings.length, 'warning')}`)
  }
  return result.ok ? EXIT_GOOD : EXIT_PROBLEMS
}

function show(request: Request): number {
  const configuration = readGood(request)
  if (!configuration) return EXIT_PROBLEMS
  const { dialect, file, files, sources, conf, load } = configuration
  const rows = formatSettings(configuration)
  if (request.isJson) {
    const values: Readonly<Record<string, unknown>> = { ...conf, ...load }
    const settings = rows.map(({ name, label, value }) => ({
      ...{ name, label, text: value, value: values[name] ?? null },
      source: sources.get(name) ?? 'default',
    }))
    print(JSON.stringify({ version: 1, dialect: dialect.name, files, settings }, null, 2))
    return EXIT_GOOD
  }
  print(`# ${file} (${dialect.name})`)
  const width = Math.max(...rows.map(({ label }) => label.length))
  const valueWidth = Math.min(48, Math.max(...rows.map(({ value }) => value.length)))
  for (const { name, label, value } of rows) {
    const source = sources.get(name)
    const from = source ? `${source.file}:${source.line}` : 'default'
    print(`${label.padEnd(width)}  ${(value === '' ? '-' : value).padEnd(valueWidth)}  ${from}`)
  }
  return EXIT_GOOD
}

/** The programs a file names need not be here: it may come from another machine. */
function convert(request: Request): number {
  const [usual] = DIALECTS
  const to = request.to ?? usual
  if (!to) throw new Error('kbox bug: no dialect')
  const result = read(request, true)
  const warnings = result.ok ? result.configuration.warnings : result.warnings
  for (const warning of warnings) complain('warning', warning)
  if (!result.ok) {
    for (const error of result.errors) complain('error', error)
    return EXIT_PROBLEMS
  }
  const { file } = result.configuration
  const text = to.format(result.configuration)
  if (request.isJson) print(JSON.stringify({ version: 1, file, dialect: to.name, text }, null, 2))
  else process.stdout.write(text)
  return EXIT_GOOD
}

function readGood(request: Request): Configuration | undefined {
  const result = read(request)
  if (result.ok) return result.configuration
  for (const error of result.errors) complain('error', error)
  return undefined
}

function complain(severity: string, problem: FileProblem): void {
  process.stderr.write(`${formatProblem(severity, problem)}\n`)
}

/** `FILE:LINE:COLUMN: error: message`, as compilers print it and editors jump to it; what to do is below it. */
function formatProblem(
  severity: string,
  { file, line, column, message, value, remedy }: FileProblem,
): string {
  const place = line === 0 ? file : `${file}:${line}:${column}`
  const shown = value === '' || message.includes(value) ? '' : ` ('${value}')`
  const text = message.replace(/^Error: /, '')
  return `${place}: ${severity}: ${text}${shown}\n    ${remedy}`
}

const count = (number: number, what: string): string =>
  `${number} ${what}${number === 1 ? '' : 's'}`

function print(line: string): void {
  process.stdout.write(`${line}\n`)
}
