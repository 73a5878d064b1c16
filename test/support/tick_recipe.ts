// What a kernel of 250 ticks a second knows of time, for scenes: `timekeeper_data` as v6.17 has it, and jiffies.
import type { Placed } from './kernel_recipe.ts'

/** Types of kernel/time, few members. */
export const TICK_TYPES = `
  struct timekeeper { u64 xtime_sec; u64 ntp_tick; };
  struct tk_data { unsigned int seq; struct timekeeper timekeeper; };`

/** Ticks a second. */
export const HZ = 250

/** The variables; jiffies is what it was when the kernel died. */
export function tickVariables(jiffies: number): Record<string, Placed> {
  return {
    timekeeper_data: ['struct tk_data', { 'timekeeper.ntp_tick': 4_000_000n << 32n }],
    jiffies: ['unsigned long', jiffies],
  }
}
