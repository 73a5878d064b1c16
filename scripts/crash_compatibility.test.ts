// docs/crash_compatibility.md is written from the claims, and committed.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { crashCompatibility, COMPATIBILITY_FILE } from './crash_compatibility.ts'

test('docs/crash_compatibility.md is what the claims say', () => {
  const written = readFileSync(COMPATIBILITY_FILE, 'utf8')
  assert.equal(written, crashCompatibility(), "'npm run docs' writes it anew")
})
