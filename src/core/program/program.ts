// A dumped kernel: memory, symbols, types. Knows C, not Linux: what tasks and lists are is kernel/'s business.
import { FormatError, KdumpError, NotFoundError } from '../base/errors.ts'
import { decodeCString } from '../base/text.ts'
import type { Arch } from '../arch/arch.ts'
import { getArch } from '../arch/archs.ts'
import { Btf } from '../debuginfo/btf.ts'
import { readKallsyms } from '../debuginfo/kallsyms.ts'
import { locateKallsyms } from '../debuginfo/locate_kallsyms.ts'
import { checkNamelist, namelistSymbols, type Namelist } from '../debuginfo/namelist.ts'
import { OrcTable, orcVersion, type OrcVersion } from '../debuginfo/orc.ts'
import type { KernelSymbol, SymbolIndex } from '../debuginfo/symbol_index.ts'
import { sizeofType, stripType, type Type } from '../debuginfo/type.ts'
import type { TypeProvider } from '../debuginfo/type_provider.ts'
import { VmcoreInfo } from '../debuginfo/vmcoreinfo.ts'
import type { Dump } from '../dump/dump_format.ts'
import { GLOBAL_TYPE_SUFFIXES, GLOBAL_TYPES } from './global_types.ts'
import type { VariableTag } from './kernel_types.ts'
import { KObject } from './kobject.ts'
import { Memory } from './memory.ts'
import { ModuleMap, type ModuleTables } from './module_tables.ts'
import { parseType } from './parse_type.ts'

/** .BTF of a distribution kernel is 4 to 6 MB. */
const BTF_SIZE_MAX = 256 * 1024 * 1024
const DIRECT_MAP_BASE_4_LEVEL = 0xffff_8880_0000_0000n
const DIRECT_MAP_BASE_5_LEVEL = 0xff11_0000_0000_0000n

/** What a program is given by the rooms above. */
export interface ProgramOptions {
  /** How modules are found is Linux's business: kernel/module.ts hands it in. */
  readonly loadModules?: (program: Program) => ModuleTables[]
  /** A vmlinux or System.map, for what the dump lacks. */
  readonly namelist?: Namelist
}

/** A dumped program, and the entry to all that is known of it. */
export class Program {
  readonly dump: Dump
  readonly memory: Memory
  readonly arch: Arch
  readonly info: VmcoreInfo
  /** Virtual address of physical address 0 in the direct map (PAGE_OFFSET); undefined if it could not be read. */
  readonly directMapBase: bigint | undefined
  /** Why symbols or types are missing; empty when all is well. */
  readonly problems: KdumpError[] = []
  readonly #options: ProgramOptions
  readonly #types = new Map<string, Type>()
  #kernelSymbols: SymbolIndex | undefined
  #kernelTypes: Btf | undefined | null = null
  #kernelOrc: OrcTable | undefined | null = null
  #modules: readonly ModuleTables[] | undefined
  #moduleMap: ModuleMap | undefined
  #orcVersion: OrcVersion | undefined | null = null

  /**
   * Open what is inside a dump. Missing symbols or types are noted in `problems`, not thrown: what can
   * be read without them still can.
   *
   * @throws {FormatError} if the dump has no VMCOREINFO
   * @throws {UnsupportedError} if the architecture is unknown
   * @throws {UsageError} if the namelist is of another kernel
   */
  constructor(dump: Dump, options: ProgramOptions = {}) {
    if (!dump.vmcoreinfo) {
      const search = dump.kernelSearch === undefined ? '' : `, and ${dump.kernelSearch}`
      throw new FormatError(dump.file, 0, `dump has no VMCOREINFO note${search}`)
    }
    this.dump = dump
    this.#options = options
    this.info = VmcoreInfo.parse(dump.vmcoreinfo)
    this.arch = getArch(dump.utsname?.machine ?? '')
    this.memory = new Memory(dump)
    const translator = this.arch.createTranslator(this.memory.archMemory(this.info))
    this.memory.setTranslator(translator)
    if (options.namelist) checkNamelist(options.namelist, this.info)
    this.#kernelSymbols = this.#readSymbols()
    this.directMapBase = this.#attempt(() => this.#readDirectMapBase())
    if (this.directMapBase !== undefined) translator.setDirectMap(this.directMapBase)
  }

  /** Symbols of the kernel proper; undefined if they could not be read (see `problems`). */
  get kernelSymbols(): SymbolIndex | undefined {
    return this.#kernelSymbols
  }

