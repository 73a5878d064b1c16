// Reports and faults, and which of them the kernel died of.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { OOPS_TEXTS } from '../../../test/support/oops_texts.ts'
import { sceneOf } from '../../../test/support/scene.ts'
import { atMost } from './incident.ts'

type Line = string | { readonly text: string; readonly seconds: number }
const at = (seconds: number, lines: readonly string[]): Line[] =>
  lines.map((text) => ({ text, seconds }))
const TAINT = 'Kernel panic - not syncing: panic_on_taint set ...'
const SYSRQ = ['sysrq: Trigger a crash', 'Kernel panic - not syncing: sysrq triggered crash']

test('a report that panicked is what it died of, and its stack is that of memory', () => {
  const frames = ['panic', 'add_taint', 'object_err', 'kfree', 'hub_drop']
  const { incidents } = sceneOf({
    log: [...OOPS_TEXTS['slab object, 6.12'], TAINT],
    ...{ tasks: { sh: { pid: 9, cpu: 0, frames } }, panicCpu: 0 },
  })
  const [incident, ...others] = incidents
  assert.equal(others.length, 0)
  assert.deepEqual(
    incident?.fault.frames.map(({ name }) => name),
    ['object_err', 'kfree', 'hub_drop'],
  )
  assert.deepEqual(
    [incident?.role, incident?.limit, incident?.index],
    ['cause', 'certain', undefined],
  )
})

test('a report and a panic much later are two things', () => {
  const log = [...at(1, OOPS_TEXTS['freed twice, 6.1']), ...at(99, SYSRQ)]
  assert.deepEqual(
    sceneOf({ log }).incidents.map(({ fault, role }) => [fault.trouble?.kind, fault.isFatal, role]),
    [
      ['double-free', false, 'earlier'],
      ['sysrq', true, 'cause'],
    ],
  )
})

test('memory found corrupted is a possible cause of a death of corrupted memory, however much later', () => {
  const log = [
    ...at(1, OOPS_TEXTS['freed twice, 6.1']),
    ...at(
      900,
      OOPS_TEXTS['general protection, 6.12'].map((line) => line.replace('sensorhub', 'other')),
    ),
  ]
  const { incidents } = sceneOf({ log, tasks: { sh: { pid: 9, cpu: 0 } }, panicCpu: 0 })
  assert.deepEqual(
    incidents.map(({ role, limit }) => [role, limit]),
    [
      ['cause', 'possible'],
      ['cause', 'certain'],
    ],
  )
})

test('faults and reports come in the order of the log', () => {
  const log = [...OOPS_TEXTS['slab object, 5.10'], ...OOPS_TEXTS['null pointer, 6.1']]
  assert.deepEqual(
    sceneOf({ log }).incidents.map(({ fault, index }) => [fault.trouble?.kind, index]),
    [
      ['slab-corruption', undefined],
      ['null-dereference', 0],
    ],
  )
})

test('the lesser of two confidences', () => {
  assert.equal(atMost('certain', 'likely'), 'likely')
  assert.equal(atMost('possible', 'certain'), 'possible')
})
