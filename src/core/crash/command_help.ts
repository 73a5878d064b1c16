// Help pages, made from the declarations.
import { optionName, type OptionSpec } from '../base/options.ts'
import type { Command } from './command.ts'

const WIDTH = 80

/** The usage lines crash shows after a wrong option. */
export function commandUsage(command: Command): string[] {
  return ['Usage:', ...commandSynopsis(command), `Enter "help ${command.name}" for details.`]
}

/** `  ps [-kuG] [-C cpu] [pid | taskp] ...`, wrapped. */
export function commandSynopsis({ name, options, operands }: Command): string[] {
  const specs = Object.entries(options).filter(([, { help }]) => help !== undefined)
  const letters = specs.filter(([, spec]) => spec.type !== 'string' && spec.short?.length === 1)
  const others = specs.filter(([, spec]) => spec.type !== 'string' && spec.short?.length !== 1)
  const valued = specs.filter(([, spec]) => spec.type === 'string')
  const parts = [
    letters.length > 0 ? `[-${letters.map(([, spec]) => spec.short).join('')}]` : '',
    others.length > 0 ? `[${others.map(([key, spec]) => optionName(key, spec)).join('|')}]` : '',
    ...valued.map(([key, spec]) => `[${optionText(key, spec)}]`),
    operands ?? '',
  ]
  return wrap([name, ...parts.filter((part) => part !== '')], '  ', '     ')
}

/** The page of `help NAME`. */
export function commandPage(command: Command): string[] {
  const page = [
    '',
    'NAME',
    `  ${command.name} - ${command.summary}`,
    '',
    'SYNOPSIS',
    ...commandSynopsis(command),
  ]
  const options = Object.entries(command.options).filter(([, { help }]) => help !== undefined)
  if (command.description !== undefined) {
    const paragraphs = command.description.split('\n\n')
    page.push('', 'DESCRIPTION')
    paragraphs.forEach((text, i) =>
      page.push(...(i > 0 ? [''] : []), ...wrap(text.split(/\s+/), '  ', '  ')),
    )
  }
  if (options.length > 0) page.push('', 'OPTIONS', ...optionLines(options))
  const aliases = Object.entries(command.aliases ?? {})
  if (aliases.length > 0) {
    page.push(
      '',
      'ALIASES',
      ...aliases.map(
        ([alias, args]) => `  ${alias.padEnd(8)} ${[command.name, ...args].join(' ')}`,
      ),
    )
  }
  if (command.examples && command.examples.length > 0) {
    page.push('', 'EXAMPLES')
    for (const { text, command: line } of command.examples)
      page.push(`  ${text}:`, `    crash> ${line}`)
  }
  return [...page, '']
}

function optionLines(options: readonly (readonly [string, OptionSpec])[]): string[] {
  const width = Math.max(...options.map(([key, spec]) => optionText(key, spec).length))
  const pad = ' '.repeat(width + 4)
  return options.flatMap(([key, spec]) => {
    const words = (spec.help ?? '').split(' ')
    return wrap(words, `  ${optionText(key, spec).padEnd(width)}  `, pad)
  })
}

function optionText(key: string, spec: OptionSpec): string {
  const name = optionName(key, spec)
  if (spec.type !== 'string') return name
  return spec.optional ? `${name}[=${spec.value ?? key}]` : `${name} ${spec.value ?? key}`
}

/** Fill lines with words; the first line begins with `first`, the others with `next`. */
function wrap(words: readonly string[], first: string, next: string): string[] {
  const lines: string[] = []
  let line = first
  let empty = true
  for (const word of words) {
    if (!empty && line.length + 1 + word.length > WIDTH) {
      lines.push(line)
      line = next
      empty = true
    }
    line += empty ? word : ` ${word}`
    empty = false
  }
  return [...lines, line]
}
