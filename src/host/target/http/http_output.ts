// What an upload of either kind is: an output that takes bytes in order, and knows what it has sent.
import type { DumpOutput } from '../../platform/dump_output.ts'

/** An upload. */
export interface HttpOutput extends DumpOutput {
  /** Bytes so far. */
  readonly sizeBytes: number
  /** Of all that was written, in hex; asked for, nothing more can be written. */
  readonly sha256: string
}
