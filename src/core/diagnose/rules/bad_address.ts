// An address that the page tables do not have, and what its place tells of it: memory that was freed and unmapped, the page
// behind an area, a module that is gone. Source: arch/x86/mm/fault.c page_fault_oops().
import { formatHex } from '../../base/hex.ts'
import { accessFinding } from '../access_finding.ts'
import { accessSort, type AccessSort } from '../access_sort.ts'
import { accessText, pointerText } from '../access_text.ts'
import { blame } from '../blame.ts'
import { faultingAccesses } from '../faulting_access.ts'
import { inCulprit } from '../frame_text.ts'
import { tellPointer } from '../pointer_tale.ts'
import type { Rule } from '../rule.ts'
import { unmappedPlace } from '../unmapped_place.ts'
import { wrongFree } from '../wrong_free.ts'

/** Sorts that are left for this rule. */
const SORTS: readonly AccessSort['kind'][] = ['not-mapped', 'mapped', 'unknown']

export const badAddress: Rule = {
  name: 'bad-address',
  summary: 'an address that is not mapped was used, and what was there',
  needs: ['symbols'],
  *find(scene) {
    const { program } = scene
    for (const access of faultingAccesses(scene)) {
      const { address, exception } = access
      const sort = accessSort(scene, access)
      if (!SORTS.includes(sort.kind) || address === undefined || exception !== 'address') continue
      const tale = tellPointer(scene, access)
      const culprit = blame(program, access.fault.frames)
      const place =
        sort.kind === 'mapped'
          ? {
              text: 'is mapped now',
              next: 'see whether other crashes of this machine differ: bad memory',
            }
          : unmappedPlace(program, address)
      const done = accessText(tale, access)
      const freed = wrongFree(program, access.fault, culprit)
      yield accessFinding(scene, access, tale, {
        kind: 'bad-address',
        title:
          freed?.title ??
          `${pointerText(tale, access)} leads to ${formatHex(address)}, which ${place.text}: ${done}${inCulprit(culprit)}`,
        confidence: sort.kind === 'not-mapped' ? 'likely' : 'possible',
        evidence: [
          ...(freed ? [freed.evidence] : []),
          {
            text: `${formatHex(address)} ${place.text}`,
            address,
            command: `vtop ${address.toString(16)}`,
          },
        ],
        refutedBy: [
          'an earlier report of corrupted memory: then the pointer was written over',
          'a neighbouring value one bit away that is a good pointer: then it is bad memory',
        ],
        next: [{ text: freed?.next ?? place.next, command: '' }],
        explains: ['oops'],
      })
    }
  },
}
