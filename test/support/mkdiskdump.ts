// Makes a kdump-compressed file from a recipe (see vmcore_recipe.ts), laid out as makedumpfile does:
// header | sub header, VMCOREINFO, notes | bitmap 1 | bitmap 2 | page descriptors | page data.
import { deflateSync, zstdCompressSync } from 'node:zlib'
import { setBit } from '../../src/core/base/bits.ts'
import type { Endian, StructValue } from '../../src/core/base/struct.ts'
import type { Codec } from '../../src/core/codec/codec.ts'
import { lzo } from '../../src/core/codec/lzo.ts'
import { snappy } from '../../src/core/codec/snappy.ts'
import {
  disk_dump_header,
  disk_dump_header_32,
  DUMP_DH_COMPRESSED_LZO,
  DUMP_DH_COMPRESSED_SNAPPY,
  DUMP_DH_COMPRESSED_ZLIB,
  DUMP_DH_COMPRESSED_ZSTD,
  KDUMP_SIGNATURE,
  kdump_sub_header,
  kdump_sub_header_arm,
  kdump_sub_header_i386,
  page_desc,
  SUB_HEADER_GROWTH,
} from '../../src/core/dump/diskdump_layout.ts'
import { elfNotes } from './elf_notes.ts'
import { writeLies } from './header_lies.ts'
import {
  cutBytes,
  numberFact,
  parseRecipe,
  type PageRecipe,
  type VmcoreRecipe,
} from './vmcore_recipe.ts'

/** Make the file. Lies are written last, over a correct header. */
export function mkdiskdump(text: string): Uint8Array {
  const recipe = parseRecipe(text)
  const endian = { littleEndian: recipe.facts.get('endian') !== 'big' }
  const blockSize = numberFact(recipe, 'block_size', 4096)
  const version = numberFact(recipe, 'version', 6)
  const vmcoreinfo = version >= 3 ? new TextEncoder().encode(recipe.vmcoreinfo) : new Uint8Array()
  const notes = version >= 4 ? elfNotes(recipe.notes, endian.littleEndian) : new Uint8Array()
  const abi = ABIS[recipe.facts.get('abi') ?? ''] ?? LP64
  const { sub } = abi
  const subBlocks = Math.ceil((sub.size + vmcoreinfo.length + notes.length) / blockSize)
  const pfnEnd = 1 + Math.max(-1, ...recipe.pages.map(({ pfn }) => pfn))
  const halfBlocks = Math.max(1, Math.ceil(pfnEnd / 8 / blockSize))
  const head = new Uint8Array(blockSize * (1 + subBlocks + 2 * halfBlocks))
  const view = new DataView(head.buffer)
  writeHeader(recipe, view, { version, blockSize, subBlocks, halfBlocks, pfnEnd }, abi, endian)
  const infoAt = blockSize + sub.size
  const sizes = { pfnEnd, infoAt, infoSize: vmcoreinfo.length, noteSize: notes.length }
  abi.writeSub(view, blockSize, subHeader(recipe, sizes), endian)
  writeLies(recipe.lies, view, sub, blockSize, endian)
  // Sub headers older than v6 end earlier; what lies there is no member.
  const next = SUB_HEADER_GROWTH[version + 1]
  if (next !== undefined) head.fill(0xee, blockSize + sub.offset[next], infoAt)
  head.set(vmcoreinfo, infoAt)
  head.set(notes, infoAt + vmcoreinfo.length)
  writeBitmaps(recipe, head.subarray((1 + subBlocks) * blockSize))
  return cutBytes(appendPages(recipe, head, blockSize, endian), recipe.cut)
}

type SubHeader = StructValue<typeof kdump_sub_header>

/** How wide `long` is on the dumped machine, and how it aligns 64-bit members. */
interface Abi {
  readonly header: typeof disk_dump_header | typeof disk_dump_header_32
  readonly sub: {
    readonly size: number
    readonly offset: Record<(typeof SUB_HEADER_GROWTH)[number], number>
  }
  writeHeader(view: DataView, value: StructValue<typeof disk_dump_header>, endian: Endian): void
  writeSub(view: DataView, at: number, value: SubHeader, endian: Endian): void
}

const LP64: Abi = {
  header: disk_dump_header,
  sub: kdump_sub_header,
  writeHeader: (view, value, endian) => disk_dump_header.write(view, 0, value, endian),
  writeSub: (view, at, value, endian) => kdump_sub_header.write(view, at, value, endian),
}

const abi32 = (sub: typeof kdump_sub_header_arm): Abi => ({
  header: disk_dump_header_32,
  sub,
  writeHeader(view, value, endian) {
    const timestamp_sec = Number(value.timestamp_sec)
    disk_dump_header_32.write(view, 0, { ...value, timestamp_sec, timestamp_usec: 0 }, endian)
  },
  writeSub(view, at, value, endian) {
    const phys_base = Number(BigInt.asUintN(32, value.phys_base))
    const [start_pfn, end_pfn] = [Number(value.start_pfn), Number(value.end_pfn)]
    sub.write(view, at, { ...value, phys_base, start_pfn, end_pfn }, endian)
  },
})

const ABIS: Readonly<Record<string, Abi>> = {
  i386: abi32(kdump_sub_header_i386),
  arm: abi32(kdump_sub_header_arm),
}

interface Sizes {
  readonly version: number
  readonly blockSize: number
  readonly subBlocks: number
  readonly halfBlocks: number
  readonly pfnEnd: number
}

