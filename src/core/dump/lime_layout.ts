// The header that LiME and AVML put before each range of memory. Definitions only.
// Source: LiME src/lime.h lime_mem_range_header, AVML src/image.rs Header.
import { struct, u32, u64 } from '../base/struct.ts'

/** 'LiME' read as a number of the machine's byte order. */
export const LIME_MAGIC = 0x4c69_4d45
export const LIME_VERSION = 1
/** 'AVML' stored in this order: AVML is always little-endian. */
export const AVML_MAGIC = 0x4c4d_5641
/** Version 1 of AVML is LiME. */
export const AVML_VERSION = 2

/** What precedes a range; its bytes follow at once. */
export const lime_mem_range_header = struct('lime_mem_range_header', 32, {
  magic: u32,
  version: u32,
  s_addr: u64,
  /** Inclusive. */
  e_addr: u64,
  reserved: u64,
})
