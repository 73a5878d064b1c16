// gdb: refused. There is no gdb inside; what people ask of it has commands of its own.
import { UnsupportedError } from '../../base/errors.ts'
import { defineCommand } from '../command.ts'

/** gdb's commands, and what does their work here. */
const INSTEAD: Readonly<Record<string, string>> = {
  print: 'p',
  p: 'p',
  output: 'p',
  call: 'p',
  ptype: 'whatis',
  whatis: 'whatis',
  x: 'rd',
  disassemble: 'dis',
  disas: 'dis',
  list: 'dis -s',
  bt: 'bt',
  backtrace: 'bt',
  where: 'bt',
  info: 'sym, bt -l or sys',
  set: 'set',
}

export const gdb = defineCommand({
  name: 'gdb',
  aliases: { g: [] },
  summary: 'gdb command (refused)',
  operands: 'command ...',
  stopAtOperand: true,
  description:
    'Refused: there is no gdb inside. p, whatis, struct, rd, sym and dis do what its print, ptype, x, info symbol and ' +
    'disassemble do, with the same notation for expressions.',
  examples: [{ text: 'a type, as ptype would show it', command: 'whatis task_struct' }],
  options: {},
  code: () => '// There is no gdb inside: see whatis, p, rd and dis.',
  run(_, { operands }) {
    const [name = ''] = operands
    const word = name.split('/')[0] ?? ''
    const instead = Object.hasOwn(INSTEAD, word) ? INSTEAD[word] : 'p, whatis, rd, sym or dis'
    throw new UnsupportedError(`there is no gdb inside: use ${instead}`)
  },
})
