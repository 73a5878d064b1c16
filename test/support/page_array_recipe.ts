// A small machine whose page array is a recipe: 16 MiB of RAM in four sections, x86-64 page tables, mem_section and
// VMCOREINFO, as much as filtering reads. One line a block of frames:
//   0x100-0x10f buddy 4        free block of order 4 (the frames that follow the first are plain)
//   0x200 lru private          any of: lru private swapcache swapbacked hwpoison reserved slab anon offline unaccepted
//   0x300-0x307 compound lru   head and tails; `hugetlb` makes it a hugetlbfs page
// Frames hold their number in each word, `zero` ones zeros. `absent` frames are no RAM.
import { FaultError } from '../../src/core/base/errors.ts'
import type { Dump } from '../../src/core/dump/dump_format.ts'
import { elfNotes } from './elf_notes.ts'
import { pfnRunsOf } from './pfn_runs.ts'
import { PageTables } from './page_tables.ts'

/** How a kernel lays out `struct page`, by the release that brought it. */
export type PageEra = '4.18' | '5.10' | '6.3' | '6.6' | '6.9' | '6.11' | '6.12' | '7.1'

/** All of them, oldest first. */
export const PAGE_ERAS: readonly PageEra[] = [
  '4.18',
  '5.10',
  '6.3',
  '6.6',
  '6.9',
  '6.11',
  '6.12',
  '7.1',
]

/**
 * How the machine finds its page array: one virtual array (`vmemmap`), the same of a kernel before 4.15 (`pointer`),
 * a piece a section anywhere (`sparse`), that with all sections in one table (`static`), or one array for all (`flat`).
 */
export type MemoryModel = 'vmemmap' | 'pointer' | 'sparse' | 'static' | 'flat'

/** What else may differ between machines. */
export interface MachineOptions {
  readonly model?: MemoryModel
  /** Levels of page tables. */
  readonly levels?: 4 | 5
}

/** Frames of the machine. */
export const PFN_END = 4096
const PAGE_SIZE = 4096
const STRUCT_PAGE = 64
const SECTION_FRAMES = 1024
const VMEMMAP = 0xffff_ea00_0000_0000n
const DIRECT_MAP = 0xffff_8880_0000_0000n
const IMAGE_MAP = 0xffff_ffff_8000_0000n
const VMALLOC = 0xffff_c900_0000_0000n
/** Where the machine's own structures lie, as frame numbers. */
export const FRAMES = {
  image: 0x200,
  text: 0x300,
  pageArray: 0x400,
  tables: 0x480,
  section: 0x4c0,
  stack: 0x4c8,
}
const IMAGE_FRAMES = 0x80
const ARRAY_FRAMES = (PFN_END * STRUCT_PAGE) / PAGE_SIZE
const SECTIONS = PFN_END / SECTION_FRAMES
const SECTION_ARRAY_FRAMES = ARRAY_FRAMES / SECTIONS
const NX = 1n << 63n
const PTE = 0x63n

const BITS = {
  lru: 4,
  hwpoison: 21,
  reserved: 12,
  private: 13,
  swapcache: 10,
  swapbacked: 19,
  slab: 9,
  head: 6,
  hugetlb: 8,
}

interface Era {
  readonly info: string
  readonly buddy: number
  /** Since 4.20. */
  readonly offline?: number
  readonly unaccepted?: number
  readonly slabType?: number
  readonly hugetlbType?: number
}

const OLD = { buddy: -129, offline: -257 }
const NEW = {
  buddy: 0xf0 << 24,
  offline: 0xf1 << 24,
  slabType: 0xf5 << 24,
  hugetlbType: 0xf4 << 24,
}

const BEFORE_6_3 = `OFFSET(page.compound_head)=8
OFFSET(page.compound_dtor)=16
OFFSET(page.compound_order)=17
NUMBER(PG_slab)=9
NUMBER(HUGETLB_PAGE_DTOR)=2`
/** One bit each, clear where a page has the type. */
const CLEAR_BITS = {
  buddy: ~0x4000_0000,
  offline: ~0x2000_0000,
  slabType: ~0x0200_0000,
  hugetlbType: ~0x0400_0000,
}

