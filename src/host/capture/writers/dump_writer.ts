// What the engine asks of a dump file in the making, whatever its format.
import type { PackedPages, StoredPages } from '../packed_pages.ts'

/** What happened to pages so far. */
export interface PageCounts {
  copied: number
  zero: number
  repeated: number
  /** Pages that could not be read. */
  unreadable: number
}

/** Frames that were packed, and the numbers of their descriptors. */
export interface PageJob {
  readonly pfns: Float64Array
  /** A frame's number among all dumped frames. */
  readonly indexes: Float64Array
  count: number
}

/** One file of a dump. */
export interface DumpWriter {
  /** The file holds the dumped frames from the writer before up to this number. */
  readonly indexEnd: number
  /** False once the output takes no more. */
  readonly ok: boolean
  /** Bytes written, what lies between parts not counted (makedumpfile's "Write bytes"). */
  readonly writtenBytes: number
  readonly fileSize: number
  /** Pages that were packed but found no room. */
  readonly lostPages: number
  /** Write what precedes page data, never more at once than the output has room for. */
  begin(): Promise<void>
  /** Take packed pages; `stored` says where the pages lie that their packer remembers. */
  write(job: PageJob, packed: PackedPages, stored: StoredPages, counts: PageCounts): void
  /** Wait until the output has room for more; undefined where it never needs to. */
  drain(): Promise<void> | undefined
  /** Write what waits, and say in the file whether the dump is whole. Making it durable is the caller's choice. */
  finish(isComplete: boolean): Promise<void>
}
