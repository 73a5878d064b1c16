// pte: what the contents of a page table entry mean.
import { defineCommand, type Block } from '../command.ts'
import { parseHexInput } from '../operand.ts'
import { entryTable } from '../entry_table.ts'

export const pte = defineCommand({
  name: 'pte',
  summary: 'translate a page table entry',
  operands: 'contents ...',
  operandsMin: 1,
  description:
    'The physical address and the flags of an entry that maps a page; the swap device and the offset of one that ' +
    'stands for a page that was swapped out.',
  examples: [{ text: 'an entry', command: 'pte d8e067' }],
  options: {},
  code: ({ operands }) =>
    operands
      .map(
        (text) =>
          `console.log(program.memory.translator.explainEntry(0x${text.replace(/^0x/i, '')}n))`,
      )
      .join('\n'),
  *run({ program }, { operands }): Iterable<Block> {
    for (const text of operands) yield entryTable(program, parseHexInput(text))
  },
})
