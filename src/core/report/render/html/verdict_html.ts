// The answer, and the other findings, as HTML.
import type { NextStep } from '../../../diagnose/rule.ts'
import type { ReportEvidence, ReportFinding } from '../../model/finding_model.ts'
import type { ReportTaskTrace } from '../../model/stack_model.ts'
import type { Report } from '../../report_model.ts'
import {
  codePieces,
  confidenceText,
  culpritText,
  kindTitle,
  namesText,
  roleTitle,
  whenText,
  whoText,
} from '../words.ts'
import { backtraceMarkup } from './stack_html.ts'
import { hexMarkup } from './hex_html.ts'
import { commandMarkup, factsMarkup, type HtmlSection } from './html_section.ts'
import { html, type Markup } from './markup.ts'

/** The head of the page: why it died, who is to blame, how sure that is. */
export function verdictHeader(report: Report): Markup {
  const { verdict, system, signature } = report
  return html`<header class="${`verdict ${verdict.confidence ?? 'unknown'}`}">
    <p class="when">${whenText(report)}</p>
    <h1>${codeMarkup(verdict.title)}</h1>
    ${factsMarkup([
      [
        'How sure',
        html`<span class="${`badge ${verdict.confidence ?? 'unknown'}`}"
            >${verdict.confidence ?? 'not known'}</span
          >
          ${confidenceText(verdict).replace(/^[^:]*: /, '')}`,
      ],
      ['To blame', verdict.culprit && culpritText(verdict.culprit)],
      ['Kind', kindTitle(verdict)],
      ['Running', whoText(report)],
      ['Taints', system.taints],
      ['Signature', signature && html`<code>${signature.strict}</code> ${signature.loose}`],
    ])}
  </header> `
}

/** What speaks for the verdict. */
export function verdictSection({ verdict, findings }: Report): HtmlSection {
  const finding = verdict.finding === null ? undefined : findings[verdict.finding]
  return {
    id: 'why',
    title: 'Why',
    note: finding ? `rule ${finding.rule}` : '',
    body: finding ? findingMarkup(finding) : null,
  }
}

/** The findings besides. */
export function findingsSection(report: Report): HtmlSection {
  const { verdict, findings } = report
  const others = findings.filter((_, index) => index !== verdict.finding)
  return {
    id: 'findings',
    title: 'Also found',
    note: String(others.length),
    body:
      others.length === 0
        ? null
        : html`${others.map((finding) => otherMarkup(finding, roleTitle(report, finding)))}`,
  }
}

function otherMarkup(finding: ReportFinding, role: string): Markup {
  return html`<details class="finding">
    <summary>
      <span class="role">${role}</span>
      <span class="${`badge ${finding.confidence}`}">${finding.confidence}</span>
      ${codeMarkup(finding.title)}
    </summary>
    ${finding.culprit && html`<p>To blame: ${culpritText(finding.culprit)}</p>`}
    ${findingMarkup(finding)}
  </details> `
}

function findingMarkup({ evidence, refutedBy, next, stacks }: ReportFinding): Markup {
  const doubts = refutedBy.map((text) => ({ text, command: '' }))
  return html`<div class="columns">
    <div>
      ${evidence.length > 0 && html`<h3>Evidence</h3>`}
      <ol class="evidence">
        ${evidence.map(evidenceMarkup)}
      </ol>
    </div>
    <div>${pointsMarkup('Next', next)} ${pointsMarkup('It would be wrong if', doubts)}</div>
    ${stacks.map(stackMarkup)}
  </div>`
}

function evidenceMarkup({ text, address, command, memory }: ReportEvidence): Markup {
  const bytes = memory && address !== null && hexMarkup(memory, address)
  return html`<li>${codeMarkup(text)} ${commandMarkup(command)}${bytes}</li>`
}

function pointsMarkup(title: string, points: readonly NextStep[]): Markup | null {
  if (points.length === 0) return null
  const items = points.map(
    ({ text, command }) => html`<li>${codeMarkup(text)} ${commandMarkup(command)}</li>`,
  )
  return html`<h3>${title}</h3>
    <ul>
      ${items}
    </ul>`
}

function stackMarkup(task: ReportTaskTrace): Markup {
  return html`<div>
    <h3>Stack of ${namesText([task])}</h3>
    ${backtraceMarkup(task.backtrace, null)}
  </div>`
}

function codeMarkup(text: string): Markup[] {
  return codePieces(text).map((piece) =>
    piece.isCode ? html`<code>${piece.text}</code>` : html`${piece.text}`,
  )
}
