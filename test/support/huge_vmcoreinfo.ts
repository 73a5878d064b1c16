// VMCOREINFO of the simulated large machine: the keys of a real 6.1 that filtering and page tables need, under the same
// names and with the same values where these are no addresses. Log, kallsyms and the lists of free pages are left out.
import { AT, DTOR, FLAG, STRUCT_PAGE, TYPE } from './page_patterns.ts'

/** Where the machine's own structures lie. */
export interface HugeSymbols {
  readonly init_uts_ns: bigint
  readonly node_online_map: bigint
  readonly stext: bigint
  readonly mem_section: bigint
  readonly init_top_pgt: bigint
}

/** `uname -r` of the machine. */
export const HUGE_RELEASE = '6.1.0-56-amd64'
/** Pointers in the table of mem_section roots. */
export const SECTION_ROOTS = 2048

/** The text of the note. */
export function hugeVmcoreinfo(symbols: HugeSymbols): string {
  const hex = (address: bigint): string => address.toString(16)
  return `OSRELEASE=${HUGE_RELEASE}
PAGESIZE=4096
SYMBOL(init_uts_ns)=${hex(symbols.init_uts_ns)}
OFFSET(uts_namespace.name)=0
SYMBOL(node_online_map)=${hex(symbols.node_online_map)}
SYMBOL(swapper_pg_dir)=${hex(symbols.init_top_pgt)}
SYMBOL(_stext)=${hex(symbols.stext)}
SYMBOL(mem_section)=${hex(symbols.mem_section)}
LENGTH(mem_section)=${SECTION_ROOTS}
SIZE(mem_section)=16
OFFSET(mem_section.section_mem_map)=0
NUMBER(SECTION_SIZE_BITS)=27
NUMBER(MAX_PHYSMEM_BITS)=46
SIZE(page)=${STRUCT_PAGE}
SIZE(list_head)=16
SIZE(nodemask_t)=128
OFFSET(page.flags)=${AT.flags}
OFFSET(page._refcount)=${AT.refcount}
OFFSET(page.mapping)=${AT.mapping}
OFFSET(page.lru)=${AT.lru}
OFFSET(page._mapcount)=${AT.mapcount}
OFFSET(page.private)=${AT.private}
OFFSET(page.compound_dtor)=${AT.dtor}
OFFSET(page.compound_order)=${AT.order}
OFFSET(page.compound_head)=${AT.lru}
OFFSET(list_head.next)=0
OFFSET(list_head.prev)=8
LENGTH(zone.free_area)=11
NUMBER(NR_FREE_PAGES)=0
NUMBER(PG_lru)=${FLAG.lru}
NUMBER(PG_private)=${FLAG.private}
NUMBER(PG_swapcache)=${FLAG.swapcache}
NUMBER(PG_swapbacked)=${FLAG.swapbacked}
NUMBER(PG_slab)=${FLAG.slab}
NUMBER(PG_hwpoison)=${FLAG.hwpoison}
NUMBER(PG_head_mask)=${1 << FLAG.head}
NUMBER(PAGE_BUDDY_MAPCOUNT_VALUE)=${TYPE.buddy}
NUMBER(HUGETLB_PAGE_DTOR)=${DTOR.hugetlb}
NUMBER(PAGE_OFFLINE_MAPCOUNT_VALUE)=${TYPE.offline}
NUMBER(phys_base)=0
SYMBOL(init_top_pgt)=${hex(symbols.init_top_pgt)}
NUMBER(pgtable_l5_enabled)=0
KERNELOFFSET=0
NUMBER(KERNEL_IMAGE_SIZE)=1073741824
NUMBER(sme_mask)=0
CRASHTIME=1767225600
`
}
