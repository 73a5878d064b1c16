// Faults, backtraces and the folded stacks as HTML.
import { isPanicMachinery } from '../../../diagnose/panic_machinery.ts'
import type { ReportFault, ReportInstruction } from '../../model/crash_model.ts'
import type {
  ReportBacktrace,
  ReportCpu,
  ReportFrame,
  ReportStackGroup,
} from '../../model/stack_model.ts'
import type { Report } from '../../report_model.ts'
import { counted, formatSpan, grouped } from '../lines.ts'
import { frameText, namesText, statesText } from '../words.ts'
import { numberColumn, tableMarkup, type HtmlSection } from './html_section.ts'
import { html, type Markup, type MarkupValue } from './markup.ts'

/** Faults with their registers and code. */
export function faultSection({ faults }: Report): HtmlSection {
  const body = faults.length === 0 ? null : html`${faults.toReversed().map(faultMarkup)}`
  return { id: 'faults', title: 'Faults', note: counted(faults.length, 'fault'), body }
}

function faultMarkup(fault: ReportFault): Markup {
  const where = frameText({ ...fault, ip: '', sp: '', quality: 'exact', interrupted: true })
  const registers = Object.entries(fault.registers).toSorted(([a], [b]) => registerOrder(a, b))
  return html`<details class="fault" ${fault.fatal && 'open'}>
    <summary>
      ${fault.fatal && [html`<span class="badge certain">fatal</span>`, ' ']}<code>${where}</code>
      ${fault.line}
    </summary>
    <div class="columns">
      ${
        fault.code &&
        html`<pre class="asm" aria-label="Instructions around the fault">
${fault.code.map((instruction) => instructionLine(instruction, fault.ip))}</pre>`
      }
      ${
        registers.length > 0 &&
        html`<dl class="registers">
          ${registers.map(
            ([name, value]) =>
              html`<div>
                <dt>${name}
                <dd>${value}
              </div>`,
          )}
        </dl>`
      }
    </div>
  </details> `
}

const FIRST_REGISTERS = ['ip', 'pc', 'sp', 'flags', 'cr2', 'ax', 'bx', 'cx', 'dx', 'si', 'di', 'bp']

/** Where it stood, then the registers as people recite them: r9 before r10. */
function registerOrder(a: string, b: string): number {
  const rank = (name: string): number => {
    const first = FIRST_REGISTERS.indexOf(name)
    return first < 0 ? FIRST_REGISTERS.length : first
  }
  return rank(a) - rank(b) || a.localeCompare(b, 'en', { numeric: true })
}

function instructionLine(
  { address, bytes, text }: ReportInstruction,
  ip: string | null,
): readonly MarkupValue[] {
  const line = `${address}  ${bytes.padEnd(24)} ${text}`
  return address === ip ? [html`<mark>${`=> ${line}`}</mark>`, '\n'] : [`   ${line}\n`]
}

/** The stack of the task that died. */
export function backtraceSection({ backtrace, verdict }: Report): HtmlSection {
  return {
    id: 'backtrace',
    title: 'Backtrace',
    note: backtrace ? 'of the task that died' : 'not readable',
    body: backtrace && backtraceMarkup(backtrace, verdict.culprit?.function ?? null),
  }
}

/** Write a stack. @param blamed the function that stands out; null for none */
export function backtraceMarkup(
  { frames, end, why }: ReportBacktrace,
  blamed: string | null,
): Markup {
  const last =
    end === 'lost'
      ? html`<li class="end">trace ends here: ${why}`
      : end === 'user' && html`<li class="end">user mode`
  return html`<ol class="trace" start="0">
    ${frames.map((frame) => frameMarkup(frame, blamed))}${last}
  </ol> `
}

/** What is part of dying is there, but dim. */
function frameMarkup(frame: ReportFrame, blamed: string | null): Markup {
  const { function: name, ip, quality, interrupted } = frame
  const kind =
    name !== null && name === blamed
      ? 'blamed'
      : name !== null && isPanicMachinery(name)
        ? 'dim'
        : ''
  const notes = [quality === 'exact' ? '' : quality, interrupted ? 'interrupted here' : '']
  const note = notes.filter((text) => text !== '').join(', ')
  return html`
    <li class="${kind}">
      <code>${frameText(frame)}</code>
      <span class="ip">${ip}</span>${note !== '' && [' ', html`<i>${note}</i>`]}
  `
}

/** What every CPU did. */
export function cpuSection({ cpus, state }: Report): HtmlSection {
  const states = state?.cpus ?? []
  const table =
    states.length > 0 &&
    tableMarkup(
      'What every CPU did',
      [numberColumn('CPU'), 'mode', 'task', 'function', 'for', numberColumn('queued'), 'notes'],
      states.map(
        ({
          cpu,
          mode,
          comm,
          pid,
          function: name,
          runSeconds,
          queued,
          interruptsOff,
          missedNmi,
        }) => [
          cpu,
          mode,
          `${comm} (${pid})`,
          html`<code>${name}</code>`,
          runSeconds === null ? '' : formatSpan(runSeconds),
          queued,
          [missedNmi ? 'missed the NMI' : '', interruptsOff ? 'interrupts off' : '']
            .filter((text) => text !== '')
            .join(', '),
        ],
      ),
    )
  const traces = cpus?.map(cpuMarkup)
  return {
    id: 'cpus',
    title: 'CPUs',
    note: String(cpus?.length ?? states.length),
    body: table || traces ? html`${table}${traces}` : null,
  }
}

function cpuMarkup({ cpu, panicked, pid, comm, backtrace }: ReportCpu): Markup {
  const who = comm === null ? '' : ` ${comm} (${pid ?? '?'})`
  const frame = backtrace.frames.find(
    ({ function: name }) => name !== null && !isPanicMachinery(name),
  )
  return html`<details class="cpu">
    <summary>
      CPU ${cpu}${who}
      ${frame && html`<code>${frameText(frame)}</code>`}${panicked && [' ', html`<span class="badge certain">died here</span>`]}
    </summary>
    ${backtraceMarkup(backtrace, null)}
  </details> `
}

/** Stacks of all tasks, equal ones together; a script draws them as an icicle. */
export function stacksSection({ stacks }: Report): HtmlSection {
  const body =
    stacks &&
    html`<div data-icicle></div>
      <ol class="stacks" data-filter="stacks" data-rows="li">
        ${stacks.groups.map(stackMarkup)}
      </ol>
      ${stacks.omitted > 0 && html`<p>${counted(stacks.omitted, 'more task')} not listed.</p>`}`
  return {
    id: 'stacks',
    title: 'All stacks',
    note: stacks
      ? `${grouped(stacks.groups.length)} different, of ${counted(stacks.tasks, 'task')}`
      : 'not readable',
    body,
  }
}

function stackMarkup(
  { frames, count, byState, examples }: ReportStackGroup,
  index: number,
): Markup {
  const way: MarkupValue = frames.length === 0 ? '(no trace)' : frames.join(' < ')
  return html`
    <li id="${`s${index}`}" data-n="${count}">
      <b>${grouped(count)}</b> <code>${way}</code>
      <span class="note">${statesText(byState)}: ${namesText(examples)}</span>
  `
}
