// What kbox gives for a claim's line, as text and as JSON, each from a run of its own: rows are read but once.
import { renderJson } from '../../../src/core/render/render_json.ts'
import { renderText } from '../../../src/core/render/render_text.ts'
import type { Block } from '../../../src/core/crash/command.ts'
import { COMMANDS } from '../../../src/core/crash/commands.ts'
import { parseLine } from '../../../src/core/crash/parse_line.ts'
import { runWords } from '../../../src/core/crash/run_command.ts'
import { Session } from '../../../src/core/crash/session.ts'
import type { Program } from '../../../src/core/program/program.ts'
import { registerDisassemblers } from '../../../src/host/platform/iced_x86.ts'
import type { Claim, Evidence, JsonBlock, JsonRow } from './claim.ts'

registerDisassemblers()

/** Run the line of a claim in a session of its own. */
export function gatherEvidence(series: string, program: Program, claim: Claim): Evidence {
  const line = typeof claim.line === 'string' ? claim.line : claim.line(program)
  const run = (): Iterable<Block> => {
    const session = new Session(program, COMMANDS)
    for (const before of claim.before ?? []) Array.from(renderText(runLine(session, before)))
    return runLine(session, line)
  }
  const text = [...renderText(run())].join('\n').split('\n')
  const { blocks }: { blocks: JsonBlock[] } = JSON.parse([...renderJson(line, run())].join(''))
  return {
    series,
    program,
    line,
    lines: text.map((each) => each.trimEnd()).filter((each) => each !== ''),
    blocks,
    rows: rowsOf(blocks),
  }
}

function runLine(session: Session, text: string): Iterable<Block> {
  const line = parseLine(text)
  if (line.kind !== 'command') throw new Error(`no command: ${text}`)
  return runWords(session, line.words)
}

function rowsOf(blocks: readonly JsonBlock[]): JsonRow[] {
  return blocks.flatMap(({ kind, rows, blocks: inner }) =>
    kind === 'table' ? rows : kind === 'section' ? rowsOf(inner) : [],
  )
}
