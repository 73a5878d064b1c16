// alias: other names of commands, built in and of this session.
import { commandLineCode } from '../code/script.ts'
import { UsageError } from '../../base/errors.ts'
import { defineCommand, lines, table, type Block } from '../command.ts'
import type { Session } from '../session.ts'

export const alias = defineCommand({
  name: 'alias',
  summary: 'show and make other names of commands',
  operands: '[name [command ...]]',
  stopAtOperand: true,
  description:
    'An alias stands for the words behind it; what is typed behind the alias is appended. A name with an empty ' +
    "command (alias name '') is forgotten. Aliases in ~/.crashrc are there in every session.",
  examples: [
    { text: 'all of them', command: 'alias' },
    { text: 'make one', command: 'alias kp ps -k' },
  ],
  options: {},
  code: ({ operands }) => commandLineCode('alias', operands),
  *run(session, { operands }) {
    const [name, ...words] = operands
    if (name !== undefined && words.length > 0) yield setAlias(session, name, words)
    else yield aliasTable(session, name)
  },
})

function setAlias(session: Session, name: string, words: readonly string[]): Block {
  if (session.findCommand(name)) throw new UsageError(`${name} is a command`)
  const [command = ''] = words
  if (command === '') {
    if (!session.aliases.delete(name)) throw new UsageError(`alias does not exist: ${name}`)
    return lines(`alias deleted: ${name}`)
  }
  if (!session.findCommand(command)) throw new UsageError(`no command '${command}' to alias`)
  session.aliases.set(name, words)
  return aliasTable(session, name)
}

/** Those of the session come first: they hide built-in ones of the same name. */
function aliasTable(session: Session, only: string | undefined): Block {
  const own = Array.from(session.aliases, ([name, words]) => ['runtime', name, words.join(' ')])
  const builtin = session.commands.flatMap(({ name, aliases }) =>
    Object.entries(aliases ?? {}).map(([short, args]) => [
      'builtin',
      short,
      [name, ...args].join(' '),
    ]),
  )
  const rows = [...own, ...builtin].filter(([, name]) => only === undefined || name === only)
  if (only !== undefined && rows.length === 0) throw new UsageError(`alias does not exist: ${only}`)
  return table(
    [
      { title: 'ORIGIN', kind: 'text' },
      { title: 'ALIAS', kind: 'text' },
      { title: 'COMMAND', kind: 'text' },
    ],
    rows,
  )
}
