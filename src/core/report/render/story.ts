// A report as sections, the answer first: why did it die, who is to blame, how sure is that, what next. HTML shows all
// there is; here long lists are cut.
import { formatSize } from '../../base/size.ts'
import type { ReportFinding } from '../model/finding_model.ts'
import type { ReportBacktrace, ReportFrame } from '../model/stack_model.ts'
import type { Report } from '../report_model.ts'
import { grouped, utc } from './lines.ts'
import {
  fieldsBlock,
  itemsBlock,
  linesBlock,
  plainItem,
  tableBlock,
  textBlock,
  type Section,
  type SectionBlock,
} from './section.ts'
import { stateSections } from './story_state.ts'
import {
  confidenceText,
  culpritText,
  frameText,
  kindTitle,
  namesText,
  roleTitle,
  stackText,
  statesText,
  waitGroupTitle,
  waitText,
  whoText,
} from './words.ts'

const EVIDENCE_MAX = 8
const FINDINGS_MAX = 20
const STACKS_MAX = 12
const STACK_FRAMES_MAX = 6
const EXAMPLES_MAX = 3
const FILES_MAX = 20
const WAITS_MAX = 6
const WAIT_GROUPS_MAX = 10
const CPUS_MAX = 16
const CPU_FRAMES_MAX = 12
const LOG_LINES_MAX = 20

/** Tell a report in sections. */
export function tellReport(report: Report): Section[] {
  return [
    verdictSection(report),
    ...otherFindings(report),
    ...guiltyStacks(report),
    ...waitSections(report),
    { title: 'System', blocks: [systemBlock(report)] },
    { title: 'Crash', blocks: [crashBlock(report)] },
    { title: 'Backtrace of the task that died', blocks: backtraceBlocks(report.backtrace) },
    ...cpuSections(report),
    ...stateSections(report.state),
    { title: 'Tasks', blocks: taskBlocks(report) },
    ...stackSections(report),
    ...fileSections(report),
    ...moduleSections(report),
    { title: 'Last lines of the log', blocks: logBlocks(report) },
    { title: 'The dump', blocks: completenessBlocks(report) },
    { title: 'Time', blocks: [timingBlock(report)] },
  ]
}

const NOT_READABLE = linesBlock(['(not readable)'])

function verdictSection(report: Report): Section {
  const { verdict, findings, signature } = report
  const finding = verdict.finding === null ? undefined : findings[verdict.finding]
  return {
    title: verdict.title,
    blocks: [
      fieldsBlock(
        ['kind', kindTitle(verdict)],
        ['sure?', confidenceText(verdict)],
        ['to blame', verdict.culprit ? culpritText(verdict.culprit) : null],
        ['running', whoText(report) || null],
        ['signature', signature && `${signature.strict} (${signature.loose})`],
      ),
      ...(finding ? findingBlocks(finding) : []),
    ],
  }
}

function findingBlocks({ evidence, refutedBy, next }: ReportFinding): SectionBlock[] {
  return [
    ...listBlock('Evidence', evidence.slice(0, EVIDENCE_MAX)),
    ...listBlock('It would be wrong if', refutedBy.map(plainItem)),
    ...listBlock('Next', next),
  ]
}

function listBlock(title: string, items: Parameters<typeof itemsBlock>[1]): SectionBlock[] {
  return items.length === 0 ? [] : [itemsBlock(title, items)]
}

function otherFindings(report: Report): Section[] {
  const { findings, verdict } = report
  const others = findings.filter((_, index) => index !== verdict.finding)
  if (others.length === 0) return []
  const items = others.slice(0, FINDINGS_MAX).map((finding) => ({
    text: `${roleTitle(report, finding).toLowerCase()}, ${finding.confidence}: ${finding.title}`,
    command: finding.next[0]?.command ?? finding.evidence[0]?.command ?? '',
  }))
  return [{ title: 'Also found', blocks: [itemsBlock('', items), ...more(others, FINDINGS_MAX)] }]
}

/** Where the fault, or the stack that panicked, does not tell of it, these do. */
function guiltyStacks({ findings, verdict }: Report): Section[] {
  const stacks = verdict.finding === null ? [] : (findings[verdict.finding]?.stacks ?? [])
  return stacks.map((task) => ({
    title: `Stack of ${namesText([task])}`,
    blocks: backtraceBlocks(task.backtrace),
  }))
}

/** Say how many were left out. */
function more(list: readonly unknown[], max: number): SectionBlock[] {
  return list.length > max ? [textBlock(`and ${grouped(list.length - max)} more`)] : []
}

function waitSections({ waits }: Report): Section[] {
  if (!waits || waits.groups.length === 0) return []
  const blocks = waits.groups.slice(0, WAIT_GROUPS_MAX).map((group) => {
    const shown = group.cycle.length > 0 ? group.cycle : group.waits
    return itemsBlock(
      waitGroupTitle(waits, group),
      shown.slice(0, WAITS_MAX).map((wait) => ({
        text: waitText(waits, wait),
        command: `bt ${wait.task.pid}`,
      })),
    )
  })
  return [
    { title: 'Who waits for whom', blocks: [...blocks, ...more(waits.groups, WAIT_GROUPS_MAX)] },
  ]
}

function systemBlock({ system }: Report): SectionBlock {
  const load = system.loadAverages?.map((value) => value.toFixed(2)).join(' ')
  return fieldsBlock(
    ['kernel', `${system.release} ${system.machine}`],
    ['version', system.kernelVersion],
    ['CPUs', system.cpus],
    ['memory', system.memoryBytes === null ? null : formatSize(system.memoryBytes)],
    ['crashed', system.crashTime === null ? null : utc(system.crashTime)],
    ['up', system.uptimeSeconds === null ? null : `${system.uptimeSeconds.toFixed(1)} s`],
    ['load', load ?? null],
    ['taints', system.taints === '' ? 'none' : system.taints],
    ['command line', system.commandLine],
  )
}

