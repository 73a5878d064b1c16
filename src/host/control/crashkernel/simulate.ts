// What a kernel with so much memory makes of its command line: read, then served.
import type { KernelKind } from './kernel_kind.ts'
import { type MemoryMap, ramSize } from './memory_map.ts'
import { type CrashkernelRequest, parseCrashkernel, type Verdict } from './parse_crashkernel.ts'
import { type Reservation, reserveCrashkernel } from './reserve_crashkernel.ts'

/** One kernel start, as far as crashkernel= goes. */
export interface Simulation {
  readonly request: CrashkernelRequest | undefined
  readonly verdicts: readonly Verdict[]
  readonly reservation: Reservation | undefined
  /** All that the kernel says, in order. */
  readonly messages: readonly string[]
  /** Why nothing is reserved; '' when something is. */
  readonly failure: string
}

/** Simulate. @param cmdline all of a command line */
export function simulateCrashkernel(cmdline: string, map: MemoryMap, kind: KernelKind): Simulation {
  const { request, failure, verdicts, messages } = parseCrashkernel(cmdline, ramSize(map), kind)
  if (!request) return { request, verdicts, reservation: undefined, messages, failure }
  const reservation = reserveCrashkernel(request, map, kind)
  return {
    request,
    verdicts,
    reservation,
    messages: [...messages, ...reservation.messages],
    failure: reservation.failure,
  }
}

/** Bytes reserved, the low part included. */
export function reservedBytes({ reservation }: Simulation): number {
  return [reservation?.main, reservation?.low].reduce(
    (sum, region) => sum + (region ? region.end - region.start : 0),
    0,
  )
}
