// The table of docs/formats/support.md: observed, written and read again.
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { SUPPORT_ROWS, type SupportRow, type SupportTool } from './support_matrix.ts'

/** Where it is. */
export const SUPPORT_FILE = path.resolve(import.meta.dirname, '../../docs/formats/support.md')

/** 'yes' or 'no' by row and column; a row that could not be made here is missing. */
export type SupportTable = ReadonlyMap<string, ReadonlyMap<string, string>>

const HEAD = `# Who reads which dump

Each file was made for real, of one crash of Debian's 6.1 kernel or by QEMU of one guest, and each tool asked to open it: kbox and crash
for the log, drgn for its tasks, makedumpfile to filter it again (a split set: to reassemble it). "Converted" files are written by this
repository's tests after the format's description. /proc/kcore is read by kbox in a guest, see \`test/compat/read_qemu.test.ts\`.

Rows and columns are data in \`test/support/support_matrix.ts\`;
\`bin/node scripts/support_table.ts\` makes the table anew, and test/compat fails when it is not what is observed.
`

/** Name a row. */
export function rowName({ format, maker }: SupportRow): string {
  return `${format} | ${maker}`
}

/** Make every file, and ask tools of it. @param onRow told of each row when it is done */
export async function observeSupport(
  tools: readonly SupportTool[],
  onRow?: (row: string, answers: ReadonlyMap<string, string>) => void,
): Promise<SupportTable> {
  const table = new Map<string, ReadonlyMap<string, string>>()
  for (const row of SUPPORT_ROWS) {
    const answers = await observeRow(row, tools)
    if (!answers) continue
    table.set(rowName(row), answers)
    onRow?.(rowName(row), answers)
  }
  return table
}

async function observeRow(
  row: SupportRow,
  tools: readonly SupportTool[],
): Promise<ReadonlyMap<string, string> | undefined> {
  const folder = mkdtempSync(path.join(tmpdir(), 'kbox-support-'))
  try {
    const files = row.make(folder)
    if (!files) return undefined
    const answers = tools.map(async (tool, index) => {
      const own = path.join(folder, String(index))
      mkdirSync(own)
      return [tool.name, (await tool.reads(files, own)) ? 'yes' : 'no'] as const
    })
    return new Map(await Promise.all(answers))
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** The page. kbox writes what a row was made by it of. */
export function formatSupport(table: SupportTable): string {
  const [first] = table.values()
  const [ours = '', ...others] = [...(first?.keys() ?? [])]
  const written = new Set(
    SUPPORT_ROWS.filter((row) => /^kbox\b/.test(row.maker) && table.has(rowName(row))).map(
      ({ format }) => format,
    ),
  )
  const lines = SUPPORT_ROWS.filter((row) => table.has(rowName(row))).map((row) => {
    const answers = table.get(rowName(row))
    const cells = [
      row.format,
      row.maker,
      answers?.get(ours) ?? '',
      written.has(row.format) ? 'yes' : 'no',
      ...others.map((name) => answers?.get(name) ?? ''),
    ]
    return tableLine(cells)
  })
  const head = ['format', 'made by', ours, 'kbox writes', ...others]
  return [HEAD, tableLine(head), tableLine(head.map(() => '---')), ...lines, ''].join('\n')
}

const tableLine = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`

/** Read the table of a page. */
export function parseSupport(text: string): SupportTable {
  const rows = text
    .split('\n')
    .filter((line) => line.startsWith('| '))
    .map((line) => line.slice(2, -2).split(' | '))
  const [head = [], , ...body] = rows
  return new Map(
    body.map(([format = '', maker = '', ...cells]) => [
      `${format} | ${maker}`,
      new Map(cells.map((cell, index) => [head[index + 2] ?? '', cell])),
    ]),
  )
}
