// `--code`: a command as the script that does the same. Commands write its body; what the body uses is imported here.
import { panicTask } from '../../kernel/panic.ts'
import { idleTask } from '../../kernel/sched.ts'
import { API_NAMES } from '../api_names.ts'
import type { Command, CommandArgs } from '../command.ts'
import type { Session } from '../session.ts'

/** The script, line by line: imports, the dump, the current task if it is used, the body. */
export function commandCode(session: Session, command: Command, args: CommandArgs): string[] {
  return scriptOf(session, command.code(args, session)).split('\n')
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
  return !declares && new RegExp(`(?<![\\w$]|(?<!\\.\\.)\\.)${name}(?![\\w$]|: )`).test(plain)
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

/** What only a session of kbox crash has: the command itself, run from a script. */
export function commandLineCode(name: string, words: readonly string[]): string {
  const quoted = words.map((word) => (/^[\w.,:=+-]+$/.test(word) ? word : `"${word}"`))
  return `console.log(crash(program, ${textCode([name, ...quoted].join(' '))}).text)`
}

/** Text as a literal. */
export function textCode(text: string): string {
  return `'${text.replace(/[\\']/g, '\\$&').replaceAll('\n', '\\n')}'`
}

/** Lines of a block, indented. */
export function indentCode(code: string): string {
  return code.replace(/^(?=.)/gm, '  ')
}
