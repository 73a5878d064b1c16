// The allocator met a pointer that leads nowhere where the next free object should be: a free object was written to. The
// object that was is found, as its words still decode to that pointer. Source: mm/slub.c get_freepointer().
import { attempt, KdumpError } from '../../base/errors.ts'
import { formatHex } from '../../base/hex.ts'
import { decodeFreePointer, slabObjects } from '../../kernel/slab.ts'
import {
  forEachPartialSlab,
  forEachSlabCache,
  forEachSlabCpu,
  forEachSlabNode,
  slabCacheName,
  type Slab,
  type SlabCache,
} from '../../kernel/slab_cache.ts'
import type { Program } from '../../program/program.ts'
import type { Registers } from '../../program/registers.ts'
import { blame } from '../blame.ts'
import { failedCheck } from '../failed_check.ts'
import { inCulprit, pathText } from '../frame_text.ts'
import { atMost } from '../incident.ts'
import { bareName } from '../panic_machinery.ts'
import type { Evidence, Rule } from '../rule.ts'

/** What takes an object from a list of free ones. */
const ALLOCATORS =
  /^(?:(?:__)?kmem_cache_alloc\w*|(?:__do_|__)?kmalloc\w*|___?slab_alloc\w*|slab_alloc\w*|get_freepointer|get_partial\w*|deactivate_slab|kmalloc_trace\w*|kmem_cache_alloc_bulk\w*)$/
/** Slabs looked at of a cache. */
const SLABS_MAX = 256

export const freelistCorruption: Rule = {
  name: 'freelist-corruption',
  summary: 'a free object written to, over the list of free objects',
  needs: ['symbols', 'types'],
  *find(scene) {
    const { program } = scene
    for (const { fault, index, role, explains, limit } of scene.incidents) {
      const name = fault.frames[0]?.name
      if (!name || !ALLOCATORS.test(bareName(name)) || failedCheck(scene, fault)) continue
      const cache = cacheIn(program, fault.registers)
      if (!cache) continue
      const written = attempt(() => writtenObject(cache, fault.registers))
      const finder = blame(program, fault.frames)
      const cacheName = slabCacheName(cache)
      yield {
        kind: 'slab-corruption',
        role,
        title: `an object of ${cacheName} was written after it was freed; the allocator met it${inCulprit(finder)}`,
        confidence: atMost('likely', limit),
        evidence: [
          ...writtenEvidence(cacheName, written),
          {
            text: `the cache ${cacheName}`,
            address: cache.address,
            command: `kmem -s ${cacheName}`,
          },
          { text: `the way there: ${pathText(fault.frames, 6)}`, command: 'bt' },
        ],
        refutedBy: [
          ...(written ? [] : ['the cache itself is damaged or was destroyed']),
          'the object was written over from the one before it, rather than by its last owner',
        ],
        // Who allocates next need not be who wrote. Of a module's own code it is the first to ask.
        culprit: finder?.module ? finder : null,
        next: [
          ...(written
            ? [{ text: 'recognise what was written', command: `rd ${hex(written.object)} 32` }]
            : []),
          { text: 'look for a pointer that is used after kfree()', command: '' },
          { text: `have the kernel record who frees: slub_debug=FPU,${cacheName}`, command: '' },
        ],
        explains: ['general-protection', 'bad-address', 'null-dereference', 'oops', ...explains],
        ...(index === undefined ? {} : { fault: index }),
      }
    }
  },
}

/** The cache that the allocator has at hand. */
function cacheIn(program: Program, registers: Registers): SlabCache | undefined {
  const values = new Set(Object.values(registers))
  try {
    for (const cache of forEachSlabCache(program)) if (values.has(cache.address)) return cache
  } catch (error) {
    if (!(error instanceof KdumpError)) throw error
  }
  return undefined
}

interface WrittenObject {
  readonly object: bigint
  /** Where its free pointer was, and what is there. */
  readonly at: bigint
  readonly word: bigint
  /** The register that holds what it led to. */
  readonly register: string
  readonly pointer: bigint
}

/** The object whose free pointer decodes to what is in a register, and to nothing that is an object. */
function writtenObject(cache: SlabCache, registers: Registers): WrittenObject | undefined {
  const { program } = cache
  const offset = cache.bigint('offset')
  const random = cache.find('random')?.bigint()
  const byValue = new Map(Object.entries(registers).map(([name, value]) => [value, name]))
  for (const slab of slabsAtHand(cache)) {
    const objects = slabObjects(cache, slab)
    const all = new Set(objects)
    for (const object of objects) {
      const at = object + offset
      const word = attempt(() => program.memory.u64(at))
      if (word === undefined) continue
      const pointer = random === undefined ? word : decodeFreePointer(word, random, at)
      const register = byValue.get(pointer)
      if (register !== undefined && pointer !== 0n && !all.has(pointer))
        return { object, at, word, register, pointer }
    }
  }
  return undefined
}

function* slabsAtHand(cache: SlabCache): Generator<Slab> {
  let count = 0
  for (const { slab } of forEachSlabCpu(cache)) if (slab) yield slab
  for (const node of forEachSlabNode(cache)) {
    for (const slab of forEachPartialSlab(node)) {
      if (++count > SLABS_MAX) return
      yield slab
    }
  }
}

function writtenEvidence(cache: string, written: WrittenObject | undefined): Evidence[] {
  if (!written) return []
  const { object, at, word, register, pointer } = written
  return [
    {
      text: `the object holds ${formatHex(word)} where the next free one of ${cache} should be, which leads to ${formatHex(pointer)}, now in %${register}`,
      address: at,
      command: `rd ${hex(object)} 32`,
    },
  ]
}

const hex = (address: bigint): string => formatHex(address).slice(2)
