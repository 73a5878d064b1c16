// Machines crashed in every way of test/faultlab, and what the diagnosis says of each. Dumps are made once and kept; how
// the host of a machine is loaded decides nothing here but time.
import assert from 'node:assert/strict'
import path from 'node:path'
import { describe, test } from 'node:test'
import { findCachedKernel } from '../../scripts/cache.ts'
import { formatJudgement, isRight, judgeFault } from '../faultlab/judge_fault.ts'
import { makeFaults } from '../faultlab/make_faults.ts'
import { CORE_SCENARIOS, SCENARIOS } from '../faultlab/scenarios.ts'

/** Of the core scenarios, how many must be told right. */
const RIGHT_MIN = 22

for (const series of ['6.1', '6.12']) {
  const skip = findCachedKernel(series)
    ? false
    : `not fetched: bin/node scripts/fetch_kernel.ts ${series}`
  describe(`crashes of ${series}`, { skip }, () => {
    test('are told by class and culprit, and none is told wrong as certain', async (t) => {
      // All of them take longer than a run of the tests may: KBOX_FAULTLAB=all.
      const all = SCENARIOS.map(({ name }) => name)
      const names = process.env['KBOX_FAULTLAB'] === 'all' ? all : CORE_SCENARIOS
      const made = await makeFaults(series, { names })
      assert.deepEqual(
        made.filter(({ error }) => error !== ''),
        [],
      )
      const judged = made.map(({ scenario, folder }) =>
        judgeFault(scenario, path.join(folder, 'vmcore')),
      )
      for (const judgement of judged) t.diagnostic(`${series} ${formatJudgement(judgement)}`)
      assert.deepEqual(
        judged.flatMap(({ wronglyCertain }) => wronglyCertain),
        [],
      )
      const right = judged.filter((judgement) => isRight(judgement)).map(({ name }) => name)
      const core = right.filter((name) => CORE_SCENARIOS.includes(name))
      assert.ok(core.length >= RIGHT_MIN, `only ${core.length} of ${CORE_SCENARIOS.length} right`)
    })
  })
}
