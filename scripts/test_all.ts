// `make test` after setup: check, the road in virtual machines (test/vm), and other people's tools (test/compat). Shows
// what runs, and ends with one plain line for all of it: `N passed, N failed`.
import { failedTests, formatStage, runStage, testStage } from './stage.ts'
import type { Stage, StageResult } from './stage.ts'

const STAGES: readonly (Stage | undefined)[] = [
  { name: 'check', command: ['bin/node', 'scripts/check.ts'], live: true },
  // A machine is emulated by one thread: two keep two cores busy, more would slow each other past their deadlines.
  testStage('vm', ['test/vm/**/*.test.ts'], { live: true, atOnceMax: 2 }),
  testStage('compat', ['test/compat/**/*.test.ts'], { live: true, atOnceMax: 2 }),
]

const results: StageResult[] = []
for (const stage of STAGES) {
  if (!stage) continue
  console.log(`== ${stage.name}`)
  results.push(await runStage(stage))
}
console.log()
// Once more: their stage may be far above.
for (const { name, output } of results)
  for (const failed of failedTests(output)) console.log(`failed in ${name}: ${failed}`)
for (const result of results) console.log(formatStage(result))
const total = (key: 'passed' | 'failed'): number =>
  results.reduce((sum, result) => sum + result[key], 0)
console.log(`${total('passed')} passed, ${total('failed')} failed`)
process.exitCode = total('failed') > 0 ? 1 : 0
