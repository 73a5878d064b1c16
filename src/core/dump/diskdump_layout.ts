// kdump-compressed headers of 64-bit machines. Source: makedumpfile diskdump_mod.h. Definitions only.
import { chars, i32, struct, u32, u64, usize64 } from '../base/struct.ts'

export const KDUMP_SIGNATURE = 'KDUMP   '
export const HEADER_VERSION = 6

/** status and page_desc.flags bits. */
export const DUMP_DH_COMPRESSED_ZLIB = 0x1
export const DUMP_DH_COMPRESSED_LZO = 0x2
export const DUMP_DH_COMPRESSED_SNAPPY = 0x4
export const DUMP_DH_COMPRESSED_INCOMPLETE = 0x8 // status only: the writer did not finish
export const DUMP_DH_EXCLUDED_VMEMMAP = 0x10 // status only
export const DUMP_DH_COMPRESSED_ZSTD = 0x20

/** Block 0 of the file. */
export const disk_dump_header = struct('disk_dump_header', 464, {
  signature: chars(8),
  header_version: i32,
  sysname: chars(65),
  nodename: chars(65),
  release: chars(65),
  version: chars(65),
  machine: chars(65),
  domainname: chars(65),
  timestamp_sec: u64, // struct timeval, aligned to 8
  timestamp_usec: u64,
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

/** One per dumped page. Source: makedumpfile diskdump_mod.h `page_desc_t`. */
export const page_desc = struct('page_desc', 24, {
  offset: usize64, // file offset of the page data, bytes; 0 = the page was lost
  size: u32, // size of the stored page data, bytes
  flags: u32, // DUMP_DH_COMPRESSED_*, 0 = raw
  page_flags: u64, // always 0 from makedumpfile
})
