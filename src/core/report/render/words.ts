// Sentences of a report that text, Markdown and HTML say alike.
import { CRASH_KIND_TITLES } from '../../diagnose/crash_kind.ts'
import type { Confidence, Culprit, FindingRole } from '../../diagnose/rule.ts'
import type { ReportFinding, ReportVerdict } from '../model/finding_model.ts'
import type { ReportFrame, ReportStackGroup, ReportTaskName } from '../model/stack_model.ts'
import type { ReportWait, ReportWaitGroup, ReportWaits } from '../model/wait_model.ts'
import type { Report } from '../report_model.ts'
import { counted, formatSpan, grouped, utc } from './lines.ts'

/** What a confidence means. */
export const CONFIDENCE_TEXTS: Readonly<Record<Confidence, string>> = {
  certain: 'the kernel said so itself, or its data allow nothing else',
  likely: 'the evidence fits nothing else that is known',
  possible: 'worth a look',
}

const ROLE_TITLES: Readonly<Record<FindingRole, string>> = {
  cause: 'Another cause',
  context: 'Where it happened',
  earlier: 'Earlier trouble',
  state: 'State of the machine',
}

/** How sure a verdict is. */
export function confidenceText({ confidence }: ReportVerdict): string {
  return confidence === null
    ? "not known: no rule recognises it; this is what the kernel's last words say"
    : `${confidence}: ${CONFIDENCE_TEXTS[confidence]}`
}

/** What a finding is beside the verdict. */
export function roleTitle({ verdict, findings }: Report, { role, kind }: ReportFinding): string {
  const cause = verdict.finding === null ? undefined : findings[verdict.finding]
  return role === 'cause' && cause?.explains.includes(kind) ? 'Follows from it' : ROLE_TITLES[role]
}

/** `NULL pointer dereference`: the kind, where the title does not say it. */
export function kindTitle({ kind }: ReportVerdict | ReportFinding): string {
  return CRASH_KIND_TITLES[kind]
}

/** Text in pieces: those between backticks are code. */
export function codePieces(text: string): { readonly text: string; readonly isCode: boolean }[] {
  const pieces = text.split('`')
  // An odd backtick is one that the dump has.
  if (pieces.length % 2 === 0) return [{ text, isCode: false }]
  return pieces.map((piece, index) => ({ text: piece, isCode: index % 2 === 1 }))
}

/** Who is to blame, in a line. */
export function culpritText(culprit: Culprit): string {
  const { function: name, module, taints, source, unit } = culprit
  const tainted = taints === '' ? '' : `, which taints the kernel (${taints})`
  const owner = module === '' ? 'the kernel itself' : `module ${module}${tainted}`
  const parts = [
    unit,
    ...(name === null ? [] : [`${name}()`, owner]),
    ...(name === null && module !== '' ? [owner] : []),
    source,
  ]
  return parts.filter((part) => part !== '').join(', ')
}

/** Which machine died, and when. */
export function whenText({ system }: Report): string {
  const { nodename, crashTime, uptimeSeconds, release, machine } = system
  const up = uptimeSeconds === null ? '' : `, ${formatSpan(uptimeSeconds)} after boot`
  const when = crashTime === null ? '' : ` on ${utc(crashTime)}`
  return `${nodename ?? 'A machine'} died${when}${up} (${release} ${machine})`
}

/** `insmod (PID 812) on CPU 1`; '' if it is not known. */
export function whoText({ crash }: Report): string {
  const { task, cpu } = crash
  const where = cpu === null ? '' : `on CPU ${cpu}`
  if (!task) return where
  const kind = task.kernelThread ? 'kernel thread ' : ''
  return `${kind}${task.comm} (PID ${task.pid}) ${where}`.trimEnd()
}

/** `name+0x12 [module]`. */
export function frameText({ function: name, offset, module }: ReportFrame): string {
  const at = offset === null ? '' : `+0x${offset.toString(16)}`
  return `${name ?? '(unknown)'}${at}${module === '' ? '' : ` [${module}]`}`
}

/** `RU 5, IN 80`. */
export function statesText(byState: Readonly<Record<string, number>>): string {
  return Object.entries(byState)
    .map(([state, count]) => `${state} ${grouped(count)}`)
    .join(', ')
}

/** `insmod (812), bash (1)`. */
export function namesText(names: readonly ReportTaskName[]): string {
  return names.map(({ comm, pid }) => `${comm} (${pid})`).join(', ')
}

/**
 * `743 tasks: io_schedule < …`; the innermost frame first. That a task that sleeps has called schedule() goes without
 * saying.
 */
export function stackText({ frames, count }: ReportStackGroup, framesMax: number): string {
  const first = frames.findIndex((frame) => frame !== '__schedule' && frame !== 'schedule')
  const told = frames.slice(first, first + framesMax)
  if (first + framesMax < frames.length) told.push('…')
  const way = frames.length === 0 ? '(no trace)' : told.join(' < ')
  return `${counted(count, 'task')}: ${way}`
}

/** What is at the root of a group of waits. */
export function waitGroupTitle(waits: ReportWaits, group: ReportWaitGroup): string {
  const { root, cycle, count } = group
  if (cycle.length > 0)
    return `${counted(cycle.length, 'task')} in a ring${count > cycle.length ? `, ${counted(count - cycle.length, 'more task')} behind them` : ''}`
  if (!root) return counted(count, 'task')
  const holder = root.owner
    ? `, held by ${namesText([root.owner])}, which ${root.state}`
    : `: ${root.state}`
  const verb = count === 1 ? 'waits' : 'wait'
  return `${counted(count, 'task')} ${verb} for ${waitedName(waits, root.on)}${holder}`
}

/** One wait: `worker (12) waits 35.0 s in f() for mutex foo, held by …`. */
export function waitText(waits: ReportWaits, wait: ReportWait): string {
  const { task, on, function: name, seconds, quality } = wait
  const owners = waits.things[on]?.owners ?? []
  const held = owners.length === 0 ? '' : `, held by ${namesText(owners)}`
  const span = seconds === null ? '' : ` ${formatSpan(seconds)}`
  const sure = quality === 'exact' ? '' : ` (${quality})`
  return `${namesText([task])} waits${span} in ${name}() for ${waitedName(waits, on)}${held}${sure}`
}

/** What is waited for. */
export function waitedName({ things }: ReportWaits, on: number): string {
  const thing = things[on]
  return thing ? `${thing.kind} ${thing.name}` : '(unknown)'
}
