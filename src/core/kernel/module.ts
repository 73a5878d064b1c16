// Loaded modules: list, layout, and their symbol, type and unwind tables. Source: include/linux/module.h.
import { wrap64 } from '../base/addr.ts'
import { CorruptError, KdumpError } from '../base/errors.ts'
import { Btf } from '../debuginfo/btf.ts'
import { OrcTable } from '../debuginfo/orc.ts'
import { SymbolIndex } from '../debuginfo/symbol_index.ts'
import type { KObject } from '../program/kobject.ts'
import type { AddressRange, ModuleTables } from '../program/module_tables.ts'
import type { Program } from '../program/program.ts'
import { listForEachEntry } from './list.ts'

export type Module = KObject<'module'>

const SYMBOL_LIMIT = 1_000_000
const STRTAB_SIZE_MAX = 64 * 1024 * 1024
const MODULE_BTF_SIZE_MAX = 64 * 1024 * 1024
const ELF64_SYM_SIZE = 24
/** Longest symbol name (KSYM_NAME_LEN is 512 since v6.1). */
const NAME_SIZE_MAX = 512
const SHN_UNDEF = 0
const SHN_ABS = 0xfff1

/** Walk the loaded modules, the kernel's list order (newest first). */
export function* forEachModule(program: Program): Generator<Module> {
  yield* listForEachEntry(program.object('modules'), 'struct module', 'list')
}

/** Memory of a module: text, data, read-only data, and what is left of its init sections. */
export function moduleRanges(module: Module): AddressRange[] {
  // Since v6.4, commit ac3b43283923 ("module: replace module_layout with module_memory"), an array by kind.
  if (module.has('mem')) {
    return Array.from(module.get('mem'), (part) => ({
      start: part.pointer('base'),
      size: part.number('size'),
    })).filter(({ start, size }) => start !== 0n && size > 0)
  }
  const layouts = ['core_layout', 'init_layout'].map((name) => module.get(name))
  return layouts
    .map((layout) => ({ start: layout.pointer('base'), size: layout.number('size') }))
    .filter(({ start, size }) => start !== 0n && size > 0)
}

/** Tables of every module, each read on first use. Hand this to `Program`. @internal */
export function loadModules(program: Program): ModuleTables[] {
  const btfByModule = once(() => findModuleBtf(program))
  const tables: ModuleTables[] = []
  // A damaged list, or a damaged module in it, must not cost the modules before and behind.
  attempt(program, () => {
    for (const module of forEachModule(program)) {
      const found = attempt(program, () => moduleTables(program, module, btfByModule))
      if (found) tables.push(found)
    }
  })
  return tables
}

function moduleTables(
  program: Program,
  module: Module,
  btfByModule: () => Map<bigint, KObject>,
): ModuleTables {
  const name = module.string('name')
  return {
    name,
    ranges: moduleRanges(module),
    symbols: once(() => attempt(program, () => readModuleSymbols(module, name))),
    types: once(() =>
      attempt(program, () => readModuleBtf(program, name, btfByModule().get(module.address))),
    ),
    orc: once(() => attempt(program, () => readModuleOrc(module))),
  }
}

function readModuleSymbols(module: Module, name: string): SymbolIndex | undefined {
  const kallsyms = module.get('kallsyms')
  if (kallsyms.isNull()) return undefined
  const count = kallsyms.number('num_symtab')
  const symtabAddress = kallsyms.pointer('symtab')
  if (count > SYMBOL_LIMIT)
    throw new CorruptError(symtabAddress, `module ${name} has ${count} symbols`)
  const { memory } = module.program
  const bytes = memory.bytes(symtabAddress, count * ELF64_SYM_SIZE)
  const symtab = new DataView(bytes.buffer)
  // Since v5.2, commit 1c7651f43777 ("kallsyms: store type information in its own array"), there is typetab.
  const types = kallsyms.has('typetab')
    ? memory.bytes(kallsyms.pointer('typetab'), count)
    : undefined
  const strings = readStrtab(module, symtab, count, kallsyms.pointer('strtab'))
  return buildSymbols(name, symtab, count, strings, types, memory.littleEndian)
}

