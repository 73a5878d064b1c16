// `npm run check`: all that can be checked without a virtual machine, in well under a minute. One line a step, the output
// of those that fail, and as the last line `N passed, N failed`: tests, plus one for each step that is not a test run.
import { countFuzzCases, failureText, formatStage, runStage, testStage } from './stage.ts'
import type { Stage, StageResult } from './stage.ts'

const UNIT_TESTS = [
  'src/**/*.test.ts',
  'scripts/**/*.test.ts',
  'test/{support,fuzz,faultlab}/**/*.test.ts',
  'bench/**/*.test.ts',
]

const STEPS: readonly (Stage | undefined)[] = [
  { name: 'types', command: ['node_modules/.bin/tsc', '-p', '.'] },
  { name: 'types of ui', command: ['node_modules/.bin/tsc', '-p', 'src/ui/report'] },
  { name: 'lint', command: ['node_modules/.bin/oxlint', '--format=unix'] },
  { name: 'format', command: ['node_modules/.bin/oxfmt', '--list-different', '.'] },
  { name: 'tidy', command: ['bin/node', 'scripts/tidy.ts'] },
  { name: 'imports', command: ['bin/node', 'scripts/check_imports.ts'] },
  testStage('unit tests', UNIT_TESTS),
]

const results: StageResult[] = []
for (const step of STEPS) {
  if (!step) continue
  const result = await runStage(step)
  results.push(result)
  console.log(formatStage(result))
  const cases = countFuzzCases(result.output)
  if (cases > 0) console.log(`      of them fuzzing   ${cases} cases`)
}
for (const { name, failed, output } of results) {
  if (failed > 0) console.log(`\n== ${name}\n${failureText(output).trimEnd()}`)
}
const total = (key: 'passed' | 'failed'): number =>
  results.reduce((sum, result) => sum + result[key], 0)
console.log(`\n${total('passed')} passed, ${total('failed')} failed`)
process.exitCode = total('failed') > 0 ? 1 : 0
