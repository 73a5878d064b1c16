// A report of version 1 as one of the newest.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { WHOLE_REPORT } from '../../../test/support/report_recipe.ts'
import { faultsOfReport } from '../../../test/support/report_schema.ts'
import { upgradeReport, type ReportV1 } from './report_upgrade.ts'

const { system, crash, backtrace, files, completeness, timings } = WHOLE_REPORT

const OLD: ReportV1 = {
  version: 1,
  ...{ system, crash, backtrace, files, completeness, timings },
  culprit: { function: 'bad_write', module: 'faulty', frame: 2, quality: 'exact' },
  tasks: { total: 3, processes: 1, kernelThreads: 1, byState: { RU: 3 } },
  log: { lineCount: 12, lastLines: ['[    1.500000] one', 'no time'] },
}

test('version 1 becomes the newest: its culprit is blamed, without a claim how sure that is', () => {
  const report = upgradeReport(OLD)
  assert.deepEqual(faultsOfReport(report), [])
  assert.equal(report.verdict.title, 'NULL pointer dereference in bad_write [faulty]')
  assert.equal(report.verdict.confidence, null)
  assert.deepEqual(report.backtrace, backtrace)
  assert.deepEqual(report.tasks?.list, [])
})

test('the lines that version 1 kept are the end of the log', () => {
  const { log } = upgradeReport(OLD)
  assert.deepEqual(log?.lines, [
    { time: '1.500000', level: 6, text: 'one' },
    { time: '', level: 6, text: 'no time' },
  ])
  assert.equal(log?.omitted, 10)
})

test('a report of version 1 without a culprit or a log stays without', () => {
  const { verdict, log } = upgradeReport({ ...OLD, culprit: null, log: null })
  assert.equal(verdict.culprit, null)
  assert.equal(verdict.title, 'NULL pointer dereference')
  assert.equal(log, null)
})

test('the newest is left as it is', () => {
  assert.equal(upgradeReport(WHOLE_REPORT), WHOLE_REPORT)
})
