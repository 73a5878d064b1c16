// Deadlock: tasks each of which waits for what the next one holds. Nothing but a reboot ends that, so a cycle of owners
// that the locks themselves name is certain. Source: kernel/locking/.
import type { Wait, WaitGroup } from '../../kernel/wait_graph.ts'
import { culpritOf } from '../blame.ts'
import type { Confidence, Culprit, Finding, Rule } from '../rule.ts'
import type { Scene } from '../scene.ts'
import { taskEvidence, taskText } from '../task_text.ts'
import { explainedByWaits, waitRole } from '../wait_role.ts'
import {
  ownerEvidence,
  pidText,
  waitedText,
  waitEvidence,
  waitingFrame,
  waitingFunction,
} from '../wait_text.ts'

/** Tasks shown of those that wait behind the ring. */
const BEHIND_MAX = 5

export const deadlock: Rule = {
  name: 'deadlock',
  summary: 'tasks that wait for each other',
  needs: ['symbols', 'types'],
  *find(scene) {
    for (const group of scene.waits.groups)
      if (group.cycle.length > 0) yield deadlockFinding(scene, group)
  },
}

function deadlockFinding(scene: Scene, group: WaitGroup): Finding {
  const ring = canonicalRing(scene, group.cycle)
  const confidence = ringConfidence(ring)
  const behind = group.waits.filter((wait) => !group.cycle.includes(wait))
  return {
    kind: 'deadlock',
    role: waitRole(scene, group, confidence === 'certain'),
    title: titleOf(scene, ring, behind.length),
    confidence,
    evidence: [
      ...ring.flatMap((wait) => [waitEvidence(scene, wait), ...ownerEvidence(wait.on)]),
      ...behind
        .slice(0, BEHIND_MAX)
        .map(({ task, on }) =>
          taskEvidence(task, `${taskText(task)} waits behind them for ${waitedText(on)}`),
        ),
    ],
    refutedBy: [
      'one of the tasks sleeping in a wait that a signal or a timeout ends',
      confidence === 'certain'
        ? 'a lock whose owner is another task than the one named'
        : 'an owner that the lock does not name for sure having given it back',
    ],
    culprit: culpritOfRing(scene, ring),
    next: [
      ...ring.slice(0, 4).map(({ task }) => ({
        text: `see where ${taskText(task)} took its locks`,
        command: `bt ${pidText(task)}`,
      })),
      { text: 'see everyone who waits', command: 'blocked' },
    ],
    explains: explainedByWaits,
  }
}

/** The ring begins where its function comes first in the alphabet: the same after every boot. */
function canonicalRing(scene: Scene, cycle: readonly Wait[]): readonly Wait[] {
  const names = cycle.map((wait) => `${waitingFunction(scene, wait)} ${waitedText(wait.on)}`)
  const first = names.indexOf(names.toSorted()[0] ?? '')
  return [...cycle.slice(first), ...cycle.slice(0, first)]
}

function ringConfidence(ring: readonly Wait[]): Confidence {
  // A reader that a lock names last may have gone while another stayed.
  const isSure = ring.every(
    ({ quality, on }) =>
      quality !== 'guess' && on.ownerQuality === 'exact' && on.owners.length === 1,
  )
  return isSure ? 'certain' : 'likely'
}

function titleOf(scene: Scene, ring: readonly Wait[], behind: number): string {
  const [first] = ring
  const more = behind > 0 ? `; ${behind} more wait behind ${ring.length === 1 ? 'it' : 'them'}` : ''
  if (first && ring.length === 1)
    return `deadlock: ${taskText(first.task)} waits in ${waitingFunction(scene, first)} for ${waitedText(first.on)}, which it holds itself${more}`
  const parts = ring.map(
    (wait) =>
      `${waitingFunction(scene, wait)} of PID ${pidText(wait.task)} waits for ${waitedText(wait.on)}`,
  )
  return `deadlock of ${ring.length} tasks: ${parts.join(', ')}${more}`
}

function culpritOfRing(scene: Scene, [first]: readonly Wait[]): Culprit | null {
  const frame = first && waitingFrame(scene, first.task)
  return frame ? culpritOf(scene.program, frame) : null
}
