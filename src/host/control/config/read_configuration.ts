// The one road to a machine's configuration: finds its file, in whichever dialect, reads it and what lies beside it, and
// checks it against the machine. Everything that needs to know how dumps are taken asks here.
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { NotFoundError } from '../../../core/base/errors.ts'
import { checkConfiguration, type CheckedConfiguration } from './check_configuration.ts'
import type { ConfResult, SettingName, Settings } from './conf_builder.ts'
import type { ConfProblem } from './conf_problem.ts'
import type { Dialect } from './dialects/dialect.ts'
import { DIALECTS } from './dialects/dialects.ts'
import { redHat } from './dialects/red_hat.ts'
import { DEFAULT_LOAD_SETTINGS, type LoadSettings } from './load_settings.ts'
import { isSuseSysconfig, parseKdumpSysconfig, SYSCONFIG_FILE } from './kdump_sysconfig.ts'

/** A problem and the file it is in. */
export interface FileProblem extends ConfProblem {
  readonly file: string
}

/** Where a setting comes from. */
export interface SettingSource {
  readonly file: string
  readonly line: number
}

/** A machine's configuration. */
export interface Configuration extends Settings {
  readonly dialect: Dialect
  /** The file it is in, as it was named or found. */
  readonly file: string
  /** Everything that was read, `file` first. */
  readonly files: readonly string[]
  /** Of each setting that a file makes; the others are defaults. */
  readonly sources: ReadonlyMap<SettingName, SettingSource>
  readonly warnings: readonly FileProblem[]
}

/** A configuration, or everything that is wrong with it. */
export type ConfigurationResult =
  | { readonly ok: true; readonly configuration: Configuration }
  | {
      readonly ok: false
      /** The file that was read. */
      readonly file: string
      readonly errors: readonly FileProblem[]
      readonly warnings: readonly FileProblem[]
    }

/** Which configuration. */
export interface ConfigurationChoice {
  /** A file instead of the machine's own. */
  readonly file?: string | undefined
  /** Its dialect; by default what it looks like. */
  readonly dialect?: Dialect | undefined
  /** Where etc/ is found. */
  readonly root?: string
  /** Do not look for the files it names: it comes from another machine. */
  readonly skipChecks?: boolean
}

/**
 * Read and check a configuration. All problems are collected.
 *
 * @throws {NotFoundError} if there is no file of any dialect, or `choice.file` cannot be read
 */
export function readConfiguration(choice: ConfigurationChoice = {}): ConfigurationResult {
  const { root = '/' } = choice
  const found = findFile(choice, root)
  const text = readText(found.file)
  if (text === undefined) throw new NotFoundError('file', found.file)
  const dialect = found.dialect ?? choice.dialect ?? recogniseDialect(found.file, text)
  const parsed = dialect.parse(text)
  const beside = dialect === redHat ? readSysconfig(root) : undefined
  const warnings = [
    ...inFile(found.file, parsed.warnings),
    ...(beside ? inFile(beside.file, beside.result.warnings) : []),
  ]
  const errors = [
    ...(parsed.ok ? [] : inFile(found.file, parsed.errors)),
    ...(beside && !beside.result.ok ? inFile(beside.file, beside.result.errors) : []),
  ]
  if (!parsed.ok || (beside && !beside.result.ok))
    return { ok: false, file: found.file, errors, warnings }
  const sources = new Map<SettingName, SettingSource>()
  for (const [name, line] of parsed.lines) sources.set(name, { file: found.file, line })
  for (const [name, line] of beside?.lines ?? [])
    sources.set(name, { file: beside?.file ?? '', line })
  const load = withMemoryDebug(beside?.load ?? parsed.load, parsed.conf.memoryDebugLevel)
  const { conf: unchecked, lines } = parsed
  const checked: CheckedConfiguration =
    choice.skipChecks === true
      ? { conf: unchecked, errors: [], warnings: [] }
      : checkConfiguration(unchecked, { root, dialect, lines })
  warnings.push(...inFile(found.file, checked.warnings))
  errors.push(...inFile(found.file, checked.errors))
  if (errors.length > 0) return { ok: false, file: found.file, errors, warnings }
  const files = beside ? [found.file, beside.file] : [found.file]
  const { conf } = checked
  return {
    ok: true,
    configuration: { conf, load, dialect, file: found.file, files, sources, warnings },
  }
}

/** Find the file that configures a machine, undefined if there is none. @param root where etc/ is found */
export function findConfigurationFile(root = '/'): string | undefined {
  return findOwn(root)?.file
}

/** Find a dialect by its name. @throws {NotFoundError} naming those there are */
export function getDialect(name: string): Dialect {
  const dialect = DIALECTS.find((candidate) => candidate.name === name)
  if (dialect) return dialect
  const names = DIALECTS.map((candidate) => candidate.name).join(', ')
  throw new NotFoundError('command', `dialect '${name}'; there are ${names}`)
}

/** The old `debug_mem_level` is a word of the command line today. */
function withMemoryDebug(load: LoadSettings, level: number): LoadSettings {
  if (level === 0) return load
  return { ...load, extra: `${load.extra} rd.memdebug=${level}`.trim() }
}

interface FoundFile {
  readonly file: string
  readonly dialect: Dialect | undefined
}

function findFile({ file, dialect }: ConfigurationChoice, root: string): FoundFile {
  if (file !== undefined) return { file, dialect }
  const own = findOwn(root)
  if (own) return own
  const looked = DIALECTS.map((candidate) => path.join(root, candidate.file)).join(', ')
  throw new NotFoundError('file', `configuration (looked for ${looked})`)
}

/** SUSE's file is told from Red Hat's of the same name by what is in it. */
function findOwn(root: string): FoundFile | undefined {
  for (const dialect of DIALECTS) {
    const file = path.join(root, dialect.file)
    const text = readText(file)
    if (text === undefined) continue
    if (dialect.file === SYSCONFIG_FILE && !isSuseSysconfig(text)) continue
    return { file, dialect }
  }
  return undefined
}

/** Shell assignments are Debian's or SUSE's, told by variables that only one of them has. */
function recogniseDialect(file: string, text: string): Dialect {
  const own = DIALECTS.find((dialect) => dialect !== redHat && file.endsWith(`/${dialect.file}`))
  if (own) return own
  if (/^[ \t]*(?:USE_KDUMP|KDUMP_COREDIR|MAKEDUMP_ARGS)=/m.test(text)) return getDialect('debian')
  return isSuseSysconfig(text) ? getDialect('suse') : redHat
}

/** Red Hat's second file. Beside a kdump.conf that someone wrote on SUSE, SUSE's own is not read. */
function readSysconfig(root: string):
  | {
      readonly file: string
      readonly result: ConfResult
      readonly load: Settings['load']
      readonly lines: ReadonlyMap<SettingName, number>
    }
  | undefined {
  const file = path.join(root, SYSCONFIG_FILE)
  const text = readText(file)
  if (text === undefined || isSuseSysconfig(text)) return undefined
  const result = parseKdumpSysconfig(text)
  if (!result.ok) return { file, result, load: DEFAULT_LOAD_SETTINGS, lines: new Map() }
  return { file, result, load: result.load, lines: result.lines }
}

function inFile(file: string, problems: readonly ConfProblem[]): FileProblem[] {
  return problems.map((problem) => ({ ...problem, file }))
}

function readText(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return undefined
  }
}
