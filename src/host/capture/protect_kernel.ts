// What no filter may take: the kernel image as it is after boot, what the kernel's page tables map outside of image and
// direct map (modules, vmalloc, stacks, the page array), and these tables themselves. None of it is cache, user data or
// free memory.
import type { KernelMap, MappedRun } from '../../core/arch/arch.ts'
import type { PfnRun } from '../../core/dump/dump_format.ts'
import type { KernelFacts } from './kernel_facts.ts'
import { mergeRuns } from './page_bitmap.ts'

/**
 * What stays of the image. Init sections and the gaps between the others are free memory after boot, though they may
 * stay mapped. @source include/asm-generic/sections.h, arch/x86/mm/init_64.c mark_rodata_ro()
 */
const IMAGE_SECTIONS = [
  ['_stext', '_etext'],
  ['__start_rodata', '__end_rodata'],
  ['_sdata', '_edata'],
  // In the middle of .bss memory encryption has pages of its own: their unused part is freed.
  ['__bss_start', '__bss_stop', '__start_bss_decrypted_unused', '__end_bss_decrypted'],
] as const
/** The window of an image is 1 GiB. */
const SECTION_SIZE_MAX = 2 ** 30

/** The kernel's own frames. */
export interface KernelFrames {
  readonly map: KernelMap
  /** Frames of the image, see `imageFrames()`. */
  readonly image: readonly MappedRun[]
}

/**
 * Frames of the kernel image that are its own since boot.
 *
 * @param toPhysical translates addresses of the image, which is contiguous in physical memory
 * @returns none where symbols are missing
 * @throws {FaultError} if the image is not mapped
 */
export function imageFrames(
  { symbols }: Pick<KernelFacts, 'symbols'>,
  toPhysical: (address: bigint) => number,
  pageSize: number,
): MappedRun[] {
  return IMAGE_SECTIONS.flatMap(([first, last, holeFirst = '', holeLast = '']) => {
    const start = symbols.get(first)
    const end = symbols.get(last)
    const holeStart = symbols.get(holeFirst) ?? end
    const holeEnd = symbols.get(holeLast) ?? end
    return [...framesOf(start, holeStart), ...framesOf(holeEnd, end)]
  })

  function framesOf(start: bigint | undefined, end: bigint | undefined): MappedRun[] {
    if (start === undefined || end === undefined) return []
    const size = Number(end - start)
    if (!(size > 0 && size <= SECTION_SIZE_MAX)) return []
    const physical = toPhysical(start)
    const pfn = Math.floor(physical / pageSize)
    return [{ pfn, count: Math.ceil((physical + size) / pageSize) - pfn }]
  }
}

/**
 * Runs of the kernel's own frames, as a filter wants them.
 *
 * @param pfnEnd devices are mapped, too, beyond all RAM
 * @returns sorted and disjoint
 */
export function ownFrames({ map, image }: KernelFrames, pfnEnd: number): PfnRun[] {
  const runs = [...image, ...map.other, ...map.tables.map((pfn) => ({ pfn, count: 1 }))]
  return mergeRuns(
    runs
      .filter(({ pfn, count }) => pfn >= 0 && pfn < pfnEnd && count > 0)
      .map(({ pfn, count }) => ({ start: pfn, end: Math.min(pfn + count, pfnEnd) })),
  )
}
