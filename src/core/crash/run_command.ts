// From words to blocks: find the command, parse its options, run it, and turn what fails into problems.
// A failing command ends with `name: message`; the session goes on.
import { KdumpError, UsageError } from '../base/errors.ts'
import { parseOptions } from '../base/options.ts'
import { nearName } from '../base/near_name.ts'
import type { Block, Command, CommandArgs, ProblemBlock } from './command.ts'
import { lines } from './command.ts'
import { commandCode } from './code/script.ts'
import { commandUsage } from './command_help.ts'
import type { Session } from './session.ts'

/** The shell's own name in messages that no command answers for. */
const SHELL = 'crash'

/**
 * Run one command given as words.
 *
 * @yields its blocks; each KdumpError, also one thrown while rows are read, becomes a problem block
 */
export function* runWords(session: Session, words: readonly string[]): Generator<Block> {
  const [name, ...args] = resolveWords(session, words)
  if (name === undefined) return
  if (session.program.dump.isLive) session.program.memory.dropPages()
  const command = session.findCommand(name)
  if (command) yield* runCommand(session, command, args)
  else yield unknownCommand(session, name)
}

/** Run a command with its arguments, errors turned into problems. */
export function* runCommand(
  session: Session,
  command: Command,
  argv: readonly string[],
): Generator<Block> {
  const wantsCode = argv.includes('--code')
  let args: CommandArgs
  try {
    args = parseArguments(command, wantsCode ? argv.filter((arg) => arg !== '--code') : argv)
  } catch (error) {
    if (!(error instanceof UsageError)) throw error
    yield { ...problem(command.name, error), usage: commandUsage(command) }
    return
  }
  if (wantsCode) {
    yield* guardBlocks(command.name, () => [lines(...commandCode(session, command, args))])
    return
  }
  const missing = missingNeed(session, command)
  if (missing !== undefined) yield { kind: 'problem', command: command.name, message: missing }
  else yield* guardBlocks(command.name, () => command.run(session, args))
}

/** Replace aliases, and make a struct's name alone a `struct` command. */
export function resolveWords(session: Session, words: readonly string[]): readonly string[] {
  const [first, ...rest] = words
  if (first === undefined || session.findCommand(first)) return words
  const own = session.aliases.get(first)
  if (own) return [...own, ...rest]
  for (const command of session.commands) {
    const argumentsFirst = command.aliases?.[first]
    if (argumentsFirst) return [command.name, ...argumentsFirst, ...rest]
  }
  if (first.startsWith('*') && first.length > 1) return ['*', first.slice(1), ...rest]
  if (first === 'enum' && rest.length > 0) return ['whatis', ...words]
  const typeName = first.split('.')[0] as string
  const isType = /^[A-Za-z_]\w*$/.test(typeName) && session.program.hasType(typeName)
  return isType ? ['struct', first, ...rest] : words
}

/** Options and operands by a command's declaration. @throws {UsageError} */
export function parseArguments(command: Command, argv: readonly string[]): CommandArgs {
  const args = parseOptions(command.options, argv, {
    stopAtOperand: command.stopAtOperand ?? false,
    negativeNumbers: true,
  })
  if (args.operands.length < (command.operandsMin ?? 0)) throw new UsageError('argument missing')
  return args
}

function missingNeed({ program }: Session, { needs }: Command): string | undefined {
  const why = program.problems[0] ? `: ${program.problems[0].message}` : ''
  if (needs?.includes('symbols') && !program.kernelSymbols) return `no symbols in this dump${why}`
  if (needs?.includes('types') && !program.kernelTypes) return `no types in this dump${why}`
  return undefined
}

function unknownCommand(session: Session, name: string): ProblemBlock {
  const names = session.commands.flatMap((command) => [
    command.name,
    ...Object.keys(command.aliases ?? {}),
  ])
  const near = nearName(name, names)
  const untyped = session.program.kernelTypes ? '' : ' (no types in this dump: no struct is known)'
  const hint = near === undefined ? untyped : ` (did you mean ${near}?)`
  return { kind: 'problem', command: SHELL, message: `command not found: ${name}${hint}` }
}

/** Yield blocks so that an error ends only what it happened in. */
function* guardBlocks(name: string, start: () => Iterable<Block>): Generator<Block> {
  const problems: ProblemBlock[] = []
  try {
    for (const block of start()) {
      yield guardBlock(name, block, problems)
      // Rows are read by whoever took the block; their problem shows behind it.
      yield* problems.splice(0)
    }
  } catch (error) {
    yield problem(name, error)
  }
}

function guardBlock(name: string, block: Block, problems: ProblemBlock[]): Block {
  switch (block.kind) {
    case 'table':
      return { ...block, rows: guardRows(name, block.rows, problems) }
    case 'lines':
      return { ...block, lines: guardRows(name, block.lines, problems) }
    case 'bytes':
      return { ...block, chunks: guardRows(name, block.chunks, problems) }
    case 'section':
      return { ...block, blocks: guardBlocks(name, () => block.blocks) }
    default:
      return block
  }
}

function* guardRows<T>(name: string, rows: Iterable<T>, problems: ProblemBlock[]): Generator<T> {
  try {
    yield* rows
  } catch (error) {
    problems.push(problem(name, error))
  }
}

/** What the world did wrong, as a block. Our own bugs go on as exceptions. */
function problem(command: string, error: unknown): ProblemBlock {
  // RangeError: a number of the dump that is too large to be one.
  if (!(error instanceof KdumpError || error instanceof RangeError)) throw error
  return { kind: 'problem', command, message: error.message }
}
