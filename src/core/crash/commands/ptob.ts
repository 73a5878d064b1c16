// ptob: where a page begins.
import { wrap64 } from '../../base/addr.ts'
import { UsageError } from '../../base/errors.ts'
import type { Cell, Column } from '../../base/table.ts'
import { hexText } from '../cell_text.ts'
import { defineCommand, table } from '../command.ts'
import { parseHex } from '../operand.ts'

const COLUMNS: readonly Column[] = [
  { title: 'PAGE', kind: 'hex' },
  { title: 'ADDRESS', kind: 'hex' },
]

export const ptob = defineCommand({
  name: 'ptob',
  summary: 'page to bytes',
  operands: 'page_number ...',
  operandsMin: 1,
  description: 'The physical address of a page frame, given by its hexadecimal number.',
  examples: [{ text: 'a page frame', command: 'ptob 512a' }],
  options: {},
  code: ({ operands }) =>
    operands
      .map(
        (text) =>
          `console.log((0x${text.replace(/^0x/i, '')}n * BigInt(program.memory.pageSize)).toString(16))`,
      )
      .join('\n'),
  *run({ program }, { operands }) {
    const size = BigInt(program.memory.pageSize)
    const rows = operands.map((text): Cell[] => {
      const page = parseHex(text)
      if (page === undefined) throw new UsageError(`not a valid number: ${text}`)
      return [page, wrap64(page * size)]
    })
    yield table(COLUMNS, rows, {
      heading: '',
      line: ([page, address]) => `${hexText(page)}: ${hexText(address)}`,
    })
  },
})
