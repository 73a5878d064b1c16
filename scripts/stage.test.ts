// What a stage counts: closing lines of node's test runner and of check, and the exit code where there is neither.
import assert from 'node:assert/strict'
import { globSync } from 'node:fs'
import { test } from 'node:test'
import {
  countFuzzCases,
  countTests,
  failedTests,
  failureText,
  formatStage,
  runStage,
  sharedTestStages,
} from './stage.ts'

const SPEC = '✔ one (1ms)\nℹ tests 9\nℹ pass 5\nℹ fail 2\nℹ cancelled 1\nℹ skipped 1\nℹ todo 0\n'

test('the runner’s closing lines are counted, a cancelled test as failed', () => {
  assert.deepEqual(countTests(SPEC, false), { passed: 5, failed: 3, skipped: 1 })
})

test('colours do not hide the closing lines', () => {
  assert.deepEqual(countTests('\x1b[34mℹ pass 5\x1b[39m\n\x1b[34mℹ fail 0\x1b[39m\n', true), {
    passed: 5,
    failed: 0,
    skipped: 0,
  })
})

test('a run that fails without a failed test still fails', () => {
  assert.equal(countTests('ℹ pass 5\nℹ fail 0\n', false).failed, 1)
})

test('the closing line of check wins over what it quotes', () => {
  assert.deepEqual(countTests(`${SPEC}\n1070 passed, 2 failed\n`, false), {
    passed: 1070,
    failed: 2,
    skipped: 0,
  })
})

test('a command that is no test run is one test', async () => {
  assert.deepEqual(countTests('fine\n', true), { passed: 1, failed: 0, skipped: 0 })
  const missing = await runStage({ name: 'gone', command: ['no-such-command-of-ours'] })
  assert.equal(missing.failed, 1)
  assert.match(missing.output, /^no-such-command-of-ours: spawn/)
})

test('a summary line names failures and skipped tests', () => {
  const result = { name: 'vm', passed: 29, failed: 1, skipped: 1, seconds: 262.04, output: '' }
  assert.equal(
    formatStage(result),
    'FAIL  vm                29 passed, 1 failed, 1 skipped  262.0 s',
  )
})

test('of a failed run only the failures are shown, of others all', () => {
  assert.equal(failureText('✔ a\n\n✖ failing tests:\n\n✖ b\n'), '✖ failing tests:\n\n✖ b\n')
  assert.equal(failureText('src/a.ts(1,1): error\n'), 'src/a.ts(1,1): error\n')
})

test('fuzz cases are counted by what the targets say', () => {
  const output =
    'ℹ 300 fuzz cases of BTF, 2 refused as a whole\n\x1b[34mℹ 45 fuzz cases of a, b, 0 refused as a whole'
  assert.equal(countFuzzCases(output), 345)
  assert.equal(countFuzzCases('ℹ 110920 fuzz cases of 28 targets are configured'), 0)
})

test('shares of a test run have every file, each once', () => {
  const stages = sharedTestStages('unit tests', ['scripts/*.test.ts'], 3)
  assert.deepEqual(
    stages.map(({ name }) => name),
    ['unit tests 1/3', 'unit tests 2/3', 'unit tests 3/3'],
  )
  const files = stages.flatMap(({ command }) => command.filter((word) => word.endsWith('.test.ts')))
  assert.deepEqual(files.toSorted(), globSync('scripts/*.test.ts').toSorted())
})

test('names the tests that failed, once each', () => {
  const list = '✖ failing tests:\n\ntest at a.ts:1:1\n✖ reads (of a file) (1.5ms)\n  Error: no\n'
  assert.deepEqual(failedTests(`✖ reads (of a file) (1.5ms)\n${list}`), ['reads (of a file)'])
  assert.deepEqual(failedTests('tsc: no such file\n'), [])
})
