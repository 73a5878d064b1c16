// `kmem -s`, -S: slab caches and what is in them. Source of names and layout: crash's `kmem`.
import { KdumpError, UsageError } from '../base/errors.ts'
import { readCell, type Cell, type Column } from '../base/table.ts'
import { pageNode } from '../kernel/page.ts'
import * as slabs from '../kernel/slab.ts'
import type { SlabObjectInfo } from '../kernel/slab.ts'
import * as caches from '../kernel/slab_cache.ts'
import type { Slab, SlabCache, SlabCpu, SlabNode } from '../kernel/slab_cache.ts'
import { forEachBarnSheaf, forEachCpuSheaf, sheafObjects } from '../kernel/slab_sheaf.ts'
import type { KObject } from '../program/kobject.ts'
import type { Program } from '../program/program.ts'
import { addressText, cellText } from './cell_text.ts'
import { lines, table, type Block, type TableBlock } from './command.ts'
import type { MemoryPlace } from './kmem_address.ts'
import type { Session } from './session.ts'

/** Which caches to show, and how much of them. */
export interface SlabView {
  /** Only the cache of this name. */
  readonly name?: string | undefined
  /** Names of caches that are not looked into. */
  readonly ignored: readonly string[]
  /** Show slabs and objects: of these CPUs, and of all nodes. Absent: totals only. */
  readonly cpus?: readonly number[] | undefined
}

const CACHE_COLUMNS: readonly Column[] = [
  { title: 'CACHE', kind: 'address' },
  { title: 'OBJSIZE', kind: 'decimal' },
  { title: 'ALLOCATED', kind: 'decimal' },
  { title: 'TOTAL', kind: 'decimal' },
  { title: 'SLABS', kind: 'decimal' },
  { title: 'SSIZE', kind: 'decimal' },
  { title: 'NAME', kind: 'text' },
]

/** `kmem -s`, `kmem -S`. */
export function* slabBlocks(session: Session, view: SlabView): Generator<Block> {
  const { program } = session
  if (view.name === 'list') {
    yield cacheList(program)
    return
  }
  // Other allocators are refused once, not in every cell.
  for (const cache of caches.forEachSlabCache(program)) {
    caches.slabCacheOrder(cache)
    break
  }
  if (view.cpus === undefined) {
    yield cacheTable(chosenCaches(session, view), view.ignored)
    return
  }
  for (const cache of chosenCaches(session, view)) {
    if (session.aborted) return
    yield cacheTable([cache], view.ignored)
    if (!view.ignored.includes(caches.slabCacheName(cache)))
      yield* guarded(cacheContents(cache, view.cpus))
    yield lines('')
  }
}

function chosenCaches({ program }: Session, { name }: SlabView): Iterable<SlabCache> {
  if (name === undefined) return caches.forEachSlabCache(program)
  const cache = caches.findSlabCache(program, name)
  if (!cache) throw new UsageError(`no slab cache of this name: ${name}`)
  return [cache]
}

function cacheList(program: Program): TableBlock {
  const rows = function* (): Generator<Cell[]> {
    for (const cache of caches.forEachSlabCache(program))
      yield [cache.address, readCell(() => caches.slabCacheName(cache))]
  }
  return table(
    [
      { title: 'CACHE', kind: 'address' },
      { title: 'NAME', kind: 'text' },
    ],
    rows(),
    { heading: '', line: ([cache, name]) => `${addressText(cache)} ${cellText(name)}` },
  )
}

/** Totals of caches, one a row. */
export function cacheTable(
  shown: Iterable<SlabCache>,
  ignored: readonly string[] = [],
): TableBlock {
  return table(CACHE_COLUMNS, cacheRows(shown, ignored), {
    heading: 'CACHE             OBJSIZE  ALLOCATED     TOTAL  SLABS  SSIZE  NAME',
    line: ([cache, size, allocated, total, count, bytes, name]) => {
      if (size === null) return `${addressText(cache)} [IGNORED]${' '.repeat(36)}${cellText(name)}`
      const slabSize = typeof bytes === 'number' ? `${bytes / 1024}k` : cellText(bytes)
      return (
        `${addressText(cache)} ${cellText(size).padStart(8)}  ${cellText(allocated).padStart(9)}  ` +
        `${cellText(total).padStart(8)}  ${cellText(count).padStart(5)}  ${slabSize.padStart(5)}  ${cellText(name)}`
      )
    },
  })
}

function* cacheRows(shown: Iterable<SlabCache>, ignored: readonly string[]): Generator<Cell[]> {
  for (const cache of shown) {
    const name = readCell(() => caches.slabCacheName(cache))
    if (ignored.includes(cellText(name))) {
      yield [cache.address, null, null, null, null, null, name]
      continue
    }
    let usage: slabs.SlabUsage | undefined
    const count = (member: keyof slabs.SlabUsage): Cell =>
      readCell(() => (usage ??= slabs.slabCacheUsage(cache))[member])
    const { pageSize } = cache.program.memory
    yield [
      cache.address,
      readCell(() => cache.number('object_size')),
      count('allocated'),
      count('objects'),
      count('slabs'),
      readCell(() => pageSize * 2 ** caches.slabCacheOrder(cache)),
      name,
    ]
  }
}

