// Lines for a command that show it from all sides: its examples, and what is claimed of it.
import type { Command } from '../../src/core/crash/command.ts'
import type { Program } from '../../src/core/program/program.ts'
import { CLAIMS } from '../compat/claims/claims.ts'

/** An address written out, which differs from dump to dump. */
export const ADDRESS = /\b(0x)?[\da-f]{12,16}\b/

/** A line, and how a document shows one that is made for each dump. */
export interface CommandLine {
  readonly line: string
  readonly shows: string
}

/**
 * The lines, one of each form: those of the same words but operands of their own are one. Examples with an address come last:
 * whether there is anything at it is luck.
 */
export function commandLines(
  { name, examples }: Command,
  program: Program,
  series: string,
): CommandLine[] {
  const own = (examples ?? []).map(({ command }) => ({ line: command, shows: command }))
  const lines = [
    ...own.filter(({ line }) => !ADDRESS.test(line)),
    ...(CLAIMS[name] ?? []).flatMap(({ line: make, shows, before, except, needs }) => {
      if (before || except?.[series] !== undefined) return []
      if (needs !== undefined && !program.hasType(needs)) return []
      const line = typeof make === 'string' ? make : make(program)
      return [{ line, shows: shows ?? line }]
    }),
    ...own.filter(({ line }) => ADDRESS.test(line)),
  ]
  const byShape = new Map<string, CommandLine>()
  for (const each of lines) {
    const words = each.line.split(/\s+/)
    const shape = words.map((word, i) => (i === 0 || word.startsWith('-') ? word : '_')).join(' ')
    byShape.set(shape, byShape.get(shape) ?? each)
  }
  return [...byShape.values()]
}
