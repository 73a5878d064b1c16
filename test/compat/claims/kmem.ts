// kmem: the kernel's memory. What crash 9.0.2 gets wrong is told where it is left out.
import assert from 'node:assert/strict'
import type { Program } from '../../../src/core/program/program.ts'
import { forEachTask } from '../../../src/core/kernel/sched.ts'
import {
  forEachFreeBlock,
  forEachFreeList,
  forEachNode,
  nodeZones,
} from '../../../src/core/kernel/mmzone.ts'
import { pageToPfn } from '../../../src/core/kernel/page.ts'
import { perCpuOffset } from '../../../src/core/kernel/percpu.ts'
import { slabFreelist } from '../../../src/core/kernel/slab.ts'
import {
  forEachSlabCache,
  forEachPartialSlab,
  forEachSlabNode,
} from '../../../src/core/kernel/slab_cache.ts'
import type { GuestTruth } from '../../support/guest_truth.ts'
import {
  crashClaim,
  defineClaims,
  drgnClaim,
  guestClaim,
  recipeClaim,
  replacing,
  sameAsCrash,
  without,
  type Evidence,
} from './claim.ts'

const hex = (value: bigint): string => value.toString(16)

/** crash reads the shared count of the percpu counter only; /proc/meminfo adds what each CPU keeps. */
const NO_COMMITTED = without(/^ *COMMITTED /)
/** Linux v5.14 renamed vm_numa_stat, which crash does not know. */
const NO_NUMA = (lines: readonly string[]): string[] => {
  const from = lines.indexOf('  VM_NUMA_STAT:')
  const to = lines.indexOf('  VM_EVENT_STATES:')
  return from < 0 ? [...lines] : [...lines.slice(0, from), ...lines.slice(to)]
}
/** State of memory blocks: crash says UNKNOWN since it is an enum (v6.19, and stable kernels). */
const NO_STATE = replacing(/ (ONLINE|UNKNOWN) +(\d+)$/, ' $2')
/** Files and lines of text are DWARF's. */
const NO_SOURCE = replacing(/^([\da-f]{16} \([tT]\) \S+) \S+: \d+$/, '$1')
/** crash takes the bits of v6.8 and older for SLAB_STORE_USER, and others for it since. */
const NO_FULL = (lines: readonly string[]): string[] =>
  lines.filter((_, i) => !/^NODE \d+ FULL:$/.test(lines[i - 1] ?? ''))
/** crash does not know this bit, which v6.1 added. */
const NO_FREEZABLE = replacing(/\|TASK_FREEZABLE$/, '')
/** crash has the names of flags in an order of its own. */
const SORTED_FLAGS = (lines: readonly string[]): string[] =>
  lines.map((line) =>
    line.replace(/[a-z_\d]+(,[a-z_\d]+)+$/, (names) => names.split(',').sort().join()),
  )
/** crash leaves out what watermarks are boosted by for a while after memory was short; the kernel and we add it. */
function boosted(program: Program, lines: readonly string[]): string[] {
  const boosts = [...forEachNode(program)]
    .flatMap((node) => [...nodeZones(node)])
    .filter((zone) => zone.number('spanned_pages') > 0)
    .map((zone) => zone.find('watermark_boost')?.number() ?? 0)
  return lines.map((line) =>
    line.replace(/(?<=MIN\/LOW\/HIGH: ).*$/, (marks) => {
      const boost = boosts.shift() ?? 0
      return marks
        .split('/')
        .map((mark) => Number(mark) + boost)
        .join('/')
    }),
  )
}
/** What crash alone could be asked, and only it can say. */
const REFUSED = { refused: true }

const firstTask = (program: Program): ReturnType<typeof initTask> => initTask(program)

function initTask(program: Program) {
  for (const task of forEachTask(program)) if (task.number('pid') === 1) return task
  throw new Error('no task 1')
}

/** A free object of a partial slab. */
function freeObject(program: Program): bigint {
  for (const cache of forEachSlabCache(program)) {
    for (const node of forEachSlabNode(cache)) {
      for (const slab of forEachPartialSlab(node)) {
        const [object] = slabFreelist(cache, slab)
        if (object !== undefined) return object
      }
    }
  }
  throw new Error('no free object')
}

