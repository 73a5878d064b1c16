// eval: a number or a sum of two, in all radixes. Source of notation and layout: crash's `eval`.
import { wrap64 } from '../../base/addr.ts'
import { KdumpError, UsageError } from '../../base/errors.ts'
import { evaluate } from '../../program/evaluate.ts'
import type { Program } from '../../program/program.ts'
import { defineCommand, record } from '../command.ts'

const OPTIONS = {
  bits: { type: 'boolean', short: 'b', help: 'also say which bits are set' },
  long: { type: 'boolean', short: 'l', help: 'accepted; values have 64 bits' },
} as const

const KB = 1024n
const UNITS: Readonly<Record<string, bigint>> = { k: KB, m: KB * KB, g: KB * KB * KB }
const SIGN_BIT = 1n << 63n

export const evalCommand = defineCommand({
  name: 'eval',
  summary: 'evaluate',
  operands: '(expression) | value',
  operandsMin: 1,
  description:
    'Shows a value, or (x operator y), in hexadecimal, decimal, octal and binary. The operators are ' +
    '+ - & | ^ * % / << and >>; parentheses are needed around |, << and >>. x and y are symbols or numbers: hexadecimal ' +
    'with 0x or where a letter shows it, else decimal; k, m and g behind them multiply by 1024 and its powers, ~ before ' +
    'them inverts all bits. Anything else is taken as an expression of C, as p takes it.',
  examples: [
    { text: 'a size', command: 'eval 128m' },
    { text: 'which bits a mask has', command: 'eval -b 41dc065' },
    { text: 'a sum', command: 'eval (1 << 32)' },
    { text: 'an address', command: 'eval init_task + 8' },
  ],
  options: OPTIONS,
  code: ({ operands }) =>
    `console.log(evaluate(program, ${JSON.stringify(toC(operands.join(' ')))}).bigint())`,
  *run({ program }, { values, operands }) {
    const value = evaluateText(program, operands.join(' '))
    const signed = BigInt.asIntN(64, value)
    yield record('column', [
      {
        title: 'hexadecimal',
        kind: 'hex',
        value,
        text: `${value.toString(16)}  ${sizeText(value)}`,
      },
      {
        title: 'decimal',
        kind: 'decimal',
        value,
        text: `${value}  ${value >= SIGN_BIT ? `(${signed})` : ''}`,
      },
      { title: 'octal', kind: 'text', value: value.toString(8) },
      { title: 'binary', kind: 'text', value: value.toString(2).padStart(64, '0') },
      ...(values.bits
        ? [{ title: 'bits set', key: 'bits_set', kind: 'text', value: bitsSet(value) } as const]
        : []),
    ])
  },
})

/** The same in C: symbols stand for their addresses, numbers say their radix, units are written out. */
function toC(text: string): string {
  return text.replace(
    /\b(0x[\da-f]+|[\da-f]+)([kmg]?)\b|\b[a-z_]\w*/gi,
    (word, digits?: string, unit = '') => {
      if (digits === undefined) return `(unsigned long)&${word}`
      const literal = /^(0x|\d+$)/i.test(digits) ? digits : `0x${digits}`
      const size = UNITS[unit.toLowerCase()]
      return size === undefined ? literal : `(${literal} * ${size}UL)`
    },
  )
}

function evaluateText(program: Program, text: string): bigint {
  const bare = text
    .trim()
    .replace(/^\((.*)\)$/, '$1')
    .trim()
  const value = simpleValue(program, bare)
  if (value !== undefined) return value
  const sum = /^(.+?)\s*(<<|>>|[-+&|^*%/])\s*(.+)$/.exec(bare)
  const left = sum && simpleValue(program, (sum[1] as string).trim())
  const right = sum && simpleValue(program, (sum[3] as string).trim())
  if (sum && left !== undefined && left !== null && right !== undefined && right !== null)
    return combine(left, sum[2] as string, right)
  try {
    return wrap64(evaluate(program, bare).bigint())
  } catch (error) {
    if (!(error instanceof KdumpError)) throw error
    throw new UsageError(`invalid expression: (${bare})`, { cause: error })
  }
}

/** A number or symbol, `~` before it or a unit behind it; undefined for anything else. */
function simpleValue(program: Program, text: string): bigint | undefined {
  if (text.startsWith('~')) {
    const inverted = simpleValue(program, text.slice(1).trim())
    return inverted === undefined ? undefined : wrap64(~inverted)
  }
  const number = /^(-?)(?:(\d+)|(?:0x)?([\da-f]+))([kmg]?)$/i.exec(text)
  if (number) {
    const [, sign, decimal, hex, unit] = number
    const magnitude = decimal === undefined ? BigInt(`0x${hex}`) : BigInt(decimal)
    return wrap64(
      (sign === '-' ? -magnitude : magnitude) * (UNITS[unit?.toLowerCase() ?? ''] ?? 1n),
    )
  }
  return program.findSymbol(text)?.address
}

function combine(left: bigint, operator: string, right: bigint): bigint {
  if (right === 0n && (operator === '/' || operator === '%'))
    throw new UsageError('division by zero')
  switch (operator) {
    case '+':
      return wrap64(left + right)
    case '-':
      return wrap64(left - right)
    case '*':
      return wrap64(left * right)
    case '/':
      return left / right
    case '%':
      return left % right
    case '&':
      return left & right
    case '|':
      return left | right
    case '^':
      return left ^ right
    // Wider shifts than the value has bits leave nothing; as bigints they would not fit into memory.
    case '<<':
      return right < 64n ? wrap64(left << right) : 0n
    default:
      return right < 64n ? left >> right : 0n
  }
}

/** `(128MB)` for a whole number of them. */
function sizeText(value: bigint): string {
  if (value === 0n) return ''
  for (const unit of ['g', 'm', 'k']) {
    const size = UNITS[unit] as bigint
    if (value % size === 0n) return `(${value / size}${unit.toUpperCase()}B)`
  }
  return ''
}

function bitsSet(value: bigint): string {
  const bits = Array.from({ length: 64 }, (_, i) => 63 - i)
  return bits.filter((bit) => (value >> BigInt(bit)) & 1n).join(' ')
}
