// extend: commands of a person's own, as TypeScript or JavaScript modules. Only files the person names are ever loaded:
// nothing of a dump, and nothing that lies beside one.
import { NotFoundError, UnsupportedError, UsageError } from '../../base/errors.ts'
import { lines, table, defineCommand, type Block, type Command } from '../command.ts'
import { cellText } from '../cell_text.ts'
import type { Extension, Session, SessionHost } from '../session.ts'

const OPTIONS = {
  unload: { type: 'boolean', short: 'u', help: 'forget the commands of these modules, or of all' },
  search: {
    type: 'boolean',
    short: 's',
    help: 'show the modules of the folders that are searched',
  },
} as const

export const extend = defineCommand({
  name: 'extend',
  summary: 'extend the command set',
  operands: '[module ...]',
  description:
    'A module exports commands made with defineCommand, by any names or as an array: ' +
    "import { defineCommand, lines } from 'kbox'; export const echo = defineCommand({ name: 'echo', summary: 'say it " +
    "again', options: {}, *run(session, { operands }) { yield lines(operands.join(' ')) } }). " +
    '\n\nA name without a slash is searched in the current folder, in that of CRASH_EXTENSIONS, and in ./extensions. ' +
    'Commands of kbox itself cannot be replaced.',
  examples: [
    { text: 'load commands', command: 'extend ./echo.ts' },
    { text: 'what is loaded', command: 'extend' },
    { text: 'forget all', command: 'extend -u' },
  ],
  options: OPTIONS,
  code: () => '// A module of your own is imported as any other.',
  *run(session, { values, operands }) {
    if (values.search) yield lines(...hostOf(session).listModules())
    else if (values.unload) yield* unload(session, operands)
    else if (operands.length > 0) for (const name of operands) yield load(session, name)
    else yield extensionTable(session)
  },
})

function hostOf({ host }: Session): SessionHost {
  if (!host) throw new UnsupportedError('loading modules here')
  return host
}

function load(session: Session, name: string): Block {
  const host = hostOf(session)
  const path = host.findModule(name)
  if (session.extensions.some((loaded) => loaded.path === path))
    throw new UsageError(`${path}: already loaded`)
  const commands = commandsOf(host.loadModule(path))
  if (commands.length === 0) throw new UsageError(`${path}: it exports no command`)
  for (const command of commands) {
    if (session.findCommand(command.name))
      throw new UsageError(`${path}: there is a command ${command.name} already`)
  }
  session.extensions = [...session.extensions, { path, commands }]
  session.commands = [...session.commands, ...commands]
  return lines(`${path}: loaded`)
}

/** Exports that are commands, alone or in arrays, each once. */
function commandsOf(exports: Readonly<Record<string, unknown>>): Command[] {
  const found = Object.values(exports).flat().filter(isCommand)
  return [...new Map(found.map((command) => [command.name, command])).values()]
}

function isCommand(value: unknown): value is Command {
  if (typeof value !== 'object' || value === null) return false
  const { name, summary, options, run } = value as Partial<Command>
  return (
    typeof name === 'string' &&
    /^[A-Za-z_]\w*$/.test(name) &&
    typeof summary === 'string' &&
    typeof options === 'object' &&
    typeof run === 'function'
  )
}

function* unload(session: Session, names: readonly string[]): Generator<Block> {
  const chosen =
    names.length === 0 ? session.extensions : names.map((name) => findExtension(session, name))
  for (const { path, commands } of chosen) {
    session.extensions = session.extensions.filter((loaded) => loaded.path !== path)
    session.commands = session.commands.filter((command) => !commands.includes(command))
    yield lines(`${path}: unloaded`)
  }
}

function findExtension({ extensions }: Session, name: string): Extension {
  const found = extensions.find(({ path }) => path === name || path.endsWith(`/${name}`))
  if (!found) throw new NotFoundError('file', `${name}: not loaded`)
  return found
}

function extensionTable({ extensions }: Session): Block {
  if (extensions.length === 0) return lines('no extensions loaded')
  const width = Math.max(6, ...extensions.map(({ path }) => path.length))
  const rows = extensions.map(({ path, commands }) => [
    path,
    commands.map(({ name }) => name).join(' '),
  ])
  return table(
    [
      { title: 'MODULE', kind: 'text' },
      { title: 'COMMANDS', kind: 'text' },
    ],
    rows,
    {
      heading: `${'MODULE'.padEnd(width)}  COMMANDS`,
      line: ([path, commands]) => `${cellText(path).padEnd(width)}  ${cellText(commands)}`,
    },
  )
}
