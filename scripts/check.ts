// `npm run check`: all that can be checked without a virtual machine, in three minutes on two cores. One line a step, the output
// of those that fail, and as the last line `N passed, N failed`: tests, plus one for each step that is not a test run.
import { existsSync, mkdtempSync, rmSync, statfsSync } from 'node:fs'
import os, { availableParallelism } from 'node:os'
import path from 'node:path'
import { countFuzzCases, failureText, formatStage, runStage, sharedTestStages } from './stage.ts'
import type { Stage, StageResult } from './stage.ts'

const UNIT_TESTS = [
  'src/**/*.test.ts',
  'scripts/**/*.test.ts',
  'test/{support,fuzz,faultlab}/**/*.test.ts',
  'bench/**/*.test.ts',
]

/** Bytes. */
const SCRATCH_MIN = 2 * 2 ** 30

/** One behind the other. */
const STEPS: readonly Stage[] = [
  { name: 'types', command: ['node_modules/.bin/tsc', '-p', '.'] },
  { name: 'types of ui', command: ['node_modules/.bin/tsc', '-p', 'src/ui/report'] },
  { name: 'lint', command: ['node_modules/.bin/oxlint', '--format=unix'] },
  { name: 'format', command: ['node_modules/.bin/oxfmt', '--list-different', '.'] },
  { name: 'tidy', command: ['bin/node', 'scripts/tidy.ts'] },
  { name: 'imports', command: ['bin/node', 'scripts/check_imports.ts'] },
]

const results: StageResult[] = []
async function run(step: Stage): Promise<void> {
  const result = await runStage(step)
  results.push(result)
  console.log(formatStage(result))
  const cases = countFuzzCases(result.output)
  if (cases > 0) console.log(`      of them fuzzing   ${cases} cases`)
}

/** Where tests put their files: in memory, where there is some; thousands of folders are made and removed. */
function scratchFolder(): string {
  const shm = '/dev/shm'
  const isRoomy = existsSync(shm) && freeBytes(shm) > SCRATCH_MIN
  return mkdtempSync(path.join(isRoomy ? shm : os.tmpdir(), 'kbox-check-'))
}

function freeBytes(folder: string): number {
  const { bavail, bsize } = statfsSync(folder)
  return bavail * bsize
}

for (const step of STEPS) await run(step)
const scratch = scratchFolder()
// Memory that nobody would give back.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
  process.once(signal, () => {
    rmSync(scratch, { recursive: true, force: true })
    process.exit(1)
  })
try {
  // Twice as many as there are CPUs: many tests wait for a process or a clock.
  const stages = sharedTestStages('unit tests', UNIT_TESTS, 2 * availableParallelism())
  await Promise.all(stages.map((stage) => run({ ...stage, env: { TMPDIR: scratch } })))
} finally {
  rmSync(scratch, { recursive: true })
}
for (const { name, failed, output } of results) {
  if (failed > 0) console.log(`\n== ${name}\n${failureText(output).trimEnd()}`)
}
const total = (key: 'passed' | 'failed'): number =>
  results.reduce((sum, result) => sum + result[key], 0)
console.log(`\n${total('passed')} passed, ${total('failed')} failed`)
process.exitCode = total('failed') > 0 ? 1 : 0
