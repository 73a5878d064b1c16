// A whole dumped kernel as a readable recipe, built by kernel_builder.ts:
//
//   const { program } = buildKernel({
//     types: 'struct node { struct node *next; int id; char name[8]; };',
//     variables: { first: ['struct node', { id: 1, name: 'one', next: '&second' }] },
//     objects: { second: ['struct node', { id: 2 }] },
//   })
//
// `variables` get symbols, `objects` lie in the direct map without one. In values, '&name.member+8' is an address; a
// string for a `char *` is put somewhere and pointed to.
import { sizeofType } from '../../src/core/debuginfo/type.ts'
import type { Program, ProgramOptions } from '../../src/core/program/program.ts'
import type { Value } from './encode_value.ts'
import { KernelBuilder } from './kernel_builder.ts'

/** What the kernel consists of. */
export interface KernelRecipe {
  /** C declarations; `percpu struct rq runqueues;` declares what `cpus` fills. */
  readonly types: string
  /** Global variables. */
  readonly variables?: Readonly<Record<string, Placed>>
  /** Allocated objects; their names are only for references. */
  readonly objects?: Readonly<Record<string, Placed>>
  /** Functions: name → bytes. */
  readonly functions?: Readonly<Record<string, number>>
  /** Values of percpu variables, one entry a CPU; 'name:0' refers to the copy of CPU 0. */
  readonly cpus?: readonly Readonly<Record<string, Value>>[]
  /** Circular lists: head and entries as 'name.member'. */
  readonly lists?: Readonly<Record<string, readonly string[]>>
  /** Variables and objects on pages of their own that are not in the dump. */
  readonly excluded?: readonly string[]
  readonly release?: string
  /** Further lines of VMCOREINFO. */
  readonly vmcoreinfo?: string
  /** Called before the kernel is finished. */
  readonly more?: (kernel: KernelBuilder) => void
}

/** C type, and value; members not named are zero. */
export type Placed = readonly [type: string, value?: Value]

/** The kernel, and where its parts lie. */
export interface BuiltKernel {
  readonly program: Program
  /** Address of `name`, `name.member`, `name:cpu`. */
  addressOf(reference: string): bigint
}

const PAGE = 4096
const ALIGNMENT = 64
/** Template addresses of percpu variables are small numbers, as before Linux 6.15. */
const PERCPU_FIRST = 0x1000

/** Build a kernel. Throws Error for a recipe that contradicts itself: it is ours. */
export function buildKernel(recipe: KernelRecipe, options: ProgramOptions = {}): BuiltKernel {
  const builder = new KernelBuilder(recipe.types)
  builder.release = recipe.release ?? builder.release
  builder.vmcoreinfo = recipe.vmcoreinfo ?? ''
  for (const [name, size] of Object.entries(recipe.functions ?? {})) builder.function(name, size)
  const cpus = recipe.cpus ?? []
  const placed = { ...cpuVariables(cpus.length), ...recipe.variables, ...recipe.objects }
  placeAll(builder, recipe, placed)
  const bases = placePercpu(builder, cpus)
  // Values last: they may refer to what is placed later.
  for (const [name, [, value]] of Object.entries(placed)) setNamed(builder, name, value)
  if (cpus.length > 0) setNamed(builder, '__per_cpu_offset', bases)
  cpus.forEach((values, cpu) => {
    for (const [name, value] of Object.entries(values)) setNamed(builder, `${name}:${cpu}`, value)
  })
  for (const [head, entries] of Object.entries(recipe.lists ?? {}))
    link(builder, [head, ...entries])
  recipe.more?.(builder)
  for (const name of recipe.excluded ?? []) exclude(builder, name)
  return { program: builder.build(options), addressOf: (reference) => builder.addressOf(reference) }
}

/** What every kernel says of its CPUs. */
function cpuVariables(count: number): Record<string, Placed> {
  if (count === 0) return {}
  const mask = 2 ** count - 1
  return {
    nr_cpu_ids: ['unsigned int', count],
    __cpu_possible_mask: ['unsigned long', mask],
    __cpu_present_mask: ['unsigned long', mask],
    __cpu_online_mask: ['unsigned long', mask],
    __cpu_active_mask: ['unsigned long', mask],
    __per_cpu_offset: [`unsigned long [${count}]`],
  }
}

function placeAll(
  builder: KernelBuilder,
  { variables = {}, objects = {}, excluded = [] }: KernelRecipe,
  placed: Readonly<Record<string, Placed>>,
): void {
  for (const [name, [typeName]] of Object.entries(placed)) {
    if (name in variables && name in objects) throw new Error(`'${name}' is placed twice`)
    const isAlone = excluded.includes(name)
    // What fills pages lies on pages: page tables must.
    const fillsPages = sizeofType(builder.type(typeName)) % PAGE === 0
    const alignment = isAlone || fillsPages ? PAGE : ALIGNMENT
    if (name in objects) {
      const type = builder.type(typeName)
      const address = builder.place(typeName, undefined, alignment)
      builder.names.set(name, { address, type })
      // Nothing else on the page that will be missing.
      if (isAlone) builder.allocate(0, PAGE)
    } else builder.global(name, typeName, undefined, alignment)
  }
}

/** Place templates and copies; returns each CPU's offset. */
function placePercpu(
  builder: KernelBuilder,
  cpus: readonly Readonly<Record<string, Value>>[],
): bigint[] {
  let end = PERCPU_FIRST
  const templates = Array.from(new Set(cpus.flatMap((values) => Object.keys(values))), (name) => {
    const type = builder.types.findVariable(name)
    if (!type) throw new Error(`'${name}' is not declared percpu`)
    const offset = end
    end += Math.ceil(sizeofType(type) / ALIGNMENT) * ALIGNMENT
    builder.symbol(name, 'A', BigInt(offset))
    return { name, type, offset: BigInt(offset) }
  })
  builder.symbol('__per_cpu_start', 'A', 0n)
  builder.symbol('__per_cpu_end', 'A', BigInt(end))
  return cpus.map((_, cpu) => {
    const base = builder.allocate(end, PAGE)
    for (const { name, type, offset } of templates) {
      builder.names.set(`${name}:${cpu}`, { address: base + offset, type })
    }
    return base
  })
}

function setNamed(builder: KernelBuilder, name: string, value: Value | undefined): void {
  const place = builder.names.get(name)
  if (place && value !== undefined) builder.set(place.type, place.address, value)
}

/** Write `next` and `prev` around the ring. */
function link(builder: KernelBuilder, references: readonly string[]): void {
  const ring = references.map((reference) => builder.addressOf(reference))
  ring.forEach((address, i) => {
    builder.write(address, 8, ring[(i + 1) % ring.length] as bigint)
    builder.write(address + 8n, 8, ring[(i + ring.length - 1) % ring.length] as bigint)
  })
}

function exclude(builder: KernelBuilder, name: string): void {
  const place = builder.names.get(name)
  if (!place) throw new Error(`'${name}' is not in the recipe`)
  builder.image.exclude(place.address, Math.max(sizeofType(place.type), 1))
}
