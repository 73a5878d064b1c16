// How long tasks have slept, by the scheduler's clock. Source: kernel/sched/stats.h sched_info_arrive().
import { attempt } from '../base/errors.ts'
import type { Program } from '../program/program.ts'
import { forEachCpu } from './percpu.ts'
import { cpuRq, taskLastArrival } from './runqueue.ts'
import type { Task } from './sched.ts'

const NSEC_PER_SEC = 1e9

/** The scheduler's clock when the kernel died; undefined if no CPU's can be read. Idle CPUs are behind: the latest is right. */
export function schedulerClock(program: Program): bigint | undefined {
  const clocks = (attempt(() => forEachCpu(program, 'online')) ?? []).flatMap(
    (cpu) => attempt(() => cpuRq(program, cpu).bigint('clock')) ?? [],
  )
  return clocks.length === 0
    ? undefined
    : clocks.reduce((latest, clock) => (clock > latest ? clock : latest))
}

/** Seconds since a sleeping task last began to run, about when it fell asleep; null if not known. */
export function sleepSeconds(task: Task, clock: bigint | undefined): number | null {
  const arrival = clock === undefined ? undefined : attempt(() => taskLastArrival(task))
  if (clock === undefined || arrival === undefined || arrival === 0n) return null
  return Math.max(0, Number(clock - arrival) / NSEC_PER_SEC)
}
