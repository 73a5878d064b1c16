// Resident sizes that crash gets wrong, as they are left out of what is compared. Up to 6.1 each thread holds back some pages
// that its mm has not been told of. Who holds back pages that were reclaimed since has an mm with a count below zero: crash
// takes it for 0 and is too high by all that was reclaimed. Ours are held against the page tables (ps.ts).
import { forEachTask } from '../../../src/core/kernel/sched.ts'
import { taskMm } from '../../../src/core/kernel/mm.ts'
import type { Program } from '../../../src/core/program/program.ts'

/** `PID PPID CPU TASK ST %MEM VSZ RSS COMM`, or KSTACKP in place of TASK. */
const PS_LINE = /^(>?\s*(\d+)\s+\d+\s+\d+\s+(?:[\da-f]{16}|--)\s+\w\w)\s+[\d.]+(\s+\d+)\s+\d+/
/** `MM PGD RSS TOTAL_VM`. */
const VM_LINE = /^(([\da-f]{16})\s+[\da-f]{16})\s+\d+k/

/** Hide in lines of `ps` and `vm` the resident sizes that crash does not know. */
export function hideMiscounted(program: Program): (lines: readonly string[]) => string[] {
  const pids = new Set<string>()
  const mms = new Set<string>()
  for (const task of forEachTask(program)) {
    const mm = taskMm(task)
    if (!mm?.has('rss_stat.count')) continue
    const counts = [0, 1, 2, 3].map((index) => mm.get('rss_stat.count').at(index))
    if (!counts.some((count) => count.bigint('counter') < 0n)) continue
    pids.add(String(task.number('pid')))
    mms.add(mm.address.toString(16))
  }
  return (lines) =>
    lines.map((line) =>
      line
        .replace(PS_LINE, (all, before: string, pid: string, between: string) =>
          pids.has(pid) ? `${before} ?${between} ?` : all,
        )
        .replace(VM_LINE, (all, before: string, mm: string) => (mms.has(mm) ? `${before} ?` : all)),
    )
}
