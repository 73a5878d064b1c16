// An error code used as a pointer: a function returned ERR_PTR(-ENODEV), and its caller asked for NULL only, or not at all.
// Source: include/linux/err.h.
import { errnoName } from '../../base/errno.ts'
import { accessFinding } from '../access_finding.ts'
import { accessSort } from '../access_sort.ts'
import { accessText, pointerText } from '../access_text.ts'
import { blame } from '../blame.ts'
import { faultingAccesses } from '../faulting_access.ts'
import { inCulprit } from '../frame_text.ts'
import { tellPointer } from '../pointer_tale.ts'
import type { Rule } from '../rule.ts'

export const errorPointer: Rule = {
  name: 'error-pointer',
  summary: 'an error code was used as a pointer',
  needs: ['symbols'],
  *find(scene) {
    for (const access of faultingAccesses(scene)) {
      const sort = accessSort(scene, access)
      if (sort.kind !== 'error') continue
      const tale = tellPointer(scene, access)
      const culprit = blame(scene.program, access.fault.frames)
      const error = `-${errnoName(sort.errno) ?? sort.errno}`
      const done = accessText(tale, access)
      // Without a name it may be a small negative number of any kind.
      const isNamed = tale.name !== '' && errnoName(sort.errno) !== undefined
      yield accessFinding(scene, access, tale, {
        kind: 'error-pointer',
        title: `${pointerText(tale, access)} is the error ${error}, no pointer: ${done}${inCulprit(culprit)}`,
        confidence: isNamed ? 'certain' : 'likely',
        refutedBy: [
          `the value is no error but ${-sort.errno} from elsewhere, such as a difference of addresses`,
        ],
        next: [
          {
            text: `find who returned ERR_PTR(${error}), and who did not ask IS_ERR()`,
            command: 'bt -l',
          },
        ],
        explains: ['null-dereference', 'oops', 'bad-address'],
      })
    }
  },
}
