// Threads that pack pages: each has opened the dump for itself, gets frame numbers, and returns a block of bytes. Jobs go
// round, so that the order of results is the order of jobs and a file does not depend on who was faster.
import { Worker } from 'node:worker_threads'
import { HostError } from '../../core/base/errors.ts'
import type { CodecName } from '../../core/codec/codec.ts'
import type { EraseRange } from './erase/erase_ranges.ts'
import type { DumpPath } from './open_pages.ts'
import { allocatePacked, type PackedPages } from './packed_pages.ts'

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

/** A job on its way to a thread. */
export interface PackRequest {
  readonly pfns: Float64Array
  readonly count: number
  readonly job: number
  readonly packed: PackedPages
}

/** A thread's answer, in the order of its jobs. */
export interface PackReply {
  readonly packed: PackedPages
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
  readonly #waiting: Waiting[][]
  readonly #free: PackedPages[][]
  #next = 0
  #failure: unknown

  constructor(size: number, settings: PoolSettings) {
    const { pageSize } = settings
    this.#waiting = Array.from({ length: size }, () => [])
    this.#free = Array.from({ length: size }, () =>
      Array.from({ length: JOBS_EACH }, () => allocatePacked(pageSize)),
    )
    this.#workers = Array.from({ length: size }, (_, i) => this.#start(i, settings))
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
    const packed = this.#free[worker]?.pop()
    if (!packed) throw new Error('page pool: no room for another job')
    const request: PackRequest = { pfns: pfns.slice(0, count), count, job, packed }
    const promise = new Promise<PackedPages>((resolve, reject) => {
      if (this.#failure !== undefined) reject(this.#failure)
      else this.#waiting[worker]?.push({ resolve, reject })
    })
    // The copy awaits jobs one by one; those behind a failed one nobody will ask about.
    promise.catch(() => {})
    this.#workers[worker]?.postMessage(request, buffersOf(packed))
    return { worker, packed: promise }
  }

  /** Give back what a thread packed, once it is written. */
  release(worker: number, packed: PackedPages): void {
    this.#free[worker]?.push(packed)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#workers.map((worker) => worker.terminate()))
  }

  #start(index: number, settings: PoolSettings): Worker {
    const worker = new Worker(workerFile(), { workerData: settings })
    worker.on('message', ({ packed }: PackReply) => this.#waiting[index]?.shift()?.resolve(packed))
    worker.on('error', (error) => this.#fail(error))
    // A thread that is gone answers no more; waiting for it would be for ever.
    worker.on('exit', (code) => this.#fail(new HostError(`a packing thread ended (exit ${code})`)))
    return worker
  }

  #fail(error: unknown): void {
    this.#failure ??= error
    for (const queue of this.#waiting) for (const { reject } of queue.splice(0)) reject(error)
  }
}

/** Buffers of packed pages, to be handed over without a copy. */
export function buffersOf({ kinds, sizes, slots, data }: PackedPages): ArrayBuffer[] {
  return [kinds, sizes, slots, data].flatMap(({ buffer }) =>
    buffer instanceof ArrayBuffer ? [buffer] : [],
  )
}

/** Beside this file in a checkout, beside the bundle where there is one. */
function workerFile(): URL {
  const isSource = import.meta.url.endsWith('.ts')
  return new URL(isSource ? './page_worker.ts' : './page_worker.mjs', import.meta.url)
}
