// What time it was. Source: kernel/time/timekeeping.c, include/linux/timekeeper_internal.h.
import { NotFoundError } from '../base/errors.ts'
import type { KObject } from '../program/kobject.ts'
import type { Program } from '../program/program.ts'

const NSEC_PER_SEC = 1_000_000_000n

/** The kernel's main timekeeper, as of its last tick. @throws {NotFoundError} if this kernel hides it elsewhere */
export function timekeeper(program: Program): KObject<'timekeeper'> {
  // Since v6.17, commit 22c62b9a84b8 ("timekeeping: Introduce auxiliary timekeepers"), an array; [0] is the main one.
  if (program.hasSymbol('timekeeper_data')) {
    return program.objectAt(
      'struct timekeeper',
      memberOfTkData(program, program.symbol('timekeeper_data')),
    )
  }
  if (program.hasSymbol('tk_core')) {
    return program.objectAt('struct timekeeper', memberOfTkData(program, program.symbol('tk_core')))
  }
  // Before v3.17 it was a variable of its own.
  return program.object('timekeeper', 'struct timekeeper').cast('struct timekeeper')
}

/** Since v6.13 tk_core is a struct tk_data; before, a struct without a name: `{ seqcount_t seq; struct timekeeper timekeeper; }`. */
function memberOfTkData(program: Program, address: bigint): bigint {
  if (program.hasType('struct tk_data'))
    return address + BigInt(program.offsetof('struct tk_data', 'timekeeper'))
  const seqType = ['seqcount_raw_spinlock_t', 'seqcount_t'].find((name) => program.hasType(name))
  if (seqType === undefined) throw new NotFoundError('type', 'seqcount_t')
  // Padded to the alignment of the u64s in struct timekeeper.
  return address + BigInt(Math.ceil(program.sizeof(seqType) / 8) * 8)
}

/** Wall time of the last tick, nanoseconds since 1970. @source ktime_get_coarse_real_ts64() */
export function coarseRealtimeNsec(program: Program): bigint {
  const tk = timekeeper(program)
  return tk.bigint('xtime_sec') * NSEC_PER_SEC + coarseNsec(tk)
}

/** The monotonic clock at the last tick: since boot, suspend excluded. Nanoseconds. @source ktime_get_coarse_ts64() */
export function monotonicNsec(program: Program): bigint {
  const tk = timekeeper(program)
  const toMonotonic =
    tk.bigint('wall_to_monotonic.tv_sec') * NSEC_PER_SEC + tk.bigint('wall_to_monotonic.tv_nsec')
  return tk.bigint('xtime_sec') * NSEC_PER_SEC + coarseNsec(tk) + toMonotonic
}

/** Time since boot at the last tick, suspend included, as /proc/uptime counts it. Nanoseconds. */
export function coarseBoottimeNsec(program: Program): bigint {
  // Before v3.17 the time spent suspended was a timespec, total_sleep_time.
  const suspended = timekeeper(program).find('offs_boot')?.bigint() ?? 0n
  return monotonicNsec(program) + suspended
}

/** Ticks a second the kernel was built for (CONFIG_HZ), from the length of one. */
export function kernelHz(program: Program): number {
  // Nanoseconds, shifted by NTP_SCALE_SHIFT; clock discipline moves it by parts in a million. @source include/linux/timex.h
  const tick = Number(timekeeper(program).bigint('ntp_tick') >> 32n)
  return tick > 0 ? Math.round(Number(NSEC_PER_SEC) / tick) : 0
}

function coarseNsec(tk: KObject): bigint {
  // Since v6.15, commit b71f9804f66c ("timekeeping: Prevent coarse clocks going backwards"), it is kept apart.
  const coarse = tk.find('coarse_nsec')
  return coarse ? coarse.bigint() : tk.bigint('tkr_mono.xtime_nsec') >> tk.bigint('tkr_mono.shift')
}