  /** Types of the kernel proper; read on first use. */
  get kernelTypes(): Btf | undefined {
    if (this.#kernelTypes === null) this.#kernelTypes = this.#attempt(() => this.#readBtf())
    return this.#kernelTypes
  }

  /** Loaded modules, in the kernel's list order; read on first use. */
  get modules(): readonly ModuleTables[] {
    if (!this.#modules) {
      // Set first: reading the list asks for symbols, which would look into modules.
      this.#modules = []
      this.#modules = this.#attempt(() => this.#options.loadModules?.(this)) ?? []
    }
    return this.#modules
  }

  /** Kernel types first, then each module's. */
  *typeProviders(): Generator<TypeProvider> {
    if (this.kernelTypes) yield this.kernelTypes
    for (const module of this.modules) {
      const types = module.types()
      if (types) yield types
    }
  }

  /** A symbol by name: the kernel's, else a module's. */
  findSymbol(name: string): KernelSymbol | undefined {
    const own = this.#kernelSymbols?.find(name)
    if (own) return own
    for (const module of this.modules) {
      const found = module.symbols()?.find(name)
      if (found) return found
    }
    return undefined
  }

  /** Address of a kernel symbol, modules not searched. @throws {NotFoundError} */
  symbol(name: string): bigint {
    const found = this.#kernelSymbols?.find(name)
    if (!found) throw new NotFoundError('symbol', name)
    return found.address
  }

  hasSymbol(name: string): boolean {
    return this.#kernelSymbols?.find(name) !== undefined
  }

  /** The symbol whose range holds `address`. */
  symbolAt(address: bigint): KernelSymbol | undefined {
    const module = this.#moduleAt(address)
    return module
      ? module.symbols()?.findAddress(address)
      : this.#kernelSymbols?.findAddress(address)
  }

  /** `name+0x12`, with ` [module]`; undefined if nothing is there. */
  symbolize(address: bigint): string | undefined {
    const symbol = this.symbolAt(address)
    if (!symbol) return undefined
    const offset = address - symbol.address
    const module = symbol.module === '' ? '' : ` [${symbol.module}]`
    return `${symbol.name}${offset === 0n ? '' : `+0x${offset.toString(16)}`}${module}`
  }

  /** A type by its C name. @throws {NotFoundError} kind 'type' */
  type(name: string): Type {
    let type = this.#types.get(name)
    if (!type) {
      type = parseType(name, this.typeProviders(), 8)
      this.#types.set(name, type)
    }
    return type
  }

  hasType(name: string): boolean {
    return this.findType(name) !== undefined
  }

  findType(name: string): Type | undefined {
    try {
      return this.type(name)
    } catch (error) {
      if (error instanceof NotFoundError) return undefined
      throw error
    }
  }

  /** `sizeof(type)` in bytes. */
  sizeof(name: string): number {
    return sizeofType(this.type(name))
  }

  /** `offsetof(type, member)` in bytes. @throws {NotFoundError} if the type or member does not exist */
  offsetof(typeName: string, ...members: string[]): number {
    const type = stripType(this.type(typeName))
    if (type.kind === 'struct' || type.kind === 'union') {
      for (const member of members) {
        const found = type.memberIndex.get(member)
        if (found) return Math.floor(found.bitOffset / 8)
      }
    }
    throw new NotFoundError('member', `${typeName} has no ${members.join(' or ')}`)
  }

  /** The declared type of a global variable, as far as known. */
  findGlobalType(name: string): Type | undefined {
    const known =
      (Object.hasOwn(GLOBAL_TYPES, name) ? GLOBAL_TYPES[name] : undefined) ??
      GLOBAL_TYPE_SUFFIXES.find(([suffix]) => name.endsWith(suffix))?.[1]
    if (known !== undefined) return this.findType(known)
    for (const provider of this.typeProviders()) {
      const type = provider.findVariable(name)
      if (type) return type
    }
    return undefined
  }

  /**
   * A global variable as an object.
   *
   * @param typeName C type, where the kernel's type data and our table do not know it
   * @throws {NotFoundError} if the symbol or its type is unknown
   */
  object<S extends string, T extends string = VariableTag<S>>(
    symbol: S,
    typeName?: T | `struct ${T}`,
  ): KObject<T> {
    const address = this.findSymbol(symbol)?.address
    if (address === undefined) throw new NotFoundError('symbol', symbol)
    const type = typeName === undefined ? this.findGlobalType(symbol) : this.type(typeName)
    if (!type) throw new NotFoundError('type', `of variable ${symbol}`)
    return new KObject<T>(this, type, address)
  }

  /** An object at an address. */
  objectAt<T extends string>(typeName: T | `struct ${T}`, address: bigint): KObject<T> {
    return new KObject<T>(this, this.type(typeName), BigInt.asUintN(64, address))
  }

  /** A value that lies nowhere: a register seen as a pointer, say. */
  value(typeName: string, value: bigint): KObject {
    return new KObject(this, this.type(typeName), 0n, { value })
  }

  /** Text at a kernel address up to NUL. */
  readCString(address: bigint, sizeMax = 4096): string {
    return decodeCString(this.memory.cstringBytes(address, sizeMax))
  }

  /** The unwind table that covers `ip`: the module's it lies in, else the kernel's. */
  orcTable(ip: bigint): OrcTable | undefined {
    const module = this.#moduleAt(ip)
    if (module) return module.orc()
    if (this.#kernelOrc === null) this.#kernelOrc = this.#attempt(() => this.#readOrc())
    return this.#kernelOrc
  }

  /** Layout of the kernel's ORC entries, undefined without ORC. */
  get orcVersion(): OrcVersion | undefined {
    if (this.#orcVersion === null) {
      const fallbackRule = this.#kernelSymbols?.find('orc_fp_entry')?.address
      const bits = fallbackRule === undefined ? undefined : this.memory.u16(fallbackRule + 4n)
      this.#orcVersion = this.kernelTypes && orcVersion(this.kernelTypes, bits)
    }
    return this.#orcVersion
  }

  /** Close the files of the dump. */
  [Symbol.dispose](): void {
    this.dump[Symbol.dispose]()
  }

  #moduleAt(address: bigint): ModuleTables | undefined {
    const { modules } = this
    // Asked while the list is being read, no module is known yet.
    if (modules.length > 0) this.#moduleMap ??= new ModuleMap(modules)
    return this.#moduleMap?.find(address)
  }

  /** kallsyms has all of them only with CONFIG_KALLSYMS_ALL: without, it has functions, and no variable. */
  #readSymbols(): SymbolIndex | undefined {
    const own = this.#attempt(() => readKallsyms(this.memory, this.#locateKallsyms()))
    const { namelist } = this.#options
    if (!namelist || own?.find('init_task')) return own
    const given = this.#attempt(() => namelistSymbols(namelist, this.info.kaslrOffset))
    // What the dump lacks is there.
    if (given) this.problems.length = 0
    return given ?? own
  }

