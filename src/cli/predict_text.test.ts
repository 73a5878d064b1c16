// The two tables, whole: scripts read makedumpfile's.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Prediction } from '../host/capture/predict.ts'
import { formatMemUsage, formatPrediction } from './predict_text.ts'

const sample = (pages: number, zeroPages = 0): Prediction['classes']['kernel'] => ({
  pages,
  sampled: pages,
  zeroPages,
})
const PREDICTION: Prediction = {
  classes: {
    cache: sample(51_657),
    cachePrivate: sample(5442),
    user: sample(16_301),
    free: sample(77_738_211),
    kernel: sample(1_834_827, 501_635),
  },
  codecs: ['raw', 'zstd'],
  sizeOf: (level, codec) => ({ size: (32 - level) * (codec === 'raw' ? 4e6 : 1e6), error: 20_000 }),
}

test('the table of classes is makedumpfile’s, word for word', () => {
  assert.equal(
    formatMemUsage(PREDICTION, 4096),
    `
TYPE\t\tPAGES\t\t\tEXCLUDABLE\tDESCRIPTION
----------------------------------------------------------------------
ZERO\t\t501635          \tyes\t\tPages filled with zero
NON_PRI_CACHE\t51657           \tyes\t\tCache pages without private flag
PRI_CACHE\t5442            \tyes\t\tCache pages with private flag
USER\t\t16301           \tyes\t\tUser process pages
FREE\t\t77738211        \tyes\t\tFree pages
KERN_DATA\t1333192         \tno\t\tDumpable kernel data${' '}

page size:\t\t4096            
Total pages on system:\t79646438        
Total size on system:\t326231810048     Byte
`,
  )
})

test('predicted sizes stand by level and codec, each with its error', () => {
  assert.equal(
    formatPrediction(PREDICTION, [0, 31]),
    `
Predicted size of the dump, MB (within ± in 95 of 100 cases)
LEVEL               raw           zstd -z
    0     128.0 ±   0.0      32.0 ±   0.0
   31       4.0 ±   0.0       1.0 ±   0.0
`,
  )
})
