// Machines crashed in every way of test/faultlab, and what the diagnosis says of each. Dumps are made once and kept; how
// the host of a machine is loaded decides nothing here but time.
import assert from 'node:assert/strict'
import path from 'node:path'
import { before, describe, test } from 'node:test'
import { findCachedKernel } from '../../scripts/cache.ts'
import {
  formatJudgement,
  isRight,
  judgeFault,
  type FaultJudgement,
} from '../faultlab/judge_fault.ts'
import { makeFaults } from '../faultlab/make_faults.ts'
import { CORE_SCENARIOS, SCENARIOS } from '../faultlab/scenarios.ts'

/** Of the core scenarios, how many must be told right. */
const RIGHT_MIN = 22
/** All of them take longer than a run of the tests may. */
const isForAll = process.env['KBOX_FAULTLAB'] === 'all'
/** Crashed again after another boot. */
const REPEATED = isForAll ? CORE_SCENARIOS : ['null-argument', 'use-after-free', 'mutex-order']
const REPEATS = isForAll ? 5 : 1
const SERIES = ['6.1', '6.12'].filter((series) => findCachedKernel(series))

async function judge(
  series: string,
  names: readonly string[],
  repeat = 0,
): Promise<FaultJudgement[]> {
  const made = await makeFaults(series, { names, repeats: repeat })
  assert.deepEqual(
    made.filter(({ error }) => error !== ''),
    [],
  )
  return made.map(({ scenario, folder }) => judgeFault(scenario, path.join(folder, 'vmcore')))
}

describe('crashes', { skip: SERIES.length < 2 && 'needs kernels: make kernels' }, () => {
  const judged = new Map<string, readonly FaultJudgement[]>()
  const names = isForAll ? SCENARIOS.map(({ name }) => name) : CORE_SCENARIOS
  before(async () => {
    // One behind the other: the runner keeps the other core busy with another file's machines.
    for (const series of SERIES) judged.set(series, await judge(series, names))
  })

  for (const series of SERIES) {
    test(`of ${series} are told by class and culprit, and none is told wrong as certain`, (t) => {
      const judgements = judged.get(series) ?? []
      for (const judgement of judgements) t.diagnostic(`${series} ${formatJudgement(judgement)}`)
      assert.deepEqual(
        judgements.flatMap(({ name, wronglyCertain }) => wronglyCertain.map((it) => [name, it])),
        [],
      )
      const right = judgements.filter((judgement) => isRight(judgement)).map(({ name }) => name)
      const core = right.filter((name) => CORE_SCENARIOS.includes(name))
      assert.ok(core.length >= RIGHT_MIN, `only ${core.length} of ${CORE_SCENARIOS.length} right`)
    })

    test(`of ${series} have a signature for each bug`, () => {
      const bugs = new Map<string, Set<string>>()
      for (const { name, signature } of judged.get(series) ?? []) {
        const bug = SCENARIOS.find((scenario) => scenario.name === name)?.sameBugAs ?? name
        bugs.set(signature.strict, (bugs.get(signature.strict) ?? new Set()).add(bug))
      }
      assert.deepEqual(
        [...bugs.values()].filter(({ size }) => size > 1).map((same) => [...same]),
        [],
      )
    })

    test(`of ${series} have the same signature after another boot`, async () => {
      const again = await judge(series, REPEATED, REPEATS)
      assert.equal(again.length, REPEATED.length * (REPEATS + 1))
      for (const { name, signature } of again) {
        const first = judged.get(series)?.find((judgement) => judgement.name === name)
        assert.equal(signature.strict, first?.signature.strict, name)
      }
    })
  }

  test('have the same loose signature on both kernels', () => {
    const [first = [], second = []] = SERIES.map((series) => judged.get(series) ?? [])
    const differing = first.filter(({ name, signature }) => {
      const other = second.find((judgement) => judgement.name === name)
      return other && other.signature.loose !== signature.loose
    })
    assert.deepEqual(
      differing.map(({ name, signature }) => `${name}: ${signature.loose}`),
      [],
    )
  })
})
