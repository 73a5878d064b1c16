// The rule on sources given as text, with the exact message.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { tidyText } from '../tidy.ts'
import { functionLength } from './function_length.ts'

const body = (lines: number): string => '  call()\n'.repeat(lines)

test('a function of 61 lines is told to name a part, one of 60 is not', () => {
  const text = `/** Not counted. */\nfunction long() {\n${body(59)}}\nfunction fits() {\n${body(58)}}\n`
  assert.deepEqual(tidyText(functionLength, { 'src/a.ts': text }), [
    'src/a.ts:2: function long has 61 lines, at most 60: give a part of it a name (function_length)',
  ])
})

test('methods and arrows count, anonymous ones go by what holds them', () => {
  const text = `class A {\n  walk() {\n${body(60)}  }\n}\nconst run = () => {\n${body(60)}}\ncall(() => {\n${body(60)}})\n`
  assert.deepEqual(tidyText(functionLength, { 'src/a.ts': text }), [
    'src/a.ts:2: function walk has 62 lines, at most 60: give a part of it a name (function_length)',
    'src/a.ts:65: function run has 62 lines, at most 60: give a part of it a name (function_length)',
    'src/a.ts:127: function has 62 lines, at most 60: give a part of it a name (function_length)',
  ])
})

test('a describe block only groups tests', () => {
  assert.deepEqual(
    tidyText(functionLength, { 'src/a.test.ts': `describe('x', () => {\n${body(90)}})\n` }),
    [],
  )
})
