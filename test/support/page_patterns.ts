// Pieces of a page array: the 2 MiB of `struct page` that describe one section (128 MiB) of memory, as Linux 6.1 lays
// them out. A pattern is text, items in frame order, repeated until the section is full:
//   anon:9*63 table*8 kernel*8 anon*496    63 compound pages of order 9, then single pages
// Source: include/linux/mm_types.h, page-flags.h of 6.1.

/** Frames of a section, and of a pattern. */
export const SECTION_FRAMES = 32768
/** `sizeof(struct page)`. */
export const STRUCT_PAGE = 64

/** What a frame counts as in makedumpfile's --show-stats; `kept` ones stay in the dump at level 31. */
export type FrameClass = 'kept' | 'cache' | 'cachePrivate' | 'user' | 'free' | 'hwpoison'

/** Frames by class. */
export type FrameCounts = Record<FrameClass, number>

/** A section's pages, and what they count as. */
export interface PagePiece {
  readonly bytes: Uint8Array
  readonly counts: Readonly<FrameCounts>
}

/** Bit numbers of page flags. VMCOREINFO names some of them: see huge_vmcoreinfo.ts. */
export const FLAG = {
  referenced: 1,
  uptodate: 2,
  lru: 4,
  active: 5,
  slab: 9,
  swapcache: 10,
  reserved: 12,
  private: 13,
  head: 16,
  swapbacked: 19,
  hwpoison: 23,
} as const

/** Page types of 6.1, values of `_mapcount`; as the kernel has them, a type clears its bit of -1. */
export const TYPE = { buddy: -129, offline: -257, table: -513 } as const
/** `enum compound_dtor_id`. */
export const DTOR = { compound: 1, hugetlb: 2, transhuge: 3 } as const

/** Offsets of members; order and destructor are in the second page of a compound page. */
export const AT = {
  flags: 0,
  lru: 8,
  dtor: 16,
  order: 17,
  mapping: 24,
  private: 40,
  mapcount: 48,
  refcount: 52,
} as const

/** Upper word of flags: node 0, zone Normal, last CPU unknown. */
const FLAGS_HIGH = 0x0017_ffff
const ANON_VMA = 0xffff_8880_1234_5671n
const INODE = 0xffff_8880_0765_4320n
/** TAIL_MAPPING: bit 0 clear, yet a list's poison. */
const TAIL = 0xdead_0000_0000_0400n
const LIST = 0xffff_ea00_0000_0108n
const HEAD_ADDRESS = 0xffff_ea00_0000_0000n

type Flag = keyof typeof FLAG

interface Kind {
  readonly frameClass: FrameClass
  readonly flags: readonly Flag[]
  readonly mapping?: bigint
  /** -1: not mapped, no type. */
  readonly mapcount?: number
  readonly dtor?: number
}

const KINDS: Readonly<Record<string, Kind>> = {
  anon: {
    frameClass: 'user',
    flags: ['uptodate', 'lru', 'active', 'swapbacked'],
    mapping: ANON_VMA,
    mapcount: 0,
    dtor: DTOR.transhuge,
  },
  hugetlb: { frameClass: 'user', flags: ['uptodate'], mapping: INODE, dtor: DTOR.hugetlb },
  cache: {
    frameClass: 'cache',
    flags: ['referenced', 'uptodate', 'lru'],
    mapping: INODE,
    dtor: DTOR.transhuge,
  },
  /** Page cache with buffer heads. */
  private: {
    frameClass: 'cachePrivate',
    flags: ['referenced', 'uptodate', 'lru', 'private'],
    mapping: INODE,
  },
  buddy: { frameClass: 'free', flags: [], mapcount: TYPE.buddy },
  slab: { frameClass: 'kept', flags: ['slab'], dtor: DTOR.compound },
  table: { frameClass: 'kept', flags: [], mapcount: TYPE.table },
  kernel: { frameClass: 'kept', flags: [] },
  reserved: { frameClass: 'kept', flags: ['reserved'] },
  hwpoison: { frameClass: 'hwpoison', flags: ['hwpoison'] },
}

/** No frames. */
export const noFrames = (): FrameCounts => ({
  kept: 0,
  cache: 0,
  cachePrivate: 0,
  user: 0,
  free: 0,
  hwpoison: 0,
})

/** Add `counts`, `times` over, to `sum`. */
export function addFrames(sum: FrameCounts, counts: Readonly<FrameCounts>, times = 1): void {
  for (const name of Object.keys(sum) as FrameClass[]) sum[name] += counts[name] * times
}