function crashBlock({ crash }: Report): SectionBlock {
  const { task } = crash
  return fieldsBlock(
    ['message', crash.message === '' ? '(none in the log)' : crash.message],
    ['told by', crash.evidence === '' ? null : crash.evidence],
    ['kind', crash.title],
    ['CPU', crash.cpu],
    [
      'task',
      task && `${task.comm}, PID ${task.pid}${task.kernelThread ? ', a kernel thread' : ''}`,
    ],
    ['arguments', task?.arguments ? task.arguments.join(' ') : null],
    ...crash.earlier.map((line, index) => [index === 0 ? 'earlier' : '', line] as const),
  )
}

function backtraceBlocks(trace: ReportBacktrace | null, framesMax = Infinity): SectionBlock[] {
  if (!trace) return [NOT_READABLE]
  const lines = trace.frames.slice(0, framesMax).map(frameLine)
  if (trace.frames.length > framesMax) lines.push('…')
  else if (trace.end === 'lost') lines.push(`trace ends here: ${trace.why}`)
  else if (trace.end === 'user') lines.push('(user mode)')
  return [linesBlock(lines)]
}

function frameLine(frame: ReportFrame, index: number): string {
  const quality = frame.quality === 'exact' ? '' : `  (${frame.quality})`
  const interrupted = frame.interrupted && index > 0 ? '  <- interrupted here' : ''
  return `#${String(index).padEnd(3)} ${frame.ip} ${frameText(frame)}${quality}${interrupted}`
}

/** The one that panicked has been shown. */
function cpuSections({ cpus }: Report): Section[] {
  const others = cpus?.filter(({ panicked }) => !panicked) ?? []
  if (others.length === 0) return []
  const blocks = others
    .slice(0, CPUS_MAX)
    .flatMap(({ cpu, pid, comm, backtrace }) => [
      textBlock(`CPU ${cpu}: ${comm === null || pid === null ? '(unknown)' : `${comm} (${pid})`}`),
      ...backtraceBlocks(backtrace, CPU_FRAMES_MAX),
    ])
  return [{ title: 'Other CPUs', blocks: [...blocks, ...more(others, CPUS_MAX)] }]
}

function taskBlocks({ tasks }: Report): SectionBlock[] {
  if (!tasks) return [NOT_READABLE]
  const { total, processes, kernelThreads, byState } = tasks
  return [
    textBlock(
      `${grouped(total)} tasks: ${grouped(processes)} processes, ${grouped(kernelThreads)} kernel threads; ${statesText(byState)}`,
    ),
  ]
}

function stackSections({ stacks }: Report): Section[] {
  if (!stacks || stacks.groups.length === 0) return []
  const items = stacks.groups.slice(0, STACKS_MAX).map((group) => {
    const examples = namesText(group.examples.slice(0, EXAMPLES_MAX))
    return plainItem(
      `${stackText(group, STACK_FRAMES_MAX)} (${statesText(group.byState)}; ${examples})`,
    )
  })
  const blocks = [itemsBlock('', items), ...more(stacks.groups, STACKS_MAX)]
  return [{ title: 'Stacks of all tasks', blocks }]
}

function fileSections({ crash, files }: Report): Section[] {
  const title = crash.task
    ? `Open files of ${crash.task.comm} (PID ${crash.task.pid})`
    : 'Open files'
  if (!files) return [{ title, blocks: [NOT_READABLE] }]
  const lines = files
    .slice(0, FILES_MAX)
    .map(({ fd, type, path }) => `${String(fd).padStart(4)} ${type.padEnd(4)} ${path}`)
  if (lines.length === 0) lines.push('(none)')
  return [{ title, blocks: [linesBlock(lines), ...more(files, FILES_MAX)] }]
}

/** Modules that taint the kernel; the others are many and innocent. */
function moduleSections({ modules }: Report): Section[] {
  const tainting = modules?.filter(({ taints }) => taints !== '') ?? []
  if (tainting.length === 0) return []
  const rows = tainting.map(({ name, taints, version }) => [name, taints, version])
  return [
    {
      title: 'Modules that taint the kernel',
      blocks: [tableBlock(['module', 'taints', 'version'], rows)],
    },
  ]
}

function logBlocks({ log }: Report): SectionBlock[] {
  if (!log) return [NOT_READABLE]
  const last = log.lines.slice(-LOG_LINES_MAX)
  return [linesBlock(last.map(({ time, text }) => `[${time.padStart(12)}] ${text}`))]
}

function completenessBlocks({ completeness }: Report): SectionBlock[] {
  const { dumpLevel, incomplete, symbols, types, modules, fileBytes } = completeness
  const level = dumpLevel === null ? '' : `, dump level ${dumpLevel}`
  const size = fileBytes === null ? '' : `, ${formatSize(fileBytes)}`
  const known = `${symbols === null ? 'no symbols' : `${symbols} symbols`}, ${types ? 'types' : 'no types'}, ${modules} modules`
  return [
    linesBlock([
      `${completeness.file}: ${completeness.format}${level}${size}`,
      incomplete
        ? 'incomplete: the dump was not finished, or the file was cut'
        : 'complete as written',
      `read from the dump: ${known}`,
      ...(completeness.problems.length === 0 ? ['everything in this report could be read'] : []),
      ...completeness.problems.map((problem) => `not read: ${problem}`),
    ]),
  ]
}

function timingBlock({ timings }: Report): SectionBlock {
  return linesBlock(
    timings.map(({ step, milliseconds }) => `${step.padEnd(12)} ${milliseconds.toFixed(1)} ms`),
  )
}
