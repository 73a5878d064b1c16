// Copies the frames of a plan into dump files: collects them into jobs, has them packed, here or by threads, and hands
// what comes back to the writers in order, so that the file is the same whoever packed.
import { monotonicMs } from '../platform/clock.ts'
import { BLOCK_BYTES, BLOCK_PFNS, type FrameBlocks, isEmpty } from './frame_blocks.ts'
import type { PagePass } from './page_order.ts'
import { allocatePacked, packLimit, type PackedPages, StoredPages } from './packed_pages.ts'
import type { PagePacker } from './page_packer.ts'
import type { PagePool } from './page_pool.ts'
import type { SeenPages } from './seen_pages.ts'
import type { DumpWriter, PageCounts, PageJob } from './writers/dump_writer.ts'

/** What is copied, by whom, and where to. */
export interface PageCopyInput {
  readonly passes: readonly PagePass[]
  /** Told the words of each page of a pass that is a root. */
  readonly mark: ((words: Uint32Array) => void) | undefined
  readonly dumped: FrameBlocks
  /** One writer for each part of the dump, in frame order. */
  readonly writers: readonly DumpWriter[]
  readonly packer: PagePacker
  readonly pool: PagePool | undefined
  /** What packer and pool remember. */
  readonly seen: SeenPages | undefined
  readonly pageSize: number
  /** Called now and then: reports progress, and says whether to go on. */
  readonly onTurn: (counts: PageCounts) => boolean
}

/** Timers and signals get their turn so often. */
const YIELD_MS = 100

/** Copy all passes. */
export async function copyPages(input: PageCopyInput): Promise<PageCounts> {
  const copy = new PageCopy(input)
  await copy.run()
  return copy.counts
}

/** Frames that belong to one writer. */
interface Job extends PageJob {
  writer: DumpWriter
}

/** A job that a thread is at work on. */
interface Pending {
  readonly job: Job
  readonly worker: number
  readonly packed: Promise<PackedPages>
}

class PageCopy {
  readonly counts: PageCounts = { copied: 0, zero: 0, repeated: 0, unreadable: 0 }
  readonly #input: PageCopyInput
  readonly #pfns = new Float64Array(BLOCK_PFNS)
  readonly #indexes = new Float64Array(BLOCK_PFNS)
  readonly #block = new Uint8Array(BLOCK_BYTES)
  readonly #part = new Uint8Array(BLOCK_BYTES)
  readonly #stored: StoredPages
  readonly #packed: PackedPages
  readonly #pending: Pending[] = []
  #idleJobs: Job[] = []
  #job: Job
  /** A while ago: the first job's end is a turn, so that a deadline that has passed is seen however quick the rest is. */
  #yielded = Number.NEGATIVE_INFINITY
  #isStopped = false
  /** Jobs are numbered in the order in which they are written. */
  #jobNumber = 0

  constructor(input: PageCopyInput) {
    this.#input = input
    this.#packed = allocatePacked(input.pageSize)
    this.#stored = new StoredPages(input.seen?.slotCount ?? 0)
    this.#job = this.#newJob()
  }

