// The runner: order, what is left out, and rules that cannot look.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { sceneOf } from '../../../test/support/scene.ts'
import { NotFoundError } from '../base/errors.ts'
import { diagnose, orderFindings, type RuledFinding } from './diagnose.ts'
import type { Finding, Rule } from './rule.ts'

const finding = (title: string, more: Partial<Finding> = {}): RuledFinding => ({
  ...{ rule: 'x', kind: 'oops', role: 'cause', title, confidence: 'likely', evidence: [] },
  ...{ refutedBy: [], culprit: null, next: [], explains: [] },
  ...more,
})
const rule = (name: string, find: Rule['find'], needs: Rule['needs'] = []): Rule => ({
  ...{ name, summary: '', needs, find },
})
const titles = (findings: readonly Finding[]): string[] => findings.map(({ title }) => title)

test('causes come first, those that another explains behind it, then by confidence', () => {
  const ordered = orderFindings([
    finding('state', { role: 'state' }),
    finding('hung', { kind: 'hung-task', confidence: 'certain' }),
    finding('earlier', { role: 'earlier' }),
    finding('cycle', { kind: 'deadlock', explains: ['hung-task'] }),
    finding('maybe', { kind: 'bug', confidence: 'possible', explains: ['deadlock'] }),
  ])
  assert.deepEqual(titles(ordered), ['cycle', 'maybe', 'hung', 'earlier', 'state'])
})

test('another word for a fault that is explained is left out; of another fault it is not', () => {
  const rules = [
    rule('a', function* () {
      yield finding('the BUG()', { kind: 'bug', fault: 0 })
      yield finding('another BUG()', { kind: 'bug', fault: 1 })
      yield finding('freed twice', { kind: 'double-free', fault: 0, explains: ['bug'] })
    }),
  ]
  const { findings, verdict } = diagnose(sceneOf(), rules)
  assert.deepEqual(titles(findings), ['freed twice', 'another BUG()'])
  assert.equal(verdict?.title, 'freed twice')
})

test('a rule that fails half way leaves what it found, and says why; our own mistakes are thrown', () => {
  const rules = [
    rule('half', function* () {
      yield finding('found')
      throw new NotFoundError('symbol', 'jiffies')
    }),
    rule('logs', function* () {}, ['log']),
  ]
  const { findings, problems } = diagnose(sceneOf(), rules)
  assert.deepEqual(titles(findings), ['found'])
  assert.deepEqual(
    problems.map(({ rule: name, why }) => `${name}: ${why}`),
    ['half: symbol not found: jiffies', 'logs: the dump has no log'],
  )
  const broken = rule('broken', () => {
    throw new TypeError('ours')
  })
  assert.throws(() => diagnose(sceneOf(), [broken]), TypeError)
})

test('without a cause there is no verdict', () => {
  const rules = [
    rule('state', function* () {
      yield finding('full', { role: 'state' })
    }),
  ]
  assert.equal(diagnose(sceneOf(), rules).verdict, null)
})
