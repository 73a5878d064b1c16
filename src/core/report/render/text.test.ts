// A whole report as text, and one of a dump that gave almost nothing.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { EMPTY_REPORT, WHOLE_REPORT } from '../../../../test/support/report_recipe.ts'
import { renderReportText } from './text.ts'

const SCREEN = 25

test('the first screen says what died, why, how sure that is, who is to blame and what is next', () => {
  const screen = renderReportText(WHOLE_REPORT).slice(0, SCREEN)
  assert.match(screen[0] ?? '', /^host1 died on 2026-11-22 .* \(6\.1\.0-56-cloud-amd64 x86_64\)$/)
  assert.equal(screen[2], 'NULL struct widget * (argument 1) read at size in bad_write [faulty]')
  for (const line of [
    '  sure?        certain: the kernel said so itself, or its data allow nothing else',
    '  to blame     bad_write(), module faulty, which taints the kernel (OE)',
    '  - %rdi is 0, the first argument of bad_write()',
    '      crash> dis -r bad_write+26',
    '      crash> bt 812',
  ])
    assert.ok(screen.includes(line), `${line}\nnot in\n${screen.join('\n')}`)
})

test('a report shows every part', (t) => {
  t.assert.fileSnapshot(renderReportText(WHOLE_REPORT).join('\n'), 'test/golden/report.text.txt', {
    serializers: [(text: string) => `${text}\n`],
  })
})

test('control characters of the log do not reach the terminal', () => {
  const text = renderReportText(WHOLE_REPORT).join('\n')
  assert.ok(text.includes('.[31mred.'))
  // oxlint-disable-next-line no-control-regex
  assert.doesNotMatch(text, /[\u0000-\u0009\u000b-\u001f\u007f]/)
})

test('a dump that gave nothing says what and why, part by part', () => {
  const lines = renderReportText(EMPTY_REPORT)
  assert.equal(lines[0], 'A machine died (6.1.0-56-cloud-amd64 x86_64)')
  assert.equal(lines[2], 'unknown')
  assert.equal(lines.filter((line) => line === '  (not readable)').length, 4)
  assert.ok(lines.includes('  incomplete: the dump was not finished, or the file was cut'))
  assert.ok(lines.some((line) => line.startsWith('  not read: log: cannot read')))
})
