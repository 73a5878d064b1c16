// alias: other names of commands.
import { defineCommand, table } from '../command.ts'

export const alias = defineCommand({
  name: 'alias',
  summary: 'show other names of commands',
  examples: [{ text: 'all of them', command: 'alias' }],
  options: {},
  *run(session) {
    const rows = session.commands.flatMap(({ name, aliases }) =>
      Object.entries(aliases ?? {}).map(([short, args]) => [short, [name, ...args].join(' ')]),
    )
    yield table(
      [
        { title: 'ALIAS', kind: 'text' },
        { title: 'COMMAND', kind: 'text' },
      ],
      rows,
    )
  },
})
