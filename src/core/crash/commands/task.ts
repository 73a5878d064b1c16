// task: the task_struct and thread_info of tasks.
import { taskCommandCode } from '../code/ps_code.ts'
import { UsageError } from '../../base/errors.ts'
import type { Task } from '../../kernel/sched.ts'
import { checkReadable } from '../../program/format_object.ts'
import { KObject } from '../../program/kobject.ts'
import { findMemberPlan } from '../../program/member_path.ts'
import { defineCommand, type Block, type CommandArgs } from '../command.ts'
import type { Session } from '../session.ts'
import { getTasks, taskHeading } from '../task_operand.ts'

const OPTIONS = {
  members: {
    type: 'string',
    short: 'R',
    value: 'member[,member]',
    multiple: true,
    help: 'only these members of task_struct or thread_info',
  },
  hex: { type: 'boolean', short: 'x', help: 'numbers in hexadecimal' },
  decimal: { type: 'boolean', short: 'd', help: 'numbers in decimal' },
} as const

type Args = CommandArgs<typeof OPTIONS>

export const task = defineCommand({
  name: 'task',
  summary: 'task_struct and thread_info contents',
  operands: '[member[,member]] [pid | taskp] ...',
  description:
    'Without members both structs are shown whole. Members may be paths: se.on_rq, mm.pgd, pid_links[1]. ' +
    'Outside of foreach the -R may be left out.',
  examples: [
    { text: 'the current task', command: 'task' },
    { text: 'members of two tasks', command: 'task -R pid,__state 1 2' },
    { text: 'a member of every task', command: 'foreach task -R utime' },
  ],
  options: OPTIONS,
  perTask: true,
  needs: ['types'],
  code: taskCommandCode,
  *run(session, args) {
    const { tasks, members } = readOperands(session, args)
    for (const each of tasks) {
      yield {
        kind: 'section',
        heading: taskHeading(each),
        blocks: taskBlocks(session, each, members, args),
      }
    }
  },
})

function readOperands(
  session: Session,
  { values, operands }: Args,
): { tasks: Task[]; members: string[] } {
  const members = values.members.flatMap((text) => text.split(','))
  const tasks: Task[] = []
  for (const operand of operands) {
    if (/^(0x)?[\da-f]+$/i.test(operand)) tasks.push(...getTasks(session.program, operand))
    else members.push(...operand.split(','))
  }
  return {
    tasks: tasks.length > 0 ? tasks : [session.task],
    members: members.filter((member) => member !== ''),
  }
}

function* taskBlocks(
  session: Session,
  each: Task,
  members: readonly string[],
  { values }: Args,
): Generator<Block> {
  const format = session.format(values)
  const info = threadInfo(each)
  checkReadable(each)
  if (members.length === 0) {
    yield {
      kind: 'section',
      heading: undefined,
      blocks: [{ kind: 'object', object: each, format, prefix: 'struct task_struct ' }],
    }
    if (info)
      yield {
        kind: 'section',
        heading: undefined,
        blocks: [{ kind: 'object', object: info, format, prefix: 'struct thread_info ' }],
      }
    return
  }
  for (const member of members) {
    const holders = [each, info].filter((holder) => holder && findMemberPlan(holder.type, member))
    if (holders.length === 0)
      throw new UsageError(`${member}: not a task_struct or thread_info member`)
    for (const holder of holders)
      if (holder) yield { kind: 'object', object: holder, format, members: [member] }
  }
}

/** The thread_info of a task: in it since v4.9 (CONFIG_THREAD_INFO_IN_TASK), else at the foot of its stack. */
function threadInfo(each: Task): KObject | undefined {
  const inside = each.find('thread_info')
  if (inside) return inside
  const type = each.program.findType('struct thread_info')
  return type && new KObject(each.program, type, each.pointer('stack'))
}
