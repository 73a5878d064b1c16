// A jump to what is no code: a function pointer that was overwritten, never set, or whose module is gone. Source:
// arch/x86/mm/fault.c "kernel tried to execute NX-protected page", "unable to execute userspace code (SMEP?)".
import { accessFinding } from '../access_finding.ts'
import { accessSort } from '../access_sort.ts'
import { pointerText } from '../access_text.ts'
import { thingText } from '../address_text.ts'
import { blame } from '../blame.ts'
import { faultingAccesses } from '../faulting_access.ts'
import { inCulprit } from '../frame_text.ts'
import { formatHex } from '../../base/hex.ts'
import { tellPointer } from '../pointer_tale.ts'
import type { Rule } from '../rule.ts'

export const noExecute: Rule = {
  name: 'no-execute',
  summary: 'a function pointer led to what is no code',
  needs: ['symbols'],
  *find(scene) {
    const { program } = scene
    for (const access of faultingAccesses(scene)) {
      const { address } = access
      if (address === undefined || accessSort(scene, access).kind !== 'no-execute') continue
      const tale = tellPointer(scene, access)
      const culprit = blame(program, access.fault.frames)
      const isUser = program.arch.isUserAddress(address)
      const thing = isUser ? 'user memory' : thingText(program, address) || formatHex(address)
      // A return to a bad address has no call before it.
      const what =
        access.pointer === undefined
          ? `the CPU went to ${thing}`
          : `${tale.name === '' ? 'a function pointer' : pointerText(tale, access)} led to ${thing}`
      yield accessFinding(scene, access, tale, {
        kind: 'no-execute',
        title: `${what}, which is no code${inCulprit(culprit)}`,
        confidence: access.pointer === undefined ? 'likely' : 'certain',
        evidence: [
          {
            text: `${formatHex(address)} is ${thing}`,
            address,
            command: `${isUser ? 'vtop' : 'kmem'} ${address.toString(16)}`,
          },
        ],
        refutedBy: [
          'the page held code of a module that was unloaded, or of a program that was freed, meanwhile',
        ],
        next: [{ text: 'see who set the function pointer, and what lies around it', command: '' }],
        explains: ['bad-address', 'oops'],
      })
    }
  },
}
