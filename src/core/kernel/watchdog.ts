// The detector of lockups: when a CPU last ran the watchdog's work. Source: kernel/watchdog.c.
import { attempt } from '../base/errors.ts'
import type { Program } from '../program/program.ts'
import { perCpu } from './percpu.ts'

/** get_timestamp() counts in 2^30 ns. */
const UNIT_SHIFT = 30n
/** SOFTLOCKUP_DELAY_REPORT; 0 before v5.13. */
const TOUCHED = 0xffff_ffff_ffff_ffffn

/** `watchdog_thresh`: seconds without a timer interrupt that are a hard lockup; twice as many a soft one. */
export function watchdogThreshold(program: Program): number | undefined {
  const name = 'watchdog_thresh'
  const seconds = program.hasSymbol(name) ? program.memory.i32(program.symbol(name)) : 0
  return seconds > 0 && seconds <= 3600 ? seconds : undefined
}

/**
 * When a CPU last ran the watchdog's work, which only code that lets itself be preempted does; nanoseconds of the
 * scheduler's clock, rounded down by up to 1.07 s. Undefined where the watchdog is not there, was never started, or was told
 * to be patient.
 */
export function watchdogTouchedNsec(program: Program, cpu: number): bigint | undefined {
  if (!program.hasSymbol('watchdog_touch_ts')) return undefined
  const stamp = attempt(() => perCpu(program, 'watchdog_touch_ts', cpu, 'unsigned long').bigint())
  return stamp === undefined || stamp === 0n || stamp === TOUCHED ? undefined : stamp << UNIT_SHIFT
}

/** Has a CPU taken no interrupt of the watchdog's timer between two looks of the hard lockup detector? */
export function hasMissedTimer(program: Program, cpu: number): boolean {
  // Atomic since v6.5, commit 77c12fc95980 ("watchdog/hardlockup: add a "cpu" param to watchdog_hardlockup_check()").
  const [now, saved] = ['hrtimer_interrupts', 'hrtimer_interrupts_saved'].map((name) =>
    program.hasSymbol(name)
      ? attempt(() => perCpu(program, name, cpu, 'unsigned int').number())
      : undefined,
  )
  return now !== undefined && now !== 0 && now === saved
}
