// ELF headers of 64 and 32 bits, under their names in <elf.h>. Definitions only.
import { loose64, u16, u32, u64, u8, usize64, struct } from '../base/struct.ts'

export const EI_CLASS = 4
export const EI_DATA = 5
export const ELFCLASS32 = 1
export const ELFCLASS64 = 2
export const ELFDATA2LSB = 1
export const ELFDATA2MSB = 2
export const ET_CORE = 4
export const PT_LOAD = 1
export const PT_NOTE = 4
/** e_phnum value that says: the count is in sh_info of section header 0. */
export const PN_XNUM = 0xffff
/** e_shstrndx value that says: the index is in sh_link of section header 0. */
export const SHN_XINDEX = 0xffff
/** e_flags bit makedumpfile sets in an ELF dump that it could not finish. */
export const DUMP_ELF_INCOMPLETE = 1

export const SHT_SYMTAB = 2
export const SHT_NOTE = 7
export const SHT_NOBITS = 8
export const SHF_WRITE = 1n
export const SHF_ALLOC = 2n
export const SHF_EXECINSTR = 4n
export const SHN_UNDEF = 0
export const SHN_ABS = 0xfff1
export const STT_SECTION = 3
export const STT_FILE = 4
export const STB_LOCAL = 0
export const STB_WEAK = 2

export const EM_386 = 3
export const EM_PPC64 = 21
export const EM_S390 = 22
export const EM_ARM = 40
export const EM_X86_64 = 62
export const EM_AARCH64 = 183
export const EM_RISCV = 243
export const EM_LOONGARCH = 258

/** The ELF header. */
export const elf64_ehdr = struct('Elf64_Ehdr', 64, {
  ei_mag: u32, // 7f 'E' 'L' 'F'
  ei_class: u8,
  ei_data: u8,
  ei_version: u8,
  ei_osabi: u8,
  ei_pad: u64,
  e_type: u16,
  e_machine: u16,
  e_version: u32,
  e_entry: u64,
  e_phoff: usize64,
  e_shoff: usize64,
  e_flags: u32,
  e_ehsize: u16,
  e_phentsize: u16,
  e_phnum: u16,
  e_shentsize: u16,
  e_shnum: u16,
  e_shstrndx: u16,
})

/** A program header: one segment. Those of /proc/kcore have offsets and sizes above 2^53 under 5-level paging. */
export const elf64_phdr = struct('Elf64_Phdr', 56, {
  p_type: u32,
  p_flags: u32,
  p_offset: loose64,
  p_vaddr: u64,
  p_paddr: u64,
  p_filesz: loose64,
  p_memsz: loose64,
  p_align: u64,
})

/** A section header. */
export const elf64_shdr = struct('Elf64_Shdr', 64, {
  sh_name: u32,
  sh_type: u32,
  sh_flags: u64,
  sh_addr: u64,
  sh_offset: usize64,
  sh_size: usize64,
  sh_link: u32,
  sh_info: u32,
  sh_addralign: u64,
  sh_entsize: u64,
})

/** The ELF header of 32 bits. */
export const elf32_ehdr = struct('Elf32_Ehdr', 52, {
  ei_mag: u32,
  ei_class: u8,
  ei_data: u8,
  ei_version: u8,
  ei_osabi: u8,
  ei_pad: u64,
  e_type: u16,
  e_machine: u16,
  e_version: u32,
  e_entry: u32,
  e_phoff: u32,
  e_shoff: u32,
  e_flags: u32,
  e_ehsize: u16,
  e_phentsize: u16,
  e_phnum: u16,
  e_shentsize: u16,
  e_shnum: u16,
  e_shstrndx: u16,
})

/** A program header of 32 bits; the order differs. */
export const elf32_phdr = struct('Elf32_Phdr', 32, {
  p_type: u32,
  p_offset: u32,
  p_vaddr: u32,
  p_paddr: u32,
  p_filesz: u32,
  p_memsz: u32,
  p_flags: u32,
  p_align: u32,
})

/** A section header of 32 bits. */
export const elf32_shdr = struct('Elf32_Shdr', 40, {
  sh_name: u32,
  sh_type: u32,
  sh_flags: u32,
  sh_addr: u32,
  sh_offset: u32,
  sh_size: u32,
  sh_link: u32,
  sh_info: u32,
  sh_addralign: u32,
  sh_entsize: u32,
})

/** A symbol. */
export const elf64_sym = struct('Elf64_Sym', 24, {
  st_name: u32,
  st_info: u8,
  st_other: u8,
  st_shndx: u16,
  st_value: u64,
  st_size: u64,
})
