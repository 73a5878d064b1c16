// The bug table: file and line of every BUG() and WARN(), which a kernel keeps without any debug information.
// Source: lib/bug.c, include/asm-generic/bug.h struct bug_entry.
import { wrap64 } from '../base/addr.ts'
import { KdumpError } from '../base/errors.ts'
import type { Program } from '../program/program.ts'
import { forEachModule } from './module.ts'

/** A kernel has some 10,000 entries, a module some hundreds. */
const ENTRY_LIMIT = 1_000_000
const FILE_SIZE_MAX = 512
// include/asm-generic/bug.h
const BUGFLAG_WARNING = 1

/** One BUG() or WARN(). */
export interface BugEntry {
  /** The instruction that traps: ud2 on x86. */
  readonly address: bigint
  /** As the compiler was told it; '' without CONFIG_DEBUG_BUGVERBOSE. */
  readonly file: string
  readonly line: number
  readonly isWarning: boolean
  /** Name of the module, '' for the kernel. */
  readonly module: string
}

/**
 * Every entry of the kernel's table and of its modules'.
 *
 * @throws {NotFoundError} if the kernel has no bug table
 * @source lib/bug.c find_bug()
 */
export function* forEachBugEntry(program: Program): Generator<BugEntry> {
  const start = program.symbol('__start___bug_table')
  const size = program.sizeof('struct bug_entry')
  const end = program.symbol('__stop___bug_table')
  yield* readTable(program, start, Math.floor(Number(end - start) / size), '')
  for (const module of forEachModule(program)) {
    if (!module.has('bug_table') || !module.has('num_bugs')) return
    const name = module.string('name')
    yield* readTable(program, module.pointer('bug_table'), module.number('num_bugs'), name)
  }
}

const tables = new WeakMap<Program, ReadonlyMap<bigint, BugEntry>>()

/** The BUG() or WARN() whose trapping instruction lies at `address`; undefined if there is none. */
export function findBug(program: Program, address: bigint): BugEntry | undefined {
  let table = tables.get(program)
  if (!table) {
    table = new Map(goodEntries(program).map((entry) => [entry.address, entry]))
    tables.set(program, table)
  }
  return table.get(address)
}

/** As many entries as could be read: without a table, or with a damaged one, some lines are not known. */
function goodEntries(program: Program): BugEntry[] {
  const found: BugEntry[] = []
  try {
    for (const entry of forEachBugEntry(program)) found.push(entry)
  } catch (error) {
    if (!(error instanceof KdumpError)) throw error
  }
  return found
}

/** Where things lie within an entry. */
interface Layout {
  readonly size: number
  /** Offset of the trap's address, and whether it is a displacement. */
  readonly address: number
  readonly file: number | undefined
  readonly line: number | undefined
  readonly flags: number
  readonly isRelative: boolean
}

function* readTable(
  program: Program,
  start: bigint,
  count: number,
  module: string,
): Generator<BugEntry> {
  const layout = layoutOf(program)
  if (!(count > 0 && count <= ENTRY_LIMIT)) return
  const bytes = program.memory.bytes(start, count * layout.size)
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const base = layout.isRelative ? relativeBase(program, view, layout, start, count) : 'member'
  const readFile = fileReader(program)
  for (let i = 0; i < count; i++) {
    const at = i * layout.size
    const { memory } = program
    yield {
      address: addressAt(view, layout, start, at, 'member', layout.address, memory.littleEndian),
      file:
        layout.file === undefined
          ? ''
          : (readFile(addressAt(view, layout, start, at, base, layout.file, memory.littleEndian)) ??
            ''),
      line: layout.line === undefined ? 0 : view.getUint16(at + layout.line, memory.littleEndian),
      isWarning: (view.getUint16(at + layout.flags, memory.littleEndian) & BUGFLAG_WARNING) !== 0,
      module,
    }
  }
}

/** By the type: CONFIG_GENERIC_BUG_RELATIVE_POINTERS makes displacements, CONFIG_DEBUG_BUGVERBOSE adds file and line. */
function layoutOf(program: Program): Layout {
  const entry = program.objectAt('bug_entry', 0n)
  const offset = (...names: string[]): number => program.offsetof('struct bug_entry', ...names)
  const isRelative = entry.has('bug_addr_disp')
  return {
    size: program.sizeof('struct bug_entry'),
    address: offset('bug_addr_disp', 'bug_addr'),
    file: entry.has('file_disp', 'file') ? offset('file_disp', 'file') : undefined,
    line: entry.has('line') ? offset('line') : undefined,
    flags: offset('flags'),
    isRelative,
  }
}

type RelativeBase = 'member' | 'entry'

function addressAt(
  view: DataView,
  layout: Layout,
  start: bigint,
  entry: number,
  base: RelativeBase,
  member: number,
  littleEndian: boolean,
): bigint {
  if (!layout.isRelative) return view.getBigUint64(entry + member, littleEndian)
  const origin = start + BigInt(base === 'member' ? entry + member : entry)
  return wrap64(origin + BigInt(view.getInt32(entry + member, littleEndian)))
}

/** Entries looked at to find out what displacements of files are relative to. */
const SAMPLE = 32

/**
 * What file_disp is relative to. Since v5.19, commit 3e5274ef90e2 ("bug: Use normal relative pointers in 'struct
 * bug_entry'"), the member itself, before that the entry. The type is the same: whole strings tell.
 */
function relativeBase(
  program: Program,
  view: DataView,
  layout: Layout,
  start: bigint,
  count: number,
): RelativeBase {
  const { file } = layout
  if (file === undefined) return 'member'
  const whole = (base: RelativeBase): number => {
    let good = 0
    for (let i = 0; i < Math.min(SAMPLE, count); i++) {
      const at = Math.floor((i * count) / SAMPLE) % count
      const { littleEndian } = program.memory
      const address = addressAt(view, layout, start, at * layout.size, base, file, littleEndian)
      if (isWholeFileName(program, address)) good++
    }
    return good
  }
  return whole('entry') > whole('member') ? 'entry' : 'member'
}

/** Does a string that looks like a source file begin exactly here? */
function isWholeFileName(program: Program, address: bigint): boolean {
  try {
    const before = program.memory.u8(wrap64(address - 1n))
    return before === 0 && SOURCE_FILE.test(program.readCString(address, FILE_SIZE_MAX))
  } catch (error) {
    if (error instanceof KdumpError) return false
    throw error
  }
}

/** `mm/slub.c`, `./include/linux/mm.h`, `arch/x86/entry/entry_64.S`, `rust/kernel/lib.rs`. */
const SOURCE_FILE = /^[\w./+,@~ -]+\.(?:[chS]|rs|inc)$/

/**
 * Read names of source files: thousands of entries name a thousand files.
 *
 * @returns undefined for what cannot be read or names no file
 */
export function fileReader(program: Program): (address: bigint) => string | undefined {
  const names = new Map<bigint, string | undefined>()
  return (address) => {
    if (names.has(address)) return names.get(address)
    const name = readFileName(program, address)
    names.set(address, name)
    return name
  }
}

function readFileName(program: Program, address: bigint): string | undefined {
  try {
    const name = program.readCString(address, FILE_SIZE_MAX)
    return SOURCE_FILE.test(name) ? name.replace(/^(?:\.\/)+/, '') : undefined
  } catch (error) {
    if (error instanceof KdumpError) return undefined
    throw error
  }
}
