// What is offered as 'kbox' is what the sources export: `npm run api` was run after the last change.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import * as kbox from '../src/api/kbox.ts'
import { API_NAMES } from '../src/core/crash/api_names.ts'
import { apiFiles, nameClashes } from './api.ts'

test('no two things are offered under one name', () => {
  assert.deepEqual(nameClashes(), [])
})

for (const [file, text] of Object.entries(apiFiles())) {
  test(`${file} is what the exports say`, () => {
    assert.equal(readFileSync(file, 'utf8'), text, "'npm run api' writes it anew")
  })
}

test('every name that --code may import is there', () => {
  assert.deepEqual(
    API_NAMES.filter((name) => !(name in kbox)),
    [],
  )
})
