// Trouble before the crash that no rule took for its cause: each sort once, with how often and how long before. No rule, as it
// must know what the rules told of.
import { blame } from './blame.ts'
import { CRASH_KIND_TITLES, type CrashKind } from './crash_kind.ts'
import { inCulprit } from './frame_text.ts'
import type { Incident } from './incident.ts'
import type { Culprit, Evidence, Finding } from './rule.ts'
import type { Scene } from './scene.ts'
import type { Trouble } from './trouble.ts'

/** Sorts told of: a machine that warns of a thousand things is told of the first. */
const SORTS_MAX = 20
/** Kinds that are no trouble: how the machine was crashed. */
const NO_TROUBLE: ReadonlySet<CrashKind> = new Set<CrashKind>(['sysrq'])

/** Survived trouble of one sort. */
interface Sort {
  readonly first: Trouble
  readonly culprit: Culprit | null
  readonly index: number | undefined
  last: Trouble
  count: number
}

/** Tell of trouble that was survived and that none of `findings` is about. */
export function* earlierTrouble(scene: Scene, findings: readonly Finding[]): Generator<Finding> {
  const sorts = new Map<string, Sort>()
  for (const incident of scene.incidents) {
    const { trouble } = incident.fault
    if (!trouble || isToldOf(incident, trouble, findings)) continue
    const culprit = blame(scene.program, incident.fault.frames)
    const key = [trouble.kind, culprit?.function, culprit?.module, headOf(trouble)].join(' ')
    const sort = sorts.get(key)
    if (sort) {
      sort.count++
      sort.last = trouble
    } else if (sorts.size < SORTS_MAX) {
      const { index } = incident
      sorts.set(key, { first: trouble, last: trouble, count: 1, culprit, index })
    }
  }
  for (const sort of sorts.values()) yield describe(scene, sort)
}

/** The kernel died of it, or a rule tells of it: by its fault, or of all that are of its kind. */
function isToldOf(
  { fault, index }: Incident,
  { kind }: Trouble,
  findings: readonly Finding[],
): boolean {
  if (fault.isFatal || NO_TROUBLE.has(kind)) return true
  return findings.some(
    (finding) =>
      (index !== undefined && finding.fault === index) ||
      (finding.fault === undefined && finding.kind === kind),
  )
}

/** The line without its numbers: the same warning of other tasks and CPUs is one sort. */
const headOf = ({ line }: Trouble): string => line.slice(0, 200).replace(/0x[\da-f]+|\d+/g, '#')

function describe(scene: Scene, { first, last, count, culprit, index }: Sort): Finding {
  // "(panic_on_warn)" is what this one did not do.
  const title = CRASH_KIND_TITLES[first.kind].replace(/ \(.*\)$/, '')
  const times = count === 1 ? '' : `, ${count} times`
  return {
    kind: first.kind,
    role: 'earlier',
    title: `earlier: ${title}${inCulprit(culprit)}${times}, ${ageText(scene, last)}`,
    confidence: 'certain',
    evidence: [
      { text: `the log says: ${first.line}`, command: 'log' },
      ...(count > 1 ? [{ text: `the last time: ${last.line}`, command: 'log' }] : []),
      ...taintEvidence(first),
    ],
    refutedBy: [
      'it is the beginning of what the kernel died of: compare tasks, modules and addresses',
    ],
    culprit,
    next: [{ text: 'read it as a whole', command: 'log' }],
    explains: [],
    ...(index === undefined ? {} : { fault: index }),
  }
}

/** From when on the kernel is marked. @source Documentation/admin-guide/tainted-kernels.rst */
function taintEvidence({ kind }: Trouble): Evidence[] {
  const letter = kind === 'warning' ? 'W' : isOops(kind) ? 'D' : ''
  if (letter === '') return []
  return [{ text: `the kernel is tainted ${letter} since`, command: 'sys -t' }]
}

const OOPSES: ReadonlySet<CrashKind> = new Set<CrashKind>([
  'null-dereference',
  'bad-address',
  'general-protection',
  'bug',
  'divide-error',
  'invalid-opcode',
  'double-fault',
  'stack-overflow',
  'oops',
])

const isOops = (kind: CrashKind): boolean => OOPSES.has(kind)

const NSEC_PER_SEC = 1_000_000_000n

/** `12 s before the last line of the log`. */
function ageText({ lines }: Scene, { tsNsec }: Trouble): string {
  const end = lines.at(-1)?.tsNsec ?? tsNsec
  return `${(end - tsNsec) / NSEC_PER_SEC} s before the end`
}
