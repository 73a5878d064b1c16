// `--code`: a command as the script that does the same. Commands write its body; what the body uses is imported here.
import { panicTask } from '../kernel/panic.ts'
import { idleTask } from '../kernel/sched.ts'
import { API_NAMES } from './api_names.ts'
import type { Command, CommandArgs } from './command.ts'
import type { Session } from './session.ts'

/** The script, line by line: imports, the dump, the current task if it is used, the body. */
export function commandCode(session: Session, command: Command, args: CommandArgs): string[] {
  const body = command.code?.(args, session)
  if (body === undefined) return [`// ${command.name}: no equivalent code is known`]
  return scriptOf(session, body).split('\n')
}

/** A complete script around a body. */
export function scriptOf(session: Session, body: string): string {
  const taskLine = uses(body, 'task') ? `${currentTaskCode(session)}\n` : ''
  const code = `const program = open()\n${taskLine}${body}`
  const names = API_NAMES.filter((name) => uses(code, name))
  return `import { ${names.join(', ')} } from 'kbox'\n\n${code}`
}

/** Does code use a name that it does not declare? Text in quotes and members of the same name do not count. */
function uses(code: string, name: string): boolean {
  const plain = code.replace(/'(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*"|\/\/.*$/gm, "''")
  const declares = new RegExp(`\\b(const|let|function\\*?) ${name}\\b`).test(plain)
  return !declares && new RegExp(`(?<![.\\w$])${name}(?![\\w$]|: )`).test(plain)
}

/** Where nothing else was set, a script begins with the task a session begins with. */
function currentTaskCode(session: Session): string {
  const { program } = session
  const initial = panicTask(program) ?? idleTask(program, 0)
  if (session.task.address === initial.address)
    return 'const task = panicTask(program) ?? idleTask(program, 0)'
  return `const task = program.objectAt('task_struct', ${addressCode(session.task.address)})`
}

/** An address as a literal. */
export function addressCode(address: bigint): string {
  return `0x${address.toString(16)}n`
}

/** Text as a literal. */
export function textCode(text: string): string {
  return `'${text.replace(/[\\']/g, '\\$&').replaceAll('\n', '\\n')}'`
}

/** Lines of a block, indented. */
export function indentCode(code: string): string {
  return code.replace(/^(?=.)/gm, '  ')
}

/**
 * A body for each task the operands name, in crash's notation: a PID, or the address of a task_struct. Without operands it
 * is the current one's.
 */
export function taskCode(operands: readonly string[], body: string): string {
  if (operands.length === 0) return body
  const tasks = operands.map((operand) =>
    /^(\d{1,10}|0x[\da-f]{1,8})$/i.test(operand)
      ? `findTask(program, ${Number(operand)})`
      : `program.objectAt('task_struct', ${addressCode(BigInt(`0x${operand.replace(/^0x/i, '')}`))})`,
  )
  if (tasks.length === 1) {
    return `for (const task of [${tasks[0]}]) {\n  if (!task) continue\n${indentCode(body)}\n}`
  }
  return `for (const task of [\n${indentCode(tasks.join(',\n'))},\n]) {\n  if (!task) continue\n${indentCode(body)}\n}`
}
