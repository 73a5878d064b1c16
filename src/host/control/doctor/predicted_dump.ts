// How large a dump of this machine would be now, from what /proc/meminfo says: good to a factor of two, and free. `kbox
// makedumpfile --mem-usage` predicts by looking at every page.
import type { Facts } from '../../platform/facts.ts'
import { readMeminfo } from './patient.ts'

/** What stays in a dump of level 31: the kernel's own memory. */
const KERNEL_MEMORY = ['Slab', 'KernelStack', 'PageTables', 'Percpu', 'VmallocUsed']
/** struct page: 64 bytes a page of 4 KiB. */
const PAGE_ARRAY_PART = 64 / 4096
/** zstd and zlib of kernel memory, measured on our own dumps. */
const COMPRESSED_PART = 0.35
const KERNEL_IMAGE = 64 * 2 ** 20
const EXCLUDE_CACHE = 2
const EXCLUDE_USER = 8

/** Predict; `terms` says of what. 0 bytes if meminfo says nothing. */
export function predictedDumpBytes(
  facts: Facts,
  level: number,
): { readonly bytes: number; readonly terms: string } {
  const sizes = readMeminfo(facts)
  const total = sizes.get('MemTotal')
  if (total === undefined) return { bytes: 0, terms: '' }
  const sum = (names: readonly string[]): number =>
    names.reduce((bytes, name) => bytes + (sizes.get(name) ?? 0), 0)
  const kernel = sum(KERNEL_MEMORY) + KERNEL_IMAGE
  const pageArray = total * PAGE_ARRAY_PART
  const cache = level & EXCLUDE_CACHE ? 0 : sum(['Cached', 'Buffers'])
  const user = level & EXCLUDE_USER ? 0 : sum(['AnonPages'])
  const bytes = Math.ceil((kernel + pageArray + cache + user) * COMPRESSED_PART)
  const megabytes = (size: number): string => `${Math.ceil(size / 2 ** 20)} MB`
  const terms = [
    `kernel ${megabytes(kernel)}`,
    `page array ${megabytes(pageArray)}`,
    ...(cache > 0 ? [`cache ${megabytes(cache)}`] : []),
    ...(user > 0 ? [`user memory ${megabytes(user)}`] : []),
    `compressed to ${COMPRESSED_PART * 100} %`,
  ]
  return { bytes, terms: terms.join(', ') }
}