  /** Since v6.0, commit 5fd8fea935a1 ("vmcoreinfo: include kallsyms symbols"), VMCOREINFO says where it is. */
  #locateKallsyms(): VmcoreInfo {
    if (this.info.symbol('kallsyms_names') !== undefined) return this.info
    const located = locateKallsyms(this.memory, this.info)
    return located ? this.info.withSymbols(located) : this.info
  }

  #readBtf(): Btf {
    try {
      return this.#readBtfOfDump()
    } catch (error) {
      const bytes = this.#options.namelist?.btf()
      if (!bytes || !(error instanceof KdumpError)) throw error
      return new Btf(`BTF of ${this.#options.namelist?.file}`, bytes)
    }
  }

  #readBtfOfDump(): Btf {
    const start = this.symbol('__start_BTF')
    const size = Number(this.symbol('__stop_BTF') - start)
    if (!(size > 0 && size <= BTF_SIZE_MAX)) throw new NotFoundError('type', `BTF of ${size} bytes`)
    return new Btf('vmlinux BTF', this.memory.bytes(start, size))
  }

  #readOrc(): OrcTable | undefined {
    const start = this.symbol('__start_orc_unwind_ip')
    const count = Number(this.symbol('__stop_orc_unwind_ip') - start) / 4
    const version = this.orcVersion
    return (
      version && new OrcTable(this.memory, start, this.symbol('__start_orc_unwind'), count, version)
    )
  }

  #readDirectMapBase(): bigint {
    const variable = this.#kernelSymbols?.find('page_offset_base')
    if (variable) return this.memory.u64(variable.address)
    return this.info.number('pgtable_l5_enabled') === 1
      ? DIRECT_MAP_BASE_5_LEVEL
      : DIRECT_MAP_BASE_4_LEVEL
  }

  #attempt<T>(read: () => T): T | undefined {
    try {
      return read()
    } catch (error) {
      if (!(error instanceof KdumpError)) throw error
      this.problems.push(error)
      return undefined
    }
  }
}
