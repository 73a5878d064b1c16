// Hostile logs: whoever may write to /dev/kmsg may write an oops. What reads them ends, quickly, and throws nothing.
import assert from 'node:assert/strict'
import { classifyCrash } from '../../src/core/diagnose/crash_kind.ts'
import { parseListReport } from '../../src/core/diagnose/list_report.ts'
import { parseSanitizerReport } from '../../src/core/diagnose/sanitizer_report.ts'
import { parseSlabReport } from '../../src/core/diagnose/slab_report.ts'
import { readTroubles, type LogLine } from '../../src/core/diagnose/trouble.ts'
import { fuzz } from '../support/fuzz.ts'
import { mutateText, type Random } from '../support/mutate.ts'
import { OOPS_TEXTS } from '../support/oops_texts.ts'

const TEXTS = Object.values(OOPS_TEXTS)
/** Long lines of what patterns repeat: a pattern that backtracks takes ever so long. */
const REPEATED = [' ', 'a', '0', '(', '[', 'x+0x1/0x2 ', 'BUG ', '-', ':', 'a/1, CPU#0: ', '? ']
const LINE_MAX = 4000
const TIME_MAX_MS = 2000

fuzz('trouble in kernel logs, and reports of it', {}, (random) => {
  const lines = Array.from({ length: 1 + random.below(3) }, () => random.pick(TEXTS))
    .flat()
    .map((text): LogLine => {
      const callerId = random.below(4) === 0 ? random.below(3) : undefined
      return { text: damaged(text, random), tsNsec: 0n, level: 0, callerId }
    })
  const began = performance.now()
  const troubles = readTroubles(lines)
  for (const trouble of troubles) {
    assert.ok(trouble.start < trouble.end && trouble.end <= lines.length)
    parseSlabReport(lines, trouble)
    parseSanitizerReport(lines, trouble)
    parseListReport(trouble.line)
  }
  classifyCrash(lines.map(({ text }) => text))
  const tookMs = performance.now() - began
  assert.ok(tookMs < TIME_MAX_MS, `took ${tookMs} ms`)
})

function damaged(text: string, random: Random): string {
  switch (random.below(6)) {
    case 0:
      return mutateText(text, random)
    case 1: {
      const at = random.below(text.length + 1)
      const run = random.pick(REPEATED)
      return text.slice(0, at) + run.repeat(LINE_MAX / run.length) + text.slice(at)
    }
    default:
      return text
  }
}
