// A pointer whose value says what it is: poison of a deleted list entry, or text. Poison of freed memory is another rule's.
// Source: include/linux/poison.h.
import { accessFinding } from '../access_finding.ts'
import { accessSort, type AccessSort } from '../access_sort.ts'
import { accessText, pointerText } from '../access_text.ts'
import { blame } from '../blame.ts'
import { faultingAccesses } from '../faulting_access.ts'
import { inCulprit } from '../frame_text.ts'
import { isFreePoison } from '../freed_object.ts'
import { tellPointer } from '../pointer_tale.ts'
import type { Finding, Rule } from '../rule.ts'

export const tellingPointer: Rule = {
  name: 'telling-pointer',
  summary: 'a pointer was poison of a deleted list entry, or text',
  needs: ['symbols'],
  *find(scene) {
    for (const access of faultingAccesses(scene)) {
      const sort = accessSort(scene, access)
      if (sort.kind !== 'telling' || isFreePoison(sort.meaning)) continue
      const tale = tellPointer(scene, access)
      const culprit = blame(scene.program, access.fault.frames)
      const { kind, because, refutedBy, next } = verdictOf(sort)
      const done = accessText(tale, access)
      yield accessFinding(scene, access, tale, {
        kind,
        title: `${pointerText(tale, access)} is ${sort.meaning.name}, ${because}: ${done}${inCulprit(culprit)}`,
        confidence: 'likely',
        refutedBy,
        next: [{ text: next, command: '' }],
        explains: ['general-protection', 'oops', 'bad-address'],
      })
    }
  },
}

interface Verdict {
  readonly kind: Finding['kind']
  readonly because: string
  readonly refutedBy: readonly string[]
  readonly next: string
}

function verdictOf({ meaning }: Extract<AccessSort, { kind: 'telling' }>): Verdict {
  if (meaning.name.startsWith('LIST_POISON'))
    return {
      kind: 'list-corruption',
      because: 'what list_del() leaves behind',
      refutedBy: ['the entry is on a list: then its poison was copied from elsewhere'],
      next: 'find who deleted the entry while others still walked over it, or deleted it twice',
    }
  if (meaning.name.startsWith('"'))
    return {
      kind: 'memory-corruption',
      because: 'text where a pointer should be',
      refutedBy: [
        'the memory is of another type than the code takes it for, and holds text rightly',
      ],
      next: 'recognise the text, and find who copies it: a string was written past the end of its memory',
    }
  return {
    kind: 'memory-corruption',
    because: meaning.meaning,
    refutedBy: ['the value is a number that happens to look so'],
    next: 'find who used the memory before',
  }
}
