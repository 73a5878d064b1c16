// Memory that was freed and is used still: the bad pointer is poison, or was loaded from an object that is free. Without
// slub_debug the first words of a free object are the allocator's, so that a pointer read there is no address at all.
// Source: include/linux/poison.h, mm/slub.c.
import type { SlabObjectInfo } from '../../kernel/slab.ts'
import { accessFinding } from '../access_finding.ts'
import { accessSort, type AccessSort } from '../access_sort.ts'
import { accessText, pointerText } from '../access_text.ts'
import { blame } from '../blame.ts'
import { faultingAccesses, type FaultingAccess } from '../faulting_access.ts'
import { inCulprit } from '../frame_text.ts'
import { isFreePoison, objectAt, objectEvidence, objectText } from '../freed_object.ts'
import { tellPointer, type PointerTale } from '../pointer_tale.ts'
import type { Confidence, Rule } from '../rule.ts'
import type { Scene } from '../scene.ts'

export const useAfterFree: Rule = {
  name: 'use-after-free',
  summary: 'memory was used after it was freed',
  needs: ['symbols', 'types'],
  *find(scene) {
    for (const access of faultingAccesses(scene)) {
      const tale = tellPointer(scene, access)
      const object = tale.place === undefined ? undefined : objectAt(scene.program, tale.place)
      const verdict = verdictOf(scene, access, object)
      if (!verdict) continue
      const culprit = blame(scene.program, access.fault.frames)
      const what = object ? objectText(object) : 'memory'
      yield accessFinding(scene, access, tale, {
        kind: 'use-after-free',
        title: `${what} was used after it was freed${inCulprit(culprit)}: ${because(tale, access, verdict)}`,
        confidence: verdict.confidence,
        evidence: object ? objectEvidence(scene.program, object) : [],
        refutedBy: verdict.refutedBy,
        next: [
          { text: 'find who frees it while it is still referenced', command: '' },
          { text: 'have the kernel record who frees: slub_debug=FPU, or KASAN', command: '' },
        ],
        explains: ['general-protection', 'bad-address', 'memory-corruption', 'bit-flip', 'oops'],
      })
    }
  },
}

interface Verdict {
  readonly confidence: Confidence
  /** What the pointer was. */
  readonly was: string
  readonly refutedBy: readonly string[]
}

function verdictOf(
  scene: Scene,
  access: FaultingAccess,
  object: SlabObjectInfo | undefined,
): Verdict | undefined {
  const sort = accessSort(scene, access)
  if (sort.kind === 'telling' && isFreePoison(sort.meaning)) {
    const was = `${sort.meaning.name}, which fills ${sort.meaning.meaning}`
    // Poison is left in what was allocated and not written since.
    if (object?.allocated === true)
      return {
        ...{ confidence: 'likely', was },
        refutedBy: ['the object is allocated: it may be read before anybody has written to it'],
      }
    return {
      ...{ confidence: object?.allocated === false ? 'certain' : 'likely', was },
      refutedBy: ['the object was allocated when it was read, and not written before'],
    }
  }
  if (object?.allocated !== false || !isGarbage(sort)) return undefined
  return {
    confidence: 'likely',
    was: 'what a free object holds, no pointer',
    refutedBy: [
      'the object was freed after the fault, by another CPU',
      'the list of free objects is damaged, and has the object wrongly',
    ],
  }
}

/** What a word of a free object would be taken for. */
function isGarbage({ kind }: AccessSort): boolean {
  return kind === 'non-canonical' || kind === 'not-mapped' || kind === 'unknown'
}

function because(tale: PointerTale, access: FaultingAccess, { was }: Verdict): string {
  const done = accessText(tale, access)
  return `${pointerText(tale, access)} is ${was}: ${done}`
}
