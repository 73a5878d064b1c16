// A pointer that is NULL, or NULL and an offset, and was used. Source: arch/x86/mm/fault.c show_fault_oops(): what lies in
// the first page is called NULL; an element of an array at NULL lies further.
import { formatHex } from '../../base/hex.ts'
import { accessFinding } from '../access_finding.ts'
import { accessSort } from '../access_sort.ts'
import { accessText, pointerText } from '../access_text.ts'
import { blame } from '../blame.ts'
import { faultingAccesses, type FaultingAccess } from '../faulting_access.ts'
import { inCulprit } from '../frame_text.ts'
import { tellPointer, type PointerTale } from '../pointer_tale.ts'
import type { NextStep, Rule } from '../rule.ts'

export const nullDereference: Rule = {
  name: 'null-dereference',
  summary: 'a NULL pointer was used: which, and which member of what',
  needs: ['symbols'],
  *find(scene) {
    for (const access of faultingAccesses(scene)) {
      if (accessSort(scene, access).kind !== 'null') continue
      const tale = tellPointer(scene, access)
      const where = inCulprit(blame(scene.program, access.fault.frames))
      const isSure =
        access.fault.trouble?.kind === 'null-dereference' || access.pointer?.value === 0n
      yield accessFinding(scene, access, tale, {
        kind: 'null-dereference',
        title: `${nullText(tale, access)}: ${accessText(tale, access)}${where}`,
        confidence: isSure ? 'certain' : 'likely',
        refutedBy: refutations(tale, access),
        next: nextSteps(tale),
        explains: ['oops', 'bad-address'],
      })
    }
  },
}

function nullText(tale: PointerTale, access: FaultingAccess): string {
  const text = pointerText(tale, access)
  const { value = 0n, origin } = access.pointer ?? {}
  if (access.pointer === undefined) return 'a NULL pointer'
  // container_of() of NULL, and a member of NULL.
  if (value === 0n || origin?.kind === 'address' || BigInt.asIntN(64, value) === tale.shift)
    return `${text} is NULL`
  return `${text} is ${formatHex(value)}, NULL and an offset`
}

function refutations(tale: PointerTale, { fault, pointer }: FaultingAccess): string[] {
  const reasons = [
    'an earlier oops or report of corrupted memory in the log: then something wrote the NULL',
  ]
  if (tale.place !== undefined)
    reasons.push('the place it was loaded from holds a pointer now: then another CPU was at work')
  if (pointer && pointer.value !== 0n)
    reasons.push('the small number was no NULL to begin with, but a value of another type')
  if (!fault.isWhole) reasons.push('the registers are those the log printed')
  return reasons
}

function nextSteps({ argument, isResult, name }: PointerTale): NextStep[] {
  if (isResult)
    return [{ text: `see when ${name} returns NULL: the caller did not ask`, command: '' }]
  if (argument !== '')
    return [{ text: `see where the caller has ${name} from: it passed NULL`, command: 'bt -l' }]
  return []
}
