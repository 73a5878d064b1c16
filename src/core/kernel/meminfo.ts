// How memory is used, the way /proc/meminfo adds it up. Source: fs/proc/meminfo.c meminfo_proc_show(). All in pages.
import type { Program } from '../program/program.ts'
import { listForEachEntry } from './list.ts'
import { forEachMemmapChunk } from './memmap.ts'
import { forEachNode, nodeZones, totalramPages, zoneWatermarks } from './mmzone.ts'
import { pageFlagList } from './page.ts'
import { percpuCounterSum } from './percpu_counter.ts'
import { hugetlbTotalPages } from './hugetlb.ts'
import { forEachSwapInfo, swapInusePages, totalSwapPages } from './swap.ts'
import { counterValue, vmNodeStat, vmZoneStat } from './vmstat.ts'

/** @source mm/swap.h, v5.11 and older: of each area, an array of address spaces */
const SWAPPER_SPACES_MAX = 1 << 20

/** MemFree. */
export function freePages(program: Program): number {
  return counterValue(vmZoneStat(program), 'NR_FREE_PAGES')
}

/**
 * MemAvailable: what could be had without swapping.
 *
 * @source mm/show_mem.c si_mem_available()
 */
export function availablePages(program: Program): number {
  const counters = vmNodeStat(program)
  const low = lowWatermark(program)
  const reserved = program.object('totalreserve_pages', 'unsigned long').number()
  const cache =
    counterValue(counters, 'NR_ACTIVE_FILE') + counterValue(counters, 'NR_INACTIVE_FILE')
  const reclaimable =
    counterValue(counters, 'NR_SLAB_RECLAIMABLE_B', 'NR_SLAB_RECLAIMABLE') +
    counterValue(counters, 'NR_KERNEL_MISC_RECLAIMABLE')
  const usable = (pages: number): number => pages - Math.min(Math.floor(pages / 2), low)
  return Math.max(0, freePages(program) - reserved + usable(cache) + usable(reclaimable))
}

function lowWatermark(program: Program): number {
  let pages = 0
  for (const node of forEachNode(program))
    for (const zone of nodeZones(node)) pages += zoneWatermarks(zone).low
  return pages
}

/** Buffers: cached pages of block devices. @source block/bdev.c nr_blockdev_pages() */
export function bufferPages(program: Program): number {
  if (!program.hasSymbol('blockdev_superblock')) return 0
  const superBlock = program.object('blockdev_superblock', 'struct super_block *')
  if (superBlock.isNull()) return 0
  let pages = 0
  for (const inode of listForEachEntry(superBlock.get('s_inodes'), 'struct inode', 'i_sb_list'))
    pages += inode.number('i_mapping.nrpages')
  return pages
}

/** SwapCached: pages that are in memory and in swap. @source mm/swap_state.c total_swapcache_pages() */
export function swapCachePages(program: Program): number {
  // Since v5.12, commit b6038942480e ("mm: memcg: add swapcache stat for memcg v2"), there is a count.
  const counter = vmNodeStat(program).find(({ name }) => name === 'NR_SWAPCACHE')
  if (counter) return counter.value
  if (!program.hasSymbol('swapper_spaces')) return 0
  const spaces = program.object('swapper_spaces', 'struct address_space *[0]')
  const counts = program.object('nr_swapper_spaces', 'unsigned int [0]')
  let pages = 0
  for (const info of forEachSwapInfo(program)) {
    const type = info.number('type')
    const count = Math.min(counts.at(type).number(), SWAPPER_SPACES_MAX)
    for (let i = 0; i < count; i++) pages += spaces.at(type).at(i).number('nrpages')
  }
  return pages
}

/** Cached: pages of files, but for block devices and swap. */
export function cachedPages(program: Program): number {
  const files = counterValue(vmNodeStat(program), 'NR_FILE_PAGES')
  return Math.max(0, files - swapCachePages(program) - bufferPages(program))
}

/** Slab: what the slab allocator has, reclaimable or not. */
export function slabPages(program: Program): number {
  const counters = vmNodeStat(program)
  // Since v5.9, commit d42f3245c7e2 ("mm: memcg: convert vmstat slab counters to bytes"), _B: still kept in pages here.
  return (
    counterValue(counters, 'NR_SLAB_RECLAIMABLE_B', 'NR_SLAB_RECLAIMABLE') +
    counterValue(counters, 'NR_SLAB_UNRECLAIMABLE_B', 'NR_SLAB_UNRECLAIMABLE')
  )
}

/** SwapFree. @source mm/swapfile.c si_swapinfo() */
export function freeSwapPages(program: Program): number {
  let used = 0
  for (const info of forEachSwapInfo(program)) used += swapInusePages(info)
  return Math.max(0, totalSwapPages(program) - used)
}

/** CommitLimit: what may be promised to processes under strict accounting. @source mm/util.c vm_commit_limit() */
export function vmCommitLimit(program: Program): number {
  const kbytes = program.object('sysctl_overcommit_kbytes', 'unsigned long').number()
  const ratio = program.object('sysctl_overcommit_ratio', 'int').number()
  const allowed =
    kbytes > 0
      ? Math.floor((kbytes * 1024) / program.memory.pageSize)
      : Math.floor(((totalramPages(program) - hugetlbTotalPages(program)) * ratio) / 100)
  return allowed + totalSwapPages(program)
}

/** Committed_AS: what has been promised. @source mm/util.c vm_memory_committed() */
export function vmMemoryCommitted(program: Program): number {
  return Math.max(0, Number(percpuCounterSum(program.object('vm_committed_as'))))
}

/** Pages that several use: with more than one reference, reserved ones aside. Reads all page descriptors. */
export function sharedPages(program: Program): number {
  const size = program.sizeof('struct page')
  const { littleEndian } = program.memory
  const refcount = Number(program.objectAt('struct page', 0n).get('_refcount').address)
  const flags = program.offsetof('struct page', 'flags')
  const reserved = pageFlagList(program).find(({ name }) => name === 'PG_reserved')?.bit ?? 0
  const low = littleEndian ? flags : flags + 4
  let pages = 0
  for (const { view, count } of forEachMemmapChunk(program)) {
    for (let i = 0; view && i < count; i++) {
      if ((view.getUint32(i * size + low, littleEndian) >>> reserved) & 1) continue
      if (view.getInt32(i * size + refcount, littleEndian) > 1) pages++
    }
  }
  return pages
}
