// Tidy itself: the ratchet, and the registry of rules.
import assert from 'node:assert/strict'
import { globSync } from 'node:fs'
import { test } from 'node:test'
import { parseSourceTree } from './source_tree.ts'
import { tidy } from './tidy.ts'
import { defaultExport } from './tidy/default_export.ts'
import { TIDY_RULES } from './tidy/rules.ts'

const TREE = parseSourceTree({
  'src/a.ts': 'export default 1\n',
  'src/b.ts': 'export const b = 1\n',
})

test('a breach within the baseline passes', () => {
  assert.deepEqual(tidy(TREE, [defaultExport], { 'default_export src/a.ts': 1 }), [])
})

test('a baseline that allows more than there is must be lowered', () => {
  assert.deepEqual(
    tidy(TREE, [defaultExport], { 'default_export src/a.ts': 2, 'default_export src/gone.ts': 1 }),
    [
      "scripts/tidy/baseline.json: 'default_export src/a.ts' allows 2, fewer are left: lower it",
      "scripts/tidy/baseline.json: 'default_export src/gone.ts' allows 1, fewer are left: lower it",
    ],
  )
})

test('every rule has a test of its messages', () => {
  const tests = new Set(globSync('scripts/tidy/*.test.ts'))
  assert.deepEqual(
    TIDY_RULES.filter(({ name }) => !tests.has(`scripts/tidy/${name}.test.ts`)),
    [],
  )
})
