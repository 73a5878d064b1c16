// btop: the page an address lies in.
import type { Cell, Column } from '../../base/table.ts'
import { hexText } from '../cell_text.ts'
import { defineCommand, table } from '../command.ts'
import { parseHexInput } from '../operand.ts'

const COLUMNS: readonly Column[] = [
  { title: 'ADDRESS', kind: 'hex' },
  { title: 'PAGE', kind: 'hex' },
]

export const btop = defineCommand({
  name: 'btop',
  summary: 'bytes to page',
  operands: 'address ...',
  operandsMin: 1,
  description: 'The page frame number of a hexadecimal address.',
  examples: [{ text: 'a physical address', command: 'btop 512a000' }],
  options: {},
  code: ({ operands }) =>
    operands
      .map(
        (text) =>
          `console.log((${hexLiteral(text)} / BigInt(program.memory.pageSize)).toString(16))`,
      )
      .join('\n'),
  *run({ program }, { operands }) {
    const size = BigInt(program.memory.pageSize)
    const rows = operands.map((text): Cell[] => {
      const address = parseHexInput(text)
      return [address, address / size]
    })
    yield table(COLUMNS, rows, {
      heading: '',
      line: ([address, page]) => `${hexText(address)}: ${hexText(page)}`,
    })
  },
})

const hexLiteral = (text: string): string => `0x${text.replace(/^0x/i, '')}n`
