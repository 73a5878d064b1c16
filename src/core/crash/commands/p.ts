// p: the value of a C expression.
import { pCode } from '../code/type_code.ts'
import { wrap64 } from '../../base/addr.ts'
import { UsageError } from '../../base/errors.ts'
import type { Type } from '../../debuginfo/type.ts'
import { perCpu, perCpuOffset } from '../../kernel/percpu.ts'
import { evaluate } from '../../program/evaluate.ts'
import { checkReadable } from '../../program/format_object.ts'
import { formatType } from '../../program/format_type.ts'
import type { KObject } from '../../program/kobject.ts'
import {
  defineCommand,
  table,
  type Block,
  type CommandArgs,
  type ObjectBlock,
  type TableBlock,
} from '../command.ts'
import { cellText } from '../cell_text.ts'
import { isPerCpuAddress, parsePerCpuOperand } from '../operand.ts'
import type { Session } from '../session.ts'

const OPTIONS = {
  hex: { type: 'boolean', short: 'x', help: 'numbers in hexadecimal' },
  decimal: { type: 'boolean', short: 'd', help: 'numbers in decimal' },
  user: { type: 'boolean', short: 'u', help: 'accepted; addresses are told apart by themselves' },
} as const

type Args = CommandArgs<typeof OPTIONS>

export const p = defineCommand({
  name: 'p',
  aliases: { px: ['-x'], pd: ['-d'], 'p/x': ['-x'], 'p/d': ['-d'], print: [] },
  summary: 'print the value of an expression',
  operands: 'expression[:cpuspec]',
  operandsMin: 1,
  description:
    'Expressions are those of C without assignments and calls: members, pointers, arrays, casts, arithmetic, ' +
    'sizeof; x@3 is three elements beginning with x, $1 a value shown before.' +
    '\n\nA dump says the types of functions and percpu variables; those of well-known variables kbox knows. Where ' +
    'neither does, say the type: p (int)foo, p (struct foo)bar, p *(struct foo *)0xffff888000123456.',
  examples: [
    { text: 'a variable', command: 'p jiffies' },
    { text: 'along pointers', command: 'p init_task.cred->uid' },
    { text: 'a percpu variable of every CPU', command: 'p runqueues.nr_running:a' },
    { text: 'a variable whose type has to be said', command: 'p (struct list_head)slab_caches' },
    { text: 'in hexadecimal', command: 'px init_task.flags' },
  ],
  options: OPTIONS,
  needs: ['symbols'],
  code: pCode,
  *run(session, args) {
    const { text, cpus } = parsePerCpuOperand(session, args.operands.join(' '))
    if (cpus) for (const cpu of cpus) yield percpuBlock(session, args, text, cpu)
    else if (isPerCpuName(session, text)) yield addressTable(session, text)
    else yield valueBlock(session, args, text)
  },
})

function valueBlock(session: Session, { values }: Args, text: string): Block {
  const resolve = (name: string): KObject | undefined => {
    if (isPerCpuName(session, name)) {
      throw new UsageError(`${name} is a percpu variable: append :a, :0 or :0-2 to say whose copy`)
    }
    return historyValue(session, name)
  }
  const object = evaluate(session.program, text, { resolve })
  const isSymbol = session.program.findSymbol(text) !== undefined
  return remember(session, values, object, isSymbol ? `${text} = ` : '')
}

function percpuBlock(session: Session, { values }: Args, text: string, cpu: number): Block {
  const resolve = (name: string): KObject | undefined =>
    isPerCpuName(session, name) ? perCpu(session.program, name, cpu) : historyValue(session, name)
  const object = evaluate(session.program, text, { resolve })
  return remember(session, values, object, `per_cpu(${text}, ${cpu}) = `)
}

/** Number the value as gdb does, for `$1` in later expressions. */
function remember(
  session: Session,
  values: Args['values'],
  object: KObject,
  label: string,
): ObjectBlock {
  checkReadable(object)
  session.history.push(object)
  const prefix = `${label}$${session.history.length} = `
  return { kind: 'object', object, format: session.format(values), prefix }
}

/** `$3`, `$` (the last) and `$$` (the one before). */
function historyValue({ history }: Session, name: string): KObject | undefined {
  if (!name.startsWith('$')) return undefined
  const index =
    name === '$' ? history.length : name === '$$' ? history.length - 1 : Number(name.slice(1))
  const found = history[index - 1]
  if (!found) throw new UsageError(`no value ${name}`)
  return found
}

function isPerCpuName({ program }: Session, name: string): boolean {
  const symbol = /^[A-Za-z_]\w*$/.test(name) ? program.findSymbol(name) : undefined
  return symbol !== undefined && isPerCpuAddress(program, symbol.address)
}

/** What crash says of a percpu symbol without CPU: its type, and where each copy lies. */
function addressTable(session: Session, name: string): TableBlock {
  const { program } = session
  const type: Type | undefined = program.findGlobalType(name)
  const { cpus = [] } = parsePerCpuOperand(session, `${name}:a`)
  const base = program.symbol(name)
  const declaration = type ? formatType(type, name) : `(unknown type) ${name}`
  return table(
    [
      { title: 'CPU', kind: 'decimal' },
      { title: 'ADDRESS', kind: 'address' },
    ],
    cpus.map((cpu) => [cpu, wrap64(base + perCpuOffset(program, cpu))]),
    {
      heading: `PER-CPU DATA TYPE:\n  ${declaration};\nPER-CPU ADDRESSES:`,
      line: ([cpu, address]) => `  [${cellText(cpu)}]: ${(address as bigint).toString(16)}`,
    },
  )
}