function* cacheContents(cache: SlabCache, cpus: readonly number[]): Generator<Block> {
  let cpuSlabs = 0
  for (const slabCpu of caches.forEachSlabCpu(cache)) {
    if (!cpus.includes(slabCpu.cpu)) continue
    if (slabCpu.slab) cpuSlabs++
    yield* cpuBlocks(cache, slabCpu)
  }
  for (const { cpu, sheaf } of forEachCpuSheaf(cache)) {
    if (cpus.includes(cpu))
      yield* sheafBlocks(cache, `CPU ${cpu} SHEAF`, sheaf, `(cpu ${cpu} sheaf)`)
  }
  for (const node of caches.forEachSlabNode(cache)) yield* nodeBlocks(cache, node, cpuSlabs)
}

function* cpuBlocks(cache: SlabCache, slabCpu: SlabCpu): Generator<Block> {
  const { cpu, cpuSlab, slab } = slabCpu
  yield lines(`CPU ${cpu} KMEM_CACHE_CPU:`, `  ${addressText(cpuSlab.address)}`)
  yield lines(`CPU ${cpu} SLAB:`)
  if (slab) yield* guarded(slabContents(cache, slab))
  else yield lines('  (empty)')
  yield lines(`CPU ${cpu} PARTIAL:`)
  yield* slabList(cache, caches.forEachCpuPartialSlab(slabCpu))
}

/** Sheaves came after crash's layouts: this one follows them. */
function* sheafBlocks(
  cache: SlabCache,
  heading: string,
  sheaf: KObject,
  mark: string,
): Generator<Block> {
  const objects = sheafObjects(cache, sheaf)
  yield lines(`${heading}:`, `  ${addressText(sheaf.address)}  ${objects.length} objects`)
  yield objectTable(objects.map((object): Cell[] => [object, false, mark]))
}

function* nodeBlocks(cache: SlabCache, node: SlabNode, cpuSlabs: number): Generator<Block> {
  yield nodeTable(node, cpuSlabs)
  for (const sheaf of forEachBarnSheaf(node))
    yield* sheafBlocks(cache, `NODE ${node.nid} SHEAF`, sheaf, `(node ${node.nid} sheaf)`)
  yield lines(`NODE ${node.nid} PARTIAL:`)
  yield* slabRows(cache, caches.forEachPartialSlab(node))
  yield lines(`NODE ${node.nid} FULL:`)
  if (caches.slabCacheTracksFull(cache)) yield* slabRows(cache, caches.forEachFullSlab(node))
  else yield lines('  (not tracked)')
}

const NODE_COLUMNS: readonly Column[] = [
  { title: 'KMEM_CACHE_NODE', kind: 'address' },
  { title: 'NODE', kind: 'decimal' },
  { title: 'SLABS', kind: 'decimal' },
  { title: 'PARTIAL', kind: 'decimal' },
  { title: 'PER-CPU', key: 'per_cpu', kind: 'decimal' },
]

function nodeTable({ nid, node }: SlabNode, cpuSlabs: number): TableBlock {
  const row: Cell[] = [
    node.address,
    nid,
    readCell(() => node.find('nr_slabs')?.number('counter') ?? null),
    readCell(() => node.number('nr_partial')),
    cpuSlabs,
  ]
  return table(NODE_COLUMNS, [row], {
    heading: 'KMEM_CACHE_NODE   NODE  SLABS  PARTIAL  PER-CPU',
    line: ([address, number, count, partial, perCpu]) =>
      `${addressText(address)}  ${cellText(number).padStart(4)}  ${cellText(count).padStart(5)}  ` +
      `${cellText(partial).padStart(7)}  ${cellText(perCpu).padStart(7)}`,
  })
}

function* slabList(cache: SlabCache, list: Iterable<Slab>): Generator<Block> {
  let isEmpty = true
  for (const slab of list) {
    isEmpty = false
    yield* guarded(slabContents(cache, slab))
  }
  if (isEmpty) yield lines('  (empty)')
}

/** Slabs without their objects: nodes may have very many. */
function* slabRows(cache: SlabCache, list: Iterable<Slab>): Generator<Block> {
  const iterator = list[Symbol.iterator]()
  const first = iterator.next()
  if (first.done) {
    yield lines('  (empty)')
    return
  }
  yield slabTable(
    (function* (): Generator<Cell[]> {
      for (let next: IteratorResult<Slab> = first; !next.done; next = iterator.next()) {
        const slab = next.value
        yield slabRow(
          cache,
          slab,
          readCell(() => slab.number('inuse')),
        )
      }
    })(),
  )
}