const ERA: Readonly<Record<PageEra, Era>> = {
  '4.18': { buddy: -129, info: BEFORE_6_3 },
  '5.10': { ...OLD, info: BEFORE_6_3 },
  '6.3': {
    ...OLD,
    info: `OFFSET(page.compound_head)=8
OFFSET(folio._folio_dtor)=80
OFFSET(folio._folio_order)=81
NUMBER(PG_slab)=9
NUMBER(HUGETLB_PAGE_DTOR)=2`,
  },
  '6.6': {
    ...OLD,
    info: `OFFSET(page.compound_head)=8
NUMBER(PG_slab)=9
NUMBER(PG_hugetlb)=8`,
  },
  '6.9': {
    ...OLD,
    hugetlbType: -2049,
    info: `OFFSET(page.compound_head)=8
NUMBER(PG_slab)=9
NUMBER(PAGE_HUGETLB_MAPCOUNT_VALUE)=-2049`,
  },
  '6.11': { ...CLEAR_BITS, info: `OFFSET(page.compound_head)=8\n${types(CLEAR_BITS)}` },
  '6.12': { ...NEW, info: `OFFSET(page.compound_head)=8\n${types(NEW)}` },
  '7.1': {
    ...NEW,
    unaccepted: 0xf7 << 24,
    info: `OFFSET(page.compound_info)=8
${types(NEW)}
NUMBER(PAGE_UNACCEPTED_MAPCOUNT_VALUE)=${0xf7 << 24}`,
  },
}

/** The machine, and hands on its memory. */
export class PageArrayMachine {
  readonly memory = new Uint8Array(PFN_END * PAGE_SIZE)
  readonly tables: PageTables
  /** Lines that dump() tells; tests may add some, or lies. */
  vmcoreinfo: string
  readonly #absent = new Set<number>()
  readonly #era: Era
  readonly #pages: DataView

  constructor(era: PageEra, recipe: string, options: MachineOptions = {}) {
    const { model = 'vmemmap', levels = 4 } = options
    this.#era = ERA[era]
    this.tables = new PageTables({ firstFrame: FRAMES.tables * PAGE_SIZE, levels })
    this.vmcoreinfo = vmcoreinfoText(this.#era, this.tables.root)
    if (levels === 5) this.vmcoreinfo += 'NUMBER(pgtable_l5_enabled)=1\n'
    const words = new Uint32Array(this.memory.buffer)
    for (let i = 0; i < words.length; i++) words[i] = Math.floor(i / 1024) + 1
    this.#pages = new DataView(
      this.memory.buffer,
      FRAMES.pageArray * PAGE_SIZE,
      PFN_END * STRUCT_PAGE,
    )
    this.#clear(FRAMES.pageArray, ARRAY_FRAMES)
    for (let pfn = 0; pfn < PFN_END; pfn++) this.#pages.setInt32(pfn * STRUCT_PAGE + 48, -1, true)
    for (let i = 0; i < IMAGE_FRAMES; i++) {
      this.#flag(FRAMES.image + i, BITS.reserved)
      this.#flag(FRAMES.text + i, BITS.reserved)
    }
    for (const line of recipe.split('\n')) this.#apply(line.trim())
    this.#map()
    this.#model(model)
    for (const [physical, view] of this.tables.frames)
      this.memory.set(new Uint8Array(view.buffer), physical)
  }

  /** The dump of this machine; `lost` frames cannot be read. */
  dump(lost: readonly number[] = []): Dump {
    const note = elfNotes(
      [{ name: 'VMCOREINFO', type: 0, desc: new TextEncoder().encode(this.vmcoreinfo) }],
      true,
    )
    const desc = note.subarray(24)
    return {
      format: 'recipe',
      file: 'recipe',
      pageSize: PAGE_SIZE,
      pfnEnd: PFN_END,
      littleEndian: true,
      incomplete: false,
      dumpLevel: undefined,
      utsname: { release: '', machine: 'x86_64', nodename: '', version: '' },
      timestamp: 1,
      physBase: 0,
      notes: [{ name: 'VMCOREINFO', type: 0, desc, descOffset: 0 }],
      vmcoreinfo: desc,
      pageState: (pfn) => (this.#absent.has(pfn) ? 'absent' : 'present'),
      pfnRuns(what) {
        return pfnRunsOf(this, what)
      },
      readPhysical: (physical, into) => {
        for (let at = physical; at < physical + into.length; at += PAGE_SIZE) {
          const pfn = Math.floor(at / PAGE_SIZE)
          if (this.#absent.has(pfn) || lost.includes(pfn))
            throw new FaultError(BigInt(at), 'physical', 'not-present')
        }
        into.set(this.memory.subarray(physical, physical + into.length))
      },
      [Symbol.dispose]() {},
    }
  }

  /** Write a u64 at a physical address. */
  poke(physical: number, value: bigint): void {
    new DataView(this.memory.buffer).setBigUint64(physical, value, true)
  }

  /** Direct-map address of a frame. */
  static addressOf(pfn: number): bigint {
    return DIRECT_MAP + BigInt(pfn * PAGE_SIZE)
  }

  #apply(line: string): void {
    if (line === '') return
    const [range = '', ...words] = line.split(/\s+/)
    const [first = 0, last = first] = range.split('-').map(Number)
    const count = last - first + 1
    if (words[0] === 'absent') for (let i = 0; i < count; i++) this.#absent.add(first + i)
    else if (words[0] === 'zero') this.#clear(first, count)
    else if (words[0] === 'buddy') this.#type(first, this.#era.buddy, Number(words[1]))
    else if (words[0] === 'compound') this.#compound(first, count, words.slice(1))
    else for (let i = 0; i < count; i++) for (const word of words) this.#mark(first + i, word)
  }

  #compound(first: number, count: number, words: readonly string[]): void {
    const order = Math.log2(count)
    this.#flag(first, BITS.head)
    for (const word of words) if (word !== 'hugetlb') this.#mark(first, word)
    for (let i = 1; i < count; i++) {
      // What is in a tail's other members means nothing: bit 0 of mapping would say anonymous.
      this.#pages.setBigUint64((first + i) * STRUCT_PAGE + 8, VMEMMAP | 1n, true)
      this.#pages.setUint32((first + i) * STRUCT_PAGE + 24, 0x401, true)
    }
    this.#setOrder(first, order)
    if (words.includes('hugetlb')) this.#setHugetlb(first)
  }