/** A page in the middle of a free block, and the block's order. */
function freeFrame(program: Program): number {
  for (const node of forEachNode(program)) {
    for (const zone of nodeZones(node)) {
      for (const list of forEachFreeList(zone)) {
        if (list.order < 3) continue
        for (const page of forEachFreeBlock(list)) return pageToPfn(page) + 2
      }
    }
  }
  throw new Error('no free block')
}

const PLACES: Readonly<Record<string, (program: Program) => string>> = {
  task_struct: (program) => hex(firstTask(program).address),
  'of a slab object, within': (program) => hex(firstTask(program).get('comm').address),
  stack: (program) => hex(firstTask(program).pointer('stack') + 0x3000n),
  'free object': (program) => hex(freeObject(program)),
  'free page': (program) => (freeFrame(program) * 4096).toString(16),
  symbol: (program) => hex(program.symbol('init_task')),
  'symbol, within': (program) => hex(program.symbol('init_task') + 16n),
  text: (program) => hex(program.symbol('schedule') + 4n),
  physical: () => '100000',
}

const places = (option: string, names: readonly string[]) =>
  names.map((name) =>
    sameAsCrash(
      (program) => `kmem ${option}${PLACES[name]?.(program)}`,
      { ours: NO_FREEZABLE, theirs: NO_SOURCE },
      { shows: `kmem ${option}ADDRESS (${name})` },
    ),
  )

/** A value of /proc/meminfo in pages of 4 KiB. */
function meminfo(truth: GuestTruth, name: string): number {
  const text = truth.read('meminfo.end') || truth.read('meminfo')
  return Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(text)?.[1]) / 4
}

const pagesOf = ({ rows }: Evidence, name: string): number =>
  rows.find((row) => row.name === name)?.pages

function isNear(found: number, expected: number, by: number, what: string): void {
  assert.ok(Math.abs(found - expected) <= by, `${what}: ${found}, the guest said ${expected}`)
}

const SLAB_USAGE = `
result = {}
for cache in for_each_slab_cache(prog):
    usage = slab_cache_usage(cache)
    result[hex(cache)] = [usage.num_slabs, usage.num_objs]
`

/** Objects by drgn, which follows every list as we do. */
const allocated = (name: string): string => `
cache = find_slab_cache(prog, ${JSON.stringify(name)})
result = sorted(hex(o) for o in slab_cache_for_each_allocated_object(cache, "void"))
`

const VMAP_AREAS = `
result = [[hex(va), hex(va.va_start), hex(va.va_end)] for va in for_each_vmap_area(prog)]
`

const address = (text: string): string => `0x${text.replace(/^0x/, '')}`

