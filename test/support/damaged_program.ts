// A dumped kernel whose pages are damaged, for what walks kernels and must not be led astray.
import type { Dump } from '../../src/core/dump/dump_format.ts'
import { loadModules } from '../../src/core/kernel/module.ts'
import { Program } from '../../src/core/program/program.ts'
import { mutate, type Random } from './mutate.ts'

/** The same kernel over damaged pages: one in a few is damaged, some are missing. */
export function damagedProgram({ dump }: Program, random: Random): Program {
  const pages = new Map<number, Uint8Array>()
  const rate = 2 + random.below(30)
  const damaged: Dump = {
    ...dump,
    readPhysical(physical, into) {
      const pfn = Math.floor(physical / dump.pageSize)
      let page = pages.get(pfn)
      if (!page) {
        page = new Uint8Array(dump.pageSize)
        dump.readPhysical(pfn * dump.pageSize, page)
        if (random.below(rate) === 0) page.set(mutate(page, random))
        pages.set(pfn, page)
      }
      into.set(page.subarray(physical % dump.pageSize, (physical % dump.pageSize) + into.length))
    },
  }
  return new Program(damaged, { loadModules })
}
