// vtop: walks through page tables. crash heads the page's line once a session only.
import { physToVirt } from '../../../src/core/kernel/page.ts'
import { findTask } from '../../../src/core/kernel/sched.ts'
import type { Program } from '../../../src/core/program/program.ts'
import {
  crashClaim,
  defineClaims,
  recipeClaim,
  refusedAsCrash,
  sameAsCrash,
  without,
  type ClaimLine,
} from './claim.ts'
import { byTask } from './gdb_text.ts'
import { areaOf, largePid } from './user_truth.ts'
import { forEachUserRange } from '../../../src/core/kernel/user_page.ts'
import { forEachVma, taskMm } from '../../../src/core/kernel/mm.ts'
import assert from 'node:assert/strict'

const NO_HEADING = without(/^ +PAGE +PHYSICAL +MAPPING/)

const same = (
  line: ClaimLine,
  shows?: string,
  before?: readonly string[],
): ReturnType<typeof sameAsCrash> =>
  sameAsCrash(
    line,
    { ours: NO_HEADING, theirs: NO_HEADING },
    {
      ...(shows === undefined ? {} : { shows }),
      ...(before === undefined ? {} : { before }),
    },
  )

const symbolLine =
  (name: string, options = '') =>
  (program: Program) =>
    `vtop ${options}${program.symbol(name).toString(16)}`

/** An address of the large process that is swapped out. */
function swapped(program: Program): bigint {
  const task = findTask(program, largePid(program))
  const mm = task && taskMm(task)
  for (const vma of mm ? forEachVma(mm) : []) {
    for (const range of forEachUserRange(
      vma.get('vm_mm').deref(),
      vma.bigint('vm_start'),
      vma.bigint('vm_end'),
    ))
      if (range.swap) return range.start
  }
  throw new Error('no page is swapped out')
}

export const vtop = defineClaims([
  same(symbolLine('init_task'), 'vtop ADDRESS'),
  same(symbolLine('linux_banner', '-k '), 'vtop -k ADDRESS'),
  same((program) => `vtop ${physToVirt(program, 0x10_0000).toString(16)}`, 'vtop DIRECTMAP'),
  same((program) => `vtop ${findTask(program, 1)?.pointer('stack').toString(16)}`, 'vtop STACK'),
  same('vtop ffffffffc0000000'),
  same('vtop ffffffffff600000'),
  same('vtop ffffea0000000000'),
  same((program) => `vtop -c 1 ${areaOf(program, 1, 0).start.toString(16)}`, 'vtop -c 1 ADDRESS'),
  same('vtop -c 1 -u 401000 402000'),
  same('vtop 401000', undefined, ['set 1']),
  same('vtop -c 1 418000'),
  same('vtop -c 1 0'),
  recipeClaim(
    'vtop -c 2 401000',
    'crash shows another process in the place of a kernel thread',
    ({ rows }) => assert.equal(rows[0]?.state, '(not accessible)'),
  ),
  same((program) => `vtop -c 1 ${areaOf(program, 1, -1).start.toString(16)}`, 'vtop -c 1 STACK'),
  same(
    (program) => `vtop -c ${largePid(program)} ${swapped(program).toString(16)}`,
    'vtop -c PID SWAPPED',
  ),
  refusedAsCrash('vtop 1122334455667788'),
  crashClaim('foreach sh vtop 401000', ({ lines }, theirs) => {
    assert.deepEqual(byTask(NO_HEADING(lines)), byTask(NO_HEADING(theirs)))
  }),
])
