// ascii: hexadecimal values as the characters their bytes are, and the chart of all characters.
import { UsageError } from '../../base/errors.ts'
import { formatAddress } from '../../base/hex.ts'
import type { Cell, Column } from '../../base/table.ts'
import { addressText, cellText } from '../cell_text.ts'
import { defineCommand, lines, table, type Block } from '../command.ts'
import { parseHexInput } from '../operand.ts'

const CONTROLS = [
  ...['NUL', 'SOH', 'STX', 'ETX', 'EOT', 'ENQ', 'ACK', 'BEL', 'BS', 'HT', 'LF', 'VT', 'FF', 'CR'],
  ...['SO', 'SI', 'DLE', 'DC1', 'DC2', 'DC3', 'DC4', 'NAK', 'SYN', 'ETB', 'CAN', 'EM', 'SUB'],
  ...['ESC', 'FS', 'GS', 'RS', 'US'],
]
const DIGITS_MAX = 16

const COLUMNS: readonly Column[] = [
  { title: 'VALUE', kind: 'address' },
  { title: 'ASCII', kind: 'text' },
]

export const ascii = defineCommand({
  name: 'ascii',
  summary: 'translate a hexadecimal string to ASCII',
  operands: '[value ...]',
  description:
    'The characters of a value of 64 bits, its lowest byte first as memory has it; without a value, a chart of all.',
  examples: [
    { text: 'a word of memory', command: 'ascii 62696c2f7273752f' },
    { text: 'the chart', command: 'ascii' },
  ],
  options: {},
  code: ({ operands }) =>
    operands
      .map(
        (text) =>
          `console.log(Buffer.from(new BigUint64Array([0x${text.replace(/^0x/i, '')}n]).buffer).toString('latin1'))`,
      )
      .join('\n') ||
    'for (let code = 0; code < 128; code++) console.log(code, String.fromCharCode(code))',
  *run({ program }, { operands }) {
    if (operands.length === 0) yield chart()
    else yield valueTable(operands, program.memory.littleEndian)
  },
})

function valueTable(operands: readonly string[], littleEndian: boolean): Block {
  const rows = operands.map((text): Cell[] => {
    const digits = text.replace(/^0x/i, '')
    if (digits.length > DIGITS_MAX)
      throw new UsageError(
        `input string too large: "${digits}" (${digits.length} vs ${DIGITS_MAX})`,
      )
    const value = parseHexInput(text)
    const bytes = Array.from({ length: 8 }, (_, i) => Number((value >> BigInt(8 * i)) & 0xffn))
    return [value, (littleEndian ? bytes : bytes.toReversed()).map(byteText).join('')]
  })
  return table(COLUMNS, rows, {
    heading: '',
    line: ([value, text]) => `${addressText(value)}: ${cellText(text)}`,
  })
}

function byteText(byte: number): string {
  if (byte >= 0x20 && byte < 0x7f) return String.fromCharCode(byte)
  if (byte === 0x7f) return '<DEL>'
  return `<${CONTROLS[byte] ?? formatAddress(BigInt(byte), 2)}>`
}

/** Characters by their upper three bits across, their lower four down. crash confuses ' with ` there, and - with _. */
function chart(): Block {
  const rows = Array.from({ length: 16 }, (_, low) => {
    const cells = Array.from({ length: 8 }, (_, high) => chartCell(high * 16 + low))
    return `  ${low.toString(16).toUpperCase()} |${cells.join('')}`.trimEnd()
  })
  return lines(
    '',
    '      0    1   2   3   4   5   6   7',
    '    +-------------------------------',
    ...rows,
    '',
  )
}

function chartCell(code: number): string {
  if (code === 0x7f) return ' DEL'
  if (code === 0x20) return '  SP'
  if (code < 0x20) return ` ${(CONTROLS[code] as string).padStart(3)}`
  return `  ${String.fromCharCode(code)} `
}
