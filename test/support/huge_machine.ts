// A simulated x86-64 machine of terabytes: a sparse ELF vmcore as long as its memory, of which some 30 MB are on disk.
// What a filter reads is there: page tables, mem_section, the page array, VMCOREINFO. All else reads as zeros.
//
// 4 TiB need 64 GiB of `struct page`. Here the page tables of the array point at a few frames of 2 MiB, the patterns,
// over and over: a filter reads as much as on a real machine, but the frames of the array that go into the dump are
// only the patterns (a real dump of 4 TiB holds 16 M frames of page array). Their virtual order differs from their
// physical order nearly everywhere, where a real array has long contiguous stretches: that is the harder case.
import { HUGE_RELEASE, hugeVmcoreinfo, SECTION_ROOTS } from './huge_vmcoreinfo.ts'
import {
  addFrames,
  type FrameCounts,
  makePagePiece,
  noFrames,
  type PagePiece,
  SECTION_FRAMES,
  STRUCT_PAGE,
} from './page_patterns.ts'
import { PageTables } from './page_tables.ts'
import { SparseVmcore } from './sparse_vmcore.ts'

/** What filtering the machine at level 31 must count. */
export interface HugeCounts extends FrameCounts {
  /** Frames that are in the vmcore. */
  readonly existing: number
  /** Frames of class `kept` whose bytes are all zero. */
  readonly zero: number
  /**
   * Heads of pages of 1 GiB that the vmemmap optimisation shows once more in the sections behind the first, one in 64
   * frames. makedumpfile counts each as user data, though its frame has been counted.
   */
  readonly repeatedHeads: number
}

const MIB = 2 ** 20
const GIB = 2 ** 30
const PAGE = 4096
const SECTION = SECTION_FRAMES * PAGE
const PIECE = 2 * MIB

const DIRECT_MAP = 0xffff_8880_0000_0000n
const VMALLOC = 0xffff_c900_0000_0000n
const VMEMMAP = 0xffff_ea00_0000_0000n
const IMAGE_MAP = 0xffff_ffff_8000_0000n
const PRESENT = 0x63n
const LARGE = 0x80n
const NX = 1n << 63n
/** Flags of a section that is there: present, has a map, online, early. */
const SECTION_FLAGS = 0xfn

/** Physical addresses: all in the first section, whose pages are reserved. */
const TEXT = 16 * MIB
const DATA = 32 * MIB
const SECTIONS = 40 * MIB
const TABLES = 48 * MIB
const OPTIMISED = 56 * MIB
const STACKS = 60 * MIB
const IMAGE_END = 64 * MIB
const PIECES = IMAGE_END
const STACK_PAGES = 512
/** Offset of node_online_map behind the names of init_uts_ns. */
const NODE_MAP = 2048

/** The hole for devices below 4 GiB: memory goes on above. */
const LOW_END = 2 * GIB - MIB
const HIGH_START = 4 * GIB
/** Reserved for the crash kernel, and so not in its own vmcore. */
const CRASH_KERNEL = { start: 0x6000_0000, end: 0x7000_0000 }
/** Firmware keeps the last bytes: memory does not end on a section. */
const FIRMWARE = 16 * MIB

const image = (physical: number): bigint => IMAGE_MAP + BigInt(physical)

/** What one section of the page array looks like. */
interface Pattern {
  readonly piece: PagePiece
  /** Share of the sections that are not pages of 1 GiB, in per mille. */
  readonly weight: number
  /** HugeTLB vmemmap optimisation: all of the piece is mapped to its first frame. */
  readonly isOptimised?: boolean
}

const BOOT: Pattern = { piece: makePagePiece('reserved'), weight: 0 }
const GIANT: Pattern = { piece: makePagePiece('hugetlb:18'), weight: 0, isOptimised: true }
/** Of so many GiB one is a hugetlbfs page of that size. */
const GIANT_EVERY = 10
/** `struct page`s of a frame: an optimised piece repeats its first ones. */
const HEAD_EVERY = PAGE / STRUCT_PAGE

