// The rule on sources given as text, with the exact message.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { tidyText } from '../tidy.ts'
import { todoIssue } from './todo_issue.ts'

// Spelt apart so that the rule does not find them here.
const todo = ['TO', 'DO'].join('')
const fixme = ['FIX', 'ME'].join('')

test('work left over without an issue is asked for its number', () => {
  const text = `// A file.\ncall() // ${todo}: faster\n/**\n * ${fixme} later\n */\n`
  assert.deepEqual(tidyText(todoIssue, { 'src/a.ts': text }), [
    `src/a.ts:2: ${todo} without an issue: write "${todo} (issue 12): …" (todo_issue)`,
    `src/a.ts:4: ${fixme} without an issue: write "${fixme} (issue 12): …" (todo_issue)`,
  ])
})

test('a number passes, and so does the word outside a comment', () => {
  const text = `// ${todo} (issue 12): faster\nconst word = '${todo}'\n`
  assert.deepEqual(tidyText(todoIssue, { 'src/a.ts': text }), [])
})
