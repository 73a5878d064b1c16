// ps: lists that do not change while crash looks at them are equal, line by line.
import assert from 'node:assert/strict'
import { forEachVma, taskMm, vmaFlags } from '../../../src/core/kernel/mm.ts'
import { forEachProcess, type Task } from '../../../src/core/kernel/sched.ts'
import { forEachUserRange } from '../../../src/core/kernel/user_page.ts'
import { defineClaims, drgnClaim, recipeClaim, sameAsCrash, without } from './claim.ts'

/** What crash takes for the uptime of 6.12 is minutes off (UPTIME 00:03:54, /proc/uptime 36 s), and run times with it. */
const NO_RUN_TIME = without(/^ *RUN TIME: /)

/** They do not count: pages of the kernel's own that vvar shows (VM_PFNMAP), the page of zeros, and the huge page of zeros. */
const VM_PFNMAP = 0x400n
const HUGE = 512

/** Pages that the tables of a process map. */
function mappedPages(process: Task): number {
  const mm = taskMm(process)
  if (!mm) return 0
  const { memory } = mm.program
  const zeros = memory.toPhysical(mm.program.symbol('empty_zero_page'))
  let pages = 0
  for (const vma of forEachVma(mm)) {
    if ((vmaFlags(vma) & VM_PFNMAP) !== 0n) continue
    const ranges = forEachUserRange(mm, vma.bigint('vm_start'), vma.bigint('vm_end'))
    for (const { size, physical } of ranges)
      if (physical !== undefined && physical !== zeros) pages += size / 4096
  }
  return pages
}

export const ps = defineClaims([
  ...[
    ...['ps', 'ps -k', 'ps -u', 'ps -G', 'ps -s', 'ps -A', 'ps -H', 'ps -S', 'ps -us', 'ps 1'],
    ...['ps -y fifo,idle', 'ps -l', 'ps -m', 'ps -l -C all', 'ps -m -C 0', 'ps -p 1', 'ps -c 1'],
    ...['ps -c 2', 'ps -g 1', 'ps -t 1', 'ps -r 1', 'ps -a 1', "ps 'kwork.*'", 'ps sleep'],
  ].map((line) => sameAsCrash(line, { ours: NO_RUN_TIME, theirs: NO_RUN_TIME })),
  drgnClaim(
    'ps -Y',
    'result = {str(t.pid.value_()): t.prio.value_() for t in for_each_task(prog) if t.pid}',
    ({ rows }, priorities) => {
      const ours = rows.filter(({ pid }) => pid !== 0).map(({ pid, prio }) => [`${pid}`, prio])
      assert.deepEqual(Object.fromEntries(ours), priorities)
    },
  ),
  recipeClaim('ps', 'the resident size is what the page tables map', ({ rows, program }) => {
    for (const process of forEachProcess(program)) {
      if (!taskMm(process)) continue
      const pid = process.number('pid')
      const rss = rows.find((row) => row.pid === pid)?.rss_kib
      const mapped = mappedPages(process)
      assert.equal((mapped - rss / 4) % HUGE, 0, `${pid}: RSS ${rss} KiB, ${mapped} pages mapped`)
    }
  }),
])
