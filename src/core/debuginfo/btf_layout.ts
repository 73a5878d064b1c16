// BTF's header and kinds. Source: include/uapi/linux/btf.h. Definitions only.
import { struct, u16, u32, u8 } from '../base/struct.ts'

export const BTF_MAGIC = 0xeb9f

/** `struct btf_header`. */
export const btf_header = struct('btf_header', 24, {
  magic: u16,
  version: u8,
  flags: u8,
  hdr_len: u32,
  type_off: u32, // from the end of the header
  type_len: u32,
  str_off: u32,
  str_len: u32,
})

export const BTF_KIND_INT = 1
export const BTF_KIND_PTR = 2
export const BTF_KIND_ARRAY = 3
export const BTF_KIND_STRUCT = 4
export const BTF_KIND_UNION = 5
export const BTF_KIND_ENUM = 6
export const BTF_KIND_FWD = 7
export const BTF_KIND_TYPEDEF = 8
export const BTF_KIND_VOLATILE = 9
export const BTF_KIND_CONST = 10
export const BTF_KIND_RESTRICT = 11
export const BTF_KIND_FUNC = 12
export const BTF_KIND_FUNC_PROTO = 13
export const BTF_KIND_VAR = 14
export const BTF_KIND_DATASEC = 15
export const BTF_KIND_FLOAT = 16
export const BTF_KIND_DECL_TAG = 17
export const BTF_KIND_TYPE_TAG = 18
export const BTF_KIND_ENUM64 = 19

export const BTF_INT_SIGNED = 1
export const BTF_INT_CHAR = 2
export const BTF_INT_BOOL = 4

/** Bytes behind `struct btf_type`: fixed part and part per vlen, by kind; undefined kinds cannot be skipped. */
export const BTF_RECORD_SIZE: readonly (readonly [fixed: number, perItem: number] | undefined)[] = [
  undefined,
  [4, 0],
  [0, 0],
  [12, 0],
  [0, 12],
  [0, 12],
  [0, 8],
  [0, 0],
  [0, 0],
  [0, 0],
  [0, 0],
  [0, 0],
  [0, 0],
  [0, 8],
  [4, 0],
  [0, 12],
  [0, 0],
  [4, 0],
  [0, 0],
  [0, 12],
]
