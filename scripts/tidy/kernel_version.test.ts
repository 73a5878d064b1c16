// The rule on sources given as text, with the exact message.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { tidyText } from '../tidy.ts'
import { kernelVersion } from './kernel_version.ts'

test('comparisons of a version are refused, as operators and as text', () => {
  const text = `
if (program.kernelVersion >= 514) old()
if (info.get('OSRELEASE').startsWith('6.')) old()
const old = /^5\\./.test(uts.release)
`
  const message =
    "tests the kernel version: test the type, as in task.get('__state', 'state') (kernel_version)"
  assert.deepEqual(tidyText(kernelVersion, { 'src/core/kernel/sched.ts': text }), [
    `src/core/kernel/sched.ts:2: ${message}`,
    `src/core/kernel/sched.ts:3: ${message}`,
    `src/core/kernel/sched.ts:4: ${message}`,
  ])
})

test('showing the release passes, and so does comparing it outside kernel/', () => {
  const shown =
    "export const release = (program: Program) => program.object('init_uts_ns').string('name.release')\n"
  const compared = 'if (a.release === b.release) same()\n'
  assert.deepEqual(
    tidyText(kernelVersion, { 'src/core/kernel/uts.ts': shown, 'src/host/boot.ts': compared }),
    [],
  )
})
