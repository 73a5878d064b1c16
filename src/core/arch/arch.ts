// What the rest of core must know of a CPU architecture. Nothing here knows a kernel subsystem.
import type { VmcoreInfo } from '../debuginfo/vmcoreinfo.ts'

/** What page-table walks and kernel mappings are computed from. */
export interface ArchMemory {
  readonly info: VmcoreInfo
  /** phys_base of the dump's header, where VMCOREINFO lacks it. */
  readonly physBase: number | undefined
  /** One past the highest physical byte the dump speaks of. */
  readonly physicalEnd: number
  /** Read a u64 as two 32-bit words into `out` [low, high]. @throws {FaultError} physical */
  readPhysicalWords(physical: number, out: Uint32Array): void
}

/** One entry on the way through page tables. */
export interface TableEntry {
  /** PGD, P4D, PUD, PMD or PTE on x86. */
  readonly level: string
  /** Physical address of the entry. */
  readonly physical: number
  readonly value: bigint
}

/** A walk through page tables, entry by entry. */
export interface PageTableTrace {
  /** From the root down to where it ended; empty for an address that no tree has. */
  readonly entries: readonly TableEntry[]
  /** Physical address of the byte asked for; undefined if the last entry leads nowhere. */
  readonly target: number | undefined
  /** Bytes of virtual memory the last entry speaks of, aligned to as much: a page, or a hole. */
  readonly coverage: number
}

/** What a last-level entry says. */
export type EntryMeaning =
  | { readonly kind: 'none' }
  | { readonly kind: 'page'; readonly physical: number; readonly flags: readonly string[] }
  /** Not present: a place in a swap file, or what the kernel keeps in place of one (migration, poison). */
  | { readonly kind: 'swap'; readonly type: number; readonly offset: bigint }

/** A page of any size, as a table maps it. */
export interface MappedPiece {
  readonly virtual: bigint
  readonly physical: number
  readonly size: number
}

/** Physical memory from 0 on, mapped in one piece. */
export interface DirectMap {
  readonly start: bigint
  readonly size: number
}

/** Virtual to physical, for one dump. */
export interface Translator {
  /** Physical address of the kernel's root page table. */
  readonly kernelRoot: number
  /**
   * Translate a kernel address.
   *
   * @throws {FaultError} reason 'no-translation', or the reason why a page table could not be read
   */
  kernelToPhysical(address: bigint): number
  /** Translate by the page table whose root is at physical `root`. @throws {FaultError} as above */
  walk(root: number, address: bigint): number
  /**
   * Do what walk() does, and tell every entry on the way. Made for showing and for asking of many pages what they are:
   * what is not mapped is no error.
   *
   * @throws {FaultError} physical, if a table could not be read
   */
  walkLevels(root: number, address: bigint): PageTableTrace
  /** Say what an entry means that maps a page, or stands where one would. */
  explainEntry(value: bigint): EntryMeaning
  /** Bytes of the page the last walk() ended in: physical addresses are contiguous that far around. */
  readonly lastPageSize: number
  /**
   * What the tables below `root` map of `[start, last]`, in the order of addresses; pieces may reach out of the range.
   * A table that is met again, or cannot be read, maps nothing.
   */
  forEachMapped(root: number, start: bigint, last: bigint): Iterable<MappedPiece>
  /** Where physical memory is mapped as a whole; undefined until it is known. */
  readonly directMap: DirectMap | undefined
  /** Make the direct map known, so that its addresses need no page tables. Bases are kernel variables, read after symbols. */
  setDirectMap(start: bigint): void
}

/** Frames that are mapped in one piece. */
export interface MappedRun {
  readonly pfn: number
  readonly count: number
}

