// The last rung: the old kernel's memory as it is, unfiltered, for when nothing about it can be understood. What crash tools
// make of it later is more than what a capture kernel can.
import { HostError } from '../../core/base/errors.ts'
import type { DumpOutput } from '../platform/dump_output.ts'
import { openFileSource } from '../platform/file_source.ts'

/** Copied at a time; a run of zeros of that length becomes a hole. */
const BLOCK_SIZE = 1 << 20

/** Who watches a copy. */
export interface CopyWatch {
  onProgress(doneBytes: number, totalBytes: number): void
  /** Must it end now? */
  isExpired(): boolean
}

/** Copy `vmcore` byte for byte. @returns why it is not whole, '' if it is */
export async function copyMemory(
  vmcore: string,
  output: DumpOutput,
  watch: CopyWatch,
): Promise<string> {
  using source = openFileSource(vmcore)
  const block = new Uint8Array(BLOCK_SIZE)
  for (let at = 0; at < source.size; at += BLOCK_SIZE) {
    if (watch.isExpired()) return `time is up: ${source.size - at} bytes are not in the copy`
    const got = readBlock(source, at, block.subarray(0, Math.min(BLOCK_SIZE, source.size - at)))
    const isLast = at + BLOCK_SIZE >= source.size
    // The last block is written whatever it holds, so that the file is as long as what it copies.
    if (isLast || got.some((byte) => byte !== 0)) {
      if (output.write(at, got) < got.length) break
      await output.drain?.()
    }
    watch.onProgress(at + got.length, source.size)
  }
  if (output.problem) return output.problem.message
  await output.sync()
  return ''
}

/** Memory that cannot be read is zeros: it is what machines die of. */
function readBlock(
  source: ReturnType<typeof openFileSource>,
  at: number,
  into: Uint8Array,
): Uint8Array {
  into.fill(0)
  try {
    source.read(at, into)
  } catch (error) {
    if (!(error instanceof HostError)) throw error
  }
  return into
}
