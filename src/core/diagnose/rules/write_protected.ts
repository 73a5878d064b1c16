// A write to memory that the kernel has made read-only: code, constants, what may be set at boot only. Source: error code
// 0x3 of page faults, "supervisor write access" and "permissions violation", arch/x86/mm/fault.c.
import { accessFinding } from '../access_finding.ts'
import { accessSort } from '../access_sort.ts'
import { pointerText } from '../access_text.ts'
import { thingAt, thingText } from '../address_text.ts'
import { blame } from '../blame.ts'
import { faultingAccesses } from '../faulting_access.ts'
import { inCulprit } from '../frame_text.ts'
import { tellPointer } from '../pointer_tale.ts'
import type { Rule } from '../rule.ts'

export const writeProtected: Rule = {
  name: 'write-protected',
  summary: 'read-only memory of the kernel was to be written',
  needs: ['symbols'],
  *find(scene) {
    const { program } = scene
    for (const access of faultingAccesses(scene)) {
      const sort = accessSort(scene, access)
      const { address } = access
      if (sort.kind !== 'write-protected' || address === undefined) continue
      const tale = tellPointer(scene, access)
      const culprit = blame(program, access.fault.frames)
      const thing = thingText(program, address) || 'memory'
      const symbol = thingAt(program, address)
      yield accessFinding(scene, access, tale, {
        kind: 'write-protected',
        title: `${thing}, which is read-only, was to be written${inCulprit(culprit)} through ${pointerText(tale, access)}`,
        confidence: 'certain',
        evidence: [
          {
            text: `its page is mapped without write permission: ${sort.mapping.flags.join(' ')}`,
            address,
            command: `vtop ${address.toString(16)}`,
          },
        ],
        refutedBy: ['the protection was changed after the fault'],
        next: [
          {
            text:
              symbol?.kind === 'symbol'
                ? `see whether ${symbol.name} is const or __ro_after_init, and who casts that away`
                : 'see what is there, and who writes',
            command: `sym ${address.toString(16)}`,
          },
        ],
        explains: ['bad-address', 'oops'],
      })
    }
  },
}
