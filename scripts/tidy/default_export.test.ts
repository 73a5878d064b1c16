// The rule on sources given as text, with the exact message.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { tidyText } from '../tidy.ts'
import { defaultExport } from './default_export.ts'

test('each form of default export is asked for a name', () => {
  const sources = {
    'src/a.ts': '// A.\nexport default function f() {}\n',
    'src/b.ts': 'const b = 1\nexport default b\n',
  }
  assert.deepEqual(tidyText(defaultExport, sources), [
    'src/a.ts:2: default export: give it a name (default_export)',
    'src/b.ts:2: default export: give it a name (default_export)',
  ])
})

test('named exports pass', () => {
  assert.deepEqual(
    tidyText(defaultExport, { 'src/a.ts': 'export const a = 1\nexport { b } from "./b.ts"\n' }),
    [],
  )
})
