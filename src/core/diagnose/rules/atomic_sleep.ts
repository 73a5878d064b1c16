// Code that slept where it must not: with preemption disabled, a spin lock held, or in an interrupt. Source:
// kernel/sched/core.c __schedule_bug(), __might_resched().
import { blame, blamedFrame } from '../blame.ts'
import { functionText, inCulprit, pathText } from '../frame_text.ts'
import { atMost } from '../incident.ts'
import type { Evidence, Rule } from '../rule.ts'
import type { LogLine, Trouble } from '../trouble.ts'

export const atomicSleep: Rule = {
  name: 'atomic-sleep',
  summary: 'sleep with a spin lock held or preemption disabled',
  needs: ['symbols', 'log'],
  *find(scene) {
    for (const { fault, role, explains, limit } of scene.incidents) {
      const { trouble, frames } = fault
      if (trouble?.kind !== 'atomic-sleep') continue
      const culprit = blame(scene.program, frames)
      const blamed = blamedFrame(frames)
      const sleeps = frames.slice(0, blamed ? frames.indexOf(blamed) : 0)
      const sleeper = sleeps.at(-1)
      const by = sleeper ? `, by ${functionText(sleeper)}` : ''
      const callers = blamed ? frames.slice(frames.indexOf(blamed)) : frames
      yield {
        kind: 'atomic-sleep',
        role,
        title: `sleep where sleeping is not allowed${inCulprit(culprit)}${by}`,
        confidence: atMost('certain', limit),
        evidence: [
          { text: `the log says: ${trouble.line}`, command: 'log' },
          ...detailLines(scene.lines, trouble),
          { text: `the way there: ${pathText(scene.program, callers, 6)}`, command: 'bt' },
        ],
        refutedBy: [
          'somebody before it left preemption disabled, and it is allowed to sleep: none of its callers takes a spin lock',
        ],
        culprit,
        next: [
          { text: 'find the caller that takes a spin lock or disables preemption', command: 'bt' },
          { text: 'a kernel with CONFIG_DEBUG_ATOMIC_SLEEP tells it at once', command: '' },
        ],
        explains: ['warning', 'panic', ...explains],
      }
    }
  },
}

/** What says more: who disabled what, and which locks are held. */
const DETAIL =
  /^(?:in_atomic\(\)|preempt_count: |Preemption disabled at|\d+ locks? held by|INFO: lockdep)/

function detailLines(lines: readonly LogLine[], { start, end }: Trouble): Evidence[] {
  return lines
    .slice(start, end)
    .filter(({ text }) => DETAIL.test(text))
    .map(({ text }) => ({ text: `the log says: ${text}`, command: 'log' }))
}
