// A report as text for a terminal.
import type { Report, ReportFrame, ReportSystem } from '../report_model.ts'
import { LABEL_WIDTH, labelled, plain, utc } from './lines.ts'

/**
 * Render a report as lines without newline.
 *
 * The kernel's words may hold anything a user printed into the log; control characters are shown as dots.
 */
export function renderReportText(report: Report): string[] {
  return [
    ...headline(report),
    ...section('System', systemLines(report.system)),
    ...section('Crash', crashLines(report)),
    ...section('Backtrace of the task that died', backtraceLines(report)),
    ...section('Tasks', taskLines(report)),
    ...section(fileTitle(report), fileLines(report)),
    ...section(
      'Last lines of the log',
      report.log ? [...report.log.lastLines] : ['(not readable)'],
    ),
    ...section('The dump', completenessLines(report)),
    ...section(
      'Time',
      report.timings.map(
        ({ step, milliseconds }) => `${step.padEnd(12)} ${milliseconds.toFixed(1)} ms`,
      ),
    ),
  ].map(plain)
}

function headline({ crash, culprit, system }: Report): string[] {
  const where = culprit ? ` in ${frameName(culprit)}` : ''
  const host = system.nodename ? ` of ${system.nodename}` : ''
  return [`Crash${host}: ${crash.title}${where}`]
}

function section(title: string, lines: readonly string[]): string[] {
  return ['', title, ...lines.map((line) => `  ${line}`.trimEnd())]
}

function systemLines(system: ReportSystem): string[] {
  const load = system.loadAverages?.map((value) => value.toFixed(2)).join(' ')
  return labelled([
    ['kernel', `${system.release} ${system.machine}`],
    ['version', system.kernelVersion],
    ['CPUs', system.cpus],
    [
      'memory',
      system.memoryBytes === null ? null : `${(system.memoryBytes / 2 ** 20).toFixed(1)} MiB`,
    ],
    ['crashed', system.crashTime === null ? null : utc(system.crashTime)],
    ['up', system.uptimeSeconds === null ? null : `${system.uptimeSeconds.toFixed(1)} s`],
    ['load', load ?? null],
    ['taints', system.taints === '' ? 'none' : system.taints],
    ['command line', system.commandLine],
  ])
}

function crashLines({ crash, culprit, backtrace }: Report): string[] {
  const { task } = crash
  const who = task && `${task.comm}, PID ${task.pid}${task.kernelThread ? ', a kernel thread' : ''}`
  return [
    ...labelled([
      ['message', crash.message === '' ? '(none in the log)' : crash.message],
      ['told by', crash.evidence === '' ? null : crash.evidence],
      ['kind', crash.title],
      ['CPU', crash.cpu],
      ['task', who],
      ['arguments', task?.arguments ? task.arguments.join(' ') : null],
      ['culprit', culprit ? culpritText(culprit) : backtrace && '(every frame is part of dying)'],
    ]),
    ...crash.earlier.map(
      (line, index) => `${(index === 0 ? 'earlier' : '').padEnd(LABEL_WIDTH)} ${line}`,
    ),
  ]
}

function culpritText(culprit: NonNullable<Report['culprit']>): string {
  const module = culprit.module === '' ? 'the kernel itself' : `module ${culprit.module}`
  return `${culprit.function}, ${module} (frame ${culprit.frame}${culprit.quality === 'exact' ? '' : `, ${culprit.quality}`})`
}

function backtraceLines({ backtrace }: Report): string[] {
  if (!backtrace) return ['(not readable)']
  const lines = backtrace.frames.map((frame, index) => frameLine(frame, index))
  if (backtrace.end === 'lost') lines.push(`trace ends here: ${backtrace.why}`)
  if (backtrace.end === 'user') lines.push('(user mode)')
  return lines
}

function frameLine(frame: ReportFrame, index: number): string {
  const quality = frame.quality === 'exact' ? '' : `  (${frame.quality})`
  const interrupted = frame.interrupted && index > 0 ? '  <- interrupted here' : ''
  return `#${String(index).padEnd(3)} ${frame.ip} ${frameName(frame)}${quality}${interrupted}`
}

function frameName(frame: {
  readonly function: string | null
  readonly module: string
  readonly offset?: number | null
}): string {
  const offset =
    frame.offset === undefined || frame.offset === null ? '' : `+0x${frame.offset.toString(16)}`
  return `${frame.function ?? '(unknown)'}${offset}${frame.module === '' ? '' : ` [${frame.module}]`}`
}

function taskLines({ tasks }: Report): string[] {
  if (!tasks) return ['(not readable)']
  const states = Object.entries(tasks.byState).map(([state, count]) => `${state} ${count}`)
  const { total, processes, kernelThreads } = tasks
  return [
    `${total} tasks: ${processes} processes, ${kernelThreads} kernel threads; ${states.join(', ')}`,
  ]
}

function fileTitle({ crash }: Report): string {
  return crash.task ? `Open files of ${crash.task.comm} (PID ${crash.task.pid})` : 'Open files'
}

function fileLines({ files }: Report): string[] {
  if (!files) return ['(not readable)']
  if (files.length === 0) return ['(none)']
  return files.map(({ fd, type, path }) => `${String(fd).padStart(4)} ${type.padEnd(4)} ${path}`)
}

function completenessLines({ completeness }: Report): string[] {
  const { dumpLevel, incomplete, symbols, types, modules, fileBytes } = completeness
  const level = dumpLevel === null ? '' : `, dump level ${dumpLevel}`
  const size = fileBytes === null ? '' : `, ${(fileBytes / 2 ** 20).toFixed(1)} MiB`
  const known = `${symbols === null ? 'no symbols' : `${symbols} symbols`}, ${types ? 'types' : 'no types'}, ${modules} modules`
  return [
    `${completeness.file}: ${completeness.format}${level}${size}`,
    incomplete
      ? 'incomplete: the dump was not finished, or the file was cut'
      : 'complete as written',
    `read from the dump: ${known}`,
    ...(completeness.problems.length === 0 ? ['everything in this report could be read'] : []),
    ...completeness.problems.map((problem) => `not read: ${problem}`),
  ]
}
