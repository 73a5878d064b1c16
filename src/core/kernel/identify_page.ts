// What a page of memory holds: free memory, slabs, a file's contents, a process's own.
import { KdumpError } from '../base/errors.ts'
import type { KObject } from '../program/kobject.ts'
import type { Program } from '../program/program.ts'
import { dentryPath } from './dcache.ts'
import type { Identity } from './identify.ts'
import { mmOwnerText } from './identify_user.ts'
import { findFreeBlock, pageZoneOf } from './mmzone.ts'
import {
  compoundHead,
  compoundOrder,
  pageFlagNames,
  pageFlags,
  pageHasFlag,
  pageIsSlab,
  pageType,
  pfnToPage,
  type Page,
} from './page.ts'
import { rbtreeInorderForEachEntry } from './rbtree.ts'

// include/linux/page-flags.h
const PAGE_MAPPING_ANON = 1n
const PAGE_MAPPING_MOVABLE = 2n

/** The page at a physical address. @throws {FaultError} if there is no descriptor of it */
export function* identifyPage(program: Program, physical: number): Generator<Identity> {
  const pfn = Math.floor(physical / program.memory.pageSize)
  const page = pfnToPage(program, pfn)
  const flags = pageFlagNames(program, pageFlags(page)).join(',')
  const zone = pageZoneOf(page)?.string('name') ?? ''
  const parts = [
    pageUse(page),
    zone === '' ? '' : `zone ${zone}`,
    flags === '' ? '' : `flags ${flags}`,
  ]
  yield {
    kind: 'page',
    name: `pfn ${pfn}`,
    start: page.address,
    detail: parts.filter((part) => part !== '').join(', '),
  }
}

function pageUse(page: Page): string {
  try {
    return describeUse(page)
  } catch (error) {
    if (error instanceof KdumpError) return ''
    throw error
  }
}

function describeUse(page: Page): string {
  const free = findFreeBlock(page)
  if (free) return `free, in a block of order ${free.order}`
  const head = compoundHead(page)
  const order = compoundOrder(head)
  const compound = order === 0 ? '' : ` of order ${order}`
  if (pageIsSlab(head)) return `slab${compound}`
  if (pageHasFlag(head, 'PG_reserved')) return 'reserved'
  const type = pageType(head)
  if (type !== undefined) return `${type}${compound}`
  const count = head.number('_refcount.counter')
  if (count === 0) return 'free, kept by a CPU'
  return `${mappingText(head)}${compound}, ${count} reference${count === 1 ? '' : 's'}`
}

/** Whose memory it is, by `page->mapping`. @source include/linux/page-flags.h folio_test_anon() */
function mappingText(head: Page): string {
  const mapping = head.pointer('mapping')
  const kind = mapping & 3n
  const target = mapping & ~3n
  if (mapping === 0n) return 'kernel memory'
  if (kind === PAGE_MAPPING_ANON) return `anonymous${anonOwners(head.program, target)}`
  if (kind === (PAGE_MAPPING_ANON | PAGE_MAPPING_MOVABLE)) return 'anonymous, merged by KSM'
  if (kind === PAGE_MAPPING_MOVABLE) return 'movable, of a driver'
  return fileText(head.program.objectAt('address_space', target), head)
}

/** Owners shown of a page that many share. */
const OWNERS_MAX = 3

/** Processes that an anonymous page may be mapped by. @source mm/rmap.c rmap_walk_anon() */
function anonOwners(program: Program, anonVma: bigint): string {
  const owners = new Set<string>()
  try {
    const root = program.objectAt('anon_vma', anonVma).get('rb_root.rb_root')
    for (const chain of rbtreeInorderForEachEntry(root, 'struct anon_vma_chain', 'rb')) {
      const text = mmOwnerText(program, chain.pointer('vma.vm_mm'))
      if (text !== '') owners.add(text)
      if (owners.size > OWNERS_MAX) break
    }
  } catch (error) {
    if (!(error instanceof KdumpError)) throw error
  }
  const shown = [...owners].slice(0, OWNERS_MAX)
  return owners.size === 0 ? '' : ` of ${shown.join(', ')}${owners.size > OWNERS_MAX ? '…' : ''}`
}

function fileText(mapping: KObject, head: Page): string {
  const inode = mapping.get('host')
  if (inode.isNull()) return 'page cache'
  const host = inode.deref()
  // Since v6.16, commit acc53a0b4c15 ("mm: rename page->index to page->__folio_index"), the name says whose it is.
  const index = head.bigint('__folio_index', 'index')
  const what = mapping.address === 0n ? '' : `page ${index} of ${inodeText(host)}`
  return pageHasFlag(head, 'PG_swapcache') ? `swap cache ${what}` : `page cache, ${what}`
}

/** A path within its file system, by any of the inode's names: `/srv/db (inode 12 of vda1)`. */
export function inodeText(inode: KObject): string {
  const number = `inode ${inode.bigint('i_ino')}`
  const device = inode.get('i_sb').isNull() ? '' : ` of ${inode.get('i_sb').deref().string('s_id')}`
  const alias = inode.pointer('i_dentry')
  if (alias === 0n) return `${number}${device}`
  const { program } = inode
  // Since v7.1 d_alias is a member of its own again; from v3.19 on, commit 946e51f2bf37 ("move d_rcu from overlapping
  // d_child to overlapping d_alias"), it shared its place.
  const offset = program.objectAt('dentry', 0n).get('d_alias', 'd_u.d_alias').address
  return `${dentryPath(program.objectAt('dentry', alias - offset))} (${number}${device})`
}
