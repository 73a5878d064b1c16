// A report as one HTML file: needs no network and no script, and lets nothing that a dump quotes become either.
import type { Report } from '../report_model.ts'
import {
  REPORT_SCRIPT,
  REPORT_SCRIPT_HASH,
  REPORT_STYLE,
  REPORT_STYLE_HASH,
} from './html/assets.ts'
import { sectionMarkup, type HtmlSection } from './html/html_section.ts'
import {
  dumpSection,
  machineSection,
  moduleSection,
  signatureSection,
} from './html/machine_html.ts'
import { html, rawElement } from './html/markup.ts'
import { backtraceSection, cpuSection, faultSection, stacksSection } from './html/stack_html.ts'
import { ioSection, memorySection, networkSection, timelineSection } from './html/state_html.ts'
import { fileSection, logSection, taskSection } from './html/task_html.ts'
import { findingsSection, verdictHeader, verdictSection } from './html/verdict_html.ts'
import { waitSection } from './html/wait_html.ts'

/** In the order of a reader's questions. */
const SECTIONS: readonly ((report: Report) => HtmlSection)[] = [
  verdictSection,
  findingsSection,
  faultSection,
  backtraceSection,
  waitSection,
  timelineSection,
  cpuSection,
  memorySection,
  ioSection,
  networkSection,
  stacksSection,
  taskSection,
  logSection,
  machineSection,
  fileSection,
  moduleSection,
  signatureSection,
  dumpSection,
]

/** Nothing is loaded from anywhere; only our own style and script, known by their hashes, count. */
const POLICY = [
  "default-src 'none'",
  `style-src '${REPORT_STYLE_HASH}'`,
  `script-src '${REPORT_SCRIPT_HASH}'`,
  "base-uri 'none'",
  "form-action 'none'",
].join('; ')

/** Render a report as one HTML file. */
export function renderReportHtml(report: Report): string {
  const sections = SECTIONS.map((section) => section(report)).filter(({ body }) => body !== null)
  const host = report.system.nodename
  const page = html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta http-equiv="Content-Security-Policy" content="${POLICY}" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <meta name="referrer" content="no-referrer" />
        <meta name="generator" content="kbox" />
        <title>${host === null ? '' : `${host}: `}${report.verdict.title}</title>
        ${rawElement('style', REPORT_STYLE)}
      </head>
      <body>
        <a class="skip" href="#main">Skip to the findings</a>
        ${verdictHeader(report)}
        <nav aria-label="Sections">
          <ul>
            ${sections.map(({ id, title }) => html`<li><a href="${`#${id}`}">${title}</a>`)}
          </ul>
        </nav>
        <main id="main">${sections.map(sectionMarkup)}</main>
        ${rawElement('script', REPORT_SCRIPT)}
      </body>
    </html> `
  return `${page.source}\n`
}
