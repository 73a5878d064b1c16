// Sheaves: arrays of free objects a CPU takes from and gives to, since v6.18. Nodes keep full ones in a barn. Source: mm/slub.c.
import { CorruptError } from '../base/errors.ts'
import type { KObject } from '../program/kobject.ts'
import { listForEachEntry } from './list.ts'
import { forEachCpu, perCpuPtr } from './percpu.ts'
import type { SlabCache, SlabNode } from './slab_cache.ts'

/** A cache's sheaf holds tens of objects. */
const SHEAF_OBJECTS_MAX = 65_536

/** A CPU's sheaves that objects are taken from; none before v6.18. What waits for RCU to free it is not among them. */
export function* forEachCpuSheaf(cache: SlabCache): Generator<{ cpu: number; sheaf: KObject }> {
  // Since v6.18, commit 2d517aa09bbc ("slab: add opt-in caching layer of percpu sheaves").
  const pointer = cache.find('cpu_sheaves')
  if (!pointer || pointer.isNull()) return
  for (const cpu of forEachCpu(cache.program, 'possible')) {
    const sheaves = perCpuPtr(pointer, cpu)
    for (const member of ['main', 'spare']) {
      const sheaf = sheaves.get(member)
      if (!sheaf.isNull()) yield { cpu, sheaf: sheaf.deref() }
    }
  }
}

/** Walk the sheaves full of free objects that a node keeps. */
export function* forEachBarnSheaf({ barn }: SlabNode): Generator<KObject> {
  if (barn) yield* listForEachEntry(barn.get('sheaves_full'), 'struct slab_sheaf', 'barn_list')
}

/** Addresses of the objects in a sheaf. @throws {CorruptError} if it claims more than it can hold */
export function sheafObjects(cache: SlabCache, sheaf: KObject): bigint[] {
  const { memory } = cache.program
  const first = sheaf.get('objects').address
  return Array.from({ length: sheafSize(cache, sheaf) }, (_, i) =>
    memory.u64(first + BigInt(i * 8)),
  )
}

/** Objects in a sheaf. @throws {CorruptError} as sheafObjects() */
export function sheafSize(cache: SlabCache, sheaf: KObject): number {
  const size = sheaf.number('size')
  const capacity = cache.find('sheaf_capacity')?.number() ?? SHEAF_OBJECTS_MAX
  if (size > Math.min(capacity, SHEAF_OBJECTS_MAX))
    throw new CorruptError(sheaf.address, `sheaf of ${size} objects, of ${capacity} at most`)
  return size
}
