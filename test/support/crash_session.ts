// A crash session over a kernel from a recipe, its commands run line by line.
import { COMMANDS } from '../../src/core/crash/commands.ts'
import type { Block } from '../../src/core/crash/command.ts'
import { parseLine } from '../../src/core/crash/parse_line.ts'
import { runWords } from '../../src/core/crash/run_command.ts'
import { Session } from '../../src/core/crash/session.ts'
import { renderText } from '../../src/core/render/render_text.ts'
import type { KernelRecipe } from './kernel_recipe.ts'
import { smallKernel } from './small_kernel.ts'

/** A session, and ways into its kernel. */
export interface CrashSession {
  readonly session: Session
  addressOf(reference: string): bigint
  /** The blocks of one line, read lazily as a renderer would. */
  run(line: string): Iterable<Block>
  /** The text of one line, as a session shows it. */
  text(line: string): string[]
}

/** Open a session on the small kernel, with changes to its recipe. */
export function crashSession(changes: Partial<KernelRecipe> = {}): CrashSession {
  const { program, addressOf } = smallKernel(changes)
  const session = new Session(program, COMMANDS)
  const run = (text: string): Iterable<Block> => {
    const line = parseLine(text)
    if (line.kind !== 'command') throw new Error(`no command: ${text}`)
    return runWords(session, line.words)
  }
  return {
    session,
    addressOf,
    run,
    text: (line) => [...renderText(run(line))].join('\n').split('\n'),
  }
}
