// A dump made of pages at hand, counting what is read of it: for tests of caches and of reasons.
import { FaultError, type FaultReason } from '../../src/core/base/errors.ts'
import type { Dump, PageState, PfnRun } from '../../src/core/dump/dump_format.ts'
import { pfnRunsOf } from './pfn_runs.ts'

/** A page's bytes, or why it has none. */
export type PageSource = (pfn: number) => Uint8Array | FaultReason

/** The dump; `reads` lists the frames read, in order. */
export class PageDump implements Dump {
  readonly format = 'pages'
  readonly file = 'pages'
  readonly incomplete = false
  readonly dumpLevel = undefined
  readonly utsname = undefined
  readonly timestamp = 0
  readonly physBase = undefined
  readonly notes = []
  readonly vmcoreinfo = undefined
  readonly pageSize: number
  readonly pfnEnd: number
  readonly littleEndian: boolean
  readonly reads: number[] = []
  readonly #page: PageSource

  constructor(page: PageSource, { pageSize = 4096, pfnEnd = 2 ** 20, littleEndian = true } = {}) {
    this.#page = page
    this.pageSize = pageSize
    this.pfnEnd = pfnEnd
    this.littleEndian = littleEndian
  }

  pageState(pfn: number): PageState {
    const page = this.#page(pfn)
    if (typeof page !== 'string') return 'present'
    return page === 'excluded' ? 'excluded' : 'absent'
  }

  pfnRuns(what: 'existing' | 'present'): PfnRun[] {
    return pfnRunsOf({ pfnEnd: this.pfnEnd, pageState: (pfn) => this.pageState(pfn) }, what)
  }

  readPhysical(physical: number, into: Uint8Array): void {
    for (let done = 0; done < into.length;) {
      const at = physical + done
      const pfn = Math.floor(at / this.pageSize)
      const page = this.#page(pfn)
      if (typeof page === 'string') throw new FaultError(BigInt(at), 'physical', page)
      this.reads.push(pfn)
      const part = page.subarray(at % this.pageSize, (at % this.pageSize) + into.length - done)
      into.set(part, done)
      done += part.length
    }
  }

  [Symbol.dispose](): void {}
}
