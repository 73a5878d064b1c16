// Out of memory: the kernel panicked over it, or killed processes before it died of something else.
// Source: mm/oom_kill.c out_of_memory(), check_panic_on_oom(); kernel/exit.c do_exit().
import { formatSize } from '../../base/size.ts'
import { memoryEaters } from '../memory_eaters.ts'
import type { MemoryState } from '../machine_state.ts'
import { bareName } from '../panic_machinery.ts'
import { blameForOom, partOf, type OomBlame } from '../oom_culprit.ts'
import { readOomReports, type OomReport } from '../oom_report.ts'
import { unitCulprit } from '../blame.ts'
import type { Evidence, Finding, NextStep, Rule } from '../rule.ts'
import type { Scene } from '../scene.ts'

export const outOfMemory: Rule = {
  name: 'out_of_memory',
  summary: 'memory ran out: who asked, who has it, and who was killed for it',
  needs: [],
  *find(scene) {
    const reports = readOomReports(scene.lines)
    const why = whyPanicked(scene)
    if (why !== undefined) yield deathFinding(scene, reports, why)
    else if (isInitKilled(scene, reports))
      yield deathFinding(scene, reports, 'init was killed for memory')
    else if (reports.length > 0) yield killsFinding(reports)
  },
}

/** Why panic() was called for memory; undefined if it was not. */
function whyPanicked(scene: Scene): string | undefined {
  const reason = scene.panicReason
  if (/^Out of memory: (?:compulsory|system-wide) panic_on_oom is enabled/.test(reason))
    return 'panic_on_oom is set'
  // "Out of memory and no killable processes..." before v4.20.
  if (/^(?:System is deadlocked on memory|Out of memory and no killable)/.test(reason))
    return 'no process was left to kill'
  // The log may be gone: panic() was called by out_of_memory() itself.
  const { frames } = scene.panicTrace
  const panic = frames.findIndex(({ name }) => name === 'panic')
  return reason === '' && panic >= 0 && bareName(frames[panic + 1]?.name ?? '') === 'out_of_memory'
    ? 'out_of_memory() called panic()'
    : undefined
}

function isInitKilled({ panicReason }: Scene, reports: readonly OomReport[]): boolean {
  return (
    panicReason.startsWith('Attempted to kill init!') &&
    reports.some(({ victims }) => victims.some(({ pid }) => pid === 1))
  )
}

function deathFinding(scene: Scene, reports: readonly OomReport[], why: string): Finding {
  const last = reports.at(-1)
  const blame = blameForOom(scene, reports)
  const { memory } = scene
  const holds = blame.eater ? `: ${blame.eater.name} has ${amount(blame, memory, last)}` : ''
  return {
    kind: 'out-of-memory',
    role: 'cause',
    title: `${ranOut(last)}, ${why}${holds}`,
    confidence: blame.isSure ? 'certain' : 'likely',
    evidence: [
      { text: `the kernel said: ${scene.panicReason}`, command: 'log' },
      ...blame.evidence,
      ...(memory ? memoryEvidence(scene, memory) : []),
      ...(last ? [askedEvidence(last)] : []),
      ...killsEvidence(reports),
    ].filter(({ text }) => text !== 'the kernel said: '),
    refutedBy: refutations(blame, last),
    culprit: blame.culprit,
    next: nextSteps(blame),
    explains: ['init-died', 'hung-task', 'panic'],
  }
}

/** Of a control group's limit only the log knows. */
function amount(
  { eater, ...blame }: OomBlame,
  memory: MemoryState | undefined,
  last: OomReport | undefined,
): string {
  const bytes = eater?.bytes ?? 0
  if (!memory || last?.constraint === 'memcg') return formatSize(bytes)
  return partOf(bytes, memory.totalBytes) + takenBy({ eater, ...blame })
}

const takenBy = ({ eater, culprit }: OomBlame): string =>
  eater?.kind !== 'kernel' || !culprit || culprit.module + (culprit.function ?? '') === ''
    ? ''
    : `, taken by ${culprit.function === null ? '' : `${culprit.function}() `}${culprit.module === '' ? '' : `[${culprit.module}]`}`.trimEnd()

/** Which memory it was. */
function ranOut(report: OomReport | undefined): string {
  switch (report?.constraint) {
    case 'memcg':
      return `control group ${report.memcg} ran out of memory`
    case 'cpuset':
      return 'a cpuset ran out of memory'
    case 'mempolicy':
      return 'the nodes of a memory policy ran out of memory'
    default:
      return 'out of memory'
  }
}

