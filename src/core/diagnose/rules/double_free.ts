// Memory freed twice: SLUB's debugging finds the object free already; without it, the list of free objects would lead from the
// object to itself, which is a BUG() in mm/slub.c. Source: mm/slub.c free_consistency_checks(), set_freepointer().
import { attempt } from '../../base/errors.ts'
import { formatHex } from '../../base/hex.ts'
import { slabObjectInfo } from '../../kernel/slab.ts'
import { slabCacheName } from '../../kernel/slab_cache.ts'
import { blame } from '../blame.ts'
import { checkPlace, failedCheck } from '../failed_check.ts'
import type { Fault } from '../fault.ts'
import { functionText, inCulprit, pathText } from '../frame_text.ts'
import { atMost } from '../incident.ts'
import { bareName } from '../panic_machinery.ts'
import type { Confidence, Evidence, Finding, Rule } from '../rule.ts'
import type { Scene } from '../scene.ts'
import { findReported } from '../slab_damage.ts'
import { parseSlabReport } from '../slab_report.ts'

export const doubleFree: Rule = {
  name: 'double-free',
  summary: 'memory freed twice',
  needs: ['symbols'],
  *find(scene) {
    for (const { fault, index, role, explains, limit } of scene.incidents) {
      const told = reported(scene, fault) ?? trapped(scene, fault)
      if (!told) continue
      const culprit = blame(scene.program, fault.frames)
      const finding: Finding = {
        kind: 'double-free',
        role,
        title: `${told.what} was freed twice, the second time${inCulprit(culprit)}`,
        confidence: atMost(told.confidence, limit),
        evidence: [
          ...told.evidence,
          { text: `freed by ${pathText(scene.program, fault.frames, 6)}`, command: 'bt' },
        ],
        refutedBy: told.refutedBy,
        culprit,
        next: [
          { text: 'find the other place that frees it: an error path, as a rule', command: '' },
          { text: 'see who called', command: 'bt' },
          { text: 'have the kernel record who frees: slub_debug=FU', command: '' },
        ],
        explains: ['bug', 'slab-corruption', 'panic', ...explains],
        ...(index === undefined ? {} : { fault: index }),
      }
      yield finding
    }
  },
}

interface Told {
  readonly what: string
  readonly confidence: Confidence
  readonly evidence: readonly Evidence[]
  readonly refutedBy: readonly string[]
}

/** SLUB's own words. KASAN's and KFENCE's are another rule's. */
function reported(scene: Scene, fault: Fault): Told | undefined {
  const { lines } = scene
  const { trouble } = fault
  const report = trouble?.kind === 'double-free' ? parseSlabReport(lines, trouble) : undefined
  if (!trouble || !report) return undefined
  const { cache, freed, allocated } = report
  const object = findReported(scene, fault, report)?.object
  const evidence: Evidence[] = [{ text: `the log says: ${trouble.line}`, command: 'log' }]
  if (object !== undefined)
    evidence.push({ text: 'the object', address: object, command: `kmem ${hex(object)}` })
  if (freed)
    evidence.push({
      text: `freed before in ${functionText(freed.symbol)} by PID ${freed.pid}`,
      command: 'log',
    })
  if (allocated)
    evidence.push({ text: `allocated in ${functionText(allocated.symbol)}`, command: 'log' })
  return {
    what: `an object of ${cache}`,
    confidence: 'certain',
    evidence,
    refutedBy: ['the lists of free objects are damaged'],
  }
}

/** What frees. */
const FREERS =
  /^(?:__?slab_free|do_slab_free|___cache_free|kfree|kvfree|kmem_cache_free\w*|set_freepointer|kfree_\w+|__kmem_cache_free|slab_free\w*)$/

function trapped(scene: Scene, fault: Fault): Told | undefined {
  const name = fault.frames[0]?.name
  const check = name && FREERS.test(bareName(name)) ? failedCheck(scene, fault) : undefined
  if (!check || check.isWarning || !/^mm\/sl[au]b\.c$/.test(check.file)) return undefined
  const object = freeObject(scene, fault)
  const place = checkPlace(check)
  const evidence: Evidence[] = [
    {
      text: `BUG at ${place}, in ${name}(): the list of free objects would lead to itself`,
      ...(fault.ip === undefined ? {} : { address: fault.ip }),
      command: 'log',
    },
  ]
  if (object)
    evidence.push({
      text: `%${object.register} is an object of ${object.cache} that is free`,
      address: object.address,
      command: `kmem ${hex(object.address)}`,
    })
  return {
    what: object ? `an object of ${object.cache}` : 'an object',
    confidence: object ? 'certain' : 'likely',
    evidence,
    refutedBy: [`the BUG() at ${place} checks something else than the list of free objects`],
  }
}

/** An object in a register that is on a list of free objects already. */
function freeObject(
  { program }: Scene,
  { registers, isWhole }: Fault,
): { readonly register: string; readonly address: bigint; readonly cache: string } | undefined {
  if (!isWhole) return undefined
  for (const [register, address] of Object.entries(registers)) {
    const info = attempt(() => slabObjectInfo(program, address))
    if (info?.object === address && info.allocated === false)
      return { register, address, cache: slabCacheName(info.cache) }
  }
  return undefined
}

const hex = (address: bigint): string => formatHex(address).slice(2)
