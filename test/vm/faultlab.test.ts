// Machines crashed in the ways of test/faultlab, and what the diagnosis says of each. Dumps are made once and kept; how
// the host of a machine is loaded decides nothing here but time.
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { before, describe, test } from 'node:test'
import { findCachedKernel } from '../../scripts/cache.ts'
import {
  formatJudgement,
  isRight,
  judgeFault,
  type FaultJudgement,
} from '../faultlab/judge_fault.ts'
import { makeFaults, prepareFault } from '../faultlab/make_faults.ts'
import { runFaultBothWays } from '../faultlab/run_fault.ts'
import { CORE_SCENARIOS, SCENARIOS } from '../faultlab/scenarios.ts'
import { IS_WHOLE, UNLESS_WHOLE } from '../support/extent.ts'

/**
 * How much is crashed. By default, since a run of the tests may not take for ever, half of the core scenarios on one kernel,
 * the others on the other, one on both; 'core' is each of them on each kernel, 'all' everything, the core five times more.
 */
const EXTENT = process.env['KBOX_FAULTLAB'] ?? (IS_WHOLE ? 'core' : 'some')
/** Of the core scenarios, how many may be told wrong. */
const WRONG_MAX = EXTENT === 'some' ? 1 : CORE_SCENARIOS.length - 22
const REPEATS = 5
const SERIES = ['6.1', '6.12'].filter((series) => findCachedKernel(series))

function namesFor(series: string): readonly string[] {
  if (EXTENT === 'all') return SCENARIOS.map(({ name }) => name)
  if (EXTENT === 'core') return CORE_SCENARIOS
  const half = SERIES.indexOf(series)
  return CORE_SCENARIOS.filter((_, index) => index % 2 === half || index === 0)
}

/** Crashed again after other boots. */
const REPEATED = EXTENT === 'all' ? CORE_SCENARIOS : []

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
  before(async () => {
    // One behind the other: the runner keeps the other core busy with another file's machines.
    for (const series of SERIES) judged.set(series, await judge(series, namesFor(series)))
  })

  for (const series of SERIES) {
    test(`of ${series} are told by class and culprit, and none is told wrong as certain`, (t) => {
      const judgements = judged.get(series) ?? []
      for (const judgement of judgements) t.diagnostic(`${series} ${formatJudgement(judgement)}`)
      assert.deepEqual(
        judgements.flatMap(({ name, wronglyCertain }) => wronglyCertain.map((it) => [name, it])),
        [],
      )
      const wrong = judgements.filter(
        (judgement) => CORE_SCENARIOS.includes(judgement.name) && !isRight(judgement),
      )
      assert.ok(judgements.length > 0 && wrong.length <= WRONG_MAX, `${wrong.length} told wrong`)
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

    const skip = REPEATED.length === 0 && 'KBOX_FAULTLAB=all'
    test(`of ${series} have the same signature after other boots`, { skip }, async () => {
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

  // The dumps above are read from outside: no capture kernel has seen them.
  for (const name of ['use-after-free', 'mutex-three']) {
    const what = `what the capture kernel records of ${name} is diagnosed like what was read from outside`
    test(what, { skip: UNLESS_WHOLE }, async () => {
      const folder = mkdtempSync(path.join(os.tmpdir(), 'kbox-both-ways-'))
      try {
        const { snapshot, scenario } = await prepareFault('6.1', name)
        const { read, captured } = await runFaultBothWays(snapshot, scenario, folder)
        const judgement = judgeFault(scenario, captured)
        assert.ok(isRight(judgement), formatJudgement(judgement))
        assert.deepEqual(judgement, judgeFault(scenario, read))
      } finally {
        rmSync(folder, { recursive: true })
      }
    })
  }
})
