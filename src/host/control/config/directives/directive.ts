// What a directive of kdump.conf is to us, and what its reading may look at.
import type { ConfBuilder } from '../conf_builder.ts'
import type { ConfWord } from '../conf_problem.ts'
import type { ConfLine } from '../kdump_conf_lexer.ts'
import type { ConfTarget } from '../kdump_conf_model.ts'

/** A file while it is read. */
export interface ConfReading {
  readonly builder: ConfBuilder
  /** Key of what may be said only once, to the line that said it. */
  readonly seen: Map<string, number>
  /** The target named by a plain line. */
  target: ConfTarget | undefined
  readonly fallbacks: ConfTarget[]
  /** Of http_token. */
  tokenFile: string
}

/** Whose word a directive is. */
export type DirectiveOrigin =
  /** kdump-utils' today. */
  | 'kdump'
  /** Of RHEL 5 to 8; understood, with a warning. */
  | 'old'
  /** Ours. */
  | 'kbox'

/** One directive of kdump.conf. */
export interface Directive {
  readonly name: string
  readonly origin: DirectiveOrigin
  /** What follows the name: `DEVICE`, `yes|no`. */
  readonly value: string
  /** One line: what it does. */
  readonly summary: string
  /** Directives of one key exclude each other; the name if not given, '' if it may be repeated. */
  readonly key?: string
  apply(reading: ConfReading, line: ConfLine): void
}

/** The key of all targets. */
export const TARGET_KEY = '(target)'

/** The value of a line, for problems. */
export function valueWord({ line, valueColumn, value }: ConfLine): ConfWord {
  return { line, column: valueColumn, value }
}

/** The option of a line, for problems. */
export function optionWord({ line, optionColumn, option }: ConfLine): ConfWord {
  return { line, column: optionColumn, value: option }
}

/** Note that a key was set; false, and an error, if it was before. */
export function claimKey({ seen, builder }: ConfReading, key: string, line: ConfLine): boolean {
  const before = seen.get(key)
  if (before === undefined) {
    seen.set(key, line.line)
    return true
  }
  const message =
    key === TARGET_KEY
      ? 'More than one dump targets specified'
      : `Duplicated kdump config value of option ${key}`
  const remedy =
    key === TARGET_KEY
      ? `line ${before} has set it already: keep one, or write 'fallback' before the second choice`
      : `line ${before} has set it already: keep one of them`
  builder.error(optionWord(line), message, remedy)
  return false
}

/** Report a value that is none of the directive's, in kdumpctl's words. */
export function refuseValue({ builder }: ConfReading, line: ConfLine, remedy: string): void {
  const message = `Invalid kdump config value for option '${line.option}'`
  builder.error(valueWord(line), message, remedy)
}

/** Warn of a directive that kdumpctl calls deprecated, saying what we make of it. */
export function warnDeprecated({ builder }: ConfReading, line: ConfLine, remedy: string): void {
  const message = `Deprecated kdump config option: ${line.option}. Refer to kdump.conf manpage for alternatives.`
  builder.warn(optionWord(line), message, remedy)
}
