// `--code` of commands that look at tasks: which tasks are meant, and the loop over them.
import { UsageError } from '../../base/errors.ts'
import { addressCode, indentCode, textCode } from './script.ts'

const ALL_TASKS = '[...forEachIdleTask(program), ...forEachTask(program)]'
const LOOP_HEAD = `for (const task of ${ALL_TASKS}) {`

/** A body run for every task, idle ones included, that none of the lines of `conditions` skips. */
export function taskLoop(conditions: readonly string[], body: string): string {
  return [LOOP_HEAD, ...conditions.map((line) => `  ${line}`), indentCode(body), '}'].join('\n')
}

/** The body of such a loop; code that is none is its own. */
export function loopBody(code: string): string {
  if (!code.startsWith(`${LOOP_HEAD}\n`) || !code.endsWith('\n}')) return code
  return code.slice(LOOP_HEAD.length + 1, -2).replace(/^ {2}/gm, '')
}

/** A line that goes on with the next task unless a condition holds. */
export const unless = (condition: string): string => `if (!(${condition})) continue`

/**
 * A task operand: the one of a PID, which there may not be, the one at an address, or the current one.
 *
 * @throws {UsageError} in crash's words for what is neither
 */
export function taskCode(operand: string | undefined): string {
  if (operand === undefined) return 'task'
  if (!/^(0x)?[\da-f]{1,16}$/i.test(operand))
    throw new UsageError(`invalid task or pid value: ${operand}`)
  return /^(\d{1,10}|0x[\da-f]{1,8})$/i.test(operand)
    ? `findTask(program, ${Number(operand)})`
    : `program.objectAt('task_struct', ${addressCode(BigInt(`0x${operand.replace(/^0x/i, '')}`))})`
}

/**
 * A body for each task the operands name, in crash's notation: a PID, or the address of a task_struct. Without operands it
 * is the current one's.
 */
export function eachTask(operands: readonly string[], body: string): string {
  if (operands.length === 0) return body
  const tasks = operands.map((operand) => taskCode(operand))
  const list =
    tasks.length === 1 ? `[${tasks.join('')}]` : `[\n${indentCode(tasks.join(',\n'))},\n]`
  return `for (const task of ${list}) {\n  if (!task) continue\n${indentCode(body)}\n}`
}

/** Is a task what an operand of ps or foreach names: a PID, an address, a name, a pattern? */
export function taskTest(operand: string, whole = false): string {
  const word = operand.replace(/^\\/, '')
  if (/^(\d{1,10}|0x[\da-f]{1,8})$/i.test(word)) return `task.number('pid') === ${Number(word)}`
  if (/^(0x)?[\da-f]{12,16}$/i.test(word))
    return `task.address === ${addressCode(BigInt(`0x${word.replace(/^0x/i, '')}`))}`
  if (!/[*.^$[\]()|+?{}]/.test(word)) return `task.string('comm') === ${textCode(word)}`
  const pattern = whole ? `^(?:${word})$` : word
  return `new RegExp(${textCode(pattern)}).test(task.string('comm'))`
}
