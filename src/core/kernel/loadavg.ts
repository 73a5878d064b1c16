// Load averages. Source: kernel/sched/loadavg.c, include/linux/sched/loadavg.h.
import type { Program } from '../program/program.ts'

/** FIXED_1: 1.0 in the kernel's fixed point. */
const FIXED_1 = 2048
/** FIXED_1 / 200, what get_avenrun()'s callers add to round to hundredths. */
const ROUNDING = 10

/**
 * Load averages over 1, 5 and 15 minutes, as /proc/loadavg shows them.
 *
 * @returns each rounded as the kernel does, to hundredths
 * @source fs/proc/loadavg.c loadavg_proc_show()
 */
export function loadAverages(program: Program): [number, number, number] {
  const avenrun = program.object('avenrun')
  const load = (index: number): number => {
    const fixed = avenrun.at(index).number() + ROUNDING
    return Math.floor(fixed / FIXED_1) + Math.floor(((fixed % FIXED_1) * 100) / FIXED_1) / 100
  }
  return [load(0), load(1), load(2)]
}
