// The list of free objects of a slab cache, written over: an allocation took the address of the next free object from what
// somebody had written into a free one, and faulted there. Who allocated is not to blame, but the memory was its cache's.
// Source: mm/slub.c get_freepointer(), slab_alloc_node().
import { wrap64 } from '../../base/addr.ts'
import { attempt } from '../../base/errors.ts'
import { formatHex } from '../../base/hex.ts'
import { freePointers, slabObjects } from '../../kernel/slab.ts'
import {
  forEachSlabCache,
  forEachSlabCpu,
  slabCacheName,
  type Slab,
  type SlabCache,
} from '../../kernel/slab_cache.ts'
import { accessFinding } from '../access_finding.ts'
import { hex } from '../access_text.ts'
import { blame } from '../blame.ts'
import { faultingAccesses, type FaultingAccess } from '../faulting_access.ts'
import { inCulprit } from '../frame_text.ts'
import { bareName } from '../panic_machinery.ts'
import { tellPointer } from '../pointer_tale.ts'
import type { Evidence, Rule } from '../rule.ts'
import type { Scene } from '../scene.ts'

/** What takes objects from the list. */
const ALLOCATORS = /^_*(?:kmem_cache_alloc|k[mvz]*alloc|slab_alloc|do_kmalloc)\w*$/

export const slabFreelist: Rule = {
  name: 'slab-freelist',
  summary: 'an allocation met a list of free objects that had been written over',
  needs: ['symbols', 'types'],
  *find(scene) {
    for (const access of faultingAccesses(scene)) {
      const name = access.fault.frames[0]?.name
      if (!name || !ALLOCATORS.test(bareName(name))) continue
      const list = findList(scene, access)
      if (!list) continue
      const cache = slabCacheName(list.cache)
      const culprit = blame(scene.program, access.fault.frames)
      yield accessFinding(scene, access, tellPointer(scene, access), {
        kind: 'slab-corruption',
        title: `the list of free objects of ${cache} was written over, which an allocation met${inCulprit(culprit)}`,
        confidence: 'likely',
        evidence: evidenceOf(list),
        refutedBy: [
          'an object of the cache was freed twice: then the list is wrong without having been written over',
          'the fault is not at what the CPU has as its next free object',
        ],
        next: [
          { text: 'look at the objects beside it, and who has them', command: `kmem -S ${cache}` },
          {
            text: `find who writes to objects of ${cache} after freeing them: slub_debug=FZPU,${cache}, or KASAN`,
            command: '',
          },
        ],
        explains: [
          'general-protection',
          'bad-address',
          'null-dereference',
          'memory-corruption',
          'oops',
        ],
        culprit,
      })
    }
  },
}

interface BrokenList {
  readonly cache: SlabCache
  readonly cpu: number
  readonly slab: Slab | undefined
  /** What the CPU has as its next free object. */
  readonly next: bigint
}

/** The cache in a register whose CPUs are about to take an object where the fault was. */
function findList({ program }: Scene, { fault, address }: FaultingAccess): BrokenList | undefined {
  return attempt(() => {
    const held = new Set(Object.values(fault.registers))
    for (const cache of forEachSlabCache(program)) {
      if (!held.has(cache.address) || address === undefined) continue
      const next = wrap64(address - BigInt(cache.number('offset')))
      for (const { cpu, cpuSlab, slab } of forEachSlabCpu(cache))
        if (cpuSlab.pointer('freelist') === next) return { cache, cpu, slab, next }
    }
    return undefined
  })
}

function evidenceOf({ cache, cpu, slab, next }: BrokenList): Evidence[] {
  const name = slabCacheName(cache)
  const evidence: Evidence[] = [
    {
      text: `CPU ${cpu} has ${formatHex(next)} as the next free object of ${name}, which is no object`,
      address: cache.address,
      command: `kmem -S ${name}`,
    },
  ]
  const written = slab && attempt(() => findWritten(cache, slab, next))
  if (written) {
    const { object, at, word } = written
    evidence.push({
      text: `that was read from the object ${formatHex(object)}, which holds ${formatHex(word)} where its link to the next was`,
      address: at,
      command: `rd ${hex(object)} ${Math.ceil(cache.number('object_size') / 8)}`,
    })
  }
  return evidence
}

/** The object that leads there: nobody has allocated and filled it since. */
function findWritten(
  cache: SlabCache,
  slab: Slab,
  next: bigint,
): { readonly object: bigint; readonly at: bigint; readonly word: bigint } | undefined {
  const offset = cache.bigint('offset')
  for (const object of slabObjects(cache, slab)) {
    const at = wrap64(object + offset)
    const word = attempt(() => cache.program.memory.u64(at))
    if (word !== undefined && freePointers(cache, at, word).includes(next))
      return { object, at, word }
  }
  return undefined
}
