// A dump into an open stream, such as a pipe: pieces go out in the order in which they are written.
import { HostError } from '../../core/base/errors.ts'
import type { SyncDumpOutput } from './dump_output.ts'
import { errnoOf } from './file_error.ts'
import { writeFully } from './stream.ts'

/** Write to an open stream, which stays open. Offsets are for flattenOutput() to keep. */
export function openStreamOutput(fd: number, name: string): SyncDumpOutput {
  let problem: HostError | undefined
  return {
    name,
    get problem() {
      return problem
    },
    write(_offset, bytes) {
      if (problem) return 0
      try {
        writeFully(fd, bytes)
        return bytes.length
      } catch (cause) {
        problem = new HostError(`${name}: cannot write: ${errnoOf(cause)}`, errnoOf(cause), {
          cause,
        })
        return 0
      }
    },
    truncate() {},
    sync() {},
    close() {},
  }
}
