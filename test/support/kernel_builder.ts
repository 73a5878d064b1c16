// A dumped kernel made from a readable recipe: C declarations, objects with their values, lists, percpu copies. What
// comes out is a Program over memory of its own, with BTF, kallsyms and VMCOREINFO as a real x86-64 kernel has them.
//
//   const { program } = buildKernel({
//     types: 'struct node { struct node *next; int id; char name[8]; };',
//     variables: { first: ['struct node', { id: 1, name: 'one', next: '&second' }] },
//     objects: { second: ['struct node', { id: 2 }] },
//   })
//
// `variables` get symbols, `objects` lie in the direct map without one. In values, '&name.member+8' is an address; a
// string for a `char *` is put somewhere and pointed to.
import { Btf } from '../../src/core/debuginfo/btf.ts'
import { sizeofType, type Type } from '../../src/core/debuginfo/type.ts'
import { findMemberPlan } from '../../src/core/program/member_path.ts'
import { parseType } from '../../src/core/program/parse_type.ts'
import { Program, type ProgramOptions } from '../../src/core/program/program.ts'
import { btfOfC } from './c_declarations.ts'
import { encodeValue, type Value } from './encode_value.ts'
import { PhysicalImage } from './physical_image.ts'
import { mkkallsyms } from './mkkallsyms.ts'

export interface KernelRecipe {
  /** C declarations; `percpu struct rq runqueues;` declares what `cpus` fills. */
  readonly types: string
  /** Global variables: C type and value. */
  readonly variables?: Readonly<Record<string, Placed>>
  /** Allocated objects; their names are only for references. */
  readonly objects?: Readonly<Record<string, Placed>>
  /** Functions: name → bytes. */
  readonly functions?: Readonly<Record<string, number>>
  /** Values of percpu variables, one entry a CPU; 'name:0' refers to the copy of CPU 0. */
  readonly cpus?: readonly Readonly<Record<string, Value>>[]
  /** Circular lists: head and entries as 'name.member'. */
  readonly lists?: Readonly<Record<string, readonly string[]>>
  /** Objects on pages of their own that are not in the dump. */
  readonly excluded?: readonly string[]
  readonly release?: string
  /** Further lines of VMCOREINFO. */
  readonly vmcoreinfo?: string
}

/** C type, and value; members not named are zero. */
export type Placed = readonly [type: string, value?: Value]

export interface BuiltKernel {
  readonly program: Program
  /** Address of `name`, `name.member`, `name:cpu`. */
  addressOf(reference: string): bigint
}

const TEXT_START = 0xffff_ffff_8100_0000n
const DATA_START = 0xffff_ffff_8200_0000n
const TABLES_START = 0xffff_ffff_8300_0000n
const HEAP_START = 0xffff_8880_0400_0000n
/** Template addresses of percpu variables are small numbers, as before Linux 6.15. */
const PERCPU_FIRST = 0x1000n
const ALIGNMENT = 64n
const PAGE = 4096n

interface Place {
  readonly address: bigint
  readonly type: Type
}

/** Build a kernel. Throws Error for a recipe that contradicts itself: it is ours. */
export function buildKernel(recipe: KernelRecipe, options: ProgramOptions = {}): BuiltKernel {
  return new KernelBuilder(recipe).build(options)
}

class KernelBuilder {
  readonly #recipe: KernelRecipe
  readonly #image = new PhysicalImage()
  readonly #btfBytes: Uint8Array
  readonly #btf: Btf
  readonly #places = new Map<string, Place>()
  /** nm's lines. */
  readonly #symbols: string[] = []
  #data = DATA_START
  #heap = HEAP_START

  constructor(recipe: KernelRecipe) {
    this.#recipe = recipe
    this.#btfBytes = btfOfC(recipe.types).bytes
    this.#btf = new Btf('recipe BTF', this.#btfBytes)
  }

