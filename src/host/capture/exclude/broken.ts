// Pages that must not be read, whatever the dump level: hardware poison (reading may stop the machine), and memory
// a hypervisor took back (balloon, virtio-mem).
import type { PageLayout } from '../page_layout.ts'
import { isSlab } from './slab.ts'

/** Has the memory behind the page failed? */
export function isHwpoison(flags: number, layout: PageLayout): boolean {
  return (flags & layout.hwpoison) !== 0
}

/** Is the page at word `at` logically offline? */
export function isOffline(words: Int32Array, at: number, layout: PageLayout): boolean {
  const mapcount = words[at + layout.mapcount] as number
  return (mapcount & layout.offline.mask) === layout.offline.value && !isSlab(words, at, layout)
}
