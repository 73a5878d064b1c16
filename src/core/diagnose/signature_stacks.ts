// Whose stack a crash is known by: that of the fault, of the tasks that the finding names, or of who panicked.
import { blame } from './blame.ts'
import { stoppedFrames } from './context.ts'
import type { CrashKind } from './crash_kind.ts'
import { findRecursion } from './deep_stack.ts'
import { withoutMachinery } from './fault.ts'
import type { NamedFrame } from './named_frame.ts'
import { bareName } from './panic_machinery.ts'
import type { Finding } from './rule.ts'
import type { Scene, SceneTrace } from './scene.ts'
import {
  FRAMES_MAX,
  frameText,
  sampledStack,
  signatureStack,
  type SignatureStack,
} from './signature_frames.ts'

/** Kinds that no code is to blame for, unless a rule knows better: a stack of theirs is chance. */
const WITHOUT_STACK: ReadonlySet<CrashKind> = new Set<CrashKind>([
  'sysrq',
  'nmi',
  'machine-check',
  'hardware-error',
  'init-died',
  'no-root',
  'out-of-memory',
  'filesystem-error',
])
/** Kinds of code that went on and on: where it was found is chance. */
const SAMPLED: ReadonlySet<CrashKind> = new Set<CrashKind>([
  'soft-lockup',
  'hard-lockup',
  'rcu-stall',
  'workqueue-lockup',
])
/** Tasks of a cycle that are looked at. */
const TASKS_MAX = 16

/** The stacks that count, as far as they are known. */
export function guiltyStacks(
  scene: Scene,
  kind: CrashKind,
  finding: Finding | undefined,
): SignatureStack[] {
  const culprit = finding?.culprit
  if (WITHOUT_STACK.has(kind)) return culprit?.function ? [alone(culprit)] : []
  const stacks = stacksOf(scene, kind, finding).map((frames) =>
    SAMPLED.has(kind) ? sampledStack(frames) : signatureStack(frames),
  )
  const known = stacks.filter(({ frames }) => frames.length > 0)
  if (known.length > 1 || !culprit?.function) return known
  const [stack] = known
  if (stack && SAMPLED.has(kind)) return known
  return [
    withCulprit(
      stack ?? { frames: [], dropped: stacks.flatMap(({ dropped }) => dropped) },
      culprit,
    ),
  ]
}

/** Who is blamed comes first, even where it has no frame: it may have ended in a jump, or left before the damage was found. */
function withCulprit(
  { frames, dropped }: SignatureStack,
  culprit: NonNullable<Finding['culprit']>,
): SignatureStack {
  const [blamed = ''] = alone(culprit).frames
  if (frames.includes(blamed)) return { frames, dropped }
  return { frames: [blamed, ...frames].slice(0, FRAMES_MAX), dropped }
}

const alone = ({ function: name, module }: NonNullable<Finding['culprit']>): SignatureStack => ({
  frames: [frameText({ name, module })],
  dropped: [],
})

function stacksOf(
  scene: Scene,
  kind: CrashKind,
  finding: Finding | undefined,
): readonly (readonly NamedFrame[])[] {
  const named = (finding?.tasks ?? []).slice(0, TASKS_MAX)
  if (named.length > 0) return named.map((address) => taskFrames(scene, address))
  const fault = finding?.fault === undefined ? undefined : scene.faults[finding.fault]
  const report = scene.incidents.find(
    (incident) => incident.role === 'cause' && incident.fault.trouble?.kind === kind,
  )
  const frames =
    fault?.frames ?? report?.fault.frames ?? stackWith(scene, finding) ?? dyingFrames(scene)
  return [kind === 'stack-overflow' ? aroundRecursion(frames) : fromCulprit(scene, frames, finding)]
}

function taskFrames(scene: Scene, address: bigint): readonly NamedFrame[] {
  return stoppedFrames(scene.trace(scene.program.objectAt('task_struct', address)).frames)
}

/** What panicked without a fault, or the last fault. */
function dyingFrames(scene: Scene): readonly NamedFrame[] {
  const fatal = scene.faults.find(({ isFatal }) => isFatal)
  return fatal?.frames ?? withoutMachinery(scene.panicTrace.frames)
}

/** A stack that the culprit is on: the one that panicked, or one of a CPU. */
function stackWith(scene: Scene, finding: Finding | undefined): readonly NamedFrame[] | undefined {
  const culprit = finding?.culprit
  if (!culprit?.function) return undefined
  const isOn = ({ frames }: SceneTrace): boolean =>
    frames.some(
      ({ name, module }) =>
        name !== null && bareName(name) === culprit.function && module === culprit.module,
    )
  if (isOn(scene.panicTrace)) return stoppedFrames(scene.panicTrace.frames)
  for (const cpu of scene.cpus) {
    const trace = scene.cpuTrace(cpu)
    if (isOn(trace)) return stoppedFrames(trace.frames)
  }
  return undefined
}

/**
 * A report is made where the damage is found. Where the finding blames somebody else, as who freed the memory last, the
 * stack of who found it is chance.
 */
function fromCulprit(
  scene: Scene,
  frames: readonly NamedFrame[],
  finding: Finding | undefined,
): readonly NamedFrame[] {
  const culprit = finding?.culprit
  if (finding?.kind !== 'slab-corruption' || !culprit?.function) return frames
  return blame(scene.program, frames)?.function === culprit.function ? frames : []
}

/** How deep it was, and what it called last, is chance: one turn of the circle, begun where any would begin it. */
function aroundRecursion(frames: readonly NamedFrame[]): readonly NamedFrame[] {
  const recursion = findRecursion(frames)
  if (!recursion) return frames
  const { cycle } = recursion
  const texts = cycle.map((frame) => frameText(frame))
  const first = texts.indexOf(texts.toSorted()[0] ?? '')
  return [...cycle.slice(first), ...cycle.slice(0, first)]
}
