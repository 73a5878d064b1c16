// An object of the slab allocator written to where or when it must not be, as SLUB's debugging finds it. Who wrote is not
// recorded: the owner of the object is the first to ask, by who allocated and who freed it. Source: mm/slub.c.
import { attempt } from '../../base/errors.ts'
import { formatHex } from '../../base/hex.ts'
import { slabObjectInfo, type SlabObjectInfo } from '../../kernel/slab.ts'
import type { Program } from '../../program/program.ts'
import { blame, blamedFrame, symbolCulprit } from '../blame.ts'
import { isBlamable } from '../known_functions.ts'
import type { Fault } from '../fault.ts'
import { functionText, inCulprit, pathText } from '../frame_text.ts'
import { atMost } from '../incident.ts'
import type { Culprit, Evidence, NextStep, Rule } from '../rule.ts'
import type { Scene } from '../scene.ts'
import { findDamage, findReported, type DamagedObject } from '../slab_damage.ts'
import { parseSlabReport, type SlabReport, type SlabTrack } from '../slab_report.ts'

export const slabCorruption: Rule = {
  name: 'slab-corruption',
  summary: 'a slab object written past its end or after it was freed',
  needs: ['symbols', 'log'],
  *find(scene) {
    const { program, lines } = scene
    for (const { fault, index, role, explains, limit } of scene.incidents) {
      if (fault.trouble?.kind !== 'slab-corruption') continue
      const report = parseSlabReport(lines, fault.trouble)
      if (!report) continue
      const sort = sortOf(report.what)
      const culprit = culpritOf(program, fault, report, sort)
      yield {
        kind: 'slab-corruption',
        role,
        title: `${titleOf(report, sort)}${inCulprit(culprit)}`,
        confidence: atMost('likely', limit),
        evidence: evidenceOf(scene, fault, report),
        refutedBy: [
          'other objects of the same slab are damaged in the same way: somebody else writes over all of them',
          ...(report.allocated ? [] : ['the owner is not known: nobody recorded who allocated it']),
        ],
        culprit,
        next: nextSteps(report),
        explains: ['bug', 'warning', 'panic', 'general-protection', 'bad-address', ...explains],
        ...(index === undefined ? {} : { fault: index }),
      }
    }
  },
}

/** Sorts of damage, by SLUB's words: "Redzone overwritten" was split into left and right by v5.3. */
type Sort =
  | 'past the end'
  | 'before the start'
  | 'after it was freed'
  | 'freelist'
  | 'bad free'
  | 'other'

const SORTS: readonly (readonly [RegExp, Sort])[] = [
  [/^Left Redzone/, 'before the start'],
  [/Redzone overwritten|Redzone|[Pp]adding overwritten/, 'past the end'],
  [/^Poison/, 'after it was freed'],
  [/^Free(?:pointer|chain|list)/i, 'freelist'],
  [/^(?:Invalid object|Attempt to free|Wrong slab|Object is on|SLUB: )/, 'bad free'],
]

function sortOf(what: string): Sort {
  return SORTS.find(([pattern]) => pattern.test(what))?.[1] ?? 'other'
}

function titleOf({ cache, what }: SlabReport, sort: Sort): string {
  switch (sort) {
    case 'past the end':
      return `an object of ${cache} was written past its end`
    case 'before the start':
      return `memory before an object of ${cache} was written`
    case 'after it was freed':
      return `an object of ${cache} was written after it was freed`
    case 'freelist':
      return `the list of free objects of ${cache} was written over`
    case 'bad free':
      return `what is no object of ${cache} was freed as one`
    case 'other':
      return `an object of ${cache} is damaged (${what})`
  }
}

/**
 * Past its end an object is written by its owner: who frees it, if that is who allocated it. After it was freed, by who had
 * it last. Who happens to allocate when the damage is found has no part in it.
 */
function culpritOf(
  program: Program,
  { frames }: Fault,
  { allocated, freed }: SlabReport,
  sort: Sort,
): Culprit | null {
  const finder = blamedFrame(frames)
  if (sort === 'bad free') return blame(program, frames)
  if (sort === 'after it was freed' || sort === 'freelist') return trackCulprit(program, freed)
  if (finder && allocated?.symbol.module === finder.module) return blame(program, frames)
  return trackCulprit(program, allocated)
}

