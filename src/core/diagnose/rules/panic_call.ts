// panic(), called for a reason that no other rule knows: by a driver, as a rule, whose words are all that is to say.
import { blame } from '../blame.ts'
import { withoutMachinery } from '../fault.ts'
import { inCulprit, pathText } from '../frame_text.ts'
import type { Rule } from '../rule.ts'

const PANIC = /^v?panic(?:\.|$)/

export const panicCall: Rule = {
  name: 'panic-call',
  summary: 'panic() called by code that gave up',
  needs: ['symbols'],
  *find(scene) {
    const { frames } = scene.panicTrace
    const { panicReason, words } = scene
    // Without a log only modules are known to be none of the kernel's own reasons.
    const called = frames.findLastIndex(({ name }) => name !== null && PANIC.test(name))
    const callers = withoutMachinery(called < 0 ? [] : frames.slice(called + 1))
    const isUnknown = panicReason === '' ? callers[0]?.module !== '' : words.kind === 'panic'
    if (called < 0 || !isUnknown || callers.length === 0) return
    const culprit = blame(scene.program, callers)
    const said = panicReason === '' ? '' : `: ${panicReason}`
    yield {
      kind: 'panic',
      role: 'cause',
      title: `panic() was called${inCulprit(culprit)}${said}`,
      confidence: panicReason === '' ? 'likely' : 'certain',
      evidence: [
        ...(panicReason === '' ? [] : [{ text: `panic: ${panicReason}`, command: 'log' }]),
        { text: `called by ${pathText(scene.program, callers, 6)}`, command: 'bt' },
      ],
      refutedBy: ['an earlier oops or report in the log, which is why it gave up'],
      culprit,
      next: [
        { text: 'read what it was checking when it gave up', command: 'bt -f' },
        { text: 'read what it said before', command: 'log' },
      ],
      explains: [],
    }
  },
}