function memoryEvidence(scene: Scene, memory: MemoryState): Evidence[] {
  const low = memory.zones.filter(({ freePages, minPages }) => freePages <= minPages)
  const swap =
    memory.swapTotalBytes === 0
      ? 'no swap'
      : `${formatSize(memory.swapFreeBytes)} of ${formatSize(memory.swapTotalBytes)} of swap free`
  return [
    ...memoryEaters(scene, memory)
      .slice(0, 3)
      .filter(({ bytes }) => bytes > memory.totalBytes / 20)
      .map(({ name, bytes, command }) => ({
        text: `${name}: ${partOf(bytes, memory.totalBytes)}`,
        command,
      })),
    { text: `${partOf(memory.freeBytes, memory.totalBytes)} free, ${swap}`, command: 'kmem -i' },
    ...low.map(({ node, name, freePages, minPages }) => ({
      text: `zone ${name} of node ${node}: ${freePages} pages free, at or below its min of ${minPages}`,
      command: 'kmem -z',
    })),
  ]
}

function askedEvidence({ comm, pid, order, gfpMask, constraint }: OomReport): Evidence {
  const who = pid === undefined ? `"${comm}"` : `PID ${pid} "${comm}"`
  const within = constraint === 'none' ? '' : `, within the bounds of a ${constraint}`
  return {
    text: `${who} asked for ${pageCount(order)} (${gfpMask})${within}`,
    command: pid === undefined ? 'log' : `bt ${pid}`,
  }
}

const pageCount = (order: number): string => (order > 0 ? `2^${order} pages` : 'a page')

function killsEvidence(reports: readonly OomReport[]): Evidence[] {
  const victims = reports.flatMap((report) => report.victims)
  const last = victims.at(-1)
  if (!last) return []
  const many = victims.length === 1 ? 'one process was' : `${victims.length} processes were`
  return [
    {
      text: `${many} killed for memory before, the last PID ${last.pid} "${last.comm}"`,
      command: 'log',
    },
  ]
}

function refutations({ eater }: OomBlame, last: OomReport | undefined): string[] {
  const found: string[] = []
  if (eater?.kind === 'process')
    found.push(`${eater.name} needs that much: then the machine is too small for its load`)
  if (eater?.kind === 'shared') found.push(`${eater.name} were given that much on purpose`)
  if (eater?.kind === 'kernel')
    found.push(
      `${eater.name} shrinks by itself once its users are done: then it is load, not a leak`,
    )
  if (!eater) found.push('no single user of memory stands out: many small ones add up')
  if (last && last.order > 0)
    found.push('memory was free, but not 2^order pages in one piece: kmem -f')
  return found
}

function nextSteps({ eater, culprit }: OomBlame): NextStep[] {
  const steps: NextStep[] = [{ text: 'see what memory was used for', command: 'kmem -i' }]
  if (eater) steps.push({ text: `look at ${eater.name}`, command: eater.command })
  if (eater?.kind === 'process' && /^ps \d/.test(eater.command))
    steps.push({ text: 'see its areas of memory', command: eater.command.replace('ps', 'vm') })
  if (eater?.cache)
    steps.push({
      text: `let the kernel note who allocates: boot with slub_debug=U,${eater.cache.name}`,
      command: '',
    })
  else if (eater?.kind === 'kernel')
    steps.push({
      text: 'let the kernel note who takes pages: boot with page_owner=on',
      command: '',
    })
  if (culprit?.module)
    steps.push({
      text: `look at module ${culprit.module}`,
      command: `mod | grep ${culprit.module}`,
    })
  return steps
}

/** Processes were killed, and the kernel lived on. */
function killsFinding(reports: readonly OomReport[]): Finding {
  const victims = reports.flatMap((report) => report.victims)
  const last = reports.at(-1)
  const victim = victims.at(-1)
  const times = reports.length === 1 ? 'once' : `${reports.length} times`
  return {
    kind: 'out-of-memory',
    role: 'earlier',
    title: `${ranOut(last)} ${times} before${victim ? `; last killed: PID ${victim.pid} "${victim.comm}"` : ''}`,
    confidence: 'certain',
    evidence: [
      ...(last ? [askedEvidence(last)] : []),
      ...victims.slice(-5).map(({ pid, comm, rssBytes }) => ({
        text: `PID ${pid} "${comm}" was killed, with ${formatSize(rssBytes)} resident`,
        command: 'log',
      })),
    ],
    refutedBy: [],
    culprit: victim ? unitCulprit(`PID ${victim.pid} "${victim.comm}"`) : null,
    next: [{ text: 'read the reports', command: 'log | grep -i oom' }],
    explains: [],
  }
}
