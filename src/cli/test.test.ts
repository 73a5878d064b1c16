// kbox test on a machine that does not die: what is asked, in which order things are done, what is said.
import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { HostError } from '../core/base/errors.ts'
import { testMain, type TestMachine } from './test.ts'

async function run(
  context: TestContext,
  argv: readonly string[],
  changes: Partial<TestMachine> = {},
): Promise<{ readonly code: number; readonly stderr: string; readonly done: readonly string[] }> {
  const done: string[] = []
  let stderr = ''
  context.mock.method(process.stderr, 'write', (text: string) => {
    stderr += text
    return true
  })
  const machine: TestMachine = {
    isLoaded: () => true,
    ask: async (question) => {
      done.push(question)
      return 'n'
    },
    reload: async (word) => void done.push(word.replace(/[\d-]+$/, 'ID')),
    begin: () => void done.push('begin'),
    crash: async () => void done.push('crash'),
    ...changes,
  }
  try {
    return { code: await testMain(argv, machine), stderr, done }
  } finally {
    context.mock.restoreAll()
  }
}

test('a machine that is not armed is not crashed', async (t) => {
  const { code, stderr, done } = await run(t, ['--force'], { isLoaded: () => false })
  assert.deepEqual([code, done], [1, []])
  assert.equal(stderr, 'kdump: Kdump needs be operational before test.\n')
})

test("whoever does not say yes is not crashed, in kdumpctl's words", async (t) => {
  for (const answer of ['', 'n', 'no', 'x']) {
    const { code, stderr, done } = await run(t, [], { ask: async () => answer })
    assert.deepEqual([code, done], [0, []], answer)
    assert.equal(stderr, 'kdump: Operation cancelled.\n')
  }
  const { done } = await run(t, [])
  assert.deepEqual(done, [
    'DANGER!!! Will perform a kdump test by crashing the system, proceed? (y/N): ',
  ])
})

test('the id is loaded before the test is noted, and noted before the crash', async (t) => {
  const order = ['kdump_test_id=ID', 'begin', 'crash']
  assert.deepEqual((await run(t, ['--force'])).done, order)
  const { code, stderr, done } = await run(t, [], { ask: async () => 'Y' })
  assert.deepEqual([code, done], [1, order])
  assert.match(stderr, /^kdump: Start kdump test\.\.\.\nkdump: This machine did not crash/)
})

test('--no-crash prepares the test and leaves the crash to somebody else', async (t) => {
  const { code, done } = await run(t, ['--no-crash'])
  assert.deepEqual([code, done], [0, ['kdump_test_id=ID', 'begin']])
})

test('an image that cannot be loaded is no test', async (t) => {
  const { code, stderr, done } = await run(t, ['--force'], {
    reload: async () => {
      throw new HostError('the kernel refuses')
    },
  })
  assert.deepEqual([code, done], [1, []])
  assert.equal(stderr, 'kdump: Set kdump test id fail.\nkdump: the kernel refuses\n')
})