  build(options: ProgramOptions): BuiltKernel {
    this.#placeFunctions()
    for (const [name, [type]] of Object.entries(this.#allVariables())) {
      this.#symbol(this.#place(name, this.#type(type), 'data'), 'D', name)
    }
    for (const [name, [type]] of Object.entries(this.#recipe.objects ?? {})) {
      this.#place(name, this.#type(type), 'heap')
    }
    const bases = this.#placePercpu()
    this.#writeValues(bases)
    for (const [head, entries] of Object.entries(this.#recipe.lists ?? {}))
      this.#link(head, entries)
    for (const name of this.#recipe.excluded ?? []) this.#exclude(name)
    const vmcoreinfo = this.#writeTables()
    const program = new Program(this.#image.dump(vmcoreinfo, this.#release), options)
    return { program, addressOf: (reference) => this.#addressOf(reference) }
  }

  get #release(): string {
    return this.#recipe.release ?? '6.1.0-recipe'
  }

  #type(name: string): Type {
    return parseType(name, [this.#btf], 8)
  }

  /** The recipe's variables, and those every kernel with CPUs has. */
  #allVariables(): Readonly<Record<string, Placed>> {
    const cpus = this.#recipe.cpus?.length ?? 0
    if (cpus === 0) return this.#recipe.variables ?? {}
    const mask = 2 ** cpus - 1
    return {
      nr_cpu_ids: ['unsigned int', cpus],
      __cpu_possible_mask: ['unsigned long', mask],
      __cpu_present_mask: ['unsigned long', mask],
      __cpu_online_mask: ['unsigned long', mask],
      __cpu_active_mask: ['unsigned long', mask],
      __per_cpu_offset: [`unsigned long [${cpus}]`],
      ...this.#recipe.variables,
    }
  }

  #symbol(address: bigint, letter: string, name: string): void {
    this.#symbols.push(`${address.toString(16)} ${letter} ${name}`)
  }

  #placeFunctions(): void {
    let at = TEXT_START
    this.#symbol(at, 'T', '_stext')
    for (const [name, size] of Object.entries(this.#recipe.functions ?? {})) {
      this.#places.set(name, { address: at, type: { kind: 'void' } })
      this.#symbol(at, 'T', name)
      this.#image.write(at, new Uint8Array(size).fill(0xcc))
      at += BigInt(size)
    }
    this.#symbol(at, 'T', '_etext')
  }

  /** Give an object its address; excluded ones take whole pages. */
  #place(name: string, type: Type, where: 'data' | 'heap'): bigint {
    if (this.#places.has(name)) throw new Error(`'${name}' is placed twice`)
    const isAlone = this.#recipe.excluded?.includes(name) ?? false
    const alignment = isAlone ? PAGE : ALIGNMENT
    const start = roundUp(where === 'data' ? this.#data : this.#heap, alignment)
    const end = roundUp(start + BigInt(Math.max(sizeofType(type), 1)), alignment)
    if (where === 'data') this.#data = end
    else this.#heap = end
    this.#places.set(name, { address: start, type })
    return start
  }

  /** Place templates and copies; returns each CPU's offset. */
  #placePercpu(): bigint[] {
    const cpus = this.#recipe.cpus ?? []
    const names = new Set(cpus.flatMap((values) => Object.keys(values)))
    let end = PERCPU_FIRST
    const templates = new Map<string, Place>()
    this.#symbol(0n, 'A', '__per_cpu_start')
    for (const name of names) {
      const type = this.#btf.findVariable(name)
      if (!type) throw new Error(`'${name}' is not declared percpu`)
      templates.set(name, { address: end, type })
      this.#symbol(end, 'A', name)
      end = roundUp(end + BigInt(sizeofType(type)), ALIGNMENT)
    }
    this.#symbol(end, 'A', '__per_cpu_end')
    return cpus.map((_, cpu) => {
      const base = roundUp(this.#heap, PAGE)
      this.#heap = base + roundUp(end, PAGE)
      for (const [name, { address, type }] of templates) {
        this.#places.set(`${name}:${cpu}`, { address: base + address, type })
      }
      return base
    })
  }

  #writeValues(percpuOffsets: readonly bigint[]): void {
    const { variables = {}, objects = {}, cpus = [] } = this.#recipe
    const placed = { ...this.#allVariables(), ...variables, ...objects }
    for (const [name, [, value]] of Object.entries(placed))
      if (value !== undefined) this.#write(name, value)
    // Objects without value are zero, not absent.
    for (const name of Object.keys(placed)) this.#touch(name)
    if (cpus.length > 0) this.#write('__per_cpu_offset', percpuOffsets)
    cpus.forEach((values, cpu) => {
      for (const [name, value] of Object.entries(values)) {
        this.#touch(`${name}:${cpu}`)
        this.#write(`${name}:${cpu}`, value)
      }
    })
  }

  #write(name: string, value: Value): void {
    const { address, type } = this.#getPlace(name)
    const context = {
      addressOf: (reference: string) => this.#addressOf(reference),
      placeString: (text: string) => this.#placeString(text),
    }
    for (const { offset, bytes, mask } of encodeValue(type, value, context)) {
      this.#image.write(address + BigInt(offset), bytes, mask)
    }
  }

  #touch(name: string): void {
    const { address, type } = this.#getPlace(name)
    this.#image.touch(address, Math.max(sizeofType(type), 1))
  }

  #placeString(text: string): bigint {
    const bytes = new TextEncoder().encode(`${text}\0`)
    const address = this.#heap
    this.#image.write(address, bytes)
    this.#heap = roundUp(address + BigInt(bytes.length), 8n)
    return address
  }

  /** Write `next` and `prev` around the ring. */
  #link(head: string, entries: readonly string[]): void {
    const ring = [head, ...entries].map((reference) => this.#addressOf(reference))
    ring.forEach((address, i) => {
      const next = ring[(i + 1) % ring.length] as bigint
      const previous = ring[(i + ring.length - 1) % ring.length] as bigint
      this.#image.write(address, wordBytes(next))
      this.#image.write(address + 8n, wordBytes(previous))
    })
  }

  #exclude(name: string): void {
    const { address, type } = this.#getPlace(name)
    this.#image.exclude(address, Math.max(sizeofType(type), 1))
  }

  #getPlace(name: string): Place {
    const place = this.#places.get(name)
    if (!place) throw new Error(`'${name}' is not in the recipe`)
    return place
  }

  /** `name`, `name.member[2].x`, `name:1.member`, each with `+8`. */
  #addressOf(reference: string): bigint {
    const match = /^([\w:]+)((?:\.[\w.[\]]+)?)(?:\+(\w+))?$/.exec(reference)
    if (!match) throw new Error(`'${reference}' is no reference`)
    const place = this.#getPlace(match[1] as string)
    const path = match[2]?.slice(1) ?? ''
    const plan = path === '' ? undefined : findMemberPlan(place.type, path)
    if (path !== '' && (!plan || plan.hops.length > 0))
      throw new Error(`'${reference}': no such member`)
    return place.address + BigInt(plan?.offset ?? 0) + BigInt(match[3] ?? 0)
  }

