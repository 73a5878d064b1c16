// kmem: the kernel's memory: who uses it, what is free, what an address is. Source of names and layout: crash's `kmem`.
import { UsageError } from '../../base/errors.ts'
import { forEachCpu } from '../../kernel/percpu.ts'
import { findSlabCache } from '../../kernel/slab_cache.ts'
import { findVmapArea, forEachVmapArea, type VmapArea } from '../../kernel/vmalloc.ts'
import { defineCommand, lines, type Block, type CommandArgs } from '../command.ts'
import { parseCpuList } from '../cpu_list.ts'
import {
  findPageOfPlace,
  pageOfPlace,
  placeBlocks,
  resolvePlace,
  type MemoryPlace,
} from '../kmem_address.ts'
import { kmemCode } from '../code/kmem_code.ts'
import { findFreeBlockOf, freeBlocks } from '../kmem_free.ts'
import { nodeBlocks, perCpuOffsetTable } from '../kmem_node.ts'
import { allPages, flagTable, memberTable, pageTable } from '../kmem_page.ts'
import { slabBlocks, slabOfAddressBlocks } from '../kmem_slab.ts'
import { counterBlocks, hugePageBlocks, usageTable, zoneBlocks } from '../kmem_usage.ts'
import { areasOfPhysical, vmallocTable } from '../kmem_vmalloc.ts'
import { parseHex } from '../operand.ts'
import type { Session } from '../session.ts'

const OPTIONS = {
  info: {
    type: 'string',
    short: 'i',
    optional: true,
    value: 'shared',
    help: 'how much memory is used for what; SHARED only on request, as every page descriptor is read for it',
  },
  slabs: { type: 'boolean', short: 's', help: 'slab caches, or the object an address is in' },
  slabObjects: {
    type: 'string',
    short: 'S',
    optional: true,
    value: 'cpus',
    help: 'caches with their slabs and objects; of some CPUs',
  },
  ignore: {
    type: 'string',
    short: 'I',
    value: 'slab[,slab]',
    help: 'caches that -s and -S do not look into',
  },
  rootSlabs: { type: 'boolean', short: 'r', help: 'root caches with their children, up to v5.8' },
  free: { type: 'boolean', short: 'f', help: 'free blocks, counted; or the block of an address' },
  freePages: { type: 'boolean', short: 'F', help: 'free blocks, all of them' },
  cache: { type: 'boolean', short: 'c', help: 'the page cache hash table, of Linux 2.4' },
  cachePages: { type: 'boolean', short: 'C', help: 'the page cache hash table, of Linux 2.4' },
  vmalloc: { type: 'boolean', short: 'v', help: 'areas of vmalloc(), or the area of an address' },
  counters: { type: 'boolean', short: 'V', help: 'counters of zones, nodes and events' },
  nodes: { type: 'boolean', short: 'n', help: 'memory nodes, sections and blocks' },
  zones: { type: 'boolean', short: 'z', help: 'zones, their watermarks and counters' },
  offsets: { type: 'boolean', short: 'o', help: 'what each CPU adds to a per-CPU symbol' },
  huge: { type: 'boolean', short: 'h', help: 'pools of huge pages' },
  pages: { type: 'boolean', short: 'p', help: 'page descriptors: all, or those of addresses' },
  members: {
    type: 'string',
    short: 'm',
    value: 'member[,member]',
    help: 'members of page descriptors: of all, or of addresses',
  },
  pageList: {
    type: 'string',
    short: 'l',
    value: 'a|i',
    help: 'pages of the active or inactive list, of Linux 2.4',
  },
  pageListCount: {
    type: 'string',
    short: 'L',
    value: 'a|i',
    help: 'pages of the active or inactive list, of Linux 2.4, counted',
  },
  flags: { type: 'boolean', short: 'g', help: 'names of page flags: all, or those of a value' },
  physical: { type: 'boolean', short: 'P', help: 'the addresses are physical' },
} as const

/** Arguments of kmem. */
export type KmemArgs = CommandArgs<typeof OPTIONS>

/** All of them say what to show: crash takes one. */
const VERBS = [
  'info',
  'slabs',
  'slabObjects',
  'rootSlabs',
  'free',
  'freePages',
  'cache',
  'cachePages',
  'vmalloc',
  'counters',
  'nodes',
  'zones',
  'offsets',
  'huge',
  'pages',
  'members',
  'pageList',
  'pageListCount',
  'flags',
] as const

type Verb = (typeof VERBS)[number]

export const kmem = defineCommand({
  name: 'kmem',
  summary: 'kernel memory',
  operands: '[slab | address ...]',
  description:
    'Memory by use, slab caches and their objects, free blocks, page descriptors; and, with an address alone, what ' +
    'that is: a symbol, an object of a slab and whether it is allocated, a free block, a task or its stack, a ' +
    "vmalloc area, and the page's descriptor. Addresses are kernel addresses, those of page descriptors, or " +
    'physical (small ones are; -P says so).\n\n' +
    'A slab object is free that is on a freelist or in a sheaf, also one that a CPU keeps at hand: /proc/slabinfo ' +
    'counts those as active.',
  examples: [
    { text: 'how memory is used', command: 'kmem -i' },
    { text: 'all slab caches', command: 'kmem -s' },
    { text: 'every object of one', command: 'kmem -S task_struct' },
    { text: 'what an address is', command: 'kmem ffff8e36c1232100' },
    { text: 'pages by who they belong to', command: 'kmem -m mapping,_refcount' },
  ],
  options: OPTIONS,
  needs: ['symbols', 'types'],
  code: (args) => kmemCode(args, chosenVerb(args)),
  *run(session, args) {
    const { program } = session
    const verb = chosenVerb(args)
    if (verb === undefined) {
      if (args.operands.length === 0) throw new UsageError('argument missing')
      for (const [i, place] of [...places(session, args)].entries()) {
        if (i > 0) yield lines('')
        yield* placeBlocks(program, place)
      }
      return
    }
    yield* (ADDRESS_VERBS[verb] ?? withoutOperands(verb))(session, args)
  },
})

