// The page frames of a dump as the engine wants them.
import { UnsupportedError } from '../../core/base/errors.ts'
import type { Dump, PfnRun } from '../../core/dump/dump_format.ts'
import type { EraseRange } from './erase/erase_ranges.ts'
import { PageEraser } from './erase/page_eraser.ts'

/** What the engine knows of a dump. */
export interface DumpPages {
  readonly pageSize: number
  readonly pfnEnd: number
  /** Frames that are RAM, ascending and disjoint. */
  readonly existing: readonly PfnRun[]
  /** Those of them whose content the dump has. */
  readonly present: readonly PfnRun[]
  /** Read physical memory. @throws {FaultError} where the dump has nothing */
  read(physical: number, into: Uint8Array): void
}

/** 64 TiB of 4 KiB pages, the most that x86-64 maps with 4 levels: bitmaps of 2 GiB. What claims more is lying. */
const PFN_LIMIT = 2 ** 34

/** Prepare a dump for filtering. @throws {UnsupportedError} if it speaks of more memory than any machine has */
export function dumpPages(dump: Dump): DumpPages {
  if (dump.pfnEnd > PFN_LIMIT) {
    const what = `memory up to page frame 0x${dump.pfnEnd.toString(16)}`
    throw new UnsupportedError(
      `${dump.file}: filtering ${what} (0x${PFN_LIMIT.toString(16)} at most)`,
    )
  }
  return {
    pageSize: dump.pageSize,
    pfnEnd: dump.pfnEnd,
    existing: dump.pfnRuns('existing'),
    present: dump.pfnRuns('present'),
    read: (physical, into) => dump.readPhysical(physical, into),
  }
}

/** The same pages without what is to be erased. */
export function erasedPages(pages: DumpPages, ranges: readonly EraseRange[]): DumpPages {
  if (ranges.length === 0) return pages
  const { pageSize } = pages
  const eraser = new PageEraser(ranges, pageSize)
  const readPages = (physical: number, into: Uint8Array): void => {
    pages.read(physical, into)
    const first = physical / pageSize
    for (let i = 0; i * pageSize < into.length; i++) {
      eraser.erase(first + i, into.subarray(i * pageSize, (i + 1) * pageSize))
    }
  }
  return {
    ...pages,
    read(physical, into) {
      const start = Math.floor(physical / pageSize) * pageSize
      const end = Math.ceil((physical + into.length) / pageSize) * pageSize
      if (start === physical && end === physical + into.length) {
        readPages(physical, into)
        return
      }
      const whole = new Uint8Array(end - start)
      readPages(start, whole)
      into.set(whole.subarray(physical - start, physical - start + into.length))
    },
  }
}
