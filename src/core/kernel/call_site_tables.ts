// Tables of places in the source that a kernel keeps: dynamic debug messages, the index of printk formats, allocation tags.
// Each names function, file and line, none an address. Source: include/linux/dynamic_debug.h, include/linux/printk.h,
// include/linux/codetag.h.
import { KdumpError } from '../base/errors.ts'
import type { KObject } from '../program/kobject.ts'
import type { Program } from '../program/program.ts'
import { fileReader } from './bug.ts'
import { forEachModule, type Module } from './module.ts'

/** Kernels have thousands. */
const SITE_LIMIT = 1_000_000
const FUNCTION_SIZE_MAX = 512

/** A place in the source. */
export interface SourceSite {
  readonly function: string
  readonly file: string
  readonly line: number
  /** Name of the module, '' for the kernel. */
  readonly module: string
}

/** How a table is called, and what its entries are. */
interface SiteTable {
  /** Of an entry. */
  readonly type: string
  /** Start and end, of the kernel's own; alternatives newest first. */
  readonly bounds: readonly (readonly [start: string, end: string])[]
  /** Are the elements pointers to entries? */
  readonly isIndirect?: boolean
  readonly members: {
    readonly function: string
    readonly file: string
    readonly line: string
  }
  /** A module's own: pointer and count. */
  readonly ofModule?: (module: Module) => SiteRange | undefined
}

interface SiteRange {
  readonly start: bigint
  readonly count: number
}

const TABLES: readonly SiteTable[] = [
  {
    type: 'struct _ddebug',
    bounds: [
      ['__start___dyndbg', '__stop___dyndbg'],
      // Until v5.9, commit e5ebffe18e5a ("dyndbg: rename __verbose section to __dyndbg"), it was called so.
      ['__start___verbose', '__stop___verbose'],
    ],
    members: { function: 'function', file: 'filename', line: 'lineno' },
    // Since v6.1, commit b7b4eebdba7b ("dyndbg: gather __dyndbg[] state into struct _ddebug_info"), a module knows its own.
    ofModule: (module) => counted(module, 'dyndbg_info.descs', 'dyndbg_info.num_descs'),
  },
  {
    type: 'struct pi_entry',
    bounds: [['__start_printk_index', '__stop_printk_index']],
    isIndirect: true,
    members: { function: 'func', file: 'file', line: 'line' },
    ofModule: (module) => counted(module, 'printk_index_start', 'printk_index_size'),
  },
  {
    type: 'struct alloc_tag',
    bounds: [['__start_alloc_tags', '__stop_alloc_tags']],
    members: { function: 'ct.function', file: 'ct.filename', line: 'ct.lineno' },
  },
]

/** Every place named by any table, as far as they can be read. */
export function* forEachSourceSite(program: Program): Generator<SourceSite> {
  const readFile = fileReader(program)
  for (const table of TABLES) {
    if (!program.hasType(table.type)) continue
    const range = kernelRange(program, table)
    if (range) yield* readSites(program, table, range, '', readFile)
    if (table.ofModule) yield* moduleSites(program, table, readFile)
  }
}

function* moduleSites(
  program: Program,
  table: SiteTable,
  readFile: (address: bigint) => string | undefined,
): Generator<SourceSite> {
  for (const module of forEachModule(program)) {
    const range = table.ofModule?.(module)
    if (range) yield* readSites(program, table, range, module.string('name'), readFile)
  }
}

function kernelRange(
  program: Program,
  { type, bounds, isIndirect }: SiteTable,
): SiteRange | undefined {
  for (const [first, last] of bounds) {
    if (!program.hasSymbol(first) || !program.hasSymbol(last)) continue
    const start = program.symbol(first)
    const size = isIndirect ? 8 : program.sizeof(type)
    return { start, count: Math.floor(Number(program.symbol(last) - start) / size) }
  }
  return undefined
}

function counted(module: Module, start: string, count: string): SiteRange | undefined {
  if (!module.has(start) || !module.has(count)) return undefined
  return { start: module.pointer(start), count: module.number(count) }
}

function* readSites(
  program: Program,
  table: SiteTable,
  { start, count }: SiteRange,
  module: string,
  readFile: (address: bigint) => string | undefined,
): Generator<SourceSite> {
  if (!(count > 0 && count <= SITE_LIMIT)) return
  const size = table.isIndirect ? 8 : program.sizeof(table.type)
  for (let i = 0; i < count; i++) {
    const site = readSite(program, table, start + BigInt(i * size), readFile)
    if (site) yield { ...site, module }
  }
}

/** One place; undefined where the entry or a string of it is not in the dump. */
function readSite(
  program: Program,
  { type, isIndirect, members }: SiteTable,
  address: bigint,
  readFile: (address: bigint) => string | undefined,
): Omit<SourceSite, 'module'> | undefined {
  try {
    const at = isIndirect ? program.memory.u64(address) : address
    const entry: KObject = program.objectAt(type, at)
    const file = readFile(entry.pointer(members.file))
    const name = program.readCString(entry.pointer(members.function), FUNCTION_SIZE_MAX)
    if (file === undefined || !/^[\w.$]+$/.test(name)) return undefined
    return { function: name, file, line: entry.number(members.line) }
  } catch (error) {
    if (error instanceof KdumpError) return undefined
    throw error
  }
}
