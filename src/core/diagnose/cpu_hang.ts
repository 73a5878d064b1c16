// CPUs that ran one thing and nothing else: what shows it in memory, without a word of the log. Each sign is compared with
// what a healthy CPU shows, however busy: it takes timer interrupts, runs the watchdog's work every few seconds and lets
// grace periods end.
import { attempt } from '../base/errors.ts'
import { runningGracePeriod, type GracePeriod } from '../kernel/rcu.ts'
import { cpuRq } from '../kernel/runqueue.ts'
import type { Task } from '../kernel/sched.ts'
import { kernelHz, monotonicNsec } from '../kernel/timekeeping.ts'
import { nextTimerNsec } from '../kernel/timer.ts'
import { watchdogThreshold, watchdogTouchedNsec } from '../kernel/watchdog.ts'
import type { Program } from '../program/program.ts'
import type { Registers } from '../program/registers.ts'
import { stoppedFrames } from './context.ts'
import type { NamedFrame } from './named_frame.ts'
import { bareName } from './panic_machinery.ts'
import type { Evidence } from './rule.ts'
import type { Scene } from './scene.ts'

/** A CPU that hung. */
export interface CpuHang {
  readonly cpu: number
  readonly task: Task | undefined
  /** 'interrupts': it took none; 'scheduling': it took interrupts and switched tasks no more. */
  readonly lost: 'interrupts' | 'scheduling'
  readonly seconds: number
  /** Of what it did, innermost first. */
  readonly frames: readonly NamedFrame[]
  readonly evidence: readonly Evidence[]
}

const NSEC_PER_SEC = 1_000_000_000
/** Where the kernel does not say: its own defaults. */
const THRESHOLD_DEFAULT = 10
/** Less is no hang, whatever the kernel was told: a virtual machine may be stopped for as long by its host. */
const SECONDS_MIN = 6
/** A timer interrupt is late by milliseconds on a healthy CPU; no code that is right disables interrupts for as long. */
const OVERDUE_MIN = 3
/** How far behind its next tick a CPU is at most. */
const TICK_NSEC_MAX = 20_000_000n

/** What a CPU ran, without those that looked on; [] if it was in user mode or saved no registers. */
export function cpuFrames(scene: Scene, cpu: number): readonly NamedFrame[] {
  return stoppedFrames(scene.cpuTrace(cpu).frames)
}

/** Find the CPUs that hung, the longest first. Rules ask `scene.cpuHangs`. */
export function findCpuHangs(scene: Scene): CpuHang[] {
  const now = latestClock(scene)
  if (now === undefined) return []
  const { program, cpus } = scene
  const threshold = watchdogThreshold(program) ?? THRESHOLD_DEFAULT
  const monotonic = latestMonotonic(scene)
  const touched = cpus.map((cpu) => watchdogTouchedNsec(program, cpu))
  const unwatched = touched.map((stamp) =>
    stamp === undefined ? undefined : secondsBetween(stamp, now),
  )
  // Where the watchdog's work ran nowhere lately nobody wakes it, and its stamps say nothing.
  const watched = unwatched.filter((seconds) => seconds !== undefined && seconds <= 2 * threshold)
  const found = cpus.flatMap((cpu, index) => {
    const seconds = watched.length > 0 ? unwatched[index] : undefined
    return hangOf(scene, cpu, { now, monotonic, threshold, unwatched: seconds }) ?? []
  })
  return found.toSorted((a, b) => b.seconds - a.seconds)
}

/** The scheduler's clock where it is furthest; nanoseconds. */
export function latestClock({ program, cpus, lines }: Scene): bigint | undefined {
  const clocks = cpus.flatMap((cpu) => attempt(() => cpuRq(program, cpu).bigint('clock')) ?? [])
  // printk's stamps are of the same clock.
  const stamps = lines.at(-1)?.tsNsec
  const all = stamps === undefined ? clocks : [...clocks, stamps]
  return all.length === 0 ? undefined : all.reduce((a, b) => (a > b ? a : b))
}

/**
 * The monotonic clock where it is furthest; nanoseconds. The timekeeper stands still where the CPU that moves it hangs; a
 * CPU that is busy has a tick before it.
 */
function latestMonotonic(scene: Scene): bigint | undefined {
  const { program, cpus } = scene
  const kept = attempt(() => monotonicNsec(program))
  if (kept === undefined) return undefined
  const ticks = cpus
    .filter((cpu) => (attempt(() => scene.currentTask(cpu)?.number('pid')) ?? 0) !== 0)
    .flatMap((cpu) => attempt(() => nextTimerNsec(program, cpu)) ?? [])
    .map((due) => due - TICK_NSEC_MAX)
  return [kept, ...ticks].reduce((a, b) => (a > b ? a : b))
}

