// getopt_long(3) of glibc, as the programs whose names kbox answers to use it: clusters (-cd31), arguments joined or
// apart, abbreviated long names, operands among options, and its messages. crash adds options of several characters
// behind one dash: -16. Options as declarations: options.ts.
import { UsageError } from './errors.ts'

/** Does an option take an argument? An optional one must be joined: -b4, --block=4. */
export type ArgumentKind = 'none' | 'required' | 'optional'

/** One option; it may have a letter, a long name, or both. */
export interface GetoptOption {
  /** What the result calls it. */
  readonly name: string
  readonly letter?: string
  /** Several characters behind one dash, looked for before clusters. */
  readonly word?: string
  readonly long?: string
  readonly argument: ArgumentKind
}

/** An option that was given. */
export interface GivenOption {
  readonly name: string
  /** '' where an optional argument was left out. */
  readonly argument: string
}

/** A parsed command line. */
export interface GetoptResult {
  readonly options: readonly GivenOption[]
  readonly operands: readonly string[]
}

/** What command lines differ in. */
export interface GetoptSettings {
  /** Everything from the first operand on is operands: for commands that run another command. */
  readonly stopAtOperand?: boolean
  /** `-8`, `-0x10` are operands where no such option exists. */
  readonly negativeNumbers?: boolean
}

/**
 * Parse a command line.
 *
 * @param argv arguments behind the program's name
 * @throws {UsageError} with glibc's words, at the first argument it cannot take
 */
export function parseGetopt(
  argv: readonly string[],
  specification: readonly GetoptOption[],
  settings: GetoptSettings = {},
): GetoptResult {
  const options: GivenOption[] = []
  const operands: string[] = []
  for (let at = 0; at < argv.length; at++) {
    const word = argv[at] as string
    if (word === '--') {
      operands.push(...argv.slice(at + 1))
      break
    }
    if (isOperand(word, specification, settings)) {
      operands.push(word)
      if (!settings.stopAtOperand) continue
      operands.push(...argv.slice(at + 1))
      break
    } else if (word.startsWith('--')) at += parseLong(word, argv[at + 1], specification, options)
    else at += parseCluster(word, argv[at + 1], specification, options)
  }
  return { options, operands }
}

function isOperand(
  word: string,
  specification: readonly GetoptOption[],
  settings: GetoptSettings,
): boolean {
  if (word === '-' || !word.startsWith('-')) return true
  if (settings.negativeNumbers !== true || !/^-(0x)?\d/.test(word)) return false
  return !specification.some(
    (option) => option.word === word.slice(1) || option.letter === word.charAt(1),
  )
}

/** Parse `--name`, `--name=argument` or `--name argument`; returns how many further words it took. */
function parseLong(
  word: string,
  next: string | undefined,
  specification: readonly GetoptOption[],
  options: GivenOption[],
): number {
  const equals = word.indexOf('=')
  const given = word.slice(2, equals < 0 ? undefined : equals)
  const { name, long, argument } = findLong(word, given, specification)
  const joined = equals < 0 ? undefined : word.slice(equals + 1)
  if (argument === 'none') {
    if (joined !== undefined) throw new UsageError(`option '--${long}' doesn't allow an argument`)
    options.push({ name, argument: '' })
    return 0
  }
  const value = joined ?? (argument === 'required' ? next : '')
  if (value === undefined) throw new UsageError(`option '--${long}' requires an argument`)
  options.push({ name, argument: value })
  return joined === undefined && argument === 'required' ? 1 : 0
}

/** @param word as typed, its argument included: glibc's messages show it whole */
function findLong(
  word: string,
  given: string,
  specification: readonly GetoptOption[],
): GetoptOption {
  const exact = specification.find((option) => option.long === given)
  if (exact) return exact
  const matches = specification.filter((option) => option.long?.startsWith(given))
  const [only] = matches
  if (!only || given === '') throw new UsageError(`unrecognized option '${word}'`)
  if (matches.length === 1) return only
  const possibilities = matches.map((option) => `'--${option.long}'`).join(' ')
  throw new UsageError(`option '${word}' is ambiguous; possibilities: ${possibilities}`)
}

/** Parse `-abc`; the first letter that takes an argument takes the rest, or the next word. */
function parseCluster(
  word: string,
  next: string | undefined,
  specification: readonly GetoptOption[],
  options: GivenOption[],
): number {
  const whole = specification.find((option) => option.word === word.slice(1))
  if (whole) {
    if (whole.argument === 'required' && next === undefined) {
      throw new UsageError(`option requires an argument -- '${whole.word}'`)
    }
    options.push({ name: whole.name, argument: whole.argument === 'required' ? (next ?? '') : '' })
    return whole.argument === 'required' ? 1 : 0
  }
  for (let at = 1; at < word.length; at++) {
    const letter = word.charAt(at)
    const option = specification.find((candidate) => candidate.letter === letter)
    if (!option) throw new UsageError(`invalid option -- '${letter}'`)
    if (option.argument === 'none') {
      options.push({ name: option.name, argument: '' })
      continue
    }
    const rest = word.slice(at + 1)
    if (rest !== '' || option.argument === 'optional') {
      options.push({ name: option.name, argument: rest })
      return 0
    }
    if (next === undefined) throw new UsageError(`option requires an argument -- '${letter}'`)
    options.push({ name: option.name, argument: next })
    return 1
  }
  return 0
}
