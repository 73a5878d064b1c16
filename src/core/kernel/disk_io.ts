// Which disk a task waits for, and the oldest request that disk has not ended. Source: include/linux/blkdev.h,
// include/linux/blk-mq.h, block/bdev.c.
import { attempt } from '../base/errors.ts'
import type { KObject } from '../program/kobject.ts'
import type { Program } from '../program/program.ts'
import { forEachDisk, forEachInFlightRequest, type Gendisk, type Request } from './block.ts'
import type { Inode } from './fs.ts'
import { containerOf } from './list.ts'
import { requestSinceNsec } from './request.ts'
import type { StackBytes } from './waiter_scan.ts'

const REQUESTS_MAX = 100_000
const BIOS_MAX = 1024

/** A request that a driver has not ended. */
export interface PendingRequest {
  readonly request: Request
  /** Nanoseconds of the monotonic clock; undefined where the queue does not note it. */
  readonly sinceNsec: bigint | undefined
}

/** The disks of a kernel and their requests in flight, read when first asked for. */
export class DiskIo {
  readonly #program: Program
  #requests: ReadonlyMap<string, readonly PendingRequest[]> | undefined
  /** Disks, their queues, requests and bios: address → name of the disk. */
  readonly #places = new Map<bigint, string>()

  constructor(program: Program) {
    this.#program = program
  }

  /** Requests in flight by disk, the oldest first. */
  get requests(): ReadonlyMap<string, readonly PendingRequest[]> {
    return (this.#requests ??= this.#read())
  }

  /** The request a disk has had longest. */
  oldest(disk: string): PendingRequest | undefined {
    return this.requests.get(disk)?.[0]
  }

  /** The disk of which a stack speaks: innermost first its queue, a request, a bio. '' if of none. */
  diskOfStack({ view }: StackBytes): string {
    if (this.requests.size === 0) return ''
    const { littleEndian } = this.#program.memory
    for (let at = 0; at + 8 <= view.byteLength; at += 8) {
      const word = view.getBigUint64(at, littleEndian)
      const disk = word === 0n ? undefined : this.#places.get(word)
      if (disk !== undefined) return disk
    }
    return ''
  }

  #read(): Map<string, readonly PendingRequest[]> {
    const found = new Map<string, readonly PendingRequest[]>()
    attempt(() => {
      for (const disk of forEachDisk(this.#program)) {
        const name = disk.string('disk_name')
        found.set(name, attempt(() => this.#readDisk(disk, name)) ?? [])
      }
    })
    return found
  }

  #readDisk(disk: Gendisk, name: string): PendingRequest[] {
    const queue = disk.get('queue').deref()
    for (const { address } of [disk, queue]) this.#places.set(address, name)
    const part = disk.find('part0')
    // Since v5.11 a pointer to the block_device of the whole disk.
    if (part?.has('bd_disk')) this.#places.set(part.pointer(), name)
    const requests: PendingRequest[] = []
    if (queue.find('mq_ops')?.isNull() !== false) return requests
    for (const request of forEachInFlightRequest(queue)) {
      if (requests.length >= REQUESTS_MAX) break
      requests.push({ request, sinceNsec: attempt(() => requestSinceNsec(request)) })
      this.#places.set(request.address, name)
      attempt(() => this.#placeBios(request, name))
    }
    return requests.toSorted((a, b) =>
      (a.sinceNsec ?? 0n) < (b.sinceNsec ?? 0n) ? -1 : Number(a.sinceNsec !== b.sinceNsec),
    )
  }

  #placeBios(request: Request, name: string): void {
    let bio = request.pointer('bio')
    for (let count = 0; bio !== 0n && count < BIOS_MAX && !this.#places.has(bio); count++) {
      this.#places.set(bio, name)
      bio = this.#program.objectAt('struct bio', bio).pointer('bi_next')
    }
  }
}

/** The disk that a file lies on; '' for what lies on none. */
export function diskOfInode(inode: Inode): string {
  const { program } = inode
  const sb = inode.get('i_sb').deref()
  if (sb.string('s_type.name') === 'bdev' && program.hasType('struct bdev_inode'))
    return diskOfBlockDevice(
      containerOf(inode, inode.address, 'struct bdev_inode', 'vfs_inode').get('bdev'),
    )
  const device = sb.get('s_bdev')
  return device.isNull() ? '' : diskOfBlockDevice(device.deref())
}

/** The disk that a block device is, or is a part of. */
export function diskOfBlockDevice(device: KObject): string {
  return device.string('bd_disk.disk_name')
}
