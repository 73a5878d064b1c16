// docs/report.schema.json is what the types say, and reports are what it says; judged by ajv.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { EMPTY_REPORT, WHOLE_REPORT } from '../test/support/report_recipe.ts'
import { faultsOfReport } from '../test/support/report_schema.ts'
import { reportSchema, SCHEMA_FILE, schemaText } from './report_schema.ts'

test(`${SCHEMA_FILE} is what the types say`, () => {
  assert.equal(
    readFileSync(SCHEMA_FILE, 'utf8'),
    schemaText(reportSchema()),
    "'npm run docs' writes it anew",
  )
})

test('a whole report and an empty one have the keys of the schema and no others', () => {
  assert.deepEqual(faultsOfReport(WHOLE_REPORT), [])
  assert.deepEqual(faultsOfReport(EMPTY_REPORT), [])
})

test('a missing key, an unknown one, a wrong type and a word that is none are faults', () => {
  const { modules: _, ...incomplete } = WHOLE_REPORT
  assert.match(faultsOfReport(incomplete).join(), /must have required property 'modules'/)
  assert.match(faultsOfReport({ ...WHOLE_REPORT, more: 1 }).join(), /additional properties/)
  assert.match(faultsOfReport({ ...WHOLE_REPORT, version: 1 }).join(), /constant/)
  assert.match(faultsOfReport({ ...WHOLE_REPORT, findings: null }).join(), /must be array/)
  const verdict = { ...WHOLE_REPORT.verdict, kind: 'bad luck' }
  assert.match(faultsOfReport({ ...WHOLE_REPORT, verdict }).join(), /allowed values/)
})
