// The promise of 100,000 cases, and that each target of the table is one.
import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { test } from 'node:test'
import { FUZZ_CASES } from './fuzz_cases.ts'

test('a check runs at least 100,000 fuzz cases', (t) => {
  const total = Object.values(FUZZ_CASES).reduce<number>((sum, count) => sum + count, 0)
  t.diagnostic(`${total} fuzz cases of ${Object.keys(FUZZ_CASES).length} targets are configured`)
  assert.ok(total >= 100_000, `${total} cases`)
})

test('each target of the table is run by one test file', () => {
  const files = globSync(`${import.meta.dirname}/*.test.ts`)
  const sources = files
    .map((file) => readFileSync(file, 'utf8'))
    .join('')
    .replace(/\s+/g, '')
  for (const name of Object.keys(FUZZ_CASES)) {
    const calls = sources.split(`fuzz('${name}',`.replace(/\s+/g, '')).length - 1
    assert.equal(calls, 1, name)
  }
})
