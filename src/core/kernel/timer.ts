// Timers: the wheels of each CPU, and high-resolution timers. Source: kernel/time/timer.c, kernel/time/hrtimer.c.
import { NotFoundError } from '../base/errors.ts'
import { stripType } from '../debuginfo/type.ts'
import type { KObject } from '../program/kobject.ts'
import type { Program } from '../program/program.ts'
import { hlistForEachEntry } from './list.ts'
import { perCpu } from './percpu.ts'
import { rbtreeInorderForEachEntry } from './rbtree.ts'
import { monotonicNsec } from './timekeeping.ts'

/** NR_BASES at most. */
const BASE_LIMIT = 3

/** One timer wheel of a CPU. */
export interface TimerBase {
  /** BASE_STD, BASE_LOCAL, BASE_GLOBAL, BASE_DEF. */
  readonly name: string
  readonly base: KObject<'timer_base'>
}

/**
 * The timer wheels of a CPU.
 *
 * @throws {NotFoundError} before v4.8, whose wheels were of another kind
 */
export function timerBases(program: Program, cpu: number): TimerBase[] {
  if (!program.hasSymbol('timer_bases')) throw new NotFoundError('symbol', 'timer_bases')
  const bases = perCpu(program, 'timer_bases', cpu, timerBasesType(program))
  const names = timerBaseNames(program, bases.length)
  return Array.from(bases, (base, i) => ({
    name: names[i] ?? `BASE_${i}`,
    base: base.cast('struct timer_base'),
  }))
}

/** Names of the wheels by their number. @source kernel/time/timer.c BASE_STD, BASE_LOCAL */
function timerBaseNames(program: Program, count: number): readonly string[] {
  // Since v6.9, commit 83a665dc99a7 ("timers: Keep the pinned timers separate from the others"), there are three.
  if (count === 3) return ['BASE_LOCAL', 'BASE_GLOBAL', 'BASE_DEF']
  if (count === 2) return ['BASE_STD', 'BASE_DEF']
  // Without CONFIG_NO_HZ_COMMON there is one, which only a later type of the same series tells apart.
  return [program.hasType('struct timer_events') ? 'BASE_LOCAL' : 'BASE_STD']
}

/** The variable's own type where the kernel's type data have it; else as many wheels as fit the symbol. */
function timerBasesType(program: Program): string {
  const declared = program.findGlobalType('timer_bases')
  const array = declared && stripType(declared)
  if (array?.kind === 'array' && array.length > 0) return `struct timer_base [${array.length}]`
  const size = program.kernelSymbols?.find('timer_bases')?.size ?? 0
  const count = Math.floor(size / program.sizeof('struct timer_base'))
  return `struct timer_base [${Math.min(Math.max(count, 1), BASE_LIMIT)}]`
}

/** Walk the timers of a wheel, slot by slot. @source kernel/time/timer.c enqueue_timer() */
export function* timerBaseForEach(base: KObject): Generator<KObject<'timer_list'>> {
  for (const slot of base.get('vectors'))
    yield* hlistForEachEntry<'timer_list'>(slot, 'struct timer_list', 'entry')
}

/** A clock of high-resolution timers of one CPU. */
export interface HrtimerClock {
  readonly index: number
  readonly base: KObject<'hrtimer_clock_base'>
  /** What crash calls the clock: the function that reads it. */
  readonly clock: string
}

/** clockid_t, include/uapi/linux/time.h, and the function that reads each. */
const CLOCK_FUNCTIONS: Readonly<Record<number, string>> = {
  0: 'ktime_get_real',
  1: 'ktime_get',
  7: 'ktime_get_boottime',
  11: 'ktime_get_clocktai',
}

/** `per_cpu(hrtimer_bases, cpu)`. */
export function hrtimerCpuBase(program: Program, cpu: number): KObject<'hrtimer_cpu_base'> {
  return perCpu(program, 'hrtimer_bases', cpu, 'struct hrtimer_cpu_base').cast(
    'struct hrtimer_cpu_base',
  )
}

/** KTIME_MAX: no timer is due, or those that are run at this moment. */
const NEVER = 0x7fff_ffff_ffff_ffffn

/**
 * When a CPU's next timer interrupt was due, by the monotonic clock; nanoseconds. In the past, it was not taken. Undefined
 * where there is none, or the kernel has no high-resolution timers.
 */
export function nextTimerNsec(program: Program, cpu: number): bigint | undefined {
  const base = hrtimerCpuBase(program, cpu)
  // With CONFIG_HIGH_RES_TIMERS.
  const due = base.find('expires_next')?.bigint() ?? NEVER
  return due === NEVER || due <= 0n ? undefined : due
}

/** The clocks of a CPU's high-resolution timers. */
export function hrtimerClocks(cpuBase: KObject<'hrtimer_cpu_base'>): HrtimerClock[] {
  return Array.from(cpuBase.get('clock_base'), (base, index) => ({
    index,
    base: base.cast('struct hrtimer_clock_base'),
    clock: clockFunction(base),
  }))
}

function clockFunction(base: KObject): string {
  // Since v6.18, commit 009eb5da29a9 ("hrtimer: Remove hrtimer_clock_base::get_time"), the clock's id says it.
  const reader = base.find('get_time')
  const name = reader && base.program.symbolAt(reader.pointer())?.name
  return name ?? CLOCK_FUNCTIONS[base.number('clockid')] ?? `clock ${base.number('clockid')}`
}

/** Walk the timers of a clock, the first to expire first. @source kernel/time/hrtimer.c enqueue_hrtimer() */
export function hrtimerClockForEach(base: KObject): Generator<KObject<'hrtimer'>> {
  // Since v5.4, commit 511885d7061e ("lib/timerqueue: Rely on rbtree semantics for next timer"), a cached root (since
  // v7.1 a linked one, of the same shape); before, a bare one.
  const root = base.get('active.rb_root.rb_root', 'active.head')
  return rbtreeInorderForEachEntry<'hrtimer'>(root, 'struct hrtimer', 'node')
}

/** When a timer expires at the latest, by its clock. Nanoseconds. */
export function hrtimerExpires(timer: KObject): bigint {
  return ktime(timer.get('node.expires'))
}

/** When a timer may expire at the earliest. Nanoseconds. */
export function hrtimerSoftExpires(timer: KObject): bigint {
  return ktime(timer.get('_softexpires'))
}

/** What a clock showed at the last tick. Nanoseconds. */
export function hrtimerClockNow(base: KObject): bigint {
  return monotonicNsec(base.program) + ktime(base.get('offset'))
}

/** Until v4.10 ktime_t was a union around tv64. */
function ktime(value: KObject): bigint {
  return (value.find('tv64') ?? value).bigint()
}
