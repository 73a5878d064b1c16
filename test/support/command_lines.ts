// Lines for a command that show it from all sides: its examples, and what is claimed of it.
import type { Command } from '../../src/core/crash/command.ts'
import type { Program } from '../../src/core/program/program.ts'
import { CLAIMS } from '../compat/claims/claims.ts'

/** The lines, one of each form: those of the same words but operands of their own are one. */
export function commandLines(
  { name, examples }: Command,
  program: Program,
  series: string,
): string[] {
  const lines = [
    ...(examples ?? []).map(({ command }) => command),
    ...(CLAIMS[name] ?? []).flatMap(({ line, before, except, needs }) =>
      before || except?.[series] !== undefined || (needs !== undefined && !program.hasType(needs))
        ? []
        : [typeof line === 'string' ? line : line(program)],
    ),
  ]
  const byShape = new Map<string, string>()
  for (const line of lines) {
    const words = line.split(/\s+/)
    const shape = words.map((word, i) => (i === 0 || word.startsWith('-') ? word : '_')).join(' ')
    byShape.set(shape, byShape.get(shape) ?? line)
  }
  return [...byShape.values()]
}