function writeHeader(
  recipe: VmcoreRecipe,
  view: DataView,
  sizes: Sizes,
  abi: Abi,
  endian: Endian,
): void {
  const text = (key: string, fallback = ''): string => recipe.facts.get(key) ?? fallback
  const { version, blockSize, subBlocks, halfBlocks, pfnEnd } = sizes
  const header = {
    signature: KDUMP_SIGNATURE,
    header_version: version,
    sysname: text('sysname', 'Linux'),
    nodename: text('nodename', 'host'),
    release: text('release', '6.1.0-test'),
    version: text('build', '#1 SMP'),
    machine: text('machine', 'x86_64'),
    domainname: '(none)',
    timestamp_sec: BigInt(numberFact(recipe, 'time', 1_700_000_000)),
    timestamp_usec: 0n,
    status: numberFact(recipe, 'status', 0),
    block_size: blockSize,
    sub_hdr_size: subBlocks,
    bitmap_blocks: 2 * halfBlocks,
    max_mapnr: Math.min(pfnEnd, 0xffff_ffff),
    total_ram_blocks: 0,
    device_blocks: 0,
    written_blocks: 0,
    current_cpu: 0,
    nr_cpus: numberFact(recipe, 'nr_cpus', 1),
  }
  abi.writeHeader(view, header, endian)
  writeLies(recipe.lies, view, abi.header, 0, endian)
}

interface SubSizes {
  readonly pfnEnd: number
  readonly infoAt: number
  readonly infoSize: number
  readonly noteSize: number
}

function subHeader(
  recipe: VmcoreRecipe,
  { pfnEnd, infoAt, infoSize, noteSize }: SubSizes,
): SubHeader {
  const isPart = recipe.facts.has('part')
  const { start, end } = isPart ? partOf(recipe) : { start: 0, end: 0 }
  return {
    phys_base: BigInt.asUintN(64, BigInt(recipe.facts.get('phys_base') ?? 0)),
    dump_level: numberFact(recipe, 'dump_level', 31),
    split: isPart ? 1 : 0,
    start_pfn: BigInt(start),
    end_pfn: BigInt(end),
    offset_vmcoreinfo: infoSize > 0 ? infoAt : 0,
    size_vmcoreinfo: infoSize,
    offset_note: noteSize > 0 ? infoAt + infoSize : 0,
    size_note: noteSize,
    offset_eraseinfo: 0,
    size_eraseinfo: 0,
    start_pfn_64: start,
    end_pfn_64: end,
    max_mapnr_64: pfnEnd,
  }
}

/** `part 16-32`: frames `[16, 32)`. */
function partOf(recipe: VmcoreRecipe): { start: number; end: number } {
  const [start = 0, end = Infinity] = recipe.facts.get('part')?.split('-').map(Number) ?? []
  return { start, end }
}

function writeBitmaps({ pages }: VmcoreRecipe, both: Uint8Array): void {
  const half = both.length / 2
  for (const { pfn, kind } of pages) {
    setBit(both.subarray(0, half), pfn)
    if (kind !== 'excluded') setBit(both.subarray(half), pfn)
  }
}

function appendPages(
  recipe: VmcoreRecipe,
  head: Uint8Array,
  blockSize: number,
  endian: Endian,
): Uint8Array {
  const dumped = recipe.pages
    .filter(({ kind }) => kind !== 'excluded')
    .sort((a, b) => a.pfn - b.pfn)
  // Every part has room for the descriptors of all, and uses it from the beginning.
  const descs = new Uint8Array(dumped.length * page_desc.size)
  const view = new DataView(descs.buffer)
  const { start, end: partEnd } = partOf(recipe)
  const chunks: Uint8Array[] = [head, descs]
  let end = head.length + descs.length
  let zeroAt = 0
  const own = dumped.filter(({ pfn }) => pfn >= start && pfn < partEnd)
  own.forEach((page, i) => {
    const { flags, bytes } = pack(page, blockSize)
    const shared = page.kind === 'zero' && zeroAt !== 0
    const offset = page.kind === 'lost' ? 0 : shared ? zeroAt : end
    page_desc.write(
      view,
      i * page_desc.size,
      { offset, size: bytes.length, flags, page_flags: 0n },
      endian,
    )
    if (page.kind === 'zero' && !shared) zeroAt = end
    if (page.kind === 'lost' || shared) return
    chunks.push(bytes)
    end += bytes.length
  })
  return Uint8Array.from(Buffer.concat(chunks))
}

function pack(
  { kind, content, flags }: PageRecipe,
  blockSize: number,
): { flags: number; bytes: Uint8Array } {
  switch (kind) {
    case 'zlib':
      return { flags: DUMP_DH_COMPRESSED_ZLIB, bytes: deflateSync(content, { level: 1 }) }
    case 'zstd':
      return { flags: DUMP_DH_COMPRESSED_ZSTD, bytes: zstdCompressSync(content) }
    case 'lzo':
      return { flags: DUMP_DH_COMPRESSED_LZO, bytes: compress(lzo, content) }
    case 'snappy':
      return { flags: DUMP_DH_COMPRESSED_SNAPPY, bytes: compress(snappy, content) }
    case 'stored':
      return { flags, bytes: content }
    default:
      return { flags: 0, bytes: content.length === blockSize ? content : new Uint8Array(blockSize) }
  }
}

function compress(codec: Codec, content: Uint8Array): Uint8Array {
  const output = new Uint8Array(content.length * 2 + 1024)
  const size = codec.compress?.(content, output) ?? 0
  if (size === 0) throw new Error(`${codec.name} did not compress`)
  return output.slice(0, size)
}
