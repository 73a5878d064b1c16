// mod: the modules that were loaded. Their symbols, types and unwind tables are in the dump: nothing to load.
// Source of names and layout: crash's `mod`.
import { modCode } from '../code/system_code.ts'
import { formatAddress } from '../../base/hex.ts'
import { NotFoundError } from '../../base/errors.ts'
import type { Cell, Column } from '../../base/table.ts'
import { forEachModule, moduleRanges, type Module } from '../../kernel/module.ts'
import { taintFlags, taintLetters } from '../../kernel/taint.ts'
import type { Program } from '../../program/program.ts'
import { cellText } from '../cell_text.ts'
import {
  defineCommand,
  lines,
  table,
  type Block,
  type CommandArgs,
  type TableBlock,
} from '../command.ts'

const OPTIONS = {
  load: {
    type: 'boolean',
    short: 's',
    help: 'show one module; its symbols need no loading (an object file is ignored)',
  },
  loadAll: {
    type: 'boolean',
    short: 'S',
    help: 'show all; their symbols need no loading (a directory is ignored)',
  },
  unload: { type: 'boolean', short: 'd', help: 'accepted; there is nothing to unload' },
  unloadAll: { type: 'boolean', short: 'D', help: 'accepted; there is nothing to unload' },
  taints: { type: 'boolean', short: 't', help: 'modules that taint the kernel' },
  readNow: { type: 'boolean', short: 'r', help: 'accepted; nothing is read late' },
  reinitialize: { type: 'boolean', short: 'R', help: 'accepted; a dump does not change' },
  sections: { type: 'boolean', short: 'g', help: 'accepted' },
  old: { type: 'boolean', short: 'o', help: 'accepted' },
} as const

type Args = CommandArgs<typeof OPTIONS>

export const mod = defineCommand({
  name: 'mod',
  aliases: { lsmod: [] },
  summary: 'module information',
  operands: '[module]',
  description:
    "Modules by address. Each module's symbols, types and unwind tables are read from the dump itself when they " +
    'are first needed, so -s and -S only list.',
  examples: [
    { text: 'all modules', command: 'mod' },
    { text: 'those that taint the kernel', command: 'mod -t' },
  ],
  options: OPTIONS,
  needs: ['symbols', 'types'],
  code: modCode,
  *run({ program }, args) {
    const modules = chooseModules([...forEachModule(program)], args)
    if (args.values.taints) yield taintBlock(program, modules)
    else yield* moduleBlocks(program, modules, args)
  },
})

/** -s and -d name a module, and -s an object file after it; -S names a directory. */
function chooseModules(modules: readonly Module[], { values, operands }: Args): readonly Module[] {
  const name = operands[0]
  if (name === undefined || values.loadAll) return modules
  // Module names have _ where their files have -.
  const chosen = modules.filter(
    (module) => module.string('name') === name.replaceAll('-', '_').replace(/\.ko.*$/, ''),
  )
  if (chosen.length === 0) throw new NotFoundError('module', name)
  return chosen
}

const COLUMNS: readonly Column[] = [
  { title: 'MODULE', kind: 'address', align: 'center' },
  { title: 'NAME', kind: 'text' },
  { title: 'TEXT_BASE', kind: 'address', align: 'center' },
  { title: 'SIZE', kind: 'decimal' },
  { title: 'OBJECT FILE', key: 'known', kind: 'text' },
]

function* moduleBlocks(
  program: Program,
  modules: readonly Module[],
  { values }: Args,
): Generator<Block> {
  const known = new Map(program.modules.map((tables) => [tables.name, tables]))
  const rows = modules
    .map((module): Cell[] => {
      const name = module.string('name')
      const ranges = moduleRanges(module)
      const tables = known.get(name)
      const have = [
        ...(tables?.symbols() ? ['symbols'] : []),
        ...(tables?.types() ? ['types'] : []),
      ]
      const size = ranges.reduce((sum, range) => sum + range.size, 0)
      return [module.address, name, ranges[0]?.start ?? 0n, size, have.join(', ')]
    })
    .sort(([, , left], [, , right]) => ((left as bigint) < (right as bigint) ? -1 : 1))
  yield moduleTable(rows)
  if (values.load || values.loadAll)
    yield lines('(symbols and types of modules are in the dump: nothing to load)')
  if (values.unload || values.unloadAll)
    yield lines('(symbols and types of modules are in the dump: nothing to unload)')
}

function moduleTable(rows: readonly Cell[][]): TableBlock {
  const nameWidth = Math.max(4, ...rows.map(([, name]) => cellText(name).length))
  const sizeWidth = Math.max(4, ...rows.map(([, , , size]) => cellText(size).length))
  return table(COLUMNS, rows, {
    heading: `     MODULE       ${'NAME'.padEnd(nameWidth)}     TEXT_BASE      ${'SIZE'.padStart(sizeWidth)}  OBJECT FILE`,
    line: ([module, name, base, size, have]) =>
      `${formatAddress(module as bigint)}  ${cellText(name).padEnd(nameWidth)}  ${formatAddress(base as bigint)}  ` +
      `${cellText(size).padStart(sizeWidth)}  ${have === '' ? '(no symbols in the dump)' : `(in the dump: ${cellText(have)})`}`,
  })
}

function taintBlock(program: Program, modules: readonly Module[]): Block {
  const flags = taintFlags(program)
  const rows = modules
    .map((module): Cell[] => [
      module.string('name'),
      taintLetters(flags, module.bigint('taints')) + unsigned(module),
    ])
    .filter(([, letters]) => letters !== '')
  if (rows.length === 0) return lines('no tainted modules')
  const width = Math.max(4, ...rows.map(([name]) => cellText(name).length))
  const columns: readonly Column[] = [
    { title: 'NAME', kind: 'text' },
    { title: 'TAINT', kind: 'text' },
  ]
  return table(columns, rows, {
    heading: `${'NAME'.padEnd(width)}  TAINT`,
    line: ([name, letters]) => `${cellText(name).padEnd(width)}  ${cellText(letters)}`,
  })
}

/** Red Hat's 2.6.32 kept signatures in a member of its own. */
function unsigned(module: Module): string {
  return module.find('gpgsig_ok')?.number() === 0 ? '(U)' : ''
}