/** Make the piece of a pattern. Throws Error for items it does not know, or that do not lie on their order. */
export function makePagePiece(pattern: string): PagePiece {
  const bytes = new Uint8Array(SECTION_FRAMES * STRUCT_PAGE)
  const view = new DataView(bytes.buffer)
  const counts = noFrames()
  const items = pattern.split(' ').map(parseItem)
  for (let frame = 0; frame < SECTION_FRAMES;) {
    for (const { kind, order, repeat } of items) {
      for (let i = 0; i < repeat; i++) {
        // A page of 1 GiB is larger than its section: the piece is its first one.
        const frames = Math.min(2 ** order, SECTION_FRAMES)
        if (frame % frames !== 0 || frame + frames > SECTION_FRAMES)
          throw new Error(`pattern ${pattern}: order ${order} at frame ${frame}`)
        writeBlock(view, frame, kind, order)
        counts[kind.frameClass] += frames
        frame += frames
      }
    }
  }
  return { bytes, counts }
}

/**
 * Count the pages of a piece: the rules of makedumpfile -d 31 for 6.1, plainly, one page after the other. Blocks must
 * end in the piece, but for pages larger than it.
 */
export function countPages(bytes: Uint8Array): FrameCounts {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  const counts = noFrames()
  for (let frame = 0; frame < SECTION_FRAMES;) {
    const { frameClass, order } = classifyPage(view, frame)
    const frames = Math.min(2 ** order, SECTION_FRAMES - frame)
    counts[frameClass] += frames
    frame += frames
  }
  return counts
}

function classifyPage(view: DataView, frame: number): { frameClass: FrameClass; order: number } {
  const at = frame * STRUCT_PAGE
  const flags = view.getUint32(at + AT.flags, true)
  const has = (name: Flag): boolean => (flags & (1 << FLAG[name])) !== 0
  const mapcount = view.getInt32(at + AT.mapcount, true)
  const isTail = (view.getUint8(at + AT.lru) & 1) !== 0
  if (isTail) return { frameClass: 'kept', order: 0 }
  if (mapcount === TYPE.buddy && !has('slab'))
    return { frameClass: 'free', order: view.getUint32(at + AT.private, true) }
  const second = at + STRUCT_PAGE
  const isHead = has('head') && frame + 1 < SECTION_FRAMES
  const order = isHead ? view.getUint8(second + AT.order) : 0
  const isHugetlb = isHead && view.getUint8(second + AT.dtor) === DTOR.hugetlb
  const isAnon = (view.getUint8(at + AT.mapping) & 1) !== 0 && !has('slab')
  const isCache = has('lru') || (has('swapcache') && has('swapbacked'))
  if (isCache && !isAnon) return { frameClass: has('private') ? 'cachePrivate' : 'cache', order }
  if (isAnon || isHugetlb) return { frameClass: 'user', order }
  return { frameClass: has('hwpoison') ? 'hwpoison' : 'kept', order }
}

interface Item {
  readonly kind: Kind
  readonly order: number
  readonly repeat: number
}

function parseItem(text: string): Item {
  const [, name = '', order = '0', repeat = '1'] = /^(\w+)(?::(\d+))?(?:\*(\d+))?$/.exec(text) ?? []
  const kind = KINDS[name]
  if (!kind) throw new Error(`page pattern: ${text}`)
  return { kind, order: Number(order), repeat: Number(repeat) }
}

function writeBlock(view: DataView, frame: number, kind: Kind, order: number): void {
  const isFree = kind.frameClass === 'free'
  const isCompound = order > 0 && !isFree
  const frames = Math.min(2 ** order, SECTION_FRAMES)
  writePage(view, frame, kind, isCompound ? 1 << FLAG.head : 0)
  if (isFree) view.setUint32(frame * STRUCT_PAGE + AT.private, order, true)
  for (let i = 1; i < frames; i++) {
    const at = (frame + i) * STRUCT_PAGE
    view.setUint32(at + AT.flags + 4, FLAGS_HIGH, true)
    view.setInt32(at + AT.mapcount, -1, true)
    if (!isCompound) continue
    // All tails of all sections name the same head: filters look at bit 0 only.
    view.setBigUint64(at + AT.lru, HEAD_ADDRESS | 1n, true)
    view.setBigUint64(at + AT.mapping, TAIL, true)
  }
  if (!isCompound) return
  view.setUint8((frame + 1) * STRUCT_PAGE + AT.dtor, kind.dtor ?? DTOR.compound)
  view.setUint8((frame + 1) * STRUCT_PAGE + AT.order, order)
}

function writePage(view: DataView, frame: number, kind: Kind, extraFlags: number): void {
  const at = frame * STRUCT_PAGE
  const flags = kind.flags.reduce((mask, name) => mask | (1 << FLAG[name]), extraFlags)
  view.setUint32(at + AT.flags, flags, true)
  view.setUint32(at + AT.flags + 4, FLAGS_HIGH, true)
  view.setBigUint64(at + AT.lru, LIST, true)
  view.setBigUint64(at + AT.mapping, kind.mapping ?? 0n, true)
  view.setInt32(at + AT.mapcount, kind.mapcount ?? -1, true)
  view.setInt32(at + AT.refcount, kind.frameClass === 'free' ? 0 : 1, true)
}
