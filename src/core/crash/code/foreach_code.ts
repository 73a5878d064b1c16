// `foreach --code`: the code of the commands, for the tasks that the selectors choose.
import type { Command } from '../command.ts'
import { parseArguments } from '../run_command.ts'
import type { Session } from '../session.ts'
import { loopBody, taskLoop, taskTest, unless } from './task_loop.ts'

const NARROWING: Readonly<Record<string, string>> = {
  kernel: 'isKthread(task)',
  user: '!isKthread(task)',
  gleader: "!isKthread(task) && task.number('tgid') === task.number('pid')",
}

/** Words of foreach: selectors, commands, arguments. */
export function foreachCode(
  session: Session,
  operands: readonly string[],
  states: readonly string[],
): string {
  const findCommand = (word: string | undefined): Command | undefined =>
    word === undefined
      ? undefined
      : session.commands.find(({ name, perTask }) => name === word && perTask)
  const start = operands.findIndex((word) => findCommand(word))
  let end = start
  while (findCommand(operands[end])) end++
  const words = operands.slice(0, start)
  const isState = (word: string): boolean => states.includes(word.toUpperCase())
  const named = words.filter((word) => !NARROWING[word] && !isState(word))
  const narrow = words.filter((word) => !named.includes(word))
  const conditions = [
    ...(named.length > 0 ? [unless(named.map(selectorTest).join(' || '))] : []),
    ...narrow.map((word) =>
      unless(NARROWING[word] ?? `taskStateName(task) === '${word.toUpperCase()}'`),
    ),
  ]
  const bodies = operands.slice(start, end).map((word) => {
    const command = findCommand(word) as Command
    const code = command.code?.(parseArguments(command, operands.slice(end)), session) ?? ''
    return loopBody(code)
  })
  return taskLoop(conditions, bodies.join('\n'))
}

function selectorTest(word: string): string {
  return word === 'active' ? 'runningCpu(program, task) !== undefined' : taskTest(word, true)
}
