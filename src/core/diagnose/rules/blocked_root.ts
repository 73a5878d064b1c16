// Tasks that wait for one that does not come back: a lock whose holder runs, sleeps, or has died with it; a completion
// that nobody completes; a work that does not end. Cycles are deadlock's, disks stuck_io's.
import { attempt } from '../../base/errors.ts'
import type { Task } from '../../kernel/sched.ts'
import type { WaitGroup, WaitRoot } from '../../kernel/wait_graph.ts'
import { blame, culpritOf } from '../blame.ts'
import { CRASH_KIND_TITLES } from '../crash_kind.ts'
import type { Fault } from '../fault.ts'
import { inCulprit } from '../frame_text.ts'
import { keptLock, type KeptLock } from '../kept_lock.ts'
import type { Culprit, Evidence, Finding, Rule } from '../rule.ts'
import type { Scene } from '../scene.ts'
import { taskEvidence, taskText } from '../task_text.ts'
import { explainedByWaits, longestWait, waitRole } from '../wait_role.ts'
import {
  ownerEvidence,
  pidText,
  secondsText,
  waitedText,
  waitEvidence,
  waitingFrame,
  waitingFunction,
} from '../wait_text.ts'

/** Shorter waits are nobody's trouble. */
const SECONDS_MIN = 10
const SHOWN = 8
/** Ends of waits that other rules tell of, or that tell nothing. */
const NO_ROOTS: ReadonlySet<string> = new Set([
  ...['folio', 'buffer', 'block-io', 'freezer', 'unknown'],
])

export const blockedRoot: Rule = {
  name: 'blocked_root',
  summary: 'tasks that wait for one that does not come back',
  needs: ['symbols', 'types'],
  *find(scene) {
    for (const group of scene.waits.groups) {
      const { root } = group
      if (!root || NO_ROOTS.has(root.on.kind)) continue
      // Who sleeps for a time keeps nobody waiting who is not behind it.
      if (root.on.kind === 'timer' && group.waits.length === 1) continue
      const finding = rootFinding(scene, group, root)
      if (finding.role === 'cause' || longestWait(group) >= SECONDS_MIN) yield finding
    }
  },
}

function rootFinding(scene: Scene, group: WaitGroup, root: WaitRoot): Finding {
  const death = root.owner ? deathOf(scene, root.owner) : undefined
  const role = waitRole(scene, group, false)
  // Looks through all code for who uses the lock.
  const kept =
    root.owner && !death && role === 'cause'
      ? keptLock(scene, group, root.on, root.owner)
      : undefined
  const found = kept ? kept.culprit : culpritOfRoot(scene, group, root)
  const culprit = death ? blame(scene.program, death.frames) : found
  const isSure = death !== undefined && root.on.ownerQuality === 'exact'
  return {
    kind: death?.trouble?.kind ?? 'hung-task',
    role,
    title: `${titleOf(scene, group, root, death)}${kept ? ', and has left the code that takes it' : ''}`,
    confidence: isSure ? 'certain' : role === 'cause' ? 'likely' : 'possible',
    evidence: [
      ...deathEvidence(death),
      ...ownerEvidence(root.on),
      ...(root.owner ? [taskEvidence(root.owner, `${taskText(root.owner)} ${root.state}`)] : []),
      ...keptEvidence(kept),
      ...group.waits.slice(0, SHOWN).map((wait) => waitEvidence(scene, wait)),
    ],
    refutedBy: refutations(root, death),
    culprit,
    next: [
      ...(root.owner
        ? [{ text: 'see what the holder does', command: `bt ${pidText(root.owner)}` }]
        : []),
      { text: 'see everyone who waits', command: 'blocked' },
    ],
    explains: [...explainedByWaits, ...(death?.trouble ? [death.trouble.kind] : [])],
  }
}

function refutations({ owner, on }: WaitRoot, death: Fault | undefined): string[] {
  if (death) return ['the lock having been taken by another task of the same address since']
  if (owner) return [`${taskText(owner)} being about to let go, and only slow`]
  return [`somebody else who would end it: who waits for ${waitedText(on)} does not say whom for`]
}

/** The fault that the holder died of, if it has died. */
function deathOf(scene: Scene, owner: Task): Fault | undefined {
  const isAlive =
    scene.tasks.some(({ address }) => address === owner.address) &&
    attempt(() => owner.number('exit_state')) === 0
  if (isAlive) return undefined
  // What is left of a task_struct still has its number, mostly.
  const pid = attempt(() => owner.number('pid'))
  return scene.faults.find(({ trouble, isFatal }) => !isFatal && trouble?.pid === pid)
}

function deathEvidence(death: Fault | undefined): Evidence[] {
  const line = death?.trouble?.line
  return line === undefined ? [] : [{ text: `it died before: ${line}`, command: 'log' }]
}

function keptEvidence(kept: KeptLock | undefined): Evidence[] {
  if (!kept || kept.takers.length === 0) return []
  const shown = kept.takers.slice(0, SHOWN).map((name) => `${name}()`)
  const text = `by their code these may have taken it and not given it back: ${shown.join(', ')}`
  return [{ text, command: `dis ${kept.takers[0] ?? ''}` }]
}

function titleOf(scene: Scene, group: WaitGroup, root: WaitRoot, death: Fault | undefined): string {
  const { on, owner, state } = root
  const what = `${waitersText(scene, group, root)} for ${waitedText(on)}`
  if (death?.trouble && owner) {
    const where = inCulprit(blame(scene.program, death.frames))
    return `${what}, which ${taskText(owner)} held when it died: ${CRASH_KIND_TITLES[death.trouble.kind]}${where}`
  }
  if (!owner) return state === '' ? what : `${what}: ${state}`
  const verb = on.address === 0n || on.kind === 'work' ? 'kept up by' : 'held by'
  return `${what}, ${verb} ${taskText(owner)}, which ${state}`
}

/** `PID 12 "x" waits for 130 s in f()`, `12 tasks wait for 130 s`; with how many wait for those in turn. */
function waitersText(scene: Scene, group: WaitGroup, { on, owner }: WaitRoot): string {
  const direct = group.waits.filter((wait) =>
    owner ? wait.on.owners.some(({ address }) => address === owner.address) : wait.on === on,
  )
  const behind = group.waits.length - direct.length
  const more = behind === 0 ? '' : ` (and ${behind} behind ${direct.length === 1 ? 'it' : 'them'})`
  const [first] = direct
  if (direct.length === 1 && first)
    return `${taskText(first.task)}${more} waits${secondsText(first.seconds)} in ${waitingFunction(scene, first)}`
  return `${direct.length} tasks${more} wait${secondsText(longestWait(group))}`
}

/** The holder's function where it is at work; of who sleeps for what nobody is known to end, the sleeper's own. */
function culpritOfRoot(
  scene: Scene,
  { waits }: WaitGroup,
  { on, owner }: WaitRoot,
): Culprit | null {
  const [first] = waits
  const guilty = owner ?? first?.task
  if (!guilty || on.kind === 'percpu-rwsem') return null
  const frame = waitingFrame(scene, guilty)
  return frame ? culpritOf(scene.program, frame) : null
}
