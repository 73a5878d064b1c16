// Who waits for whom as HTML: groups with their roots, which a script draws as graphs.
import type { ReportWait, ReportWaitGroup, ReportWaits } from '../../model/wait_model.ts'
import type { Report } from '../../report_model.ts'
import { counted, formatSpan } from '../lines.ts'
import { namesText, waitedName, waitGroupTitle } from '../words.ts'
import { tableMarkup, type HtmlSection } from './html_section.ts'
import { html, type Markup } from './markup.ts'

const WAITS_MAX = 40
/** Groups that are open; the rest can be opened. */
const OPEN_MAX = 3

/** The groups, rings first. */
export function waitSection({ waits }: Report): HtmlSection {
  const groups = waits?.groups ?? []
  return {
    id: 'waits',
    title: 'Who waits for whom',
    note: waits ? counted(waits.total, 'task') : '',
    body:
      waits && groups.length > 0
        ? html`${groups.map((group, index) => groupMarkup(waits, group, index))}`
        : null,
  }
}

function groupMarkup(waits: ReportWaits, group: ReportWaitGroup, index: number): Markup {
  const shown = unique([...group.cycle, ...group.waits]).slice(0, WAITS_MAX)
  const title = waitGroupTitle(waits, group)
  const isRing = group.cycle.length > 0
  return html`<details class="wait" data-graph="${group.count}" ${index < OPEN_MAX && 'open'}>
    <summary>${isRing && [html`<span class="badge certain">ring</span>`, ' ']}${title}</summary>
    ${tableMarkup(
      title,
      ['task', 'waits for', 'in', 'since', 'held by'],
      shown.map((wait) => waitCells(waits, wait)),
    )}
    ${group.count > shown.length && html`<p>and ${counted(group.count - shown.length, 'more task')}</p>`}
  </details> `
}

/** A graph is drawn from the first, second and last column. */
function waitCells(waits: ReportWaits, wait: ReportWait): readonly (Markup | string)[] {
  const thing = waits.things[wait.on]
  return [
    namesText([wait.task]),
    html`<span data-thing>${waitedName(waits, wait.on)}</span
      >${thing?.address && [' ', html`<span class="ip">${thing.address}</span>`]}`,
    html`<code>${wait.function}</code>`,
    wait.seconds === null ? '' : formatSpan(wait.seconds),
    html`${(thing?.owners ?? []).map(({ pid, comm }) => html`<span data-owner>${namesText([{ pid, comm }])}</span> `)}${thing?.ownerNote}`,
  ]
}

function unique(waits: readonly ReportWait[]): ReportWait[] {
  const seen = new Set<number>()
  return waits.filter(({ task }) => !seen.has(task.pid) && seen.add(task.pid))
}
