// The table of scenarios against itself and against the drivers' sources.
import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { test } from 'node:test'
import { CORE_SCENARIOS, SCENARIOS } from './scenarios.ts'

const sources = globSync(path.join(import.meta.dirname, 'module/*.c'))
  .map((file) => readFileSync(file, 'utf8'))
  .join('\n')

test('each scenario has a name of its own that can be a folder', () => {
  const names = SCENARIOS.map(({ name }) => name)
  assert.equal(new Set(names).size, names.length)
  for (const name of names) assert.match(name, /^[a-z][a-z-]+$/)
})

test('the 24 core scenarios are there, and no series lacks one', () => {
  assert.equal(new Set(CORE_SCENARIOS).size, 24)
  for (const name of CORE_SCENARIOS) {
    const scenario = SCENARIOS.find((candidate) => candidate.name === name)
    assert.ok(scenario, name)
    assert.equal(scenario.lacking, undefined)
  }
})

test('what a scenario writes to a driver, the driver knows', () => {
  for (const { name, run } of SCENARIOS) {
    for (const [, word] of run.matchAll(/echo ([a-z-]+) > \/dev\//g))
      assert.ok(sources.includes(`{ "${word}", `), `${name}: ${word}`)
  }
})

test('every function that is to blame is one of the drivers', () => {
  for (const { name, expected } of SCENARIOS) {
    for (const guilty of expected.functions)
      assert.match(sources, new RegExp(`\\b${guilty}\\(`), `${name}: ${guilty}`)
  }
})