export const kmem = defineClaims([
  sameAsCrash('kmem -i', { ours: NO_COMMITTED, theirs: NO_COMMITTED }),
  sameAsCrash('kmem -i=shared', { ours: NO_COMMITTED, theirs: NO_COMMITTED }),
  guestClaim('kmem -i', (ours, truth) => {
    assert.equal(pagesOf(ours, 'TOTAL MEM'), meminfo(truth, 'MemTotal'))
    assert.equal(pagesOf(ours, 'TOTAL SWAP'), meminfo(truth, 'SwapTotal'))
    assert.equal(pagesOf(ours, 'COMMIT LIMIT'), meminfo(truth, 'CommitLimit'))
    // The files were read some seconds before the crash.
    for (const [row, name] of [
      ['FREE', 'MemFree'],
      ['BUFFERS', 'Buffers'],
      ['CACHED', 'Cached'],
      ['SLAB', 'Slab'],
      ['SWAP FREE', 'SwapFree'],
      ['COMMITTED', 'Committed_AS'],
    ] as const)
      isNear(pagesOf(ours, row), meminfo(truth, name), 2048, row)
  }),
  ...[
    ...['kmem -s', 'kmem -s list', 'kmem -s kmalloc-64', 'kmem -S', 'kmem -S task_struct'],
    ...[
      'kmem -S=0 task_struct',
      'kmem -s -I kmalloc-64,dentry',
      'kmem -S -I kmalloc-64 kmalloc-64',
    ],
  ].map((line) => sameAsCrash(line, { ours: NO_FULL, theirs: NO_FULL })),
  drgnClaim('kmem -s', SLAB_USAGE, ({ rows }, theirs: Record<string, number[]>) => {
    assert.ok(rows.length > 50)
    assert.deepEqual(
      Object.fromEntries(rows.map(({ cache, slabs, total }) => [address(cache), [slabs, total]])),
      theirs,
    )
  }),
  guestClaim('kmem -s', ({ rows }, truth) => {
    const known = new Map(
      truth
        .read('slabinfo')
        .split('\n')
        .slice(2)
        .map((line) => line.split(/\s+/))
        .map(([name, , , size]) => [name, Number(size)]),
    )
    // Sizes do not move as counts do. Red zones and the like, which /proc adds, are off.
    let compared = 0
    for (const { name, objsize, allocated: used, total } of rows) {
      assert.ok(used <= total, name)
      const size = known.get(name)
      if (size === undefined) continue
      assert.ok(objsize <= size, `${name}: ${objsize}, the guest said ${size}`)
      compared++
    }
    assert.ok(compared > 50)
  }),
  ...['task_struct', 'dentry', 'kmalloc-64', 'filp'].map((name) =>
    drgnClaim(`kmem -s ${name}`, allocated(name), ({ rows }, theirs: string[]) =>
      assert.equal(rows[0]?.allocated, theirs.length),
    ),
  ),
  sameAsCrash('kmem -f'),
  sameAsCrash('kmem -F'),
  guestClaim('kmem -f', ({ rows }, truth) => {
    // Blocks come and go; what is counted adds up to about what it was.
    const pages = rows
      .filter(({ blocks }) => blocks !== undefined)
      .reduce((sum, row) => sum + row.pages, 0)
    isNear(pages, meminfo(truth, 'MemFree'), 4096, 'free pages')
  }),
  sameAsCrash('kmem -v'),
  drgnClaim('kmem -v', VMAP_AREAS, ({ rows }, theirs: string[][]) =>
    assert.deepEqual(
      rows.map(({ vmap_area, start, end }) => [vmap_area, start, end].map(address)),
      theirs.sort((a, b) => (BigInt(a[1] ?? 0) < BigInt(b[1] ?? 0) ? -1 : 1)),
    ),
  ),
  guestClaim(
    'kmem -v',
    ({ rows }, truth) => {
      const ranges = truth
        .read('vmallocinfo')
        .matchAll(/^0x([\da-f]{16})-0x[\da-f]{16} +(\d+) (?!unpurged)/gm)
      const known = new Map(rows.map((row) => [address(row.start), row.size]))
      const all = [...ranges]
      // Processes have come and gone since, and their stacks with them.
      const kept = all.filter(([, start, size]) => known.get(address(start ?? '')) === Number(size))
      assert.ok(
        all.length > 50 && kept.length > all.length * 0.9,
        `${kept.length} of ${all.length}`,
      )
    },
    { except: { '5.10': 'no_hash_pointers came with v5.12: its addresses are hashed' } },
  ),
  sameAsCrash('kmem -V', { ours: NO_NUMA }),
  guestClaim('kmem -V', ({ rows }, truth) => {
    const value = (name: string): number => rows.find((row) => row.name === name)?.value
    const text = truth.read('vmstat.end') || truth.read('vmstat')
    const known = (name: string): number =>
      Number(new RegExp(`^${name} (\\d+)`, 'm').exec(text)?.[1])
    isNear(value('NR_FREE_PAGES'), known('nr_free_pages'), 4096, 'NR_FREE_PAGES')
    isNear(value('NR_SHMEM'), known('nr_shmem'), 64, 'NR_SHMEM')
    for (const name of ['NUMA_HIT', 'PGFAULT', 'PGALLOC_DMA32'])
      assert.ok(value(name) >= known(name.toLowerCase()), `${name} only grows`)
    assert.equal(value('NUMA_MISS'), known('numa_miss'))
  }),
  sameAsCrash('kmem -n', { ours: NO_STATE, theirs: NO_STATE }),
  recipeClaim('kmem -n', 'crash does not know the state of memory blocks', ({ rows }) => {
    const blocks = rows.filter(({ mem_block }) => mem_block !== undefined)
    assert.ok(blocks.length > 0 && blocks.every(({ state }) => state === 'ONLINE'))
  }),
  crashClaim('kmem -z', ({ lines, program }, theirs) =>
    assert.deepEqual(lines, boosted(program, theirs)),
  ),
  guestClaim('kmem -z', ({ lines }, truth) => {
    const zones = truth
      .read('zoneinfo')
      .split(/^Node \d+, zone +/m)
      .slice(1)
    for (const zone of zones) {
      const name = /^\w+/.exec(zone)?.[0] ?? ''
      const field = (label: string): string =>
        new RegExp(`^ +${label} +(\\d+)$`, 'm').exec(zone)?.[1] ?? ''
      const at = lines.findIndex((line) => line.endsWith(`NAME: "${name}"`))
      assert.ok(at >= 0, name)
      if (Number(field('spanned')) === 0) continue
      assert.match(lines[at + 1] ?? '', new RegExp(`SIZE: ${field('spanned')} `))
      const marks = /MIN\/LOW\/HIGH: (\d+)\/(\d+)\/(\d+)$/.exec(lines[at + 1] ?? '')?.slice(1) ?? []
      const [boost = 0, ...others] = ['min', 'low', 'high'].map(
        (label, i) => Number(field(label)) - Number(marks[i]),
      )
      // For a while after memory was short all are boosted by as much: then, or now.
      assert.ok(
        others.every((other) => other === boost),
        lines[at + 1],
      )
    }
  }),
  sameAsCrash('kmem -o'),
  recipeClaim(
    'kmem -o',
    'the sum of a symbol and an offset is where drgn and crash find the variable',
    ({ program, rows }) =>
      assert.deepEqual(
        rows.map(({ offset }) => BigInt(address(offset))),
        rows.map(({ cpu }) => perCpuOffset(program, cpu)),
      ),
  ),
  sameAsCrash('kmem -h'),
  guestClaim('kmem -h', ({ rows }, truth) => {
    const total = /^HugePages_Total:\s+(\d+)/m.exec(truth.read('meminfo'))?.[1]
    const free = /^HugePages_Free:\s+(\d+)/m.exec(
      truth.read('meminfo.end') || truth.read('meminfo'),
    )?.[1]
    const pool = rows.find(({ name }) => name === 'hugepages-2048kB')
    assert.deepEqual([pool?.total, pool?.free], [Number(total), Number(free)])
  }),
  sameAsCrash('kmem -p', { ours: SORTED_FLAGS, theirs: SORTED_FLAGS }),
  sameAsCrash('kmem -m lru,flags,private,mapping'),
  sameAsCrash('kmem -g'),
  sameAsCrash('kmem -g 17ffffc0040068'),
  sameAsCrash('kmem -P 100000'),
  sameAsCrash('kmem -p 100000 1000'),
  sameAsCrash('kmem 1000 2000'),
  ...places('', Object.keys(PLACES)),
  ...places('-s ', ['task_struct', 'of a slab object, within', 'free object']),
  ...places('-p ', ['task_struct', 'stack', 'free page', 'symbol']),
  ...places('-f ', ['free page']),
  ...places('-v ', ['stack', 'task_struct']),
  ...['-c', '-C', '-r', '-l a', '-L a'].map((option) => sameAsCrash(`kmem ${option}`, {}, REFUSED)),
  sameAsCrash(
    (program) => `kmem -s ${PLACES.stack?.(program)}`,
    {},
    { shows: 'kmem -s ADDRESS (of no slab)', ...REFUSED },
  ),
  recipeClaim('kmem ffff888000001000', 'crash calls the same hole by several names', ({ lines }) =>
    assert.equal(lines[0], 'kmem: cannot determine page for ffff888000001000'),
  ),
  recipeClaim('kmem -f 1000', 'crash says nothing of what is not free', ({ lines }) =>
    assert.deepEqual(lines, []),
  ),
])