/** What the kernel's own page tables map. */
export interface KernelMap {
  /** Frames of the page tables themselves. */
  readonly tables: readonly number[]
  /** The kernel image but its text: data, symbols, types, unwind tables. */
  readonly image: readonly MappedRun[]
  /** The executable part of the image; empty where the tables do not tell it from the rest. */
  readonly text: readonly MappedRun[]
  /** Modules, vmalloc, vmemmap: all but the image and the direct map. */
  readonly other: readonly MappedRun[]
  /** False if a table could not be read or there were too many. */
  readonly complete: boolean
  /**
   * Frame that a pointer, given as two words, means in the direct map or in the image. Anything else gives a
   * number outside of the machine's frames, mostly.
   */
  frameOf(high: number, low: number): number
}

/** Registers by the names of the architecture's `struct pt_regs`. */
export type Registers = Readonly<Record<string, bigint>>

/** A block of registers as saved in memory. */
export interface RegisterLayout {
  /** Bytes. */
  readonly size: number
  /** Members in memory order, 8 bytes each. */
  readonly names: readonly string[]
}

/** A range of virtual addresses with one use. */
export interface AddressRegion {
  readonly name: string
  readonly start: bigint
  /** Exclusive. */
  readonly end: bigint
}

/** Where a kernel has put what it may put anywhere; undefined for what is not known. */
export interface RegionBases {
  readonly directMap: bigint | undefined
  readonly vmalloc: bigint | undefined
  readonly vmemmap: bigint | undefined
  /** One past the highest physical byte. */
  readonly physicalEnd: number
  /** Bytes of the window the image is mapped in. */
  readonly imageSize: number
  /** Levels of page tables. */
  readonly levels: number
}

/** One CPU architecture. One per file of this folder, listed in archs.ts. */
export interface Arch {
  /** utsname's machine. */
  readonly name: string
  readonly pageSize: number
  /** `struct pt_regs`. */
  readonly ptRegs: RegisterLayout
  /** Byte offset of the registers in an NT_PRSTATUS note; their order is that of ptRegs. */
  readonly prstatusRegsOffset: number
  /** Names of program counter, stack pointer and frame pointer in `Registers`. */
  readonly pc: string
  readonly sp: string
  readonly fp: string
  createTranslator(memory: ArchMemory): Translator
  /**
   * Where VMCOREINFO leaves ArchMemory's physBase open: the number of bytes it is a multiple of. Undefined where
   * VMCOREINFO says it, or nothing depends on it.
   */
  physBaseStep(info: VmcoreInfo): number | undefined
  /** Walk all page tables of the kernel at `root`; `readPage` says false where it cannot read. */
  readKernelMap(
    readPage: (physical: number, into: Uint8Array) => boolean,
    root: number,
    info: VmcoreInfo,
  ): KernelMap
  /** Were these registers saved in user mode? */
  isUserMode(registers: Registers): boolean
  /** Were interrupts enabled when these registers were saved? */
  takesInterrupts(registers: Registers): boolean
  isKernelAddress(address: bigint): boolean
  /** Can this be an address of user space? Neither of both is no address at all. */
  isUserAddress(address: bigint): boolean
  /** What virtual addresses are for; where two overlap the first one counts. */
  regions(bases: RegionBases): readonly AddressRegion[]
  /** Has a function that begins with `code`, and was interrupted behind it, set up a frame pointer? */
  hasFramePointer(code: Uint8Array): boolean
  /**
   * Does `code`, the bytes before a would-be return address, end in a call? The target is given for direct
   * calls, 'indirect' for others.
   */
  callBefore(code: Uint8Array, returnAddress: bigint): bigint | 'indirect' | undefined
  /** Does `code`, which lies at `start`, hold this kernel address as an operand? By its bytes: seldom wrong, never sure. */
  refersTo(code: Uint8Array, start: bigint, address: bigint): boolean
}

/** Decode registers saved in memory. */
export function parseRegisters(
  layout: RegisterLayout,
  bytes: Uint8Array,
  littleEndian: boolean,
): Registers {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const registers: Record<string, bigint> = {}
  layout.names.forEach((name, i) => (registers[name] = view.getBigUint64(i * 8, littleEndian)))
  return registers
}
