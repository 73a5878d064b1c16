// Crashes kernels of the cache in every way of test/faultlab, and keeps the dumps, unless that was done before:
//   bin/node scripts/make_fault.ts [--jobs N] [--repeat N] 6.1 [SCENARIO…]
// Prints each folder. A repeat has a boot of its own, and so other addresses.
import { parseArgs } from 'node:util'
import { makeFaults } from '../test/faultlab/make_faults.ts'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    jobs: { type: 'string', default: '1' },
    repeat: { type: 'string', default: '0' },
  },
})
const [series = '6.1', ...names] = positionals
const made = await makeFaults(series, {
  names,
  jobs: Number(values.jobs),
  repeats: Number(values.repeat),
})
for (const { folder, error } of made) {
  if (error === '') console.log(folder)
  else console.error(`make_fault: ${error}`)
}
if (made.some(({ error }) => error !== '')) process.exitCode = 1
