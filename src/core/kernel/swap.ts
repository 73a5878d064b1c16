// Swap areas. Source: include/linux/swap.h, mm/swapfile.c.
import { KdumpError } from '../base/errors.ts'
import type { KObject } from '../program/kobject.ts'
import type { Program } from '../program/program.ts'
import { dPath } from './dcache.ts'
import { fileInode, filePath, inodeType } from './fs.ts'

export type SwapInfo = KObject<'swap_info_struct'>

/** @source include/linux/swap.h */
const SWP_USED = 1
/** MAX_SWAPFILES is below 32. */
const SWAPFILES_MAX = 32
/**
 * Set in inuse_pages of an area that nothing is to be written to: the bit before the last of an int, later of a long.
 *
 * @source mm/swapfile.c SWAP_USAGE_OFFLIST_BIT
 */
const SWAP_USAGE_OFFLIST = [1n << 30n, 1n << 62n]

/** Walk the areas in use. @source mm/swapfile.c swap_start() */
export function* forEachSwapInfo(program: Program): Generator<SwapInfo> {
  // Without CONFIG_SWAP there is none.
  if (!program.hasSymbol('swap_info')) return
  const areas = program.object('swap_info')
  const count = program.object('nr_swapfiles').number()
  for (let i = 0; i < Math.min(count, SWAPFILES_MAX); i++) {
    const pointer = areas.at(i)
    if (pointer.isNull()) continue
    const info: SwapInfo = pointer.deref()
    if ((info.number('flags') & SWP_USED) !== 0 && !info.get('swap_file').isNull()) yield info
  }
}

/** Pages in use. @source mm/swapfile.c swap_usage_in_pages() */
export function swapInusePages(info: SwapInfo): number {
  // Since v6.13, commit b228386cf237 ("mm, swap: clean up plist removal and adding"), an atomic with a mark in it.
  const atomic = info.find('inuse_pages.counter')
  if (!atomic) return info.number('inuse_pages')
  const pages = info.bigint('pages')
  let used = atomic.bigint()
  // No area has more pages in use than it has pages.
  for (const mark of SWAP_USAGE_OFFLIST) if (used > pages && (used & mark) !== 0n) used -= mark
  return Number(used)
}

/** The path of the device or file. */
export function swapPath(info: SwapInfo): string {
  return dPath(filePath(info.get('swap_file').deref()))
}

/**
 * The path of a swap area by its number, as a swap entry has it.
 *
 * @returns undefined if there is no such area, or its path cannot be read: the number means something else then
 * @source mm/swapfile.c swap_type_to_info()
 */
export function swapFileName(program: Program, type: number): string | undefined {
  if (type >= SWAPFILES_MAX || !program.hasSymbol('swap_info')) return undefined
  try {
    const info = program.object('swap_info').at(type)
    if (type >= program.object('nr_swapfiles').number() || info.isNull()) return undefined
    return info.deref().get('swap_file').isNull() ? undefined : swapPath(info.deref())
  } catch (error) {
    if (error instanceof KdumpError) return undefined
    throw error
  }
}

/** What is swapped to: as /proc/swaps has it. @source mm/swapfile.c swap_show() */
export function swapType(info: SwapInfo): 'partition' | 'file' {
  return inodeType(fileInode(info.get('swap_file').deref())) === 'BLK' ? 'partition' : 'file'
}

/** Pages of all areas, free ones included. */
export function totalSwapPages(program: Program): number {
  return program.hasSymbol('total_swap_pages') ? program.object('total_swap_pages').number() : 0
}
