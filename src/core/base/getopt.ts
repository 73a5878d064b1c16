// Command-line options, declared as data: `-x`, clusters `-xy`, `-l 8`, `-l8`, whole words `-16`, `--name`, `--name=value`.
// Shared by crash's commands, makedumpfile and kbox's own verbs.
import { UsageError } from './errors.ts'

/** One option. The key it is declared under is its long name, in camelCase; `--long-name` on the command line. */
export interface OptionSpec {
  /** 'count' counts repetitions: `-S -S` and `-SS` are 2. */
  readonly type: 'boolean' | 'string' | 'count'
  /** What follows one dash. More than one character is matched as a whole word before clusters: '16', 'px'. */
  readonly short?: string
  /** Collect every occurrence of a string option. */
  readonly multiple?: boolean
  /** What the value is called in help: 'offset', 'cpu'. */
  readonly value?: string
  /** One sentence for help; none hides the option. */
  readonly help?: string
}

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

export interface ParsedOptions<S extends OptionSpecs> {
  readonly values: OptionValues<S>
  /** What is not an option, in order. */
  readonly operands: readonly string[]
}

export interface ParseOptionsSettings {
  /** Everything from the first operand on is operands: for commands that run another command. */
  readonly stopAtOperand?: boolean
  /** `-8`, `-0x10`: operands rather than options, where no such option is declared. */
  readonly negativeNumbers?: boolean
}

/**
 * Parse arguments by their declarations; options and operands may be mixed, `--` ends the options.
 *
 * @throws {UsageError} for an unknown option or a missing value, in getopt's words
 */
export function parseOptions<const S extends OptionSpecs>(
  specs: S,
  args: readonly string[],
  settings: ParseOptionsSettings = {},
): ParsedOptions<S> {
  const values = emptyValues(specs)
  const operands: string[] = []
  const rest = [...args]
  while (rest.length > 0) {
    const arg = rest.shift() as string
    if (arg === '--') {
      operands.push(...rest)
      break
    }
    if (isOperand(specs, arg, settings)) {
      operands.push(arg)
      if (!settings.stopAtOperand) continue
      operands.push(...rest)
      break
    }
    if (arg.startsWith('--')) takeLong(specs, values, arg.slice(2), rest)
    else takeShort(specs, values, arg.slice(1), rest)
  }
  return { values: values as OptionValues<S>, operands }
}

/** How an option is written: `-x` where it has a short form, else `--long-name`. */
export function optionName(key: string, spec: OptionSpec): string {
  return spec.short === undefined ? `--${kebab(key)}` : `-${spec.short}`
}

type Values = Record<string, boolean | number | string | string[] | undefined>

function emptyValues(specs: OptionSpecs): Values {
  const values: Values = {}
  for (const [key, spec] of Object.entries(specs)) {
    if (spec.type === 'boolean') values[key] = false
    else if (spec.type === 'count') values[key] = 0
    else values[key] = spec.multiple ? [] : undefined
  }
  return values
}

function isOperand(specs: OptionSpecs, arg: string, settings: ParseOptionsSettings): boolean {
  if (!arg.startsWith('-') || arg === '-') return true
  return settings.negativeNumbers === true && /^-(0x)?[0-9]/.test(arg) && !findShort(specs, arg.slice(1))
}

function takeLong(specs: OptionSpecs, values: Values, text: string, rest: string[]): void {
  const equals = text.indexOf('=')
  const name = equals < 0 ? text : text.slice(0, equals)
  const entry = Object.entries(specs).find(([key]) => kebab(key) === name)
  if (!entry) throw new UsageError(`unrecognized option '--${name}'`)
  const [key, spec] = entry
  if (spec.type !== 'string') {
    if (equals >= 0) throw new UsageError(`option '--${name}' doesn't allow an argument`)
    setValue(values, key, spec, '')
    return
  }
  const value = equals >= 0 ? text.slice(equals + 1) : rest.shift()
  if (value === undefined) throw new UsageError(`option '--${name}' requires an argument`)
  setValue(values, key, spec, value)
}

function takeShort(specs: OptionSpecs, values: Values, cluster: string, rest: string[]): void {
  const whole = findShort(specs, cluster)
  if (whole) {
    takeOne(values, whole, '', rest)
    return
  }
  for (let i = 0; i < cluster.length; i++) {
    const letter = cluster[i] as string
    const found = findShort(specs, letter)
    if (!found) throw new UsageError(`invalid option -- '${letter}'`)
    const attached = cluster.slice(i + 1)
    takeOne(values, found, attached, rest)
    if (found[1].type === 'string') return
  }
}

function takeOne(values: Values, [key, spec]: [string, OptionSpec], attached: string, rest: string[]): void {
  if (spec.type !== 'string') {
    setValue(values, key, spec, '')
    return
  }
  const value = attached === '' ? rest.shift() : attached
  if (value === undefined) throw new UsageError(`option requires an argument -- '${spec.short}'`)
  setValue(values, key, spec, value)
}

function findShort(specs: OptionSpecs, short: string): [string, OptionSpec] | undefined {
  return Object.entries(specs).find(([, spec]) => spec.short === short)
}

function setValue(values: Values, key: string, spec: OptionSpec, value: string): void {
  const old = values[key]
  if (spec.type === 'boolean') values[key] = true
  else if (spec.type === 'count') values[key] = (typeof old === 'number' ? old : 0) + 1
  else values[key] = spec.multiple && Array.isArray(old) ? [...old, value] : value
}

const kebab = (key: string): string => key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)
