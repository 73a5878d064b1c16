// The rule on sources given as text, with the exact message.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { tidyText } from '../tidy.ts'
import { kernelHistory } from './kernel_history.ts'

test('a member with two names needs the release that renamed it', () => {
  const text = "// Tasks.\nexport const state = (task: Task) => task.number('__state', 'state')\n"
  assert.deepEqual(tidyText(kernelHistory, { 'src/core/kernel/sched.ts': text }), [
    `src/core/kernel/sched.ts:2: '__state', 'state': say above since which release, as "// Since v5.14, commit 2f064a59a11f (…)" (kernel_history)`,
  ])
})

test('history above the line passes, and so do single paths and other folders', () => {
  const text = `
// Since v5.14, commit 2f064a59a11f ("sched: Change task_struct::state"), the member is __state.
export const state = (task: Task) => task.number('__state', 'state')
export const pid = (task: Task) => task.number('pid')
`
  const both = "export const state = (task: Task) => task.number('__state', 'state')\n"
  assert.deepEqual(
    tidyText(kernelHistory, { 'src/core/kernel/sched.ts': text, 'src/core/crash/ps.ts': both }),
    [],
  )
})
