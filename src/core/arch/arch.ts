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
  /** Bytes of the page the last walk() ended in: physical addresses are contiguous that far around. */
  readonly lastPageSize: number
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
  isKernelAddress(address: bigint): boolean
  /** What virtual addresses are for; where two overlap the first one counts. */
  regions(bases: RegionBases): readonly AddressRegion[]
  /**
   * Does `code`, the bytes before a would-be return address, end in a call? The target is given for direct
   * calls, 'indirect' for others.
   */
  callBefore(code: Uint8Array, returnAddress: bigint): bigint | 'indirect' | undefined
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
