// Everything that went wrong, as one sort of thing: faults, and reports for which nothing trapped, such as SLUB's. Which of
// them the kernel died of, and whether an earlier one led to that.
import { PANIC_PREFIX, troubleKind, type CrashKind } from './crash_kind.ts'
import { printedFrames, withoutMachinery, type Fault } from './fault.ts'
import { falloutKinds, faultRole } from './fault_role.ts'
import { CONFIDENCES, type Confidence, type FindingRole } from './rule.ts'
import type { Scene } from './scene.ts'
import type { Trouble } from './trouble.ts'

/** A fault or a report, and its part in the crash. */
export interface Incident {
  readonly fault: Fault
  /** In `scene.faults`; undefined for a report for which nothing trapped. */
  readonly index: number | undefined
  readonly role: FindingRole
  /** Kinds of what it led to. */
  readonly explains: readonly CrashKind[]
  /** Most that may be said of its part: a report long before what it may have led to is only 'possible'. */
  readonly limit: Confidence
}

/** The lesser of two confidences. */
export function atMost(confidence: Confidence, limit: Confidence): Confidence {
  return CONFIDENCES.indexOf(confidence) > CONFIDENCES.indexOf(limit) ? confidence : limit
}

/** Lines between a report and the panic that ends it: the end mark, "Kernel Offset" and such. */
const PANIC_WITHIN = 8
const PANIC_WITHIN_NSEC = 1_000_000_000n

/** Find them, oldest first. */
export function readIncidents(scene: Scene): Incident[] {
  const faults = scene.faults.map((fault, index) => incidentOf(scene, fault, index))
  const told = new Set(scene.faults.map(({ trouble }) => trouble))
  const reports = scene.troubles
    .filter((trouble) => !told.has(trouble) && !trouble.ip)
    .map((trouble) => incidentOf(scene, reportOf(scene, trouble), undefined))
  return [...faults, ...reports].toSorted((a, b) => startOf(a) - startOf(b))
}

/** What the log does not tell of is the last. */
const startOf = ({ fault }: Incident): number => fault.trouble?.start ?? Number.MAX_SAFE_INTEGER

function incidentOf(scene: Scene, fault: Fault, index: number | undefined): Incident {
  const role = faultRole(scene, fault)
  const explains = falloutKinds(scene, fault)
  if (role !== 'cause' && isFollowedByItsLike(scene, fault))
    return { fault, index, role: 'cause', explains, limit: 'possible' }
  return { fault, index, role, explains, limit: fault.isFatal ? 'certain' : 'likely' }
}

/** A report without registers: of the one that the kernel died of, the stack knows more than the log. */
function reportOf(scene: Scene, trouble: Trouble): Fault {
  const isFatal = endsInPanic(scene, trouble)
  const frames = isFatal ? withoutMachinery(scene.panicTrace.frames) : []
  return {
    trouble,
    ip: undefined,
    entry: '',
    registers: {},
    frames: frames.length > 0 ? frames : printedFrames(scene, trouble),
    isFatal,
    isWhole: frames.length > 0,
  }
}

/** Right behind a report, without other trouble between, panic() was called because of it. */
function endsInPanic({ lines }: Scene, { end, start }: Trouble): boolean {
  const caller = lines[start]?.callerId
  const last = lines[end - 1]?.tsNsec ?? 0n
  for (const { text, callerId, tsNsec } of lines.slice(end, end + PANIC_WITHIN)) {
    if (callerId !== caller) continue
    if (text.startsWith(PANIC_PREFIX)) return tsNsec - last <= PANIC_WITHIN_NSEC
    if (troubleKind(text)) return false
  }
  return false
}

/** Kinds that speak of memory written by whom it does not belong to. */
const CORRUPTION: ReadonlySet<CrashKind> = new Set([
  'slab-corruption',
  'list-corruption',
  'memory-corruption',
  'double-free',
  'use-after-free',
  'refcount',
])
/** Kinds that such memory leads to. */
const CORRUPTED: ReadonlySet<CrashKind> = new Set([
  ...CORRUPTION,
  'general-protection',
  'bad-address',
  'null-dereference',
  'stack-corruption',
])

/** Memory found corrupted, and later a death of corrupted memory: the one may have led to the other, however much later. */
function isFollowedByItsLike(scene: Scene, { trouble }: Fault): boolean {
  if (!trouble || !CORRUPTION.has(trouble.kind)) return false
  const fatal = scene.faults.find(({ isFatal }) => isFatal)
  return CORRUPTED.has(fatal?.trouble?.kind ?? scene.words.kind)
}