/** A database server: with the giant pages 60 % user memory, 28 % cache, 10 % free; 0.4 % of all is kept. */
const PATTERNS: readonly Pattern[] = [
  { piece: makePagePiece('hugetlb:9'), weight: 110, isOptimised: true },
  { piece: makePagePiece('hugetlb:9'), weight: 90 },
  { piece: makePagePiece('anon:9*63 hwpoison table*15 kernel*8 anon*488'), weight: 150 },
  { piece: makePagePiece('slab:3 table*4 anon*4084'), weight: 190 },
  { piece: makePagePiece('slab:3 cache*4024 private*64'), weight: 170 },
  { piece: makePagePiece('cache:9*4 cache:5*32 cache:4*32 slab:2*3 cache*500'), weight: 122 },
  { piece: makePagePiece('buddy:10'), weight: 60 },
  { piece: makePagePiece('buddy:9 buddy:8*2 buddy:7*4 buddy:6*8'), weight: 36 },
  {
    piece: makePagePiece(
      'buddy:6*4 anon:4*8 buddy:3*16 slab:3 cache*250 anon*240 table*2 kernel*4 private*8',
    ),
    weight: 70,
  },
  { piece: makePagePiece('slab:3*448 slab*256 kernel*128 cache*128'), weight: 2 },
]

/** Share of sections that look like those of a real machine, if there is one to copy from; per mille of the others. */
const REAL_WEIGHT = 250

/**
 * Write the vmcore of a machine with `ramBytes` of memory.
 *
 * @param ramBytes a multiple of 1 GiB, 4 GiB to 16 TiB; the file system must allow files as long
 * @param real pieces of a real machine's page array to mix in, at most 16
 * @returns what a filter must find
 */
export function writeHugeMachine(
  path: string,
  ramBytes: number,
  real: readonly PagePiece[] = [],
): HugeCounts {
  const mixed = real.map((piece) => ({ piece, weight: REAL_WEIGHT / real.length }))
  const end = HIGH_START + ramBytes - 2 * GIB - FIRMWARE
  const runs = [
    { start: MIB, end: CRASH_KERNEL.start },
    { start: CRASH_KERNEL.end, end: LOW_END },
    { start: HIGH_START, end },
  ]
  using file = new SparseVmcore(path, runs, DIRECT_MAP)
  const plan = planSections(end, [...PATTERNS, ...mixed])
  const root = writeKernelMemory(file, plan, end)
  const vmcoreinfo = hugeVmcoreinfo({
    init_uts_ns: image(DATA),
    node_online_map: image(DATA + NODE_MAP),
    stext: image(TEXT),
    mem_section: DIRECT_MAP + BigInt(SECTIONS),
    init_top_pgt: image(root),
  })
  file.writeHeaders(vmcoreinfo, { start: TEXT, end: IMAGE_END, virtual: image(TEXT) })
  const counts = noFrames()
  for (const [{ piece }, sections] of plan) addFrames(counts, piece.counts, sections.length)
  const existing = runs.reduce((sum, run) => sum + (run.end - run.start) / PAGE, 0)
  // Where a section is memory in part only, all of it has the boot pattern.
  counts.kept += existing - Object.values(counts).reduce((sum, count) => sum + count, 0)
  const giantSections = plan.get(GIANT)?.length ?? 0
  return {
    ...counts,
    existing,
    zero: counts.kept - file.frames.size,
    repeatedHeads: (giantSections * (1 - SECTION / GIB) * SECTION_FRAMES) / HEAD_EVERY,
  }
}

/** Section numbers by pattern. */
type SectionPlan = ReadonlyMap<Pattern, number[]>

/** Which sections have which pattern. Shares are kept all along the way: 48 GiB have all patterns. */
function planSections(end: number, patterns: readonly Pattern[]): SectionPlan {
  const plan = new Map([BOOT, GIANT, ...patterns].map((pattern) => [pattern, new Array<number>()]))
  const credit = patterns.map(() => 0)
  const perGiant = GIB / SECTION
  const last = Math.floor((end - 1) / SECTION)
  for (let section = 0; section <= last; section++) {
    const start = section * SECTION
    if (start >= LOW_END && start < HIGH_START) continue
    const giant = Math.floor(section / perGiant)
    let pattern: Pattern | undefined = BOOT
    if (!isBoot(start, end)) {
      const isGiant = giant % GIANT_EVERY === GIANT_EVERY - 1 && (giant + 1) * perGiant <= last
      pattern = isGiant ? GIANT : mostOwed(patterns, credit)
    }
    plan.get(pattern)?.push(section)
  }
  return plan
}

/** Sections that hold boot memory or are no RAM in part. */
function isBoot(start: number, end: number): boolean {
  const sectionEnd = start + SECTION
  const isCrashKernel = start < CRASH_KERNEL.end && sectionEnd > CRASH_KERNEL.start
  return (
    start === 0 || isCrashKernel || (start < LOW_END && sectionEnd > LOW_END) || sectionEnd > end
  )
}

/** Each section owes every pattern its weight; the one it owes most gets it. */
function mostOwed(patterns: readonly Pattern[], credit: number[]): Pattern {
  patterns.forEach(({ weight }, i) => (credit[i] = (credit[i] ?? 0) + weight))
  const most = credit.indexOf(Math.max(...credit))
  credit[most] = (credit[most] ?? 0) - patterns.reduce((sum, { weight }) => sum + weight, 0)
  return patterns[most] as Pattern
}

