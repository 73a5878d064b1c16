// Finding pages of zeros before anything is written: formats that cannot share a page leave them out, and must know the
// frames they hold before the first one.
import { FaultError, HostError } from '../../core/base/errors.ts'
import { bitRuns } from '../../core/base/bits.ts'
import type { DumpPages } from './dump_pages.ts'
import { clearRange } from './page_bitmap.ts'

const READ_BYTES = 1024 * 1024

/** Clear the bits of frames that hold nothing but zeros; returns how many. Reads all of them. */
export function dropZeroPages(pages: DumpPages, dumped: Uint8Array): number {
  const { pageSize } = pages
  const limit = Math.max(1, READ_BYTES / pageSize)
  const buffer = new Uint8Array(limit * pageSize)
  const zeros = new Uint8Array(pageSize)
  let dropped = 0
  for (const run of bitRuns(dumped)) {
    for (let start = run.start; start < run.end; start += limit) {
      const count = Math.min(limit, run.end - start)
      if (!tryRead(pages, start * pageSize, buffer.subarray(0, count * pageSize))) continue
      for (let i = 0; i < count; i++) {
        const page = buffer.subarray(i * pageSize, (i + 1) * pageSize)
        if (Buffer.compare(page, zeros) === 0) {
          dropped += clearRange(dumped, start + i, start + i + 1)
        }
      }
    }
  }
  return dropped
}

/** What cannot be read is met again when it is copied. */
function tryRead(pages: DumpPages, physical: number, into: Uint8Array): boolean {
  try {
    pages.read(physical, into)
    return true
  } catch (error) {
    if (error instanceof FaultError || error instanceof HostError) return false
    throw error
  }
}
