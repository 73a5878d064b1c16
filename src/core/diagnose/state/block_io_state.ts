// Requests that block devices had not ended when the machine died, the oldest first.
import { attempt } from '../../base/errors.ts'
import { formatHex } from '../../base/hex.ts'
import { forEachBusyRequest, forEachDisk, type Request } from '../../kernel/block.ts'
import {
  requestBytes,
  requestOperation,
  requestSector,
  requestSinceNsec,
  requestState,
} from '../../kernel/request.ts'
import { monotonicNsec } from '../../kernel/timekeeping.ts'
import type { Program } from '../../program/program.ts'
import type { BlockIoState, BlockRequest } from '../machine_state.ts'

const REQUESTS_MAX = 100
/** A machine has as many tags as this rarely. */
const BUSY_MAX = 100_000

/** Read what is in flight. @throws {KdumpError} if disks cannot be found at all */
export function readBlockIoState(program: Program): BlockIoState {
  const now = attempt(() => monotonicNsec(program))
  const found: BlockRequest[] = []
  for (const disk of forEachDisk(program)) {
    attempt(() => {
      const queue = disk.get('queue').deref()
      // Drivers without requests have none to show.
      if (queue.find('mq_ops')?.isNull() !== false) return
      const name = disk.string('disk_name')
      for (const request of forEachBusyRequest(queue)) {
        if (found.length >= BUSY_MAX) return
        found.push(describe(name, request, now))
      }
    })
  }
  const age = ({ ageSeconds }: BlockRequest): number => ageSeconds ?? -1
  return {
    inFlight: found.filter(({ state }) => state === 'in flight').length,
    requests: found.sort((a, b) => age(b) - age(a)).slice(0, REQUESTS_MAX),
  }
}

function describe(disk: string, request: Request, now: bigint | undefined): BlockRequest {
  const since = attempt(() => requestSinceNsec(request))
  return {
    address: formatHex(request.address),
    disk,
    operation: attempt(() => requestOperation(request)) ?? '',
    sector: attempt(() => requestSector(request)) ?? null,
    bytes: attempt(() => requestBytes(request)) ?? null,
    // The clock is that of the last tick.
    ageSeconds:
      since === undefined || now === undefined ? null : Math.max(0, Number(now - since) / 1e9),
    state: attempt(() => requestState(request)) ?? '',
  }
}
