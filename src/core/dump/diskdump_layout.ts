// kdump-compressed headers, of 64-bit and 32-bit machines. Source: makedumpfile diskdump_mod.h. Definitions only.
import { chars, type Field, i32, struct, u32, u64, usize64 } from '../base/struct.ts'

export const KDUMP_SIGNATURE = 'KDUMP   '
/** The diskdump facility of 2004, which wrote whole disks and no VMCOREINFO. */
export const DISKDUMP_SIGNATURE = 'DISKDUMP'
export const HEADER_VERSION = 6

/** status and page_desc.flags bits. */
export const DUMP_DH_COMPRESSED_ZLIB = 0x1
export const DUMP_DH_COMPRESSED_LZO = 0x2
export const DUMP_DH_COMPRESSED_SNAPPY = 0x4
export const DUMP_DH_COMPRESSED_INCOMPLETE = 0x8 // status only: the writer did not finish
export const DUMP_DH_EXCLUDED_VMEMMAP = 0x10 // status only
export const DUMP_DH_COMPRESSED_ZSTD = 0x20

const HEADER_BEGIN = {
  signature: chars(8),
  header_version: i32,
  sysname: chars(65),
  nodename: chars(65),
  release: chars(65),
  version: chars(65),
  machine: chars(65),
  domainname: chars(65),
}
const HEADER_END = {
  status: u32,
  block_size: i32,
  sub_hdr_size: i32, // in blocks
  bitmap_blocks: u32, // both bitmaps
  max_mapnr: u32, // obsolete since v6: clamped
  total_ram_blocks: u32,
  device_blocks: u32,
  written_blocks: u32,
  current_cpu: u32,
  nr_cpus: i32,
}

/** Block 0 of the file. */
export const disk_dump_header = struct('disk_dump_header', 464, {
  ...HEADER_BEGIN,
  timestamp_sec: u64, // struct timeval, aligned to 8
  timestamp_usec: u64,
  ...HEADER_END,
})

/** Block 0 of a 32-bit machine's file. */
export const disk_dump_header_32 = struct('disk_dump_header', 452, {
  ...HEADER_BEGIN,
  timestamp_sec: u32,
  timestamp_usec: u32,
  ...HEADER_END,
})

/** Block 1 of the file. */
export const kdump_sub_header = struct('kdump_sub_header', 104, {
  phys_base: u64, // signed use
  dump_level: i32, // since v1
  split: i32, // since v2
  start_pfn: u64, // obsolete since v6
  end_pfn: u64, // obsolete since v6
  offset_vmcoreinfo: usize64, // since v3
  size_vmcoreinfo: usize64,
  offset_note: usize64, // since v4
  size_note: usize64,
  offset_eraseinfo: usize64, // since v5
  size_eraseinfo: usize64,
  start_pfn_64: usize64, // since v6
  end_pfn_64: usize64,
  max_mapnr_64: usize64,
})

/** `long` is 32 bits wide, `off_t` and `long long` are 64. */
const subHeader32 = (offset64: Field<number>) => ({
  phys_base: u32,
  dump_level: i32,
  split: i32,
  start_pfn: u32,
  end_pfn: u32,
  offset_vmcoreinfo: offset64,
  size_vmcoreinfo: u32,
  offset_note: offset64,
  size_note: u32,
  offset_eraseinfo: offset64,
  size_eraseinfo: u32,
  start_pfn_64: offset64,
  end_pfn_64: offset64,
  max_mapnr_64: offset64,
})

/** Block 1 where 64-bit members are aligned to 4: i386, and QEMU for any 32-bit machine. */
export const kdump_sub_header_i386 = struct(
  'kdump_sub_header',
  80,
  subHeader32({ ...usize64, align: 4 }),
)

/** Block 1 where 64-bit members are aligned to 8: ARM, and other 32-bit machines. */
export const kdump_sub_header_arm = struct('kdump_sub_header', 96, subHeader32(usize64))

/** The first member of the sub header that each version, from 0 on, added. */
export const SUB_HEADER_GROWTH = [
  'phys_base',
  'dump_level',
  'split',
  'offset_vmcoreinfo',
  'offset_note',
  'offset_eraseinfo',
  'start_pfn_64',
] as const

/** One per dumped page. Source: makedumpfile diskdump_mod.h `page_desc_t`. */
export const page_desc = struct('page_desc', 24, {
  offset: usize64, // file offset of the page data, bytes; 0 = the page was lost
  size: u32, // size of the stored page data, bytes
  flags: u32, // DUMP_DH_COMPRESSED_*, 0 = raw
  page_flags: u64, // always 0 from makedumpfile
})