  /** BTF, kallsyms, an empty page table; returns VMCOREINFO. */
  #writeTables(): string {
    const btfEnd = TABLES_START + BigInt(this.#btfBytes.length)
    this.#image.write(TABLES_START, this.#btfBytes)
    this.#symbol(TABLES_START, 'R', '__start_BTF')
    this.#symbol(btfEnd, 'R', '__stop_BTF')
    const pageTable = roundUp(btfEnd, PAGE)
    this.#image.touch(pageTable, Number(PAGE))
    this.#symbol(pageTable, 'D', 'init_top_pgt')
    this.#symbol(roundUp(this.#data, PAGE), 'D', '_edata')
    const tables = mkkallsyms({
      symbols: this.#symbols.toSorted(byAddress).join('\n'),
      at: pageTable + PAGE,
      encoding: 'percpu',
    })
    this.#image.write(pageTable + PAGE, tables.bytes)
    return [
      `OSRELEASE=${this.#release}`,
      'PAGESIZE=4096',
      'NUMBER(phys_base)=0',
      'NUMBER(pgtable_l5_enabled)=0',
      'NUMBER(KERNEL_IMAGE_SIZE)=1073741824',
      'KERNELOFFSET=0',
      `SYMBOL(_stext)=${TEXT_START.toString(16)}`,
      `SYMBOL(swapper_pg_dir)=${pageTable.toString(16)}`,
      `${tables.vmcoreinfo}${this.#recipe.vmcoreinfo ?? ''}`,
    ].join('\n')
  }
}

/** nm's lines in address order, as kallsyms has them. */
function byAddress(a: string, b: string): number {
  const left = BigInt(`0x${a.split(' ')[0]}`)
  const right = BigInt(`0x${b.split(' ')[0]}`)
  return left < right ? -1 : left > right ? 1 : 0
}

function wordBytes(value: bigint): Uint8Array {
  const bytes = new Uint8Array(8)
  new DataView(bytes.buffer).setBigUint64(0, value, true)
  return bytes
}

const roundUp = (value: bigint, unit: bigint): bigint => ((value + unit - 1n) / unit) * unit
