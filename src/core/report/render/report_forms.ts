// The forms a report can be had in; each is made from the report's data alone.
import type { Report } from '../report_model.ts'
import { renderReportHtml } from './html.ts'
import { renderReportMarkdown } from './markdown.ts'
import { renderReportText } from './text.ts'

/** A form of a report. */
export type ReportForm = 'text' | 'md' | 'html' | 'json'

const FORMS: Readonly<Record<ReportForm, (report: Report) => string>> = {
  text: (report) => `${renderReportText(report).join('\n')}\n`,
  md: (report) => `${renderReportMarkdown(report).join('\n')}\n`,
  html: renderReportHtml,
  json: (report) => `${JSON.stringify(report, null, 2)}\n`,
}

/** Render a report in a form, as all of a file. */
export function renderReport(form: ReportForm, report: Report): string {
  return FORMS[form](report)
}
