// What was survived: once a sort, and not if it is told of already.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { OOPS_TEXTS } from '../../../test/support/oops_texts.ts'
import { sceneOf } from '../../../test/support/scene.ts'
import { earlierTrouble } from './earlier_trouble.ts'
import type { Finding } from './rule.ts'

const SYSRQ = ['sysrq: Trigger a crash', 'Kernel panic - not syncing: sysrq triggered crash']
const log = (...texts: readonly (readonly string[])[]) => [
  ...texts.flat().map((text) => ({ text, seconds: 10 })),
  ...SYSRQ.map((text) => ({ text, seconds: 70 })),
]

test('each sort is told once: culprit, how often, how long before, and the taint', () => {
  const warning = OOPS_TEXTS['warning, 6.18']
  const scene = sceneOf({ log: log(warning, warning, OOPS_TEXTS['null pointer, 6.1']) })
  const findings = [...earlierTrouble(scene, [])]
  assert.deepEqual(
    findings.map(({ title, role }) => [title, role]),
    [
      ['earlier: warning in hub_check_limit(), 2 times, 60 s before the end', 'earlier'],
      [
        'earlier: NULL pointer dereference in channel_apply_config() [sensorhub], 60 s before the end',
        'earlier',
      ],
    ],
  )
  assert.deepEqual(
    findings.map(({ evidence }) => evidence.at(-1)?.text),
    ['the kernel is tainted W since', 'the kernel is tainted D since'],
  )
})

test('what a rule told of is not told again: by its fault, or by its kind', () => {
  const scene = sceneOf({
    log: log(OOPS_TEXTS['null pointer, 6.1'], OOPS_TEXTS['hung task, 6.12']),
  })
  const [oops, hung] = [...earlierTrouble(scene, [])] as [Finding, Finding]
  assert.deepEqual([...earlierTrouble(scene, [oops])], [hung])
  assert.deepEqual([...earlierTrouble(scene, [{ ...hung, role: 'cause' }])], [oops])
})

test('what it died of, and a machine without trouble, yield nothing', () => {
  assert.deepEqual([...earlierTrouble(sceneOf({ log: log() }), [])], [])
  const fatal = sceneOf({
    log: OOPS_TEXTS['null pointer, 6.1'],
    ...{ tasks: { sh: { pid: 9, cpu: 0 } }, panicCpu: 0 },
  })
  assert.deepEqual([...earlierTrouble(fatal, [])], [])
})
