// A report as Markdown: what the dump quotes stays quoted.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  HOSTILE_TEXT,
  hostileReport,
  WHOLE_REPORT,
} from '../../../../test/support/report_recipe.ts'
import { escapeMarkdown, renderReportMarkdown } from './markdown.ts'

test('the verdict is the heading, and what speaks for it follows', () => {
  const lines = renderReportMarkdown(WHOLE_REPORT)
  assert.equal(
    lines[0],
    String.raw`# NULL struct widget \* (argument 1) read at size in bad_write \[faulty\]`,
  )
  assert.ok(
    lines.includes('- %rdi is 0, the first argument of bad_write() — `dis -r bad_write+26`'),
  )
  assert.ok(lines.includes('## Who waits for whom'))
})

test('what Markdown takes for its own is escaped; names stay readable', () => {
  for (const [text, escaped] of [
    ['do_sys_open', 'do_sys_open'],
    ['__schedule', String.raw`\__schedule`],
    ['# no heading', String.raw`\# no heading`],
    ['1. no list', String.raw`1\. no list`],
    ['6.12.1', '6.12.1'],
    ['- no list', String.raw`\- no list`],
    ['a | b', String.raw`a \| b`],
    ['<img src=x>', String.raw`\<img src=x\>`],
    ['two\nlines', 'two lines'],
    ['https://host', String.raw`https\://host`],
    ['@team', '@\u200bteam'],
  ]) {
    assert.equal(escapeMarkdown(text ?? ''), escaped)
  }
})

test('a log line cannot end its fence', () => {
  const log = {
    lineCount: 1,
    lines: [{ time: '1.0', level: 6, text: '```` # out' }],
    omitted: 0,
    omittedAt: 0,
    troubles: [],
  }
  const lines = renderReportMarkdown({ ...WHOLE_REPORT, log })
  const at = lines.findIndex((line) => line.includes('# out'))
  assert.equal(lines[at - 1], '`````text')
  assert.equal(lines[at + 1], '`````')
})

test('hostile text makes no HTML outside of code', () => {
  let fence = ''
  for (const line of renderReportMarkdown(hostileReport())) {
    const [, ticks] = /^(`{3,})/.exec(line) ?? []
    if (ticks !== undefined && (fence === '' || fence === ticks)) fence = fence === '' ? ticks : ''
    if (fence !== '' || ticks !== undefined) continue
    assert.ok(!line.replaceAll(/(`+)(?!`).*?[^`]\1(?!`)/g, '').includes(HOSTILE_TEXT), line)
  }
})
