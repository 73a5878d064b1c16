// A function pointer that is NULL was called: the CPU went to address 0, and what the call pushed tells from where.
import { accessFinding } from '../access_finding.ts'
import { accessSort } from '../access_sort.ts'
import { pointerText } from '../access_text.ts'
import { blame } from '../blame.ts'
import { faultingAccesses } from '../faulting_access.ts'
import { inCulprit } from '../frame_text.ts'
import { tellPointer } from '../pointer_tale.ts'
import type { Rule } from '../rule.ts'

export const nullCall: Rule = {
  name: 'null-call',
  summary: 'a function pointer that is NULL was called',
  needs: ['symbols'],
  *find(scene) {
    for (const access of faultingAccesses(scene)) {
      if (accessSort(scene, access).kind !== 'null-call') continue
      const tale = tellPointer(scene, access)
      const culprit = blame(scene.program, access.fault.frames)
      const what = tale.name === '' ? 'a function pointer' : pointerText(tale, access)
      yield accessFinding(scene, access, tale, {
        kind: 'null-call',
        title: `${what} is NULL and was called${inCulprit(culprit)}`,
        confidence: 'certain',
        refutedBy: [
          'the stack was written over, so that a function returned to address 0: then the caller shown calls nothing there',
        ],
        next: [
          {
            text:
              tale.holder === undefined
                ? 'see which pointer was called'
                : `see who should have set ${tale.holder.struct}.${tale.holder.path}, or that it may be missing`,
            command: '',
          },
        ],
        explains: ['null-dereference', 'oops', 'bad-address'],
      })
    }
  },
}