function chosenVerb({ values }: KmemArgs): Verb | undefined {
  const given = VERBS.filter((verb) => values[verb] !== undefined && values[verb] !== false)
  if (given.length > 1) throw new UsageError('only one flag allowed!')
  return given[0]
}

type Run = (session: Session, args: KmemArgs) => Iterable<Block>

const ADDRESS_VERBS: Partial<Record<Verb, Run>> = {
  slabs: (session, args) => slabsOf(session, args, undefined),
  slabObjects: (session, args) => {
    const spec = args.values.slabObjects || 'all'
    return slabsOf(session, args, parseCpuList(spec, forEachCpu(session.program, 'possible')))
  },
  free: freeOf,
  freePages: freeOf,
  vmalloc: vmallocOf,
  pages: (session, args) => [pageTable(pagesOf(session, args))],
  members: (session, args) => {
    const members = (args.values.members ?? '').split(',')
    return [memberTable(session.program, members, pagesOf(session, args), session.radix)]
  },
  pageList: (_, { values }) => noPageList(values.pageList),
  pageListCount: (_, { values }) => noPageList(values.pageListCount),
  flags: ({ program }, { operands }) => [flagTable(program, flagsOf(operands))],
}

/** The lists are each zone's own since Linux 2.6, and each node's now: -V tells how long they are. */
function noPageList(which: string | undefined): never {
  const names: Readonly<Record<string, string>> = { a: 'active_list', i: 'inactive_list' }
  throw new UsageError(`${names[which ?? ''] ?? 'this list'} does not exist in this kernel`)
}

/** Reports that take no operands. */
function withoutOperands(verb: Verb): Run {
  return function* ({ program }, { operands, values }) {
    if (operands.length > 0) throw new UsageError('no address arguments allowed with this option')
    if (verb === 'info') yield usageTable(program, values.info === 'shared')
    else if (verb === 'counters') yield* counterBlocks(program)
    else if (verb === 'nodes') yield* nodeBlocks(program)
    else if (verb === 'zones') yield* zoneBlocks(program)
    else if (verb === 'offsets') yield perCpuOffsetTable(program)
    else if (verb === 'huge') yield* hugePageBlocks(program)
    else
      throw new UsageError(
        `-${OPTIONS[verb].short} option not supported or applicable on this architecture or kernel`,
      )
  }
}

function* places({ program }: Session, { operands, values }: KmemArgs): Generator<MemoryPlace> {
  for (const operand of operands) yield resolvePlace(program, operand, values.physical)
}

function* slabsOf(
  session: Session,
  args: KmemArgs,
  cpus: readonly number[] | undefined,
): Generator<Block> {
  const { program } = session
  const [name] = args.operands
  if (args.operands.length > 1) throw new UsageError('only one kmem_cache reference is allowed')
  const ignored = args.values.ignore?.split(',') ?? []
  // A name of hex digits is a name if there is such a cache.
  const isAddress =
    name !== undefined && parseHex(name) !== undefined && !findSlabCache(program, name)
  if (isAddress)
    yield* slabOfAddressBlocks(program, resolvePlace(program, name, args.values.physical))
  else yield* slabBlocks(session, { name, ignored, cpus })
}

function* freeOf(session: Session, args: KmemArgs): Generator<Block> {
  const { program } = session
  if (args.operands.length === 0) {
    yield* freeBlocks(program, args.values.freePages)
    return
  }
  for (const place of places(session, args)) {
    const page = findPageOfPlace(program, place)
    // As crash, nothing is said of what is not free.
    yield* (page && findFreeBlockOf(page, place.text)) ?? []
  }
}

function* vmallocOf(session: Session, args: KmemArgs): Generator<Block> {
  const { program } = session
  yield vmallocTable(args.operands.length === 0 ? forEachVmapArea(program) : areasOf(session, args))
}

function* areasOf(session: Session, args: KmemArgs): Generator<VmapArea> {
  for (const { address, physical, text } of places(session, args)) {
    const isAddress = address !== undefined && text === address.toString(16)
    if (isAddress) yield* areaAt(session, address)
    else if (physical !== undefined) yield* areasOfPhysical(session.program, physical)
  }
}

function areaAt({ program }: Session, address: bigint): VmapArea[] {
  const area = findVmapArea(program, address)
  return area ? [area] : []
}

function* pagesOf(session: Session, args: KmemArgs): ReturnType<typeof allPages> {
  if (args.operands.length === 0) yield* allPages(session)
  for (const place of places(session, args)) yield pageOfPlace(session.program, place)
}

function flagsOf([text]: readonly string[]): bigint | undefined {
  if (text === undefined) return undefined
  const flags = parseHex(text)
  if (flags === undefined) throw new UsageError(`not a hexadecimal value: ${text}`)
  // crash takes 0 for no value.
  return flags === 0n ? undefined : flags
}
