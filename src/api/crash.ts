// Commands of crash from a script: what they show as text, as typed rows, and as the JSON of `--json`.
import { UsageError } from '../core/base/errors.ts'
import type { Cell } from '../core/base/table.ts'
import type { Block, ProblemBlock } from '../core/crash/command.ts'
import { COMMANDS } from '../core/crash/commands.ts'
import { parseLine } from '../core/crash/parse_line.ts'
import { runWords } from '../core/crash/run_command.ts'
import { Session } from '../core/crash/session.ts'
import type { Plain } from '../core/program/plain_object.ts'
import type { Program } from '../core/program/program.ts'
import { cellKey, renderJson } from '../core/render/render_json.ts'
import { renderText } from '../core/render/render_text.ts'

/** What a command gave. */
export interface CrashOutput {
  /** Rows of all its tables by column, as in `--json`, but typed: addresses are bigints. */
  readonly rows: readonly Readonly<Record<string, Cell>>[]
  /** What went wrong, as `command: message`; empty when all is well. */
  readonly problems: readonly string[]
  /** The lines `kbox crash` prints. */
  readonly text: string
  /** The document `kbox crash --json` prints; docs/json.md describes it. */
  readonly json: Plain
}

const sessions = new WeakMap<Program, Session>()

/**
 * Run a command of crash. What commands remember (`set 1`, `set radix 16`, `$1`) lasts as long as the program.
 *
 * `crash(program, 'ps -k').rows.map(({ comm }) => comm)`
 *
 * @param line as typed at crash's prompt, without pipes and redirections
 * @throws {UsageError} if it is no command line; what fails inside the command is in `problems`
 */
export function crash(program: Program, line: string): CrashOutput {
  const parsed = parseLine(line)
  if (parsed.kind !== 'command' || parsed.sink.kind !== 'screen')
    throw new UsageError(`not a command alone: ${line}`)
  let session = sessions.get(program)
  if (!session) sessions.set(program, (session = new Session(program, COMMANDS)))
  const blocks = Array.from(runWords(session, parsed.words), readBlock)
  const all = [...forEachBlock(blocks)]
  return {
    rows: all.flatMap((block) => (block.kind === 'table' ? tableRows(block) : [])),
    problems: all.filter(isProblem).map(({ command, message }) => `${command}: ${message}`),
    get text() {
      return [...renderText(blocks)].join('\n')
    },
    get json() {
      const document: Plain = JSON.parse([...renderJson(line, blocks)].join(''))
      return document
    },
  }
}

/** Read what is lazy, so that it can be looked at twice. */
function readBlock(block: Block): Block {
  switch (block.kind) {
    case 'table':
      return { ...block, rows: [...block.rows] }
    case 'lines':
      return { ...block, lines: [...block.lines] }
    case 'section':
      return { ...block, blocks: Array.from(block.blocks, readBlock) }
    default:
      return block
  }
}

function* forEachBlock(blocks: Iterable<Block>): Generator<Block> {
  for (const block of blocks) {
    yield block
    if (block.kind === 'section') yield* forEachBlock(block.blocks)
  }
}

const isProblem = (block: Block): block is ProblemBlock => block.kind === 'problem'

function tableRows({
  columns,
  rows,
}: Extract<Block, { kind: 'table' }>): Readonly<Record<string, Cell>>[] {
  return Array.from(rows, (row) =>
    Object.fromEntries(columns.map((column, i) => [cellKey(column), row[i] ?? null])),
  )
}
