// A dumped kernel made piece by piece: C declarations, variables with symbols, objects in the direct map. What comes out
// is a Program over memory of its own, with BTF, kallsyms and VMCOREINFO as a real x86-64 kernel of 4 levels has them.
// A whole kernel at once, as a recipe: kernel_recipe.ts.
import { Btf } from '../../src/core/debuginfo/btf.ts'
import { sizeofType, type Type } from '../../src/core/debuginfo/type.ts'
import { findMemberPlan } from '../../src/core/program/member_path.ts'
import { parseType } from '../../src/core/program/parse_type.ts'
import { Program, type ProgramOptions } from '../../src/core/program/program.ts'
import { btfOfC } from './c_declarations.ts'
import { encodeScalar, encodeValue, type Value } from './encode_value.ts'
import { mkkallsyms } from './mkkallsyms.ts'
import { PhysicalImage } from './physical_image.ts'

const TEXT_START = 0xffff_ffff_8100_0000n
const DATA_START = 0xffff_ffff_8200_0000n
const TABLES_START = 0xffff_ffff_8300_0000n
const HEAP_START = 0xffff_8880_0400_0000n
const ALIGNMENT = 64
const PAGE = 4096

/** Where something lies, and its type for paths into it. */
export interface Place {
  readonly address: bigint
  readonly type: Type
}

/** A kernel under construction. */
export class KernelBuilder {
  readonly types: Btf
  readonly image = new PhysicalImage()
  /** What '&name' in values refers to. */
  readonly names = new Map<string, Place>()
  release = '6.1.0-recipe'
  /** Further lines of VMCOREINFO. */
  vmcoreinfo = ''
  readonly #btf: Uint8Array
  /** nm's lines. */
  readonly #symbols: string[] = []
  /** Behind _stext, so that it is no other name of the first function. */
  #text = TEXT_START + 64n
  #data = DATA_START
  #heap = HEAP_START