/** Write page tables and what they map; returns the physical address of the root. */
function writeKernelMemory(file: SparseVmcore, plan: SectionPlan, end: number): number {
  const tables = new PageTables({ firstFrame: TABLES })
  for (let at = 0; at < end; at += GIB) tables.map(DIRECT_MAP + BigInt(at), at, { size: GIB })
  for (let at = TEXT; at < IMAGE_END; at += PIECE) {
    const noExec = at < DATA ? 0n : NX
    tables.setEntry(image(at), 2, BigInt(at) | PRESENT | LARGE | noExec)
  }
  for (let i = 0; i < STACK_PAGES; i++) {
    // Neighbours in vmalloc are none in memory; each fifth page is a guard.
    const virtual = VMALLOC + BigInt((i + Math.floor(i / 4)) * PAGE)
    const physical = STACKS + ((i * 7) % STACK_PAGES) * PAGE
    tables.setEntry(virtual, 1, BigInt(physical) | PRESENT | NX)
    file.write(physical, stackPage(i))
  }
  file.write(DATA, utsPage())
  writeSections(file, plan)
  writePageArray(file, plan, tables)
  for (const [physical, view] of tables.frames) file.write(physical, new Uint8Array(view.buffer))
  return tables.root
}

/** One 2 MiB entry a section, or for optimised pieces one table of 4 KiB entries that all sections share. */
function writePageArray(file: SparseVmcore, plan: SectionPlan, tables: PageTables): void {
  let nextPiece = PIECES
  let nextOptimised = OPTIMISED
  for (const [{ isOptimised, piece }, sections] of plan) {
    let entry = BigInt(nextPiece) | PRESENT | LARGE | NX
    if (isOptimised) {
      const table = new BigUint64Array(PAGE / 8).fill(BigInt(nextOptimised) | PRESENT | NX)
      file.write(nextOptimised, piece.bytes.subarray(0, PAGE))
      file.write(nextOptimised + PAGE, new Uint8Array(table.buffer))
      entry = BigInt(nextOptimised + PAGE) | PRESENT
      nextOptimised += 2 * PAGE
    } else {
      file.write(nextPiece, piece.bytes)
      nextPiece += PIECE
    }
    for (const section of sections) {
      tables.setEntry(VMEMMAP + BigInt(section) * BigInt(PIECE), 2, entry)
    }
  }
}

/** The table of roots, and a page of sections for each root in use. */
function writeSections(file: SparseVmcore, plan: SectionPlan): void {
  const perRoot = PAGE / 16
  const roots = new BigUint64Array(SECTION_ROOTS)
  const pages = new Map<number, BigUint64Array>()
  for (const section of [...plan.values()].flat()) {
    const root = Math.floor(section / perRoot)
    const page = pages.get(root) ?? new BigUint64Array(PAGE / 8)
    pages.set(root, page)
    const at = (section % perRoot) * 2
    // section_mem_map is coded relative to frame 0, so that a virtually contiguous array has one value for all.
    page[at] = VMEMMAP | SECTION_FLAGS
    page[at + 1] = DIRECT_MAP + BigInt(SECTIONS)
  }
  let next = SECTIONS + roots.byteLength
  for (const [root, page] of pages) {
    roots[root] = DIRECT_MAP + BigInt(next)
    file.write(next, new Uint8Array(page.buffer))
    next += PAGE
  }
  file.write(SECTIONS, new Uint8Array(roots.buffer))
}

/** Return addresses and pointers to the pages around, as a stack has. */
function stackPage(seed: number): Uint8Array {
  const words = new BigUint64Array(PAGE / 8)
  for (let i = 0; i < words.length; i += 3) {
    words[i] = IMAGE_MAP + BigInt(TEXT + ((seed * 131 + i * 17) % (DATA - TEXT)))
    words[i + 1] = DIRECT_MAP + BigInt(STACKS + ((seed + i) % STACK_PAGES) * PAGE)
  }
  return new Uint8Array(words.buffer)
}

/** `struct new_utsname`, and behind it the mask of online nodes: node 0. */
function utsPage(): Uint8Array {
  const page = new Uint8Array(PAGE)
  const names = ['Linux', 'huge', HUGE_RELEASE, '#1 SMP simulated', 'x86_64', '(none)']
  names.forEach((name, i) => page.set(new TextEncoder().encode(name), i * 65))
  page[NODE_MAP] = 1
  return page
}
