// Tasks, open files and the log as HTML.
import type { ReportLog, ReportLogLine } from '../../model/log_model.ts'
import type { ReportStackGroup } from '../../model/stack_model.ts'
import type { ReportTaskRow } from '../../model/task_model.ts'
import type { Report } from '../../report_model.ts'
import { counted, grouped } from '../lines.ts'
import { statesText } from '../words.ts'
import { numberColumn, tableMarkup, type HtmlSection } from './html_section.ts'
import { html, type Markup } from './markup.ts'

/** The tasks, with a way to their stacks. */
export function taskSection({ tasks, stacks }: Report): HtmlSection {
  if (!tasks) return { id: 'tasks', title: 'Tasks', note: 'not readable', body: null }
  const { total, processes, kernelThreads, byState, list } = tasks
  return {
    id: 'tasks',
    title: 'Tasks',
    note: `${grouped(total)}: ${counted(processes, 'process').replace('processs', 'processes')}, ${counted(kernelThreads, 'kernel thread')}; ${statesText(byState)}`,
    body: html`<div data-filter="tasks" data-rows="tbody tr">
        ${tableMarkup(
          'Tasks: running ones first, then those that cannot be interrupted',
          [
            numberColumn('PID'),
            numberColumn('process'),
            'command',
            'state',
            numberColumn('CPU'),
            'where',
            'task_struct',
          ],
          list.map((task) => taskCells(task, stacks?.groups ?? [])),
        )}
      </div>
      ${total > list.length && html`<p>${counted(total - list.length, 'more task')} not listed: see the stacks.</p>`}`,
    isClosed: true,
  }
}

function taskCells(
  task: ReportTaskRow,
  groups: readonly ReportStackGroup[],
): readonly (Markup | string | number | null)[] {
  const { pid, tgid, comm, state, cpu, kernelThread, address, stack } = task
  const frames = stack === null ? undefined : groups[stack]?.frames
  const where = frames?.find((name) => name !== '__schedule' && name !== 'schedule')
  return [
    pid,
    pid === tgid ? null : tgid,
    kernelThread ? `[${comm}]` : comm,
    state,
    cpu,
    where === undefined || stack === null ? '' : html`<a href="${`#s${stack}`}">${where}</a>`,
    address,
  ]
}

/** Open files of the process that died. */
export function fileSection({ files, crash }: Report): HtmlSection {
  return {
    id: 'files',
    title: 'Open files',
    note: files
      ? `${files.length}${crash.task ? ` of ${crash.task.comm} (${crash.task.pid})` : ''}`
      : '',
    body:
      files && files.length > 0
        ? html`<div data-filter="files" data-rows="tbody tr">
            ${tableMarkup(
              'Open files of the process that died',
              [numberColumn('fd'), 'type', 'path'],
              files.map(({ fd, type, path }) => [fd, type, path]),
            )}
          </div>`
        : null,
    isClosed: true,
  }
}

/** The log: what led to the end stands out. */
export function logSection(report: Report): HtmlSection {
  const { log } = report
  return {
    id: 'log',
    title: 'Log',
    note: log ? counted(log.lineCount, 'line') : 'not readable',
    body: log && logMarkup(log, new Set(report.state?.timeline?.map(({ line }) => line) ?? [])),
  }
}

function logMarkup(log: ReportLog, linked: ReadonlySet<number | null>): Markup {
  const { lines, omitted, omittedAt, troubles } = log
  const starts = new Set(troubles.map(({ line }) => line))
  const items = lines.map((line, index) => {
    const number = omitted > 0 && index >= omittedAt ? index + omitted : index
    const isGap = omitted > 0 && index === omittedAt
    const gap = isGap && html`<li class="gap">${counted(omitted, 'line')} left out</li>`
    return ['\n', gap, lineMarkup(line, number, starts.has(number), linked.has(number))]
  })
  return html`
    <ol class="log" data-filter="log" data-rows="li" data-levels>
      ${items}
    </ol>
  `
}

function lineMarkup(
  { time, level, text }: ReportLogLine,
  number: number,
  isTrouble: boolean,
  isLinked: boolean,
): Markup {
  const name = isTrouble || isLinked ? html`id="${`l${number}`}"` : null
  const trouble = isTrouble && ' trouble'
  return html`<li class="l${level}${trouble}" ${name}><time>${time}</time> ${text}</li>`
}
