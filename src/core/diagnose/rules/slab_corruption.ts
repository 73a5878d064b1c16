// An object of the slab allocator written to where or when it must not be, as SLUB's debugging finds it. Who wrote is not
// recorded: the owner of the object is the first to ask, by who allocated and who freed it. Source: mm/slub.c.
import { attempt } from '../../base/errors.ts'
import { formatHex } from '../../base/hex.ts'
import { slabObjectInfo } from '../../kernel/slab.ts'
import type { Program } from '../../program/program.ts'
import { blame, blamedFrame, moduleTaints } from '../blame.ts'
import type { Fault } from '../fault.ts'
import { functionText, inCulprit, pathText } from '../frame_text.ts'
import { atMost } from '../incident.ts'
import type { Culprit, Evidence, NextStep, Rule } from '../rule.ts'
import { parseSlabReport, type SlabReport, type SlabTrack } from '../slab_report.ts'
import type { PrintedSymbol } from '../trouble.ts'

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
        evidence: evidenceOf(program, fault, report),
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
  const frames = [track.symbol, ...track.stack].map((symbol) => printedFrame(symbol))
  const { name, module } = blamedFrame(frames) ?? track.symbol
  return { function: name, module, taints: moduleTaints(program, module), source: '', unit: '' }
}

function printedFrame({ name, offset, module }: PrintedSymbol) {
  return {
    ...{ name, offset, module, ip: 0n, sp: 0n },
    ...({ quality: 'exact', interrupted: false, registers: undefined } as const),
  }
}

function evidenceOf(program: Program, { trouble, frames }: Fault, report: SlabReport): Evidence[] {
  const evidence: Evidence[] = []
  if (trouble) evidence.push({ text: `the log says: ${trouble.line}`, command: 'log' })
  const { object, damage, allocated, freed } = report
  if (damage) evidence.push(damageEvidence(program, report, damage))
  if (object !== undefined)
    evidence.push({ text: 'the object', address: object, command: `kmem ${hex(object)}` })
  if (allocated) evidence.push(trackEvidence('allocated', allocated))
  if (freed) evidence.push(trackEvidence('freed', freed))
  const before = object === undefined ? undefined : neighbourEvidence(program, object)
  if (before && sortOf(report.what) === 'before the start') evidence.push(before)
  evidence.push({ text: `found on the way of ${pathText(frames, 6)}`, command: 'bt' })
  return evidence
}

/** Bytes shown of what was written. */
const SHOWN_MAX = 32

function damageEvidence(
  program: Program,
  { object, byte, expected }: SlabReport,
  { start, last }: NonNullable<SlabReport['damage']>,
): Evidence {
  const size = Number(last - start) + 1
  const info = object === undefined ? undefined : attempt(() => slabObjectInfo(program, object))
  const end = info && info.object + info.cache.bigint('object_size')
  const where =
    end === undefined || object === undefined
      ? ''
      : start >= end
        ? `, ${start - end} bytes behind the end of the object`
        : `, at ${formatHex(start - object)} of the object`
  const text = writtenText(program, start, Math.min(size, SHOWN_MAX))
  return {
    text: `${size} byte${size === 1 ? '' : 's'} written${where}: the first is ${formatHex(byte ?? 0)} instead of ${formatHex(expected ?? 0)}${text}`,
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

function neighbourEvidence(program: Program, object: bigint): Evidence | undefined {
  const info = attempt(() => slabObjectInfo(program, object))
  const before = info && info.object - info.cache.bigint('size')
  const state = before && attempt(() => slabObjectInfo(program, before))
  if (!state) return undefined
  const allocated =
    state.allocated === undefined
      ? ''
      : state.allocated
        ? ', which is allocated'
        : ', which is free'
  return {
    text: `the object before it${allocated}: its owner may have written past its end`,
    address: before,
    command: `kmem ${hex(before)}`,
  }
}

function nextSteps({ cache, damage, allocated }: SlabReport): NextStep[] {
  return [
    ...(damage
      ? [{ text: 'recognise what was written', command: `rd -a ${hex(damage.start)} 8` }]
      : []),
    ...(allocated
      ? []
      : [{ text: `have the kernel record who allocates: slub_debug=FZPU,${cache}`, command: '' }]),
    { text: 'look at the other objects of the slab', command: `kmem -S ${cache}` },
    { text: 'a kernel with KASAN or KFENCE names who writes', command: '' },
  ]
}

const hex = (address: bigint): string => formatHex(address).slice(2)
