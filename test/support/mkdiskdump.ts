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
  DUMP_DH_COMPRESSED_LZO,
  DUMP_DH_COMPRESSED_SNAPPY,
  DUMP_DH_COMPRESSED_ZLIB,
  DUMP_DH_COMPRESSED_ZSTD,
  KDUMP_SIGNATURE,
  kdump_sub_header,
  page_desc,
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
  const subBlocks = Math.ceil(
    (kdump_sub_header.size + vmcoreinfo.length + notes.length) / blockSize,
  )
  const pfnEnd = 1 + Math.max(-1, ...recipe.pages.map(({ pfn }) => pfn))
  const halfBlocks = Math.max(1, Math.ceil(pfnEnd / 8 / blockSize))
  const head = new Uint8Array(blockSize * (1 + subBlocks + 2 * halfBlocks))
  const view = new DataView(head.buffer)
  writeHeader(recipe, view, { version, blockSize, subBlocks, halfBlocks, pfnEnd }, endian)
  const infoAt = blockSize + kdump_sub_header.size
  const sub = subHeader(recipe, {
    pfnEnd,
    infoAt,
    infoSize: vmcoreinfo.length,
    noteSize: notes.length,
  })
  kdump_sub_header.write(view, blockSize, sub, endian)
  writeLies(recipe.lies, view, kdump_sub_header, blockSize, endian)
  // Sub headers older than v6 end earlier; what lies there is no member.
  const known = [8, 12, 32, 48, 64, 80][version]
  if (known !== undefined) head.fill(0xee, blockSize + known, infoAt)
  head.set(vmcoreinfo, infoAt)
  head.set(notes, infoAt + vmcoreinfo.length)
  writeBitmaps(recipe, head.subarray((1 + subBlocks) * blockSize))
  return cutBytes(appendPages(recipe, head, blockSize, endian), recipe.cut)
}

interface Sizes {
  readonly version: number
  readonly blockSize: number
  readonly subBlocks: number
  readonly halfBlocks: number
  readonly pfnEnd: number
}

function writeHeader(recipe: VmcoreRecipe, view: DataView, sizes: Sizes, endian: Endian): void {
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
  disk_dump_header.write(view, 0, header, endian)
  writeLies(recipe.lies, view, disk_dump_header, 0, endian)
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
): StructValue<typeof kdump_sub_header> {
  return {
    phys_base: BigInt.asUintN(64, BigInt(recipe.facts.get('phys_base') ?? 0)),
    dump_level: numberFact(recipe, 'dump_level', 31),
    split: numberFact(recipe, 'split', 0),
    start_pfn: 0n,
    end_pfn: 0n,
    offset_vmcoreinfo: infoSize > 0 ? infoAt : 0,
    size_vmcoreinfo: infoSize,
    offset_note: noteSize > 0 ? infoAt + infoSize : 0,
    size_note: noteSize,
    offset_eraseinfo: 0,
    size_eraseinfo: 0,
    start_pfn_64: 0,
    end_pfn_64: 0,
    max_mapnr_64: pfnEnd,
  }
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
  const descs = new Uint8Array(dumped.length * page_desc.size)
  const view = new DataView(descs.buffer)
  const chunks: Uint8Array[] = [head, descs]
  let end = head.length + descs.length
  let zeroAt = 0
  dumped.forEach((page, i) => {
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