/** strtab's size is stored nowhere: it ends after the name that begins last. */
function readStrtab(module: Module, symtab: DataView, count: number, address: bigint): Uint8Array {
  const { memory } = module.program
  let last = 0
  for (let i = 0; i < count; i++)
    last = Math.max(last, symtab.getUint32(i * ELF64_SYM_SIZE, memory.littleEndian))
  if (last > STRTAB_SIZE_MAX) throw new CorruptError(address, `module strtab spans ${last} bytes`)
  // Read first: an offset that is a lie leads nowhere, and nothing is allocated by it.
  const lastName = memory.cstringBytes(wrap64(address + BigInt(last)), NAME_SIZE_MAX - 1)
  const bytes = new Uint8Array(last + NAME_SIZE_MAX)
  memory.readVirtual(address, bytes.subarray(0, last))
  bytes.set(lastName, last)
  return bytes
}

function buildSymbols(
  module: string,
  symtab: DataView,
  count: number,
  strings: Uint8Array,
  typetab: Uint8Array | undefined,
  little: boolean,
): SymbolIndex {
  const rows: { start: number; end: number; type: number; address: bigint; size: number }[] = []
  let bytes = 0
  for (let i = 0; i < count; i++) {
    const at = i * ELF64_SYM_SIZE
    const section = symtab.getUint16(at + 6, little)
    const start = symtab.getUint32(at, little)
    const end = nameEnd(strings, start)
    if (section === SHN_UNDEF || section === SHN_ABS || end <= start) continue
    const info = symtab.getUint8(at + 4)
    const type = typetab?.[i] ?? info
    const size = Number(symtab.getBigUint64(at + 16, little) & 0xffff_ffffn)
    rows.push({ start, end, type, address: symtab.getBigUint64(at + 8, little), size })
    bytes += end - start
  }
  const names = new Uint8Array(bytes)
  const nameStart = new Uint32Array(rows.length + 1)
  rows.forEach(({ start, end }, row) => {
    names.set(strings.subarray(start, end), nameStart[row])
    nameStart[row + 1] = (nameStart[row] as number) + end - start
  })
  return new SymbolIndex(module, {
    count: rows.length,
    names,
    nameStart,
    types: Uint8Array.from(rows, (row) => row.type),
    addresses: BigUint64Array.from(rows, (row) => row.address),
    sizes: Uint32Array.from(rows, (row) => row.size),
  })
}

/** End of a C string; `start` itself if it has none within the longest name. */
function nameEnd(strings: Uint8Array, start: number): number {
  const limit = Math.min(start + NAME_SIZE_MAX, strings.length)
  for (let at = start; at < limit; at++) if (strings[at] === 0) return at
  return start
}

/**
 * Module BTF by `struct module` address. `module.btf_data` is NULL after loading (.BTF is not SHF_ALLOC):
 * the parsed copy hangs in the list btf_modules.
 */
function findModuleBtf(program: Program): Map<bigint, KObject> {
  const found = new Map<bigint, KObject>()
  if (!program.hasSymbol('btf_modules')) return found
  if (!program.kernelTypes?.findType('struct', 'btf_module')) return found
  attempt(program, () => {
    const head = program.object('btf_modules')
    for (const entry of listForEachEntry(head, 'struct btf_module', 'list')) {
      found.set(entry.pointer('module'), entry.get('btf').deref())
    }
  })
  return found
}

function readModuleBtf(program: Program, name: string, btf: KObject | undefined): Btf | undefined {
  const base = program.kernelTypes
  if (!btf || !base) return undefined
  const size = btf.number('data_size')
  const address = btf.pointer('data')
  if (size > MODULE_BTF_SIZE_MAX)
    throw new CorruptError(address, `BTF of module ${name} has ${size} bytes`)
  return new Btf(`BTF of module ${name}`, program.memory.bytes(address, size), base)
}

function readModuleOrc(module: Module): OrcTable | undefined {
  const { program } = module
  const version = program.orcVersion
  if (version === undefined || !module.has('arch.num_orcs')) return undefined
  const count = module.number('arch.num_orcs')
  if (count === 0) return undefined
  const ips = module.pointer('arch.orc_unwind_ip')
  return new OrcTable(program.memory, ips, module.pointer('arch.orc_unwind'), count, version)
}

/** One damaged module must not cost the others. */
function attempt<T>(program: Program, read: () => T): T | undefined {
  try {
    return read()
  } catch (error) {
    if (!(error instanceof KdumpError)) throw error
    program.problems.push(error)
    return undefined
  }
}

function once<T>(read: () => T): () => T {
  let result: { readonly value: T } | undefined
  return () => (result ??= { value: read() }).value
}
