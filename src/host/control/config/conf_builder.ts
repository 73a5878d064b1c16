// A configuration while its file is read: each value with the line it came from, and what was wrong. All dialects use it.
import type { ConfProblem, ConfWord } from './conf_problem.ts'
import { DEFAULT_CONF, type KdumpConf } from './kdump_conf_model.ts'
import { DEFAULT_LOAD_SETTINGS, type LoadSettings } from './load_settings.ts'

/** All that can be configured. */
export interface Settings {
  readonly conf: KdumpConf
  readonly load: LoadSettings
}

/** Name of a setting. */
export type SettingName = keyof KdumpConf | keyof LoadSettings

/** Settings and the lines that made them, or everything that is wrong with the file. */
export type ConfResult =
  | (Settings & {
      readonly ok: true
      /** Line of each setting that the file sets; the others are defaults. */
      readonly lines: ReadonlyMap<SettingName, number>
      readonly warnings: readonly ConfProblem[]
    })
  | {
      readonly ok: false
      readonly errors: readonly ConfProblem[]
      readonly warnings: readonly ConfProblem[]
    }

/** Collects settings and problems. */
export class ConfBuilder {
  readonly errors: ConfProblem[] = []
  readonly warnings: ConfProblem[] = []
  readonly #lines = new Map<SettingName, number>()
  #conf: KdumpConf
  #load: LoadSettings

  /** @param defaults what settings mean in this dialect that its file does not make */
  constructor(defaults: Partial<KdumpConf> = {}) {
    this.#conf = { ...DEFAULT_CONF, ...defaults }
    this.#load = DEFAULT_LOAD_SETTINGS
  }

  get conf(): KdumpConf {
    return this.#conf
  }

  get load(): LoadSettings {
    return this.#load
  }

  lineOf(name: SettingName): number | undefined {
    return this.#lines.get(name)
  }

  set<Name extends keyof KdumpConf>(name: Name, value: KdumpConf[Name], word: ConfWord): void {
    this.#conf = { ...this.#conf, [name]: value }
    this.#lines.set(name, word.line)
  }

  setLoad<Name extends keyof LoadSettings>(
    name: Name,
    value: LoadSettings[Name],
    word: ConfWord,
  ): void {
    this.#load = { ...this.#load, [name]: value }
    this.#lines.set(name, word.line)
  }

  error({ line, column, value }: ConfWord, message: string, remedy: string): void {
    this.errors.push({ message, line, column, value, remedy })
  }

  warn({ line, column, value }: ConfWord, message: string, remedy: string): void {
    this.warnings.push({ message, line, column, value, remedy })
  }

  result(): ConfResult {
    const { errors, warnings, conf, load } = this
    if (errors.length > 0) return { ok: false, errors, warnings }
    return { ok: true, conf, load, lines: this.#lines, warnings }
  }
}