  async run(): Promise<void> {
    const { passes, dumped, mark } = this.#input
    for (const pass of passes) {
      const onPage = pass.isRoot ? mark : undefined
      for (let firstPfn = 0; firstPfn < dumped.pfnEnd; firstPfn += BLOCK_PFNS) {
        if (this.#isStopped || !this.#isWritable) break
        pass.select(this.#block, firstPfn)
        // Most passes are about a few places of memory.
        if (isEmpty(this.#block)) continue
        dumped.load(this.#part, firstPfn)
        await this.#addBlock(this.#collect(firstPfn), onPage)
      }
      await this.#submit(onPage)
      // What a root points to must be known before the next pass selects.
      if (onPage) await this.#drain(0)
    }
    await this.#drain(0)
    this.#input.onTurn(this.counts)
  }

  get #isWritable(): boolean {
    return this.#input.writers.every(({ ok }) => ok)
  }

  /** Put frame and descriptor numbers of the selected frames into `#pfns` and `#indexes`; returns how many. */
  #collect(firstPfn: number): number {
    const selected = new DataView(this.#block.buffer)
    const all = new DataView(this.#part.buffer)
    let count = 0
    let index = this.#input.dumped.rank(firstPfn)
    for (let at = 0; at < this.#part.length; at += 4) {
      const allWord = all.getInt32(at, true)
      if (allWord === 0) continue
      for (let word = selected.getInt32(at, true) & allWord; word !== 0; word &= word - 1) {
        const lowest = word & -word
        this.#pfns[count] = firstPfn + at * 8 + 31 - Math.clz32(lowest)
        this.#indexes[count] = index + popcount32(allWord & (lowest - 1))
        count++
      }
      index += popcount32(allWord)
    }
    return count
  }

  /** Cut what was collected into jobs. */
  async #addBlock(
    count: number,
    onPage: ((words: Uint32Array) => void) | undefined,
  ): Promise<void> {
    for (let from = 0; from < count && !this.#isStopped;) {
      const writer = this.#writerOf(this.#indexes[from] as number)
      const job = this.#job
      if (job.count > 0 && job.writer !== writer) await this.#submit(onPage)
      this.#job.writer = writer
      const to = this.#take(from, count)
      if (this.#job.count === this.#job.pfns.length) await this.#submit(onPage)
      from = to
    }
  }

  /** Move collected frames of the job's writer into the job while there is room; returns the first that is left. */
  #take(from: number, count: number): number {
    const job = this.#job
    let to = Math.min(count, from + job.pfns.length - job.count)
    while ((this.#indexes[to - 1] as number) >= job.writer.indexEnd) to--
    job.pfns.set(this.#pfns.subarray(from, to), job.count)
    job.indexes.set(this.#indexes.subarray(from, to), job.count)
    job.count += to - from
    return to
  }

  #writerOf(index: number): DumpWriter {
    const { writers } = this.#input
    return writers.find(({ indexEnd }) => index < indexEnd) ?? (writers.at(-1) as DumpWriter)
  }

  /** Have the job packed. Pages that are looked at are packed here, for threads cannot note what they see. */
  async #submit(onPage: ((words: Uint32Array) => void) | undefined): Promise<void> {
    const job = this.#job
    if (job.count === 0) return
    const { pool, packer } = this.#input
    if (!pool || onPage) {
      await this.#drain(0)
      packer.pack(job.pfns, job.count, this.#packed, this.#jobNumber++, onPage)
      job.writer.write(job, this.#packed, this.#stored, this.counts)
      job.count = 0
      await job.writer.drain()
    } else {
      await this.#drain(pool.capacity - 1)
      const { worker, packed } = pool.pack(job.pfns, job.count, this.#jobNumber++)
      this.#pending.push({ job, worker, packed })
      this.#job = this.#idleJobs.pop() ?? this.#newJob()
    }
    await this.#turn()
  }

  /** Write what threads have packed until at most `limit` jobs are under way. */
  async #drain(limit: number): Promise<void> {
    while (this.#pending.length > limit) {
      const { job, worker, packed } = this.#pending.shift() as Pending
      const pages = await packed
      job.writer.write(job, pages, this.#stored, this.counts)
      await job.writer.drain()
      this.#input.pool?.release(worker, pages)
      job.count = 0
      this.#idleJobs.push(job)
    }
  }

  async #turn(): Promise<void> {
    if (monotonicMs() - this.#yielded < YIELD_MS) return
    this.#isStopped ||= !this.#input.onTurn(this.counts)
    await new Promise((resolve) => setImmediate(resolve))
    this.#yielded = monotonicMs()
  }

  #newJob(): Job {
    const limit = packLimit(this.#input.pageSize)
    return {
      pfns: new Float64Array(limit),
      indexes: new Float64Array(limit),
      count: 0,
      writer: this.#input.writers[0] as DumpWriter,
    }
  }
}

function popcount32(word: number): number {
  word -= (word >>> 1) & 0x5555_5555
  word = (word & 0x3333_3333) + ((word >>> 2) & 0x3333_3333)
  return Math.imul((word + (word >>> 4)) & 0x0f0f_0f0f, 0x0101_0101) >>> 24
}
