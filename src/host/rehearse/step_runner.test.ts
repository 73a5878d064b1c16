// Steps that succeed, fail and hang.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { HostError } from '../../core/base/errors.ts'
import { StepRunner } from './step_runner.ts'

test('a step that fails is recorded with its error, and the next one can run', async () => {
  const told: string[] = []
  const steps = new StepRunner(1000, (name, ended) =>
    told.push(`${name} ${ended === undefined ? 'begins' : ended.ok}`),
  )
  const failed = await steps.run('boot', (): string => {
    throw new HostError('no kernel')
  })
  assert.equal(failed, undefined)
  assert.equal(await steps.run('arm', () => 'armed'), 'armed')
  assert.deepEqual(told, ['boot begins', 'boot false', 'arm begins', 'arm true'])
  assert.deepEqual(
    steps.steps.map(({ name, ok, error }) => [name, ok, error]),
    [
      ['boot', false, 'no kernel'],
      ['arm', true, ''],
    ],
  )
  assert.ok(steps.hasFailed)
})

test('a step that hangs ends at the deadline of the whole rehearsal', async () => {
  const steps = new StepRunner(20, undefined)
  await steps.run(
    'boot',
    (signal) =>
      new Promise<true>((_, reject) =>
        signal.addEventListener('abort', () => reject(signal.reason)),
      ),
  )
  assert.match(steps.steps[0]?.error ?? '', /^not done after /)
})

test('a bug is not taken for a failed step', async () => {
  const steps = new StepRunner(1000, undefined)
  await assert.rejects(
    steps.run('boot', (): true => {
      throw new TypeError('oops')
    }),
    TypeError,
  )
})
