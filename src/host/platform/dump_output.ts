// Where a dump goes: bytes at positions. A disk that fills up is no exception but an ordinary end.
import type { HostError } from '../../core/base/errors.ts'

/** A target of a dump. */
export interface DumpOutput {
  readonly name: string
  /** Why the last write was short; undefined while all is well. */
  readonly problem: HostError | undefined
  /**
   * Write `bytes` at `offset`; what is between the end and a later offset reads as zeros.
   *
   * @returns bytes written: fewer than given when the target takes no more
   */
  write(offset: number, bytes: Uint8Array): number
  /** Read back what was written; returns bytes read. Absent where that is not possible. */
  read?(offset: number, into: Uint8Array): number
  /** Cut everything from `size` on; a file that is shorter stays so. */
  truncate(size: number): void
  /** Wait until there is room for more; absent where write() itself waits. Never rejects: see `problem`. */
  drain?(): Promise<void>
  /** Make what was written durable. @throws {HostError} */
  sync(): void | Promise<void>
  close(): void | Promise<void>
}

/** A target that is done when each call returns, such as a file. */
export interface SyncDumpOutput extends DumpOutput {
  sync(): void
  close(): void
}
