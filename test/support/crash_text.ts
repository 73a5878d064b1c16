// What a line of crash's prints for a program, as text; with all that a host hands to core.
import { renderText } from '../../src/core/render/render_text.ts'
import { COMMANDS } from '../../src/core/crash/commands.ts'
import { parseLine } from '../../src/core/crash/parse_line.ts'
import { runWords } from '../../src/core/crash/run_command.ts'
import { Session } from '../../src/core/crash/session.ts'
import type { Program } from '../../src/core/program/program.ts'
import { registerDisassemblers } from '../../src/host/platform/iced_x86.ts'

registerDisassemblers()

/** Run a line in a session of its own; its lines of text. */
export function crashText(program: Program, text: string): string[] {
  const line = parseLine(text)
  if (line.kind !== 'command') throw new Error(`no command: ${text}`)
  const blocks = runWords(new Session(program, COMMANDS), line.words)
  return [...renderText(blocks)].join('\n').split('\n')
}
