// Command-line options, declared as data and parsed by getopt.ts: for crash's commands and kbox's own verbs.
import { parseGetopt, type GetoptOption, type GetoptSettings } from './getopt.ts'

/** One option. The key it is declared under is its long name, in camelCase; `--long-name` on the command line. */
export interface OptionSpec {
  /** 'count' counts repetitions: `-S -S` and `-SS` are 2. */
  readonly type: 'boolean' | 'string' | 'count'
  /** What follows one dash. More than one character is a word of its own, no cluster: '16', 'px'. */
  readonly short?: string
  /** The value of a string option may be left out, and is '' then; what there is of it is joined: `-S=1`, `-S1`. */
  readonly optional?: boolean
  /** Collect every occurrence of a string option. */
  readonly multiple?: boolean
  /** What the value is called in help: 'offset', 'cpu'. */
  readonly value?: string
  /** One sentence for help; none hides the option. */
  readonly help?: string
}

/** The options of a command, by their keys. */
export type OptionSpecs = Readonly<Record<string, OptionSpec>>

type OptionValue<S extends OptionSpec> = S['type'] extends 'boolean'
  ? boolean
  : S['type'] extends 'count'
    ? number
    : S['multiple'] extends true
      ? readonly string[]
      : string | undefined

/** Every declared option has its key: false, 0, undefined or [] when not given. */
export type OptionValues<S extends OptionSpecs> = { readonly [K in keyof S]: OptionValue<S[K]> }

/** What a command line says. */
export interface ParsedOptions<S extends OptionSpecs> {
  readonly values: OptionValues<S>
  /** What is not an option, in order. */
  readonly operands: readonly string[]
}

/**
 * Parse arguments by their declarations; options and operands may be mixed, `--` ends the options.
 *
 * @throws {UsageError} for an unknown option or a missing value, in getopt's words
 */
export function parseOptions<const S extends OptionSpecs>(
  specs: S,
  args: readonly string[],
  settings: GetoptSettings = {},
): ParsedOptions<S> {
  const { options, operands } = parseGetopt(args, Object.entries(specs).map(getoptOption), settings)
  const values: Record<string, boolean | number | string | string[] | undefined> = {}
  for (const [key, spec] of Object.entries(specs)) values[key] = absentValue(spec)
  for (const { name, argument } of options) {
    const spec = specs[name] as OptionSpec
    const old = values[name]
    if (spec.type === 'boolean') values[name] = true
    else if (spec.type === 'count') values[name] = Number(old) + 1
    else {
      const value = spec.optional ? argument.replace(/^=/, '') : argument
      values[name] = Array.isArray(old) ? [...old, value] : value
    }
  }
  return { values: values as OptionValues<S>, operands }
}

/** How an option is written: `-x` where it has a short form, else `--long-name`. */
export function optionName(key: string, spec: OptionSpec): string {
  return spec.short === undefined ? `--${kebab(key)}` : `-${spec.short}`
}

/** How getopt is told of an option. */
export function getoptOption([key, spec]: [string, OptionSpec]): GetoptOption {
  const { short } = spec
  return {
    name: key,
    long: kebab(key),
    argument: spec.type !== 'string' ? 'none' : spec.optional ? 'optional' : 'required',
    ...(short === undefined ? {} : short.length === 1 ? { letter: short } : { word: short }),
  }
}

function absentValue({ type, multiple }: OptionSpec): false | 0 | undefined | string[] {
  if (type === 'boolean') return false
  if (type === 'count') return 0
  return multiple ? [] : undefined
}

const kebab = (key: string): string => key.replace(/[A-Z]/g, (upper) => `-${upper.toLowerCase()}`)
