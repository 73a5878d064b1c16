// Crashes kernels of the cache in every way of test/faultlab, and keeps the dumps, unless that was done before:
//   bin/node scripts/make_fault.ts [--jobs N] [--repeat N] [--judge] 6.1 [SCENARIO…]
// Prints each folder, or with --judge how the diagnosis of each does. A repeat has a boot of its own, and so other addresses.
import path from 'node:path'
import { parseArgs } from 'node:util'
import { formatJudgement, isRight, judgeFault } from '../test/faultlab/judge_fault.ts'
import { makeFaults } from '../test/faultlab/make_faults.ts'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    jobs: { type: 'string', default: '1' },
    repeat: { type: 'string', default: '0' },
    judge: { type: 'boolean', default: false },
  },
})
const [series = '6.1', ...names] = positionals
const made = await makeFaults(series, {
  names,
  jobs: Number(values.jobs),
  repeats: Number(values.repeat),
})
let rightCount = 0
for (const { scenario, folder, error } of made) {
  if (error !== '') console.error(`make_fault: ${error}`)
  else if (values.judge) {
    const judgement = judgeFault(scenario, path.join(folder, 'vmcore'))
    if (isRight(judgement)) rightCount++
    console.log(formatJudgement(judgement))
  } else console.log(folder)
}
if (values.judge) console.log(`${rightCount} of ${made.length} right`)
if (made.some(({ error }) => error !== '')) process.exitCode = 1
