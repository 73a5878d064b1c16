// A search through all memory of a dump for four bytes: as fast as memory can be read, since it looks at whole words.
import type { Dump } from './dump_format.ts'
import { readOrReason } from './identify_kernel.ts'

const CHUNK_SIZE = 1024 * 1024
/** Segments may share the bytes of a small file: what is searched is bounded by this alone. */
const SCAN_SIZE_MAX = 2 ** 43

/**
 * Find every place, at a multiple of four, where memory holds `word`. Some 2 GB are searched in a second.
 *
 * @param word four ASCII characters
 * @yields physical addresses, ascending; pages that cannot be read are passed over
 */
export function* forEachWord(dump: Dump, word: string): Generator<number> {
  const wanted = new Int32Array(Uint8Array.from(word, (c) => c.charCodeAt(0)).buffer)[0] as number
  const runs = dump.pfnRuns('present')
  const longest = runs.reduce((most, { start, end }) => Math.max(most, end - start), 0)
  const bytes = new Uint8Array(Math.min(CHUNK_SIZE, longest * dump.pageSize))
  let left = SCAN_SIZE_MAX
  for (const run of runs) {
    const end = run.end * dump.pageSize
    for (let at = run.start * dump.pageSize; at < end && left > 0;) {
      const size = Math.min(bytes.length, end - at)
      const isLost = !readChunk(dump, at, bytes.subarray(0, size))
      const words = new Int32Array(bytes.buffer, 0, size / 4)
      for (let i = words.indexOf(wanted); i >= 0; i = words.indexOf(wanted, i + 1)) {
        yield at + i * 4
      }
      at += size
      left -= size
      // Behind a page that the file has lost it has no other.
      if (isLost) break
    }
  }
}

/** Read what can be read, zeros for the rest; false if the file ended in between. */
function readChunk(dump: Dump, physical: number, into: Uint8Array): boolean {
  if (readOrReason(dump, physical, into) === '') return true
  for (let done = 0; done < into.length; done += dump.pageSize) {
    const page = into.subarray(done, done + dump.pageSize)
    const reason = readOrReason(dump, physical + done, page)
    if (reason !== '') page.fill(0)
    if (reason === 'truncated') {
      into.fill(0, done)
      return false
    }
  }
  return true
}
