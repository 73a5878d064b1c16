// The rule on sources given as text, with the exact messages.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { tidyText } from '../tidy.ts'
import { erasableSyntax } from './erasable_syntax.ts'

test('enum and namespace are refused, declared ones too', () => {
  const text = 'enum State { On }\ndeclare const enum Kind { A }\nnamespace N {}\n'
  assert.deepEqual(tidyText(erasableSyntax, { 'src/a.ts': text }), [
    'src/a.ts:1: enum State: use a union of literals or constants (erasable_syntax)',
    'src/a.ts:2: enum Kind: use a union of literals or constants (erasable_syntax)',
    'src/a.ts:3: namespace: a file is the namespace (erasable_syntax)',
  ])
})
