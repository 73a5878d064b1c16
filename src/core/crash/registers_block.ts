// Saved registers as crash lays them out, three a line.
import { formatAddress } from '../base/hex.ts'
import type { Column } from '../base/table.ts'
import type { Registers } from '../program/registers.ts'
import { table, type TableBlock } from './command.ts'

/** crash's order of registers, three a line. */
const REGISTER_LINES: readonly (readonly (readonly [label: string, name: string])[])[] = [
  [
    ['RIP', 'ip'],
    ['RSP', 'sp'],
    ['RFLAGS', 'flags'],
  ],
  [
    ['RAX', 'ax'],
    ['RBX', 'bx'],
    ['RCX', 'cx'],
  ],
  [
    ['RDX', 'dx'],
    ['RSI', 'si'],
    ['RDI', 'di'],
  ],
  [
    ['RBP', 'bp'],
    ['R8', 'r8'],
    ['R9', 'r9'],
  ],
  [
    ['R10', 'r10'],
    ['R11', 'r11'],
    ['R12', 'r12'],
  ],
  [
    ['R13', 'r13'],
    ['R14', 'r14'],
    ['R15', 'r15'],
  ],
  [
    ['ORIG_RAX', 'orig_ax'],
    ['CS', 'cs'],
    ['SS', 'ss'],
  ],
]

/** Saved registers as crash prints them; those an interrupt frame lacks are left out. */
export function registersBlock(registers: Registers): TableBlock {
  const names = REGISTER_LINES.flat().filter(([, name]) => registers[name] !== undefined)
  const columns = names.map(([label]): Column => ({ title: label, kind: 'address' }))
  const row = names.map(([, name]) => registers[name] as bigint)
  return table(columns, [row], { heading: '', line: () => formatRegisters(registers) })
}

function formatRegisters(registers: Registers): string {
  const text = REGISTER_LINES.map((items) =>
    items
      .filter(([, name]) => registers[name] !== undefined)
      .map(([label, name]) => {
        const digits = label === 'RFLAGS' ? 8 : label === 'CS' || label === 'SS' ? 4 : 16
        const title = label.length === 2 && label.startsWith('R') ? ` ${label}` : label
        return `${title}: ${formatAddress(registers[name] as bigint, digits)}`
      })
      .join('  '),
  )
  return text
    .filter((line) => line !== '')
    .map((line) => `    ${line}`)
    .join('\n')
}
