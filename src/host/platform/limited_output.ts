// Outputs that take less: no more than a limit (makedumpfile -L), or nothing at all (--dry-run).
import { HostError } from '../../core/base/errors.ts'
import type { DumpOutput } from './dump_output.ts'

/** Let `output` grow to `sizeMax` bytes: what would exceed it is not taken, as on a full disk. */
export function limitOutput(output: DumpOutput, sizeMax: number): DumpOutput {
  let problem: HostError | undefined
  return {
    name: output.name,
    get problem() {
      return output.problem ?? problem
    },
    write(offset, bytes) {
      const size = Math.max(0, Math.min(bytes.length, sizeMax - offset))
      if (size < bytes.length) {
        const what = `would exceed the limit of ${sizeMax} bytes`
        problem ??= new HostError(`${output.name}: ${what}`, 'EFBIG')
      }
      return size > 0 ? output.write(offset, bytes.subarray(0, size)) : 0
    },
    ...(output.read && {
      read: (offset: number, into: Uint8Array) => output.read?.(offset, into) ?? 0,
    }),
    ...(output.drain && { drain: async () => output.drain?.() }),
    truncate: (size) => output.truncate(size),
    sync: () => output.sync(),
    close: () => output.close(),
  }
}

/** Take everything and keep nothing. */
export function nullOutput(name: string): DumpOutput {
  return {
    name,
    problem: undefined,
    write: (_offset, bytes) => bytes.length,
    truncate() {},
    sync() {},
    close() {},
  }
}
