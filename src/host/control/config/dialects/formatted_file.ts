// A configuration file while it is written: lines, and comments for what the dialect has no word for.
import type { Settings } from '../conf_builder.ts'
import { DEFAULT_CONF, type KdumpConf } from '../kdump_conf_model.ts'
import { DEFAULT_LOAD_SETTINGS, type LoadSettings } from '../load_settings.ts'
import { formatSettings } from '../setting_text.ts'
import { formatAssignment } from './shell_variables.ts'

/** Collects the lines of a file. */
export class FormattedFile {
  readonly #lines: string[]
  readonly #settings: Settings
  readonly #said = new Set<string>()

  /** @param title the file's first line, a comment */
  constructor(title: string, settings: Settings) {
    this.#lines = [`# ${title}`]
    this.#settings = settings
  }

  /** Write a line that says some settings. */
  line(text: string, ...settings: readonly (keyof KdumpConf | keyof LoadSettings)[]): void {
    this.#lines.push(text)
    this.said(...settings)
  }

  /** Write an assignment that says some settings. */
  assign(
    name: string,
    value: string | number | boolean,
    ...settings: readonly (keyof KdumpConf | keyof LoadSettings)[]
  ): void {
    this.line(formatAssignment(name, value), ...settings)
  }

  /** These need no comment. */
  said(...settings: readonly (keyof KdumpConf | keyof LoadSettings)[]): void {
    for (const setting of settings) this.#said.add(setting)
  }

  comment(text: string): void {
    this.#lines.push(`# ${text.replaceAll(/[\n\r]/g, ' ')}`)
  }

  /** Does a setting differ from its default? */
  isSet(name: keyof KdumpConf | keyof LoadSettings): boolean {
    const { conf, load } = this.#settings
    const value = { ...conf, ...load }[name]
    const usual = { ...DEFAULT_CONF, ...DEFAULT_LOAD_SETTINGS }[name]
    return JSON.stringify(value) !== JSON.stringify(usual)
  }

  /** The file's text, with a comment for each setting that differs from its default and was not said. */
  finish(): string {
    for (const { name, label, value } of formatSettings(this.#settings)) {
      if (this.#said.has(name) || !this.isSet(name)) continue
      this.comment(`no counterpart here: ${label} ${value}`)
    }
    return `${this.#lines.join('\n')}\n`
  }
}
