// How many cases of each fuzz target `npm run check` runs: cheap readers get more, so that all take some seconds together.

/** Cases by target. */
export const FUZZ_CASES = {
  'kdump-compressed headers': 6000,
  'kdump-compressed pages': 1500,
  'parts of a split dump, one damaged': 1000,
  'flattened files': 3000,
  'ELF vmcores': 6000,
  '/proc/kcore': 4000,
  'LiME and AVML files': 4000,
  'plain memory': 120,
  'files cut at each byte of their headers': 17_000,
  'ELF notes': 12_000,
  'zlib blocks, portable': 3000,
  'zstd blocks, portable': 3000,
  'lzo blocks': 5000,
  'snappy blocks': 5000,
  'zlib blocks, node': 500,
  'zstd blocks, node': 500,
  'zlib blocks, native': 3000,
  'zstd blocks, native': 3000,
  'gzip members': 1500,
  VMCOREINFO: 8000,
  BTF: 6000,
  'BTF of a module, over whole and damaged BTF of the kernel': 5000,
  kallsyms: 5000,
  'ORC tables': 3000,
  'kernel logs': 2500,
  'stacks, rules and code': 1500,
  'kernels, walked from their tasks to their modules': 500,
  'filtering of hostile machines': 300,
  'plans of machines whose VMCOREINFO lies': 150,
  'plans of machines whose page array, tables or sections are damaged': 150,
  'kernel command lines': 6000,
  'files of boot loaders': 150,
  'cpio archives': 3000,
  'LUKS2 headers': 3000,
} as const

/** The name of a target. */
export type FuzzTarget = keyof typeof FUZZ_CASES
