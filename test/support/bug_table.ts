// The table of BUG() and WARN() in a kernel under construction, as x86-64 has it since v5.19.
import type { KernelBuilder } from './kernel_builder.ts'

/** Declares its entries. */
export const BUG_TABLE_TYPES =
  'struct bug_entry { int bug_addr_disp; int file_disp; unsigned short line; unsigned short flags; };'

/** A check: where it traps, as `function+offset`, and where it stands. */
export interface BugTableEntry {
  readonly at: string
  readonly file: string
  readonly line: number
  readonly isWarning?: boolean
}

const ENTRY_SIZE = 12
const FILE_SIZE = 64

/** Write the table. Functions must have been made. */
export function writeBugTable(kernel: KernelBuilder, entries: readonly BugTableEntry[]): void {
  const table = kernel.global('__start___bug_table', `struct bug_entry [${entries.length}]`)
  kernel.symbol('__stop___bug_table', 'D', table + BigInt(entries.length * ENTRY_SIZE))
  const names = kernel.global('bug_files', `char [${entries.length * FILE_SIZE}]`)
  const displace = (at: bigint, to: bigint): void =>
    kernel.write(at, 4, BigInt.asUintN(32, to - at))
  entries.forEach(({ at, file, line, isWarning = false }, index) => {
    const entry = table + BigInt(index * ENTRY_SIZE)
    const name = names + BigInt(index * FILE_SIZE)
    kernel.write(name, FILE_SIZE, `\0${file}`)
    displace(entry, kernel.addressOf(at))
    displace(entry + 4n, name + 1n)
    kernel.write(entry + 8n, 2, line)
    kernel.write(entry + 10n, 2, isWarning ? 1 : 0)
  })
}