function trackCulprit(program: Program, track: SlabTrack | undefined): Culprit | null {
  if (!track) return null
  const symbols = [track.symbol, ...track.stack]
  return symbolCulprit(program, symbols.find(isBlamable) ?? track.symbol)
}

function evidenceOf(scene: Scene, fault: Fault, report: SlabReport): Evidence[] {
  const { allocated, freed } = report
  const evidence: Evidence[] = []
  if (fault.trouble) evidence.push({ text: `the log says: ${fault.trouble.line}`, command: 'log' })
  const info = findReported(scene, fault, report)
  const damage = findDamage(scene, info, report)
  if (damage) evidence.push(damageEvidence(scene.program, report, damage))
  if (info)
    evidence.push({ text: 'the object', address: info.object, command: `kmem ${hex(info.object)}` })
  if (allocated) evidence.push(trackEvidence('allocated', allocated))
  if (freed) evidence.push(trackEvidence('freed', freed))
  if (info && sortOf(report.what) === 'before the start')
    evidence.push(...neighbourEvidence(scene.program, info))
  evidence.push({
    text: `found on the way of ${pathText(scene.program, fault.frames, 6)}`,
    command: 'bt',
  })
  return evidence
}

/** Bytes shown of what was written. */
const SHOWN_MAX = 32

function damageEvidence(
  program: Program,
  { damage }: SlabReport,
  { start, size, offset, objectSize }: DamagedObject,
): Evidence {
  const where =
    offset >= objectSize
      ? `${offset === objectSize ? 'right' : `${offset - objectSize} bytes`} behind the object's ${objectSize}`
      : offset < 0
        ? `${-offset} bytes before the object`
        : `at ${formatHex(offset)} of the object's ${objectSize} bytes`
  const first = `the first is ${formatHex(damage?.byte ?? 0)} instead of ${formatHex(damage?.expected ?? 0)}`
  const text = writtenText(program, start, Math.min(size, SHOWN_MAX))
  return {
    text: `${size} byte${size === 1 ? '' : 's'} written, ${where}: ${first}${text}`,
    address: start,
    command: `rd -8 ${hex(start)} ${Math.min(size, SHOWN_MAX)}`,
  }
}

/** A string says much of who wrote it. */
function writtenText(program: Program, start: bigint, size: number): string {
  const bytes = attempt(() => program.memory.bytes(start, size))
  const isText = bytes && size >= 4 && bytes.every((byte) => byte >= 0x20 && byte < 0x7f)
  return isText ? `, text: ${JSON.stringify(String.fromCharCode(...bytes))}` : ''
}

function trackEvidence(verb: string, { symbol, age, cpu, pid }: SlabTrack): Evidence {
  const text = `${verb} in ${functionText(symbol)} by PID ${pid} on CPU ${cpu}, ${age} jiffies before`
  return { text, command: 'log' }
}

function neighbourEvidence(program: Program, { object, cache }: SlabObjectInfo): Evidence[] {
  const before = object - cache.bigint('size')
  const state = attempt(() => slabObjectInfo(program, before))
  if (!state) return []
  const allocated =
    state.allocated === undefined
      ? ''
      : state.allocated
        ? ', which is allocated'
        : ', which is free'
  return [
    {
      text: `the object before it${allocated}: its owner may have written past its end`,
      address: before,
      command: `kmem ${hex(before)}`,
    },
  ]
}

function nextSteps({ cache, allocated }: SlabReport): NextStep[] {
  return [
    ...(allocated
      ? []
      : [{ text: `have the kernel record who allocates: slub_debug=FZPU,${cache}`, command: '' }]),
    { text: 'look at the other objects of the slab', command: `kmem -S ${cache}` },
    { text: 'a kernel with KASAN or KFENCE names who writes', command: '' },
  ]
}

const hex = (address: bigint): string => formatHex(address).slice(2)
