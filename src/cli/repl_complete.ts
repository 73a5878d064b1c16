// What TAB offers: commands, then what the command takes: options, members behind a dot, symbols and types.
import { optionName } from '../core/base/options.ts'
import type { Session } from '../core/crash/session.ts'
import type { TypeProvider, TypeSpace } from '../core/debuginfo/type_provider.ts'
import { stripType, type Type } from '../core/debuginfo/type.ts'

const OFFERED_MAX = 500
/** Commands whose operands are types before they are symbols. */
const TYPE_COMMANDS = ['struct', 'union', '*', 'whatis']

/** Complete the last word of a line; returns candidates and what they replace, as node:readline wants them. */
export function completeLine(session: Session, line: string): [string[], string] {
  const words = line.split(/\s+/)
  const last = words.at(-1) ?? ''
  const [first = ''] = words
  const candidates =
    words.length === 1 ? firstWords(session, last) : laterWords(session, first, last)
  const hits = Array.from(new Set(candidates))
  hits.sort()
  return [hits.slice(0, OFFERED_MAX), last]
}

function firstWords(session: Session, word: string): string[] {
  const dot = word.indexOf('.')
  if (dot > 0) return memberWords(session, word)
  const names = session.commands.flatMap(({ name, aliases }) => [
    name,
    ...Object.keys(aliases ?? {}),
  ])
  const commands = names.filter((name) => name.startsWith(word))
  // Types only when no command fits: there are ten thousand of them.
  return commands.length > 0 || word === '' ? commands : typeNames(session, word)
}

function laterWords(session: Session, first: string, word: string): string[] {
  if (first === 'help') return firstWords(session, word)
  const command = session.findCommand(first)
  if (word.startsWith('-') && command) {
    return Object.entries(command.options)
      .map(([key, spec]) => optionName(key, spec))
      .filter((name) => name.startsWith(word))
  }
  if (word.includes('.')) return memberWords(session, word)
  const types = TYPE_COMMANDS.includes(first) ? typeNames(session, word) : []
  return [...types, ...symbolNames(session, word)]
}

/** `task_struct.co` → `task_struct.comm`; a symbol with known type stands for its type. */
function memberWords(session: Session, word: string): string[] {
  const comma = word.lastIndexOf(',')
  const base = word.slice(0, word.indexOf('.'))
  const path = (comma < 0 ? word.slice(base.length + 1) : word.slice(comma + 1)).split('.')
  const partial = path.pop() ?? ''
  let type: Type | undefined =
    session.program.findType(base) ?? session.program.findGlobalType(base)
  for (const step of path) type = type && memberOf(type, step)
  const holder = type && compoundOf(type)
  if (!holder) return []
  const head = word.slice(0, word.length - partial.length)
  return Array.from(holder.memberIndex.keys(), String)
    .filter((name) => name.startsWith(partial))
    .map((name) => head + name)
}

function memberOf(type: Type, name: string): Type | undefined {
  return compoundOf(type)?.memberIndex.get(name.replace(/\[.*/, ''))?.type
}

function compoundOf(type: Type): Extract<Type, { kind: 'struct' | 'union' }> | undefined {
  const stripped = stripType(type)
  const target = stripped.kind === 'pointer' ? stripType(stripped.target) : stripped
  return target.kind === 'struct' || target.kind === 'union' ? target : undefined
}

function typeNames({ program }: Session, prefix: string): string[] {
  const names: string[] = []
  const spaces: readonly TypeSpace[] = ['struct', 'union', 'typedef']
  for (const provider of program.typeProviders()) {
    for (const space of spaces) names.push(...namesOf(provider, space, prefix))
  }
  return names
}

function namesOf(provider: TypeProvider, space: TypeSpace, prefix: string): string[] {
  const names: string[] = []
  for (const type of provider.forEachNamed(space)) {
    if ('name' in type && type.name.startsWith(prefix)) names.push(type.name)
    if (names.length >= OFFERED_MAX) break
  }
  return names
}

/** Names of symbols that begin so, some hundreds at most; none for ''. */
export function symbolNames({ program }: Session, prefix: string): string[] {
  if (prefix === '') return []
  const names: string[] = []
  const indexes = [program.kernelSymbols, ...program.modules.map((module) => module.symbols())]
  for (const index of indexes) {
    for (let row = 0; row < (index?.count ?? 0); row++) {
      const name = index?.name(row) ?? ''
      if (name.startsWith(prefix)) names.push(name)
      if (names.length >= OFFERED_MAX) return names
    }
  }
  return names
}
