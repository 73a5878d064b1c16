// A pointer of user space, used by the kernel as its own: copy_from_user() was forgotten, or the pointer was not checked.
// Source: SMAP, arch/x86/mm/fault.c; PAN, arch/arm64/mm/fault.c "access to user memory outside uaccess routines".
import { attempt } from '../../base/errors.ts'
import { formatHex } from '../../base/hex.ts'
import { vmaText } from '../../kernel/identify_user.ts'
import { taskMm, vmaLookup } from '../../kernel/mm.ts'
import { accessFinding } from '../access_finding.ts'
import { accessSort } from '../access_sort.ts'
import { pointerText } from '../access_text.ts'
import { blame } from '../blame.ts'
import { faultingAccesses } from '../faulting_access.ts'
import { inCulprit } from '../frame_text.ts'
import { tellPointer } from '../pointer_tale.ts'
import type { Rule } from '../rule.ts'
import type { Scene } from '../scene.ts'
import { taskText } from '../task_text.ts'

export const userAccess: Rule = {
  name: 'user-access',
  summary: 'a pointer of user space was used as one of the kernel',
  needs: ['symbols'],
  *find(scene) {
    for (const access of faultingAccesses(scene)) {
      const sort = accessSort(scene, access)
      const { address } = access
      if (sort.kind !== 'user' || address === undefined) continue
      const mapping = userMappingText(scene, address) ?? 'memory of a process'
      const tale = tellPointer(scene, access)
      const culprit = blame(scene.program, access.fault.frames)
      yield accessFinding(scene, access, tale, {
        kind: 'user-access',
        title: `${pointerText(tale, access)} is an address of user space, ${formatHex(address)} in ${mapping}, used as one of the kernel${inCulprit(culprit)}`,
        confidence: sort.isRefused ? 'certain' : 'likely',
        evidence: [
          {
            text: `${formatHex(address)} is ${mapping}`,
            address,
            command: `vtop ${address.toString(16)}`,
          },
        ],
        refutedBy: ['the value is a number that happens to be an address of the process'],
        next: [
          {
            text: 'see whether copy_from_user(), get_user() or the like was forgotten',
            command: '',
          },
        ],
        explains: ['bad-address', 'oops'],
      })
    }
  },
}

/** `[stack] of PID 180 "sh"`; undefined where the process has nothing there. */
function userMappingText({ panicTask }: Scene, address: bigint): string | undefined {
  return attempt(() => {
    const mm = panicTask && taskMm(panicTask)
    const vma = mm && vmaLookup(mm, address)
    return vma && `${vmaText(mm, vma) || 'anonymous memory'} of ${taskText(panicTask)}`
  })
}
