// Disks and their requests. Source: include/linux/blkdev.h, include/linux/blk-mq.h, block/blk-mq.c, block/genhd.c.
import { CorruptError } from '../base/errors.ts'
import { stripType } from '../debuginfo/type.ts'
import type { KObject } from '../program/kobject.ts'
import type { Program } from '../program/program.ts'
import { forEachClassDevice } from './device.ts'
import { containerOf } from './list.ts'
import { forEachCpu, perCpuPtr } from './percpu.ts'
import { sbitmapForEachSet } from './sbitmap.ts'
import { xaForEach } from './xarray.ts'

export type Gendisk = KObject<'gendisk'>
export type Request = KObject<'request'>

/** enum mq_rq_state. @source include/linux/blk-mq.h */
const MQ_RQ_IN_FLIGHT = 1
/** REQ_OP_BITS are 8; writing operations are odd. @source include/linux/blk_types.h op_is_write() */
const REQ_OP_MASK = 0xff
/** Hardware queues of a device: nr_cpu_ids at most. */
const HW_QUEUE_LIMIT = 65_536

/**
 * Walk the disks, in order of registration; partitions left out.
 *
 * @source block/genhd.c block_class
 */
export function* forEachDisk(program: Program): Generator<Gendisk> {
  const isMerged = program.objectAt('struct block_device', 0n).has('bd_device')
  for (const device of forEachClassDevice(program, program.symbol('block_class'))) {
    // Since v5.11, commit 0d02129e76ed ("block: merge struct block_device and struct hd_struct").
    if (isMerged) {
      const block = containerOf(device, device.address, 'struct block_device', 'bd_device')
      if (partitionNumber(block) === 0) yield block.get('bd_disk').deref().cast('struct gendisk')
    } else {
      const part = containerOf(device, device.address, 'struct hd_struct', '__dev')
      if (part.number('partno') === 0)
        yield containerOf<'gendisk'>(part, part.address, 'struct gendisk', 'part0')
    }
  }
}

function partitionNumber(block: KObject): number {
  // Since v6.10, commit 1116b9fa15c0 ("bdev: infrastructure for flags"), it is the low byte of the flags.
  const flags = block.find('__bd_flags')
  return flags ? flags.number('counter') & 0xff : block.number('bd_partno')
}

/** Requests of a disk that are with its driver. */
export interface InFlight {
  readonly read: number
  readonly write: number
}

/** Count a disk's requests in flight: /proc/diskstats, /sys/block/DISK/inflight. @source block/genhd.c part_in_flight() */
export function diskInFlight(disk: Gendisk): InFlight {
  const queue = disk.get('queue').deref()
  if (queue.find('mq_ops')?.isNull() !== false) return bioInFlight(disk)
  let read = 0
  let write = 0
  for (const request of forEachInFlightRequest(queue)) {
    if (isWrite(request)) write++
    else read++
  }
  return { read, write }
}

/** Does a request carry data to the device? @source include/linux/blk_types.h op_is_write() */
export const isWrite = (request: Request): boolean =>
  (request.number('cmd_flags') & REQ_OP_MASK & 1) !== 0

/** Drivers without requests count bios, on the CPU that starts and on the one that ends each: only the sum means something. */
function bioInFlight(disk: Gendisk): InFlight {
  const { program } = disk
  const sum = [0, 0]
  // Since v5.11 part0 is a block_device; before, an hd_struct whose counters were called dkstats.
  const stats = disk.get('part0').find('bd_stats', 'dkstats')
  if (!stats || stats.isNull()) return { read: 0, write: 0 }
  for (const cpu of forEachCpu(program, 'possible')) {
    const counters = perCpuPtr(stats, cpu).find('in_flight')
    if (!counters) continue
    for (const rw of [0, 1]) {
      const counter = counters.at(rw)
      // local_t is a struct around an atomic_long_t.
      sum[rw] = (sum[rw] ?? 0) + (counter.find('a.counter') ?? counter).number()
    }
  }
  return { read: Math.max(sum[0] ?? 0, 0), write: Math.max(sum[1] ?? 0, 0) }
}

/** Walk the requests of a queue that its driver was given and has not ended. @source block/blk-mq.c blk_mq_check_in_flight() */
export function* forEachInFlightRequest(queue: KObject): Generator<Request> {
  for (const request of forEachBusyRequest(queue)) {
    // Before v4.20 requests had a reference count and no state; those with a tag were in flight.
    if ((request.find('state')?.number() ?? MQ_RQ_IN_FLIGHT) === MQ_RQ_IN_FLIGHT) yield request
  }
}

/**
 * Walk the requests of a queue that hold a driver tag.
 *
 * @param queue `struct request_queue` of a blk-mq driver
 * @throws {CorruptError} if its size is absurd
 * @source block/blk-mq-tag.c blk_mq_queue_tag_busy_iter()
 */
export function* forEachBusyRequest(queue: KObject): Generator<Request> {
  // Hardware queues may share tags, and with them stale pointers to each other's requests.
  const seen = new Set<bigint>()
  for (const context of forEachHwContext(queue)) {
    const tags = context.get('tags')
    if (tags.isNull() || seen.has(tags.pointer())) continue
    seen.add(tags.pointer())
    for (const request of taggedRequests(tags.deref())) {
      if (seen.has(request.address) || request.pointer('q') !== queue.address) continue
      seen.add(request.address)
      yield request
    }
  }
}

/** Reserved tags come first in the array. @source block/blk-mq-tag.c bt_iter() */
function* taggedRequests(tags: KObject): Generator<Request> {
  const requests = tags.get('rqs')
  const reserved = tags.number('nr_reserved_tags')
  const bitmaps: readonly (readonly [member: string, first: number])[] = [
    ['breserved_tags', 0],
    ['bitmap_tags', reserved],
  ]
  for (const [member, first] of bitmaps) {
    const bitmap = tags.get(member)
    // From v5.10 to v5.15 a pointer, to a bitmap that may be shared.
    const sbq = stripType(bitmap.type).kind === 'pointer' ? bitmap.deref() : bitmap
    for (const bit of sbitmapForEachSet(sbq.get('sb'))) {
      const request = requests.at(first + bit)
      if (!request.isNull()) yield request.deref().cast('struct request')
    }
  }
}

/** Walk the hardware queues of a queue. @source include/linux/blk-mq.h queue_for_each_hw_ctx() */
export function* forEachHwContext(queue: KObject): Generator<KObject<'blk_mq_hw_ctx'>> {
  // From v5.18, commit 4e5cc99e1e48 ("blk-mq: manage hctx map via xarray"), to v6.18 an xarray; else an array.
  const table = queue.find('hctx_table')
  if (table) {
    for (const { entry } of xaForEach(table))
      yield queue.program.objectAt('struct blk_mq_hw_ctx', entry)
    return
  }
  const count = queue.number('nr_hw_queues')
  if (count > HW_QUEUE_LIMIT)
    throw new CorruptError(queue.address, `request queue of ${count} hardware queues`)
  const contexts = queue.get('queue_hw_ctx')
  for (let i = 0; i < count; i++) {
    const context = contexts.at(i)
    if (!context.isNull()) yield context.deref().cast('struct blk_mq_hw_ctx')
  }
}
