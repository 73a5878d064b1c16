// foreach: a command for many tasks.
import { activeTask } from '../active_task.ts'
import { foreachCode } from '../code/foreach_code.ts'
import { attempt, UsageError } from '../../base/errors.ts'
import { forEachCpu } from '../../kernel/percpu.ts'
import { isKthread, taskStateName, type Task } from '../../kernel/sched.ts'
import { defineCommand, type Block, type Command } from '../command.ts'
import { parseArguments, runCommand } from '../run_command.ts'
import type { Session } from '../session.ts'
import { taskHeading } from '../task_operand.ts'
import { listTasks } from '../task_selection.ts'

const STATES = ['RU', 'IN', 'UN', 'ST', 'ZO', 'TR', 'SW', 'DE', 'WA', 'PA', 'ID', 'NE']

/** Does a task belong to what was asked for? */
type Selector = (task: Task) => boolean

export const foreach = defineCommand({
  name: 'foreach',
  aliases: { for: [] },
  summary: 'run a command for many tasks',
  operands:
    '[pid | taskp | name | state | kernel | user | gleader | active] ... command [argument] ...',
  operandsMin: 1,
  stopAtOperand: true,
  description:
    'Runs bt, task, files, set, ps and other commands that look at one task for each of the tasks selected, or for ' +
    'all. Several selectors select what any of them does, but kernel, user, gleader and a state narrow the choice. A name ' +
    'that is no task is tried as a regular expression; a name that is also a command is preceded by \\.' +
    `\n\nStates are ${STATES.join(', ')}.`,
  examples: [
    { text: 'every backtrace', command: 'foreach bt' },
    { text: 'those of tasks in uninterruptible sleep', command: 'foreach UN bt' },
    { text: 'open files of every sleep', command: 'foreach sleep files' },
    { text: 'a member of tasks by name', command: "foreach 'kworker.*' task -R __state" },
  ],
  options: {},
  needs: ['types'],
  code: ({ operands }, session) => foreachCode(session, operands, STATES),
  *run(session, { operands }) {
    const { commands, args, tasks, problem } = parseForeach(session, operands)
    const together = commands.filter(({ perTask }) => perTask === 'together')
    const single = commands.filter(({ perTask }) => perTask !== 'together')
    if (tasks.length > 0) {
      const addresses = tasks.map((task) => task.address.toString(16))
      for (const command of together) yield* runCommand(session, command, [...args, ...addresses])
    }
    for (const task of tasks) {
      for (const command of single) {
        if (session.aborted) return
        yield* taskBlocks(session, task, command, args)
      }
    }
    if (problem !== '') yield { kind: 'problem', command: 'foreach', message: problem }
  },
})

function* taskBlocks(
  session: Session,
  task: Task,
  command: Command,
  args: readonly string[],
): Generator<Block> {
  const blocks = session.withTask(task, () => runCommand(session, command, args))
  if (command.perTask === 'headed') yield { kind: 'section', heading: taskHeading(task), blocks }
  else yield* blocks
}

interface Foreach {
  readonly commands: readonly Command[]
  readonly args: readonly string[]
  readonly tasks: readonly Task[]
  /** Why tasks are missing; '' where none are. */
  readonly problem: string
}

/** Selectors, then commands, then what is the commands' own. */
function parseForeach(session: Session, operands: readonly string[]): Foreach {
  const isCommand = (word: string | undefined): boolean =>
    word !== undefined && findPerTask(session, word) !== undefined
  const start = operands.findIndex(isCommand)
  let end = Math.max(start, 0)
  while (isCommand(operands[end])) end++
  const words = start < 0 ? operands : operands.slice(0, start)
  const named = words.filter((word) => !isNarrowing(word))
  const { tasks: all, problem } = listTasks(session.program)
  const any = named.map((word) => parseSelector(session, word.replace(/^\\/, ''), all))
  if (start < 0) throw new UsageError(`no command: foreach runs ${perTaskNames(session)}`)
  const narrow = words.filter(isNarrowing).map((word) => narrowing(word))
  const commands = operands
    .slice(start, end)
    .map((word) => findPerTask(session, word))
    .filter((command) => command !== undefined)
  const args = operands.slice(end)
  // Once, rather than once a task.
  for (const command of commands) parseArguments(command, args)
  const chosen = all.map((task) =>
    attempt(
      () =>
        (any.length === 0 || any.some((selects) => selects(task))) &&
        narrow.every((selects) => selects(task)),
    ),
  )
  const unread = chosen.filter((isChosen) => isChosen === undefined).length
  const problems = [problem, unread === 0 ? '' : `tasks that cannot be read: ${unread}`]
  return {
    ...{ commands, args },
    tasks: all.filter((_, index) => chosen[index]),
    problem: problems.filter((text) => text !== '').join('; '),
  }
}

function findPerTask(session: Session, word: string): Command | undefined {
  const command = session.findCommand(word)
  return command?.perTask === undefined ? undefined : command
}

const perTaskNames = (session: Session): string =>
  session.commands
    .filter(({ perTask }) => perTask !== undefined)
    .map(({ name }) => name)
    .join(', ')

const NARROWING: Readonly<Record<string, Selector>> = {
  kernel: isKthread,
  user: (task) => !isKthread(task),
  gleader: (task) => !isKthread(task) && task.number('tgid') === task.number('pid'),
}

const isNarrowing = (word: string): boolean =>
  NARROWING[word] !== undefined || STATES.includes(word.toUpperCase())

function narrowing(word: string): Selector {
  const state = word.toUpperCase()
  return NARROWING[word] ?? ((task) => taskStateName(task) === state)
}

/** `active`, a PID, a task's address, a name, or a regular expression of names. */
function parseSelector(session: Session, word: string, all: readonly Task[]): Selector {
  const { program } = session
  if (word === 'active') {
    const active = forEachCpu(program, 'online').map((cpu) => activeTask(program, cpu).address)
    return (task) => active.includes(task.address)
  }
  const pid = /^\d+$/.test(word) ? Number(word) : undefined
  if (pid !== undefined && all.some((task) => pidOf(task) === pid))
    return (task) => pidOf(task) === pid
  const address = /^(0x)?[\da-f]+$/i.test(word)
    ? BigInt(`0x${word.replace(/^0x/i, '')}`)
    : undefined
  if (all.some((task) => task.address === address)) return (task) => task.address === address
  if (all.some((task) => nameOf(task) === word)) return (task) => nameOf(task) === word
  const pattern = /[.*+?^$|()[\]]/.test(word) ? parsePattern(word) : undefined
  if (pattern && all.some((task) => pattern.test(nameOf(task))))
    return (task) => pattern.test(nameOf(task))
  throw new UsageError(`unknown argument: "${word}"`)
}

function parsePattern(text: string): RegExp {
  try {
    return new RegExp(`^(?:${text})$`)
  } catch {
    throw new UsageError(`invalid regular expression: "${text}"`)
  }
}

const pidOf = (task: Task): number | undefined => attempt(() => task.number('pid'))
const nameOf = (task: Task): string => attempt(() => task.string('comm')) ?? ''
