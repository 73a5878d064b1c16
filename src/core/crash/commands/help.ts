// help: the list of commands, and a page each.
import { commandLineCode } from '../code/script.ts'
import { UsageError } from '../../base/errors.ts'
import { nearName } from '../../base/near_name.ts'
import { defineCommand, lines, table, type TableBlock } from '../command.ts'
import { cellText } from '../cell_text.ts'
import { commandPage } from '../command_help.ts'
import type { Session } from '../session.ts'

const TOPICS: Readonly<Record<string, readonly string[]>> = {
  input: [
    '',
    'Each line is one command. An empty line and one that begins with # do nothing.',
    '',
    '  !command          is run by the shell',
    '  < file            runs the lines of a file',
    '  "a b", \'a b\'      quotes and parentheses keep words together',
    '  task_struct.pid   a type at the beginning is a struct command; *name is one too',
    '',
    'On a terminal: TAB completes commands, symbols, types and members; Ctrl-C ends the command, Ctrl-D the session.',
    '',
  ],
  output: [
    '',
    '  command | shell command    output goes through a pipe',
    '  command > file             output goes to a file',
    '  command >> file            output is appended to a file',
    '  command --code             prints the script that does the same; kbox run runs it',
    '',
    'A value that is not in the dump shows why: (excluded) was filtered out, (corrupt) is damaged,',
    '(fault) has no page. Long output is paged on a terminal; set scroll off ends that.',
    '',
  ],
}

export const help = defineCommand({
  name: 'help',
  aliases: { man: [], '?': [] },
  summary: 'get help',
  operands: '[command | input | output] ...',
  examples: [
    { text: 'the list of commands', command: 'help' },
    { text: 'one command', command: 'help bt' },
  ],
  options: {
    all: { type: 'boolean', short: 'a', help: 'the page of every command' },
  },
  code: ({ values, operands }) => commandLineCode('help', values.all ? ['-a'] : operands),
  *run(session, { values, operands }) {
    const names = values.all ? session.commands.map(({ name }) => name) : operands
    if (names.length === 0) {
      yield overview(session)
      return
    }
    for (const name of names) yield lines(...page(session, name))
  },
})

function page(session: Session, name: string): readonly string[] {
  const topic = TOPICS[name]
  if (topic) return topic
  const command =
    session.findCommand(name) ??
    session.commands.find(({ aliases }) => aliases?.[name] !== undefined)
  if (command) return commandPage(command)
  const near = nearName(
    name,
    session.commands.map((candidate) => candidate.name),
  )
  throw new UsageError(
    `no help for "${name}"${near === undefined ? '' : ` (did you mean ${near}?)`}`,
  )
}

function overview(session: Session): TableBlock {
  const width = Math.max(...session.commands.map(({ name }) => name.length))
  const rows = session.commands.map(({ name, summary }) => [name, summary])
  return table(
    [
      { title: 'COMMAND', kind: 'text' },
      { title: 'SUMMARY', kind: 'text' },
    ],
    rows,
    {
      heading: '',
      line: ([name, summary]) => {
        const line = `  ${cellText(name).padEnd(width)}  ${cellText(summary)}`
        const isLast = name === rows.at(-1)?.[0]
        return isLast
          ? `${line}\n\nhelp NAME explains a command; help input and help output the rest.`
          : line
      },
    },
  )
}
