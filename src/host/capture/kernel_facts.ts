// What the crashed kernel says of itself besides VMCOREINFO: a handful of symbols out of kallsyms, a handful of types
// out of BTF. Nothing is indexed: some 10 ms, and the memory of BTF (4 to 6 MB) until the facts are dropped.
import { CorruptError, KdumpError, NotFoundError } from '../../core/base/errors.ts'
import { Btf } from '../../core/debuginfo/btf.ts'
import { findKallsyms } from '../../core/debuginfo/find_kallsyms.ts'
import { TypeFacts } from '../../core/debuginfo/type_facts.ts'
import type { VmcoreInfo } from '../../core/debuginfo/vmcoreinfo.ts'
import { readVirtualBytes, type VirtualReader } from '../../core/io/virtual_reader.ts'
import { VITAL_SYMBOLS, VITAL_TYPES } from './vital_frames.ts'

/** .BTF of a distribution kernel is 4 to 6 MB; a capture kernel has no room for much more. */
const BTF_SIZE_MAX = 32 * 1024 * 1024

const SYMBOLS = [
  '__start_BTF',
  '__stop_BTF',
  'vm_zone_stat',
  'vm_node_stat',
  'num_poisoned_pages',
  'hstates',
  'hugetlb_max_hstate',
  'node_data',
  'contig_page_data',
  'nr_cpu_ids',
  '__per_cpu_offset',
  ...['_stext', '_etext', '__start_rodata', '__end_rodata', '_sdata', '_edata'],
  ...['__bss_start', '__bss_stop', '__start_bss_decrypted_unused', '__end_bss_decrypted'],
  ...VITAL_SYMBOLS,
]

const TYPES = [
  'struct page',
  'struct folio',
  'struct zone',
  'struct pglist_data',
  'struct per_cpu_zonestat',
  'struct per_cpu_pageset',
  'struct per_cpu_nodestat',
  'struct hstate',
  'struct mem_section',
  'enum pageflags',
  'enum pagetype',
  'enum compound_dtor_id',
  'enum zone_stat_item',
  'enum node_stat_item',
  ...VITAL_TYPES,
] as const

/** Symbols and types, as far as the dump has them. */
export interface KernelFacts {
  readonly reader: VirtualReader
  readonly symbols: ReadonlyMap<string, bigint>
  /** undefined without BTF: VMCOREINFO is then the only source. */
  readonly types: TypeFacts | undefined
  /** Why symbols or types are missing although the kernel should have them. */
  readonly problems: readonly KdumpError[]
}

/** Find out what the kernel says. A kernel that says nothing is no error: it may be older, or built without. */
export function readKernelFacts(reader: VirtualReader, info: VmcoreInfo): KernelFacts {
  const problems: KdumpError[] = []
  const attempt = <T>(read: () => T): T | undefined => {
    try {
      return read()
    } catch (error) {
      if (!(error instanceof KdumpError)) throw error
      // What VMCOREINFO does not locate was never there.
      if (!(error instanceof NotFoundError)) problems.push(error)
      return undefined
    }
  }
  const symbols = attempt(() => findKallsyms(reader, info, SYMBOLS)) ?? new Map<string, bigint>()
  const types = attempt(() => readTypes(reader, symbols))
  return { reader, symbols, types, problems }
}

function readTypes(
  reader: VirtualReader,
  symbols: ReadonlyMap<string, bigint>,
): TypeFacts | undefined {
  const start = symbols.get('__start_BTF')
  const stop = symbols.get('__stop_BTF')
  if (start === undefined || stop === undefined) return undefined
  const size = Number(stop - start)
  if (!(size > 0 && size <= BTF_SIZE_MAX)) throw new CorruptError(start, `BTF of ${size} bytes`)
  const btf = new Btf('vmlinux BTF', readVirtualBytes(reader, start, size))
  return new TypeFacts(btf.findTypes(TYPES))
}