/** A damaged list ends what is shown of one slab or cache, not of all. */
function* guarded(blocks: Iterable<Block>): Generator<Block> {
  try {
    yield* blocks
  } catch (error) {
    if (!(error instanceof KdumpError)) throw error
    yield { kind: 'problem', command: 'kmem', message: error.message }
  }
}

/** A slab and all its objects. */
export function* slabContents(cache: SlabCache, slab: Slab): Generator<Block> {
  const { atHand, slabCpus } = slabs.objectsAtHand(cache)
  const free = new Set(slabs.slabFreelist(cache, slab))
  const owner = slabCpus.get(slab.address)
  const rows = slabs.slabObjects(cache, slab).map((object): Cell[] => {
    const isFree = free.has(object) || atHand.has(object)
    return [object, !isFree, isFree ? holderText(cache, atHand.get(object) ?? owner) : '']
  })
  const allocated = rows.filter(([, isAllocated]) => isAllocated === true).length
  yield slabTable([slabRow(cache, slab, allocated)])
  yield objectTable(rows)
}

/** The slab of one address, and the object there if it is in one. */
export function* slabObjectBlocks(
  cache: SlabCache,
  slab: Slab,
  info: SlabObjectInfo | undefined,
): Generator<Block> {
  const { atHand } = slabs.objectsAtHand(cache)
  const free = new Set(slabs.slabFreelist(cache, slab))
  const inUse = slabs
    .slabObjects(cache, slab)
    .filter((object) => !free.has(object) && !atHand.has(object))
  yield slabTable([slabRow(cache, slab, inUse.length)])
  yield objectTable(
    info ? [[info.object, info.allocated ?? null, holderText(cache, info.cpu)]] : [],
  )
}

function holderText(cache: SlabCache, cpu: number | undefined): string {
  if (cpu === undefined || cpu < 0) return ''
  // crash's word for what a CPU keeps, which since v7.0 are sheaves.
  return cache.has('cpu_slab') ? `(cpu ${cpu} cache)` : `(cpu ${cpu} sheaf)`
}

const SLAB_COLUMNS: readonly Column[] = [
  { title: 'SLAB', kind: 'address' },
  { title: 'MEMORY', kind: 'address' },
  { title: 'NODE', kind: 'decimal' },
  { title: 'TOTAL', kind: 'decimal' },
  { title: 'ALLOCATED', kind: 'decimal' },
  { title: 'FREE', kind: 'decimal' },
]

function slabRow(cache: SlabCache, slab: Slab, allocated: Cell): Cell[] {
  const total = readCell(() => slab.number('objects'))
  return [
    slab.address,
    readCell(() => slabs.slabFirstObject(cache, slab)),
    readCell(() => pageNode(cache.program.objectAt('struct page', slab.address))),
    total,
    allocated,
    typeof total === 'number' && typeof allocated === 'number' ? total - allocated : null,
  ]
}

function slabTable(rows: Iterable<readonly Cell[]>): TableBlock {
  return table(SLAB_COLUMNS, rows, {
    heading: '  SLAB              MEMORY            NODE  TOTAL  ALLOCATED  FREE',
    line: ([address, memory, node, objects, inUse, free]) =>
      `  ${addressText(address)}  ${addressText(memory)}  ${cellText(node).padStart(4)}  ` +
      `${cellText(objects).padStart(5)}  ${cellText(inUse).padStart(9)}  ${cellText(free).padStart(4)}`,
  })
}

const OBJECT_COLUMNS: readonly Column[] = [
  { title: 'OBJECT', kind: 'address' },
  { title: 'ALLOCATED', kind: 'text' },
  { title: 'HOLDER', kind: 'text' },
]

function objectTable(rows: readonly Cell[][]): TableBlock {
  return table(OBJECT_COLUMNS, rows, {
    heading: '  FREE / [ALLOCATED]',
    line: ([object, allocated, holder]) => {
      if (allocated === true) return `  [${addressText(object)}]`
      const mark = allocated === null ? '(unknown: freelist damaged or excluded)' : cellText(holder)
      return `   ${addressText(object)}  ${mark}`
    },
  })
}

/** The slab that a place is in. @throws {UsageError} in crash's words, if in none */
export function* slabOfAddressBlocks(program: Program, place: MemoryPlace): Generator<Block> {
  const found = place.address === undefined ? undefined : findSlabOf(program, place.address)
  if (!found) {
    const address = (place.address ?? 0n).toString(16)
    throw new UsageError(`address is not allocated in slab subsystem: ${address}`)
  }
  yield* found
}

/** Blocks for an address in a slab, undefined if it is in none. */
export function findSlabOf(program: Program, address: bigint): Iterable<Block> | undefined {
  const whole = slabs.slabOfDescriptor(program, address)
  const slab = whole ?? slabs.findSlab(program, address)
  if (!slab) return undefined
  const cache: SlabCache = slab.get('slab_cache').deref()
  return (function* (): Generator<Block> {
    yield cacheTable([cache])
    if (whole) yield* slabContents(cache, whole)
    else yield* slabObjectBlocks(cache, slab, slabs.slabObjectInfo(program, address))
  })()
}
