// A general protection fault of which nothing better is known: the pointer is no address of the machine, and not of a
// pattern anybody writes. Source: arch/x86/kernel/traps.c exc_general_protection().
import { formatHex } from '../../base/hex.ts'
import { accessFinding } from '../access_finding.ts'
import { accessSort } from '../access_sort.ts'
import { accessText, instructionText, pointerText } from '../access_text.ts'
import { blame } from '../blame.ts'
import { faultingAccesses, type FaultingAccess } from '../faulting_access.ts'
import { inCulprit } from '../frame_text.ts'
import { tellPointer, type PointerTale } from '../pointer_tale.ts'
import type { Rule } from '../rule.ts'
import type { Scene } from '../scene.ts'

export const generalProtection: Rule = {
  name: 'general-protection',
  summary: 'a pointer that is no address of the machine was used',
  needs: ['symbols'],
  *find(scene) {
    for (const access of faultingAccesses(scene)) {
      const { kind } = accessSort(scene, access)
      const isLeft = kind === 'non-canonical' || kind === 'unknown'
      if (!isLeft || access.exception !== 'protection') continue
      const tale = tellPointer(scene, access)
      const where = inCulprit(blame(scene.program, access.fault.frames))
      yield accessFinding(scene, access, tale, {
        kind: 'general-protection',
        title: `${titleOf(scene, access, tale)}${where}`,
        confidence: access.pointer ? 'likely' : 'possible',
        refutedBy: [
          'the object that held the pointer is free: then it was used after it was freed',
          'an earlier report of corrupted memory: then the pointer was written over',
        ],
        next: [
          { text: 'recognise the value: a counter, a hash, a piece of a string', command: '' },
        ],
        explains: ['oops'],
      })
    }
  },
}

function titleOf({ program }: Scene, access: FaultingAccess, tale: PointerTale): string {
  const { pointer, fault } = access
  if (!pointer) {
    const text = fault.ip === undefined ? undefined : instructionText(program, fault.ip)
    return `general protection fault${text === undefined ? '' : ` at \`${text}\``}`
  }
  const done = accessText(tale, access)
  return `${pointerText(tale, access)} is ${formatHex(pointer.value)}, no address: ${done}`
}
