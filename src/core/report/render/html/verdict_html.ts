// The answer, and the other findings, as HTML.
import type { ReportEvidence, ReportFinding } from '../../model/finding_model.ts'
import type { Report } from '../../report_model.ts'
import { confidenceText, culpritText, kindTitle, ROLE_TITLES, whenText, whoText } from '../words.ts'
import { hexMarkup } from './hex_html.ts'
import { commandMarkup, factsMarkup, type HtmlSection } from './html_section.ts'
import { html, type Markup } from './markup.ts'

/** The head of the page: why it died, who is to blame, how sure that is. */
export function verdictHeader(report: Report): Markup {
  const { verdict, system, signature } = report
  return html`<header class="${`verdict ${verdict.confidence ?? 'unknown'}`}">
    <p class="when">${whenText(report)}</p>
    <h1>${verdict.title}</h1>
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
export function findingsSection({ verdict, findings }: Report): HtmlSection {
  const others = findings.filter((_, index) => index !== verdict.finding)
  return {
    id: 'findings',
    title: 'Also found',
    note: String(others.length),
    body: others.length === 0 ? null : html`${others.map(otherMarkup)}`,
  }
}

function otherMarkup(finding: ReportFinding): Markup {
  return html`<details class="finding">
    <summary>
      <span class="${`badge ${finding.confidence}`}">${finding.confidence}</span>
      <span class="role">${ROLE_TITLES[finding.role]}</span> ${finding.title}
    </summary>
    ${finding.culprit && html`<p>To blame: ${culpritText(finding.culprit)}</p>`}
    ${findingMarkup(finding)}
  </details> `
}

function findingMarkup({ evidence, refutedBy, next }: ReportFinding): Markup {
  return html`<div class="columns">
    ${
      evidence.length > 0 &&
      html`<div>
        <h3>Evidence</h3>
        <ol class="evidence">
          ${evidence.map(evidenceMarkup)}
        </ol>
      </div>`
    }
    <div>
      ${
        next.length > 0 &&
        html`<h3>Next</h3>
          <ul>
            ${next.map(({ text, command }) => html`<li>${text} ${commandMarkup(command)}`)}
          </ul>`
      }
      ${
        refutedBy.length > 0 &&
        html`<h3>It would be wrong if</h3>
          <ul>
            ${refutedBy.map((text) => html`<li>${text}`)}
          </ul>`
      }
    </div>
  </div> `
}

function evidenceMarkup({ text, address, command, memory }: ReportEvidence): Markup {
  return html`<li>
    ${text} ${commandMarkup(command)}${memory && address !== null && hexMarkup(memory, address)}
   `
}
