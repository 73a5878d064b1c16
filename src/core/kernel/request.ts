// A request to a block device: what is asked for, and since when. Source: include/linux/blk-mq.h struct request,
// include/linux/blk_types.h, block/blk-mq.c.
import { stripType } from '../debuginfo/type.ts'
import type { Program } from '../program/program.ts'
import type { Request } from './block.ts'

/** REQ_OP_BITS are 8. @source include/linux/blk_types.h */
const REQ_OP_MASK = 0xff

/** enum mq_rq_state. @source include/linux/blk-mq.h */
const STATES = ['idle', 'in flight', 'complete'] as const

/** Whether a driver has it: `idle` (not yet), `in flight`, `complete`. */
export type RequestState = (typeof STATES)[number]

/** Whether the driver has a request. */
export function requestState(request: Request): RequestState {
  // Before v4.20 requests had a reference count and no state; those with a tag were in flight.
  return STATES[request.find('state')?.number() ?? 1] ?? 'in flight'
}

/** `READ`, `WRITE`, `FLUSH`; a number for an operation without name. @source block/blk-core.c blk_op_str() */
export function requestOperation(request: Request): string {
  const operation = request.number('cmd_flags') & REQ_OP_MASK
  return operationNames(request.program).get(operation) ?? String(operation)
}

function operationNames(program: Program): ReadonlyMap<number, string> {
  // Since v6.0, commit ff07a02e9e8e ("treewide: Rename enum req_opf into enum req_op").
  const name = ['enum req_op', 'enum req_opf'].find((candidate) => program.hasType(candidate))
  const type = name === undefined ? undefined : stripType(program.type(name))
  if (type?.kind !== 'enum') return new Map()
  return new Map(type.values.map((one) => [Number(one.value), one.name.replace(/^REQ_OP_/, '')]))
}

/** The first sector; undefined for what has none, such as a flush. */
export function requestSector(request: Request): number | undefined {
  const sector = request.bigint('__sector')
  return sector === 0xffff_ffff_ffff_ffffn ? undefined : Number(sector)
}

/** Bytes that have still to be moved. @source include/linux/blk-mq.h blk_rq_bytes() */
export function requestBytes(request: Request): number {
  return request.number('__data_len')
}

/**
 * When the driver got a request, or else when it was made, by the monotonic clock.
 *
 * @returns nanoseconds; undefined where the queue notes neither
 * @source block/blk-mq.c blk_mq_start_request(), blk_mq_rq_time_init()
 */
export function requestSinceNsec(request: Request): bigint | undefined {
  for (const member of ['io_start_time_ns', 'start_time_ns']) {
    const time = request.find(member)?.bigint() ?? 0n
    if (time !== 0n) return time
  }
  return undefined
}