  #setOrder(head: number, order: number): void {
    const second = (head + 1) * STRUCT_PAGE
    if (this.#era.info.includes('compound_order') || this.#era.info.includes('_folio_order')) {
      this.#pages.setUint8(second + 17, order)
    } else this.#pages.setUint32(second, this.#pages.getUint32(second, true) | order, true)
  }

  #setHugetlb(head: number): void {
    const second = (head + 1) * STRUCT_PAGE
    if (this.#era.hugetlbType !== undefined)
      this.#pages.setInt32(head * STRUCT_PAGE + 48, this.#era.hugetlbType, true)
    else if (this.#era.info.includes('PG_hugetlb')) this.#flag(head + 1, BITS.hugetlb)
    else this.#pages.setUint8(second + 16, 2)
  }

  #mark(pfn: number, word: string): void {
    if (word === 'anon') this.#pages.setUint32(pfn * STRUCT_PAGE + 24, 0x1001, true)
    else if (word === 'offline') this.#type(pfn, this.#era.offline ?? -1, 0)
    else if (word === 'unaccepted') this.#type(pfn, this.#era.unaccepted ?? -1, 0)
    else if (word === 'slab' && this.#era.slabType !== undefined)
      this.#type(pfn, this.#era.slabType, 0)
    else this.#flag(pfn, BITS[word as keyof typeof BITS])
  }

  #type(pfn: number, mapcount: number, order: number): void {
    this.#pages.setInt32(pfn * STRUCT_PAGE + 48, mapcount, true)
    this.#pages.setUint32(pfn * STRUCT_PAGE + 40, order, true)
  }

  #flag(pfn: number, bit: number): void {
    const at = pfn * STRUCT_PAGE
    this.#pages.setUint32(at, this.#pages.getUint32(at, true) | (1 << bit), true)
  }

  #clear(first: number, count: number): void {
    this.memory.fill(0, first * PAGE_SIZE, (first + count) * PAGE_SIZE)
  }

  #map(): void {
    const { tables } = this
    for (let pfn = 0; pfn < PFN_END; pfn += 512) {
      tables.map(DIRECT_MAP + BigInt(pfn * PAGE_SIZE), pfn * PAGE_SIZE, { size: 0x20_0000 })
    }
    for (let i = 0; i < ARRAY_FRAMES; i++) {
      tables.map(VMEMMAP + BigInt(i * PAGE_SIZE), (FRAMES.pageArray + i) * PAGE_SIZE)
    }
    for (let i = 0; i < IMAGE_FRAMES; i++) {
      const at = IMAGE_MAP + BigInt((FRAMES.image + i) * PAGE_SIZE)
      tables.setEntry(at, 1, BigInt((FRAMES.image + i) * PAGE_SIZE) | PTE | NX)
      const text = IMAGE_MAP + BigInt((FRAMES.text + i) * PAGE_SIZE)
      tables.setEntry(text, 1, BigInt((FRAMES.text + i) * PAGE_SIZE) | PTE)
    }
    tables.setEntry(VMALLOC, 1, BigInt(FRAMES.stack * PAGE_SIZE) | PTE | NX)
  }

  /** Say where the page array is. */
  #model(model: MemoryModel): void {
    this.#clear(FRAMES.section, 3)
    const [roots, sections, pointer] = [FRAMES.section, FRAMES.section + 1, FRAMES.section + 2]
    this.poke(roots * PAGE_SIZE, PageArrayMachine.addressOf(sections))
    this.poke(pointer * PAGE_SIZE, PageArrayMachine.addressOf(roots))
    const isSplit = model === 'sparse' || model === 'static'
    if (isSplit) this.#reverseArray()
    for (let section = 0; section < SECTIONS; section++) {
      const at = FRAMES.pageArray + (SECTIONS - 1 - section) * SECTION_ARRAY_FRAMES
      const coded = PageArrayMachine.addressOf(at) - BigInt(section * SECTION_FRAMES * STRUCT_PAGE)
      // The map is coded relative to frame 0; its low bits are flags, of which bit 0 says present.
      const map = (isSplit ? coded : VMEMMAP) | 0x1bn
      this.poke(sections * PAGE_SIZE + section * 16, map)
    }
    const tell = (frame: number): void => {
      const symbol = PageArrayMachine.addressOf(frame).toString(16)
      this.#tell(/^(SYMBOL\(mem_section\))=.*$/m, `$1=${symbol}`)
    }
    if (model === 'pointer') tell(pointer)
    else if (model === 'static') {
      tell(sections)
      this.#tell(/^LENGTH\(mem_section\)=.*$/m, 'LENGTH(mem_section)=16')
      this.#tell(/^NUMBER\(MAX_PHYSMEM_BITS\)=.*$/m, 'NUMBER(MAX_PHYSMEM_BITS)=26')
    } else if (model === 'flat') {
      this.poke(pointer * PAGE_SIZE, PageArrayMachine.addressOf(FRAMES.pageArray))
      tell(pointer)
      this.#tell('SYMBOL(mem_section)', 'SYMBOL(mem_map)')
    }
  }

  #tell(line: string | RegExp, text: string): void {
    this.vmcoreinfo = this.vmcoreinfo.replace(line, text)
  }

  /** Put the last section's piece of the page array first. */
  #reverseArray(): void {
    const start = FRAMES.pageArray * PAGE_SIZE
    const size = SECTION_ARRAY_FRAMES * PAGE_SIZE
    const pieces = this.memory.slice(start, start + SECTIONS * size)
    for (let i = 0; i < SECTIONS; i++) {
      const piece = pieces.subarray(i * size, (i + 1) * size)
      this.memory.set(piece, start + (SECTIONS - 1 - i) * size)
    }
  }
}

