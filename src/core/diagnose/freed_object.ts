// Slab objects that were freed: by what lies in them, by the lists of free ones, and who freed them.
import { attempt } from '../base/errors.ts'
import type { ValueMeaning } from '../kernel/poison.ts'
import { slabObjectInfo, type SlabObjectInfo } from '../kernel/slab.ts'
import { slabCacheName } from '../kernel/slab_cache.ts'
import { slabTrack, type TrackItem } from '../kernel/slab_track.ts'
import type { Program } from '../program/program.ts'
import { hex } from './access_text.ts'
import type { Evidence } from './rule.ts'

/** Is it what the kernel fills freed memory with? */
export function isFreePoison({ name }: ValueMeaning): boolean {
  return /^(?:POISON_FREE|PAGE_POISON|KASAN)/.test(name)
}

/** The slab object an address is in; undefined for what is none. */
export function objectAt(program: Program, address: bigint): SlabObjectInfo | undefined {
  return attempt(() => slabObjectInfo(program, address))
}

/** `an object of kmalloc-64`. */
export function objectText({ cache }: SlabObjectInfo): string {
  return `an object of ${attempt(() => slabCacheName(cache)) ?? 'a slab cache'}`
}

/** What shows an object and its state. */
export function objectEvidence(program: Program, info: SlabObjectInfo): Evidence[] {
  const { object, allocated, cpu } = info
  const state =
    allocated === undefined
      ? 'whether it is free is not known'
      : allocated
        ? 'allocated'
        : `free${cpu === undefined ? '' : `, at hand for CPU ${cpu}`}`
  const text = `${objectText(info)}: ${state}`
  const evidence: Evidence[] = [{ text, address: object, command: `kmem ${hex(object)}` }]
  for (const item of ['freed', 'allocated'] as const) {
    const track = trackText(program, info, item)
    if (track !== undefined)
      evidence.push({ text: track, address: object, command: `rd ${hex(object)} 32` })
  }
  return evidence
}

/** `it was freed in frame_release+0x12 [sensorhub] by PID 180`. */
function trackText(
  program: Program,
  { cache, object }: SlabObjectInfo,
  item: TrackItem,
): string | undefined {
  const track = attempt(() => slabTrack(cache, object, item))
  if (!track) return undefined
  const where = program.symbolize(track.address) ?? 'unknown code'
  return `it was ${item} in ${where} by PID ${track.pid} on CPU ${track.cpu}`
}