  /** @param types C declarations, see c_declarations.ts */
  constructor(types: string) {
    this.#btf = btfOfC(types).bytes
    this.types = new Btf('recipe BTF', this.#btf)
    this.symbol('_stext', 'T', TEXT_START)
  }

  type(name: string): Type {
    return parseType(name, [this.types], 8)
  }

  /** `offsetof(type, member)`; the member may be a path. */
  offsetof(typeName: string, path: string): number {
    const plan = findMemberPlan(this.type(typeName), path)
    if (!plan || plan.hops.length > 0) throw new Error(`${typeName} has no ${path}`)
    return plan.offset
  }

  symbol(name: string, letter: string, address: bigint): void {
    this.#symbols.push(`${address.toString(16)} ${letter} ${name}`)
  }

  /** A function of `size` bytes (of int3). */
  function(name: string, size: number): bigint {
    const address = this.#text
    this.image.write(address, new Uint8Array(size).fill(0xcc))
    this.#text += BigInt(size)
    this.symbol(name, 'T', address)
    this.names.set(name, { address, type: { kind: 'void' } })
    return address
  }

  /** Zeroed memory of the direct map. */
  allocate(size: number, alignment = ALIGNMENT): bigint {
    const address = roundUp(this.#heap, BigInt(alignment))
    this.#heap = address + BigInt(size)
    this.image.touch(address, Math.max(size, 1))
    return address
  }

  /** A global variable with its symbol; members not given are zero. */
  global(name: string, typeName: string, value?: Value, alignment = ALIGNMENT): bigint {
    const type = this.type(typeName)
    const address = roundUp(this.#data, BigInt(alignment))
    this.#data = address + BigInt(Math.max(sizeofType(type), 1))
    this.image.touch(address, Math.max(sizeofType(type), 1))
    this.symbol(name, 'D', address)
    this.names.set(name, { address, type })
    if (value !== undefined) this.set(type, address, value)
    return address
  }

  /** An object of the direct map; members not given are zero. */
  place(typeName: string, value?: Value, alignment = ALIGNMENT): bigint {
    const type = this.type(typeName)
    const address = this.allocate(sizeofType(type), alignment)
    if (value !== undefined) this.set(type, address, value)
    return address
  }

  /** Write members of the object at `address`; their names may be paths: 'node.rb_left', 'slot[3]'. */
  set(type: Type | string, address: bigint, value: Value): void {
    const resolved = typeof type === 'string' ? this.type(type) : type
    const context = {
      addressOf: (reference: string) => this.addressOf(reference),
      placeString: (text: string) => this.#placeString(text),
    }
    for (const { offset, bytes, mask } of encodeValue(resolved, value, context)) {
      this.image.write(address + BigInt(offset), bytes, mask)
    }
  }

  /** Write a number of `size` bytes, or text cut or filled with NULs to it. */
  write(address: bigint, size: number, value: bigint | number | string): void {
    if (typeof value !== 'string') {
      this.image.write(address, encodeScalar(size, BigInt(value)))
      return
    }
    const bytes = new Uint8Array(size)
    bytes.set(new TextEncoder().encode(value).subarray(0, size))
    this.image.write(address, bytes)
  }

  /** Filter the pages of `[address, address + size)` out of the dump. */
  exclude(address: bigint, size = 1): void {
    this.image.exclude(address, size)
  }

  /** Address of 'name', 'name.member[2].x', each with '+8'. */
  addressOf(reference: string): bigint {
    const match = /^([\w:]+)((?:\.[\w.[\]]+)?)(?:\+(\w+))?$/.exec(reference)
    const place = match && this.names.get(match[1] as string)
    if (!place) throw new Error(`'${reference}' refers to nothing`)
    const path = match[2]?.slice(1) ?? ''
    const plan = path === '' ? undefined : findMemberPlan(place.type, path)
    if (path !== '' && (!plan || plan.hops.length > 0))
      throw new Error(`'${reference}': no such member`)
    return place.address + BigInt(plan?.offset ?? 0) + BigInt(match[3] ?? 0)
  }

  /** The dump of what was written so far, opened. */
  build(options: ProgramOptions = {}): Program {
    const vmcoreinfo = this.#writeTables()
    return new Program(this.image.dump(vmcoreinfo, this.release), options)
  }

  #placeString(text: string): bigint {
    const bytes = new TextEncoder().encode(`${text}\0`)
    const address = this.allocate(bytes.length, 8)
    this.image.write(address, bytes)
    return address
  }

  /** BTF, kallsyms and an empty page table; returns VMCOREINFO. */
  #writeTables(): string {
    const btfEnd = TABLES_START + BigInt(this.#btf.length)
    const pageTable = roundUp(btfEnd, BigInt(PAGE))
    const tablesAt = pageTable + BigInt(PAGE)
    this.image.write(TABLES_START, this.#btf)
    this.image.touch(pageTable, PAGE)
    const own = [
      `${this.#text.toString(16)} T _etext`,
      `${TABLES_START.toString(16)} R __start_BTF`,
      `${btfEnd.toString(16)} R __stop_BTF`,
      `${pageTable.toString(16)} D init_top_pgt`,
    ]
    const symbols = [...this.#symbols, ...own].toSorted(byAddress).join('\n')
    const tables = mkkallsyms({ symbols, at: tablesAt, encoding: 'percpu' })
    this.image.write(tablesAt, tables.bytes)
    return [
      `OSRELEASE=${this.release}`,
      'PAGESIZE=4096',
      'NUMBER(phys_base)=0',
      'NUMBER(pgtable_l5_enabled)=0',
      'NUMBER(KERNEL_IMAGE_SIZE)=1073741824',
      'KERNELOFFSET=0',
      `SYMBOL(_stext)=${TEXT_START.toString(16)}`,
      `SYMBOL(swapper_pg_dir)=${pageTable.toString(16)}`,
      `${tables.vmcoreinfo}${this.vmcoreinfo}`,
    ].join('\n')
  }
}

/** nm's lines in address order, as kallsyms has them. */
function byAddress(a: string, b: string): number {
  const left = BigInt(`0x${a.split(' ')[0]}`)
  const right = BigInt(`0x${b.split(' ')[0]}`)
  return left < right ? -1 : left > right ? 1 : 0
}

const roundUp = (value: bigint, unit: bigint): bigint => ((value + unit - 1n) / unit) * unit
