// Who has the memory: processes by their own pages, those of one name together; and the kernel's uses that no process
// gives back. What can be had back at once, the page cache, eats nothing.
import { attempt } from '../base/errors.ts'
import { NOT_ACCOUNTED } from '../kernel/memory_use.ts'
import { vmallocCallers } from '../kernel/vmalloc.ts'
import type { CacheMemory, MemoryState } from './machine_state.ts'
import type { Scene } from './scene.ts'
import { psCommand } from './task_text.ts'

/** Something that holds memory. */
export interface MemoryEater {
  /** Whether it is code of the kernel that took it, or a process. */
  readonly kind: 'process' | 'shared' | 'kernel'
  /** `PID 812 "hog"`, `400 processes "worker"`, `slab cache kmalloc-2k`. */
  readonly name: string
  readonly bytes: number
  /** Shows it. */
  readonly command: string
  /** The cache, if it is one. */
  readonly cache?: CacheMemory
  /** The symbol that took most of it, where that is known: `foo_alloc+0x1c [foo]`. */
  readonly taker?: string
}

/** Find who has memory, the most first. */
export function memoryEaters(scene: Scene, memory: MemoryState): MemoryEater[] {
  return [...processGroups(scene), ...caches(memory), ...shareEaters(scene, memory)].toSorted(
    (a, b) => b.bytes - a.bytes,
  )
}

function processGroups({ program, addressSpaces }: Scene): MemoryEater[] {
  const groups = new Map<string, { bytes: number; pids: number[] }>()
  for (const { pid, comm, anonymousPages } of addressSpaces) {
    const group = groups.get(comm) ?? { bytes: 0, pids: [] }
    group.bytes += anonymousPages * program.memory.pageSize
    group.pids.push(pid)
    groups.set(comm, group)
  }
  return Array.from(groups, ([comm, { bytes, pids }]) => ({
    kind: 'process',
    name: pids.length === 1 ? `PID ${pids[0]} "${comm}"` : `${pids.length} processes "${comm}"`,
    bytes,
    command: pids.length === 1 ? `ps ${pids[0]}` : psCommand(comm),
  }))
}

function caches(memory: MemoryState): MemoryEater[] {
  return memory.topCaches
    .filter(({ reclaimable }) => !reclaimable)
    .map((cache) => ({
      kind: 'kernel',
      name: `slab cache ${cache.name}`,
      bytes: cache.bytes,
      command: `kmem -s ${cache.name}`,
      cache,
    }))
}

function shareEaters({ program }: Scene, memory: MemoryState): MemoryEater[] {
  const share = (name: string): number =>
    memory.shares.find((candidate) => candidate.name === name)?.bytes ?? 0
  const kernel = (name: string, bytes: number, command: string): MemoryEater => ({
    kind: 'kernel',
    ...{ name, bytes, command },
  })
  const caught = memory.topCaches.reduce((sum, { bytes }) => sum + bytes, 0)
  const slab = share('slab, unreclaimable') + share('slab, reclaimable')
  // Where caches could not be counted, all slab is theirs.
  const large = memory.topCaches.length === 0 ? 0 : Math.max(0, slab - caught)
  const caller = attempt(() => vmallocCallers(program)[0])
  const taker = caller && program.symbolize(caller.caller)
  return [
    {
      kind: 'shared',
      name: 'shared memory and tmpfs',
      bytes: share('shared memory and tmpfs'),
      command: 'ipcs -m',
    },
    { kind: 'shared', name: 'huge pages', bytes: share('huge pages'), command: 'kmem -h' },
    kernel('large kmalloc() blocks', large, 'kmem -i'),
    {
      ...kernel('vmalloc()', share('vmalloc'), 'kmem -v'),
      ...(taker === undefined ? {} : { taker }),
    },
    kernel('memory that no counter knows', share(NOT_ACCOUNTED), 'kmem -i'),
    kernel('page tables', share('page tables'), 'kmem -V'),
    kernel('kernel stacks', share('kernel stacks'), 'kmem -V'),
    kernel('per-CPU memory', share('per-CPU'), 'kmem -i'),
  ]
}
