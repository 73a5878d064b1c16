// The object that SLUB reports, in memory: its address is printed hashed, unless the machine was booted otherwise, but whoever
// reports has it on its stack, and its place in its slab is told.
import { attempt } from '../base/errors.ts'
import { slabFirstObject, slabObjectInfo, type SlabObjectInfo } from '../kernel/slab.ts'
import { slabCacheName } from '../kernel/slab_cache.ts'
import type { Fault } from './fault.ts'
import type { Scene } from './scene.ts'
import type { SlabReport } from './slab_report.ts'

/** Words of stack that the object's address is looked for in. */
const STACK_WORDS = 512
const DAMAGE_MAX = 256

/** A reported object, found in memory. */
export interface DamagedObject {
  readonly info: SlabObjectInfo
  /** The first byte written, how many, and where from the object's start. */
  readonly start: bigint
  readonly size: number
  readonly offset: number
  /** Bytes of the object without red zones and such. */
  readonly objectSize: number
}

/** Find the object of a report; undefined if it is not found. */
export function findReported(
  scene: Scene,
  fault: Fault,
  report: SlabReport,
): SlabObjectInfo | undefined {
  for (const address of candidates(scene, fault, report)) {
    const info = attempt(() => slabObjectInfo(scene.program, address))
    if (!info || slabCacheName(info.cache) !== report.cache) continue
    if (placeInSlab(info) === report.objectOffset) return info
  }
  return undefined
}

/** The bytes that were written; undefined where the report names none, or the object is not found. */
export function findDamage(
  { program }: Scene,
  info: SlabObjectInfo | undefined,
  { damage, objectOffset }: SlabReport,
): DamagedObject | undefined {
  if (!info || damage?.offset === undefined || objectOffset === undefined) return undefined
  const offset = damage.offset - objectOffset
  const start = info.object + BigInt(offset)
  const bytes = attempt(() => program.memory.bytes(start, DAMAGE_MAX))
  // What was written ends where the pattern goes on.
  const size = Math.max(1, bytes?.indexOf(damage.expected) ?? 1)
  return { info, start, size, offset, objectSize: info.cache.number('object_size') }
}

function placeInSlab({ cache, slab, object }: SlabObjectInfo): number {
  const padding = BigInt(cache.find('red_left_pad')?.number() ?? 0)
  return Number(object - (slabFirstObject(cache, slab) - padding))
}

function* candidates(scene: Scene, fault: Fault, { object }: SlabReport): Generator<bigint> {
  const { program } = scene
  if (object !== undefined) yield object
  if (!fault.isWhole) return
  const sp = scene.panicTrace.frames[0]?.sp ?? 0n
  for (let index = 0; index < STACK_WORDS; index++) {
    const word = attempt(() => program.memory.u64(sp + BigInt(index * 8)))
    if (word === undefined) return
    if (program.arch.isKernelAddress(word)) yield word
  }
}
