// Threads that pack pages: each has opened the dump for itself, gets frame numbers, and returns a block of bytes. Jobs go
// round, so that the order of results is the order of jobs and a file does not depend on who was faster.
import { Worker } from 'node:worker_threads'
import { HostError } from '../../core/base/errors.ts'
import type { CodecName } from '../../core/codec/codec.ts'
import type { EraseRange } from './erase/erase_ranges.ts'
import type { DumpPath } from './open_pages.ts'
import { allocatePacked, packLimit, type PackedPages } from './packed_pages.ts'

/** Jobs given to a thread before it has returned the first: one to do while the other's result is written. */
const JOBS_EACH = 2

/** What each thread is started with. */
export interface PoolSettings {
  readonly path: DumpPath
  readonly codec: CodecName | undefined
  readonly shareZeros: boolean
  /** Memory of the SeenPages that all share. */
  readonly seen: SharedArrayBuffer | undefined
  readonly pageSize: number
  readonly erase: readonly EraseRange[]
}

/** Memory that a thread shares with us: frame numbers to it, packed pages back. */
export interface PackRoom {
  readonly pfns: Float64Array
  readonly packed: PackedPages
}

/** What a thread is started with. */
export interface WorkerSettings extends PoolSettings {
  readonly rooms: readonly PackRoom[]
}

/** A job on its way to a thread: the first `count` frames of a room. */
export interface PackRequest {
  readonly room: number
  readonly count: number
  readonly job: number
}

/** A thread's answer, in the order of its jobs: so many bytes of the room's data are used. */
export interface PackReply {
  readonly room: number
  readonly used: number
}

/** A given job: who does it, and what will come of it. */
export interface GivenJob {
  readonly worker: number
  readonly packed: Promise<PackedPages>
}

interface Waiting {
  readonly resolve: (packed: PackedPages) => void
  readonly reject: (error: unknown) => void
}

/** More threads than these only wait for the disk; pages remembered are safe for as many (see seen_pages.ts). */
export const THREADS_MAX = 32

/** Some threads. */
export class PagePool implements AsyncDisposable {
  readonly #workers: readonly Worker[]
  readonly #rooms: readonly (readonly PackRoom[])[]
  readonly #waiting: Waiting[][]
  /** Rooms of each thread that nobody uses. */
  readonly #free: number[][]
  #next = 0
  #failure: unknown

  constructor(size: number, settings: PoolSettings) {
    const { pageSize } = settings
    const workers = Array.from({ length: size }, (_, i) => i)
    this.#waiting = workers.map(() => [])
    this.#free = workers.map(() => Array.from({ length: JOBS_EACH }, (_, room) => room))
    this.#rooms = workers.map(() =>
      Array.from({ length: JOBS_EACH }, () => ({
        pfns: new Float64Array(new SharedArrayBuffer(packLimit(pageSize) * 8)),
        packed: allocatePacked(pageSize, true),
      })),
    )
    this.#workers = workers.map((i) => this.#start(i, settings))
  }

  get size(): number {
    return this.#workers.length
  }

  /** Jobs that may be under way. */
  get capacity(): number {
    return this.size * JOBS_EACH
  }

  /** Give job number `job` to the next thread. At most `capacity` may be under way. */
  pack(pfns: Float64Array, count: number, job: number): GivenJob {
    const worker = this.#next
    this.#next = (worker + 1) % this.size
    const number = this.#free[worker]?.pop()
    const room = this.#rooms[worker]?.[number ?? -1]
    if (number === undefined || !room) throw new Error('page pool: no room for another job')
    room.pfns.set(pfns.subarray(0, count))
    const promise = new Promise<PackedPages>((resolve, reject) => {
      if (this.#failure !== undefined) reject(this.#failure)
      else this.#waiting[worker]?.push({ resolve, reject })
    })
    // The copy awaits jobs one by one; those behind a failed one nobody will ask about.
    promise.catch(() => {})
    const request: PackRequest = { room: number, count, job }
    this.#workers[worker]?.postMessage(request)
    return { worker, packed: promise }
  }

  /** Give back what a thread packed, once it is written. */
  release(worker: number, packed: PackedPages): void {
    const room = this.#rooms[worker]?.findIndex((candidate) => candidate.packed === packed) ?? -1
    if (room >= 0) this.#free[worker]?.push(room)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#workers.map((worker) => worker.terminate()))
  }

  #start(index: number, settings: PoolSettings): Worker {
    const rooms = this.#rooms[index] ?? []
    const workerData: WorkerSettings = { ...settings, rooms }
    const worker = new Worker(workerFile(), { workerData })
    worker.on('message', ({ room, used }: PackReply) => {
      const packed = rooms[room]?.packed
      if (!packed) return
      packed.used = used
      this.#waiting[index]?.shift()?.resolve(packed)
    })
    worker.on('error', (cause) => {
      this.#fail(new HostError(`a packing thread failed: ${messageOf(cause)}`, '', { cause }))
    })
    // A thread that is gone answers no more; waiting for it would be for ever.
    worker.on('exit', (code) => this.#fail(new HostError(`a packing thread ended (exit ${code})`)))
    return worker
  }

  #fail(error: unknown): void {
    this.#failure ??= error
    for (const queue of this.#waiting) for (const { reject } of queue.splice(0)) reject(error)
  }
}

const messageOf = (error: unknown): string =>
  error instanceof Error ? error.message : String(error)

/** Beside this file in a checkout, beside the bundle where there is one. */
function workerFile(): URL {
  const isSource = import.meta.url.endsWith('.ts')
  return new URL(isSource ? './page_worker.ts' : './page_worker.mjs', import.meta.url)
}
