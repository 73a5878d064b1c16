// Whether a fault is why the kernel died. The one it died of is; an earlier one is when what followed looks like its
// fallout: a task that dies in the kernel leaves locks held and lists half linked, and others trip over them.
import { attempt } from '../base/errors.ts'
import { blamedFrame } from './blame.ts'
import type { CrashKind } from './crash_kind.ts'
import type { Fault } from './fault.ts'
import type { FindingRole } from './rule.ts'
import type { Scene } from './scene.ts'

/** Trouble that follows so soon is rarely of another cause. */
const FALLOUT_NSEC = 10_000_000_000n

/** 'cause' for the fault that the kernel died of, and for an earlier one that led to it; else 'earlier'. */
export function faultRole(scene: Scene, fault: Fault): FindingRole {
  return fault.isFatal || isFirstOfFallout(scene, fault) ? 'cause' : 'earlier'
}

/** Kinds of what an earlier fault led to, for `Finding.explains`; [] for the fatal one, and for one that led to nothing. */
export function falloutKinds(scene: Scene, fault: Fault): readonly CrashKind[] {
  const { trouble } = fault
  if (fault.isFatal || !trouble || !isFirstOfFallout(scene, fault)) return []
  const later = scene.troubles.filter(({ start }) => start >= trouble.end).map(({ kind }) => kind)
  return [...new Set([...later, scene.words.kind])]
}

function isFirstOfFallout(scene: Scene, fault: Fault): boolean {
  const { trouble } = fault
  // Who crashes a machine on purpose may have done so because of it, but it did not do it itself.
  if (!trouble || scene.words.kind === 'sysrq') return false
  const fatal = scene.faults.find(({ isFatal }) => isFatal)
  if (deathNsec(scene, fatal) - trouble.tsNsec <= FALLOUT_NSEC) return true
  return isSameTask(scene, fault, fatal) || (fatal !== undefined && isSameCode(fault, fatal))
}

/** When the kernel said that it dies, or last said anything. */
function deathNsec({ lines, panicLine }: Scene, fatal: Fault | undefined): bigint {
  return fatal?.trouble?.tsNsec ?? panicLine?.tsNsec ?? lines.at(-1)?.tsNsec ?? 0n
}

function isSameTask(scene: Scene, { trouble }: Fault, fatal: Fault | undefined): boolean {
  const died = fatal?.trouble?.pid ?? attempt(() => scene.panicTask?.number('pid'))
  // PID 0 is the idle task of every CPU.
  return died !== undefined && died !== 0 && died === trouble?.pid
}

function isSameCode(fault: Fault, fatal: Fault): boolean {
  const first = blamedFrame(fault.frames)
  const last = blamedFrame(fatal.frames)
  if (!first || !last) return false
  return first.module === last.module && (first.module !== '' || first.name === last.name)
}