interface Watch {
  readonly now: bigint
  readonly monotonic: bigint | undefined
  /** Seconds. */
  readonly threshold: number
  /** Seconds since the watchdog's work ran on the CPU. */
  readonly unwatched: number | undefined
}

function hangOf(scene: Scene, cpu: number, watch: Watch): CpuHang | undefined {
  const frames = cpuFrames(scene, cpu)
  if (frames.length === 0 || isIdle(frames) || isDying(frames)) return undefined
  const isMasked = interruptsOff(scene.program, frames[0]?.registers) === true
  const silences = isMasked ? [...overdue(scene, cpu, watch), ...standing(scene, cpu, watch)] : []
  const signs = [...silences, ...unwatched(cpu, watch)]
  if (signs.length === 0) return undefined
  return {
    ...{ cpu, frames, task: scene.currentTask(cpu) },
    lost: silences.length > 0 ? 'interrupts' : 'scheduling',
    seconds: Math.max(...signs.map(({ seconds }) => seconds)),
    evidence: signs.map(({ evidence }) => evidence),
  }
}

/** Something that shows that a CPU hung, and for how long. */
interface Sign {
  readonly seconds: number
  readonly evidence: Evidence
}

/** Its timer's interrupt has been due for long. */
function overdue({ program }: Scene, cpu: number, { monotonic }: Watch): Sign[] {
  const due = attempt(() => nextTimerNsec(program, cpu))
  if (due === undefined || monotonic === undefined) return []
  const seconds = secondsBetween(due, monotonic)
  if (seconds < OVERDUE_MIN) return []
  const text = `CPU ${cpu} had interrupts disabled, and its timer's interrupt was due ${seconds} s before`
  return [{ seconds, evidence: { text, command: `timer -r -C ${cpu}` } }]
}

/** The CPU's clock, moved by every timer interrupt, has stood; others may move it too, so that it may say nothing. */
function standing({ program }: Scene, cpu: number, { now, threshold }: Watch): Sign[] {
  const clock = attempt(() => cpuRq(program, cpu).bigint('clock'))
  if (clock === undefined || clock === 0n) return []
  const seconds = secondsBetween(clock, now)
  if (seconds < Math.max(threshold, SECONDS_MIN)) return []
  const text = `CPU ${cpu} had interrupts disabled, and its clock stood still for ${seconds} s`
  return [{ seconds, evidence: { text, command: 'runq -T' } }]
}

/** Code that lets itself be preempted lets the watchdog's work run. */
function unwatched(cpu: number, { unwatched: seconds, threshold }: Watch): Sign[] {
  if (seconds === undefined || seconds <= Math.max(2 * threshold, SECONDS_MIN)) return []
  const text = `the watchdog's work last ran on CPU ${cpu} ${seconds} s before, on another CPU within ${2 * threshold} s`
  return [{ seconds, evidence: { text, command: `p watchdog_touch_ts:${cpu}` } }]
}

const secondsBetween = (then: bigint, now: bigint): number =>
  Math.max(0, Math.floor(Number(now - then) / NSEC_PER_SEC))

/** Bit 9 of x86's flags allows interrupts; undefined for other architectures, and without registers. */
export function interruptsOff(
  program: Program,
  registers: Registers | undefined,
): boolean | undefined {
  const flags = registers?.flags
  if (program.arch.name !== 'x86_64' || flags === undefined) return undefined
  return (flags & 0x200n) === 0n
}

/** A CPU that panics, or waits for the one that does, may print for long with interrupts disabled. */
const DYING =
  /^(?:v?panic|nmi_panic|__crash_kexec|crash_kexec|oops_end|die|panic_smp_self_stop|nmi_panic_self_stop|stop_this_cpu|native_stop_other_cpus)$/

function isDying(frames: readonly NamedFrame[]): boolean {
  return frames.some(({ name }) => DYING.test(bareName(name ?? '')))
}

const IDLE =
  /^(?:do_idle|cpu_idle_loop|cpuidle_idle_call|default_idle\w*|cpu_startup_entry|play_dead\w*)$/

/** Did this stack idle? What interrupted it did not. */
export function isIdle(frames: readonly NamedFrame[]): boolean {
  const own = frames.findIndex(({ interrupted }, index) => index > 0 && interrupted)
  return frames.slice(0, own < 0 ? frames.length : own).some(({ name }) => IDLE.test(name ?? ''))
}

/** The running grace period and its age, if its age can be told. */
export function gracePeriodAge(
  program: Program,
): { readonly period: GracePeriod; readonly seconds: number } | undefined {
  const period = attempt(() => runningGracePeriod(program))
  const hz = attempt(() => kernelHz(program)) ?? 0
  if (!period || hz === 0) return undefined
  return { period, seconds: Math.floor(period.ageJiffies / hz) }
}
