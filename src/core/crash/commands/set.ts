// set: the task commands act on, and the settings they follow.
import { activeTask, markActive } from '../active_task.ts'
import { setCode } from '../code/ps_code.ts'
import { UsageError } from '../../base/errors.ts'
import { panicTask } from '../../kernel/panic.ts'
import { forEachCpu } from '../../kernel/percpu.ts'
import { taskCpu, type Task } from '../../kernel/sched.ts'
import {
  defineCommand,
  lines,
  record,
  type Block,
  type CommandArgs,
  type RecordBlock,
} from '../command.ts'
import { parseCount } from '../operand.ts'
import type { Session } from '../session.ts'
import { taskContext } from '../task_context.ts'
import { getTasks } from '../task_operand.ts'
import { VARIABLES, type Variable } from '../variables.ts'

const OPTIONS = {
  active: { type: 'boolean', short: 'a', help: 'take the task for the one its CPU was running' },
  cpu: { type: 'string', short: 'c', value: 'cpu', help: 'the task a CPU was running' },
  panic: { type: 'boolean', short: 'p', help: 'the panic task' },
  variables: { type: 'boolean', short: 'v', help: 'show the settings' },
} as const

type Args = CommandArgs<typeof OPTIONS>

export const set = defineCommand({
  name: 'set',
  aliases: {
    hex: ['radix', '16'],
    dec: ['radix', '10'],
    sf: ['scroll', 'off'],
    sn: ['scroll', 'on'],
  },
  summary: 'set the current task or a setting',
  operands: '[pid | taskp] | [variable [value]] ...',
  description: `Without operands the current task is shown. Settings that do something here: ${VARIABLES.filter(
    ({ effect }) => effect !== undefined,
  )
    .map(({ name, effect }) => `${name} (${effect})`)
    .join(', ')}; the others of crash are kept and shown, without effect.`,
  examples: [
    { text: 'make PID 1 the current task', command: 'set 1' },
    { text: 'the task of CPU 1', command: 'set -c 1' },
    { text: 'back to the panic task', command: 'set -p' },
    { text: 'numbers in hexadecimal', command: 'set radix 16' },
  ],
  options: OPTIONS,
  perTask: 'headed',
  code: setCode,
  *run(session, args) {
    if (args.values.variables) {
      yield variablesBlock(session)
      return
    }
    const chosen = chosenTask(session, args)
    if (args.values.active) {
      yield markBlock(chosen ?? session.task)
      return
    }
    if (chosen) session.task = chosen
    if (chosen || args.operands.length === 0) yield taskContext(session.program, session.task)
    else yield* setVariables(session, args.operands)
  },
})

function markBlock(task: Task): Block {
  markActive(task)
  return lines(
    `"${task.string('comm')}" task ${task.address.toString(16)} has been marked as the active task on cpu ${taskCpu(task)}`,
  )
}

/** The task -c, -p or a sole operand names; undefined if the operands are settings. */
function chosenTask(session: Session, { values, operands }: Args): Task | undefined {
  const { program } = session
  if (values.panic) return panicTask(program) ?? session.task
  if (values.cpu !== undefined) {
    const cpu = parseCount(values.cpu)
    const online = forEachCpu(program, 'online')
    if (!online.includes(cpu)) {
      throw new UsageError(`invalid cpu number: ${values.cpu} (online: ${online.join(',')})`)
    }
    return activeTask(program, cpu)
  }
  const [name] = operands
  if (name === undefined || VARIABLES.some((variable) => variable.name === name)) return undefined
  return getTasks(program, name)[0]
}

function* setVariables(session: Session, operands: readonly string[]): Generator<Block> {
  const rest = [...operands]
  while (rest.length > 0) {
    const name = rest.shift() as string
    const variable = VARIABLES.find((candidate) => candidate.name === name)
    if (!variable) throw new UsageError(`invalid command: set ${name}`)
    const value = rest.shift()
    if (value !== undefined) session.setVariable(name, checkValue(variable, value))
    yield lines(`${name}: ${variableText(session, variable)}`.replace(/^radix:/, 'output radix:'))
  }
}

function checkValue({ name, values, number }: Variable, value: string): string {
  const isNumber = number === true && /^\d+$/.test(value)
  const isAllowed = number === true ? isNumber : values === undefined || values.includes(value)
  if (!isAllowed) throw new UsageError(`invalid command: set ${name} ${value}`)
  return value
}

function variableText(session: Session, { name }: Variable): string {
  const value = session.variables.get(name) ?? ''
  if (name === 'radix') return value === '16' ? '16 (hex)' : '10 (decimal)'
  return value
}

function variablesBlock(session: Session): RecordBlock {
  const fields = VARIABLES.map((variable) => ({
    title: variable.name,
    kind: 'text' as const,
    value: variableText(session, variable),
  }))
  return { ...record('column', fields), labelWidth: 14 }
}
