// repeat: a command again and again, on a machine that goes on running. Source: crash's `repeat`.
import { UsageError } from '../../base/errors.ts'
import { defineCommand, lines, type Block } from '../command.ts'
import { parseArguments, resolveWords, runWords } from '../run_command.ts'

const SECONDS = /^-(\d{1,5})$/

export const repeat = defineCommand({
  name: 'repeat',
  summary: 'repeat a command',
  operands: '[-seconds] command',
  operandsMin: 1,
  stopAtOperand: true,
  description:
    'On a running kernel the command is run until Ctrl-C, with so many seconds in between. A dump does not change: ' +
    'there it is run once.',
  examples: [{ text: 'watch jiffies', command: 'repeat -1 p jiffies' }],
  options: {},
  // A dump does not change: there it is the command's own.
  code({ operands }, session) {
    const [name = '', ...args] = resolveWords(session, repeatedWords(operands))
    const command = session.findCommand(name)
    return command?.code(parseArguments(command, args), session) ?? `// ${name}: no such command`
  },
  *run(session, { operands }): Generator<Block> {
    const seconds = SECONDS.exec(operands[0] ?? '')
    const words = repeatedWords(operands)
    const [name] = resolveWords(session, words)
    if (name === undefined) throw new UsageError('argument missing')
    if (name === 'repeat') throw new UsageError('repeat does not repeat itself')
    const isLive = session.program.dump.isLive ?? false
    do {
      yield* runWords(session, words)
      if (!isLive || session.aborted || session.finished) return
      yield lines('')
      session.host?.sleep(Number(seconds?.[1] ?? 0) * 1000)
    } while (!session.aborted)
  },
})

const repeatedWords = (operands: readonly string[]): readonly string[] =>
  SECONDS.test(operands[0] ?? '') ? operands.slice(1) : operands