function vmcoreinfoText(era: Era, root: number): string {
  const symbol = (address: bigint): string => address.toString(16)
  return `OSRELEASE=recipe
PAGESIZE=4096
SYMBOL(init_top_pgt)=${symbol(IMAGE_MAP + BigInt(root))}
SYMBOL(mem_section)=${symbol(PageArrayMachine.addressOf(FRAMES.section))}
LENGTH(mem_section)=2048
SIZE(mem_section)=16
OFFSET(mem_section.section_mem_map)=0
NUMBER(SECTION_SIZE_BITS)=22
NUMBER(MAX_PHYSMEM_BITS)=46
NUMBER(phys_base)=0
NUMBER(KERNEL_IMAGE_SIZE)=1073741824
SIZE(page)=64
OFFSET(page.flags)=0
OFFSET(page.mapping)=24
OFFSET(page.private)=40
OFFSET(page._mapcount)=48
LENGTH(zone.free_area)=11
NUMBER(PG_lru)=4
NUMBER(PG_private)=13
NUMBER(PG_swapcache)=10
NUMBER(PG_swapbacked)=19
NUMBER(PG_hwpoison)=21
NUMBER(PG_head_mask)=64
NUMBER(PAGE_BUDDY_MAPCOUNT_VALUE)=${era.buddy}
${era.offline === undefined ? '' : `NUMBER(PAGE_OFFLINE_MAPCOUNT_VALUE)=${era.offline}`}
${era.info}
`
}

function types({ slabType, hugetlbType }: { slabType: number; hugetlbType: number }): string {
  return `NUMBER(PAGE_SLAB_MAPCOUNT_VALUE)=${slabType}\nNUMBER(PAGE_HUGETLB_MAPCOUNT_VALUE)=${hugetlbType}`
}
