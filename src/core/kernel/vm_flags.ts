// Bits of vm_flags. Source: include/linux/mm.h; as macros, or an enum no debug info keeps, they are not in BTF.
import type { Program } from '../program/program.ts'

const NAMES: readonly (readonly [bit: number, name: string])[] = [
  ...([
    [0, 'READ'],
    [1, 'WRITE'],
    [2, 'EXEC'],
    [3, 'SHARED'],
  ] as const),
  ...([
    [4, 'MAYREAD'],
    [5, 'MAYWRITE'],
    [6, 'MAYEXEC'],
    [7, 'MAYSHARE'],
  ] as const),
  ...([
    [8, 'GROWSDOWN'],
    [9, 'UFFD_MISSING'],
    [10, 'PFNMAP'],
  ] as const),
  ...([
    [12, 'UFFD_WP'],
    [13, 'LOCKED'],
    [14, 'IO'],
    [15, 'SEQ_READ'],
  ] as const),
  ...([
    [16, 'RAND_READ'],
    [17, 'DONTCOPY'],
    [18, 'DONTEXPAND'],
    [19, 'LOCKONFAULT'],
  ] as const),
  ...([
    [20, 'ACCOUNT'],
    [21, 'NORESERVE'],
    [22, 'HUGETLB'],
    [23, 'SYNC'],
  ] as const),
  ...([
    [24, 'ARCH_1'],
    [25, 'WIPEONFORK'],
    [26, 'DONTDUMP'],
    [27, 'SOFTDIRTY'],
  ] as const),
  ...([
    [28, 'MIXEDMAP'],
    [29, 'HUGEPAGE'],
    [30, 'NOHUGEPAGE'],
    [31, 'MERGEABLE'],
  ] as const),
  ...([
    [32, 'PKEY_BIT0'],
    [33, 'PKEY_BIT1'],
    [34, 'PKEY_BIT2'],
    [35, 'PKEY_BIT3'],
  ] as const),
  ...([
    [36, 'PKEY_BIT4'],
    [38, 'UFFD_MINOR'],
    [39, 'ALLOW_ANY_UNCACHED'],
  ] as const),
  ...([
    [40, 'DROPPABLE'],
    [41, 'UFFD_MINOR'],
    [42, 'SEALED'],
  ] as const),
]

/** Names of the bits set, without `VM_`, lowest first; a bit without a name as `BIT_43`. */
export function vmFlagNames(program: Program, flags: bigint): string[] {
  const names = new Map(NAMES)
  // Since v6.19, commit 5dba5cc2e0ff ("mm: introduce VM_MAYBE_GUARD and make visible in /proc/$pid/smaps"), bit 11 is in
  // use again; up to v5.14 it was DENYWRITE. Type data tells neither; vma_flags_t came with the same kernel.
  names.set(11, program.hasType('vma_flags_t') ? 'MAYBE_GUARD' : 'DENYWRITE')
  // Since v6.6, commit 54007f818206 ("mm: Introduce VM_SHADOW_STACK for shadow stack memory"), bit 37; before, UFFD_MINOR's.
  names.set(37, program.hasType('struct thread_shstk') ? 'SHADOW_STACK' : 'UFFD_MINOR')
  const set = Array.from({ length: 64 }, (_, bit) => bit).filter(
    (bit) => (flags >> BigInt(bit)) & 1n,
  )
  return set.map((bit) => names.get(bit) ?? `BIT_${bit}`)
}
