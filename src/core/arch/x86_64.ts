// x86-64: page tables of 4 and 5 levels, the kernel image map, registers, call instructions.
// Source: Documentation/arch/x86/x86_64/mm.rst, arch/x86/include/asm/pgtable_types.h, asm/ptrace.h.
import { hi32, lo32 } from '../base/addr.ts'
import { FaultError } from '../base/errors.ts'
import type {
  Arch,
  ArchMemory,
  DirectMap,
  EntryMeaning,
  MappedPiece,
  PageTableTrace,
  Registers,
  Translator,
} from './arch.ts'
import { readX86KernelMap } from './x86_64_kernel_map.ts'
import {
  explainX86Entry,
  pageTableShape,
  traceX86PageTables,
  type PageTableShape,
} from './x86_64_trace.ts'
import { forEachX86Mapped } from './x86_64_mapped.ts'
import { x86Regions } from './x86_64_regions.ts'

const PAGE_SIZE = 4096
const START_KERNEL_MAP = 0xffff_ffff_8000_0000n
/** Image window without KASLR; with it VMCOREINFO says KERNEL_IMAGE_SIZE (1 GiB). */
const KERNEL_IMAGE_SIZE_DEFAULT = 512 * 1024 * 1024
/** Sizes of the direct map window. */
const DIRECT_MAP_4_LEVEL = 64 * 2 ** 40
const DIRECT_MAP_5_LEVEL = 32 * 2 ** 50

/** The image is mapped by pages of this size; CONFIG_PHYSICAL_ALIGN is a multiple. */
const PHYSICAL_ALIGN = 2 * 1024 * 1024

/** Where VMCOREINFO does not say where the root is: no memory, so that every walk fails. */
const NO_ROOT = -PAGE_SIZE

const PAGE_PRESENT = 1
const PAGE_PSE = 0x80
/** PROT_NONE and NUMA-hinting pages are mapped though not present: _PAGE_PROTNONE is _PAGE_GLOBAL. */
const PAGE_PROTNONE = 0x100

export const x86_64: Arch = {
  name: 'x86_64',
  pageSize: PAGE_SIZE,
  ptRegs: {
    size: 168,
    names: [
      'r15',
      'r14',
      'r13',
      'r12',
      'bp',
      'bx',
      'r11',
      'r10',
      'r9',
      'r8',
      'ax',
      'cx',
      'dx',
      'si',
      'di',
      'orig_ax',
      'ip',
      'cs',
      'flags',
      'sp',
      'ss',
    ],
  },
  prstatusRegsOffset: 112,
  pc: 'ip',
  sp: 'sp',
  fp: 'bp',
  createTranslator: (memory) => new X86Translator(memory),
  // Since v4.10, commit 401721ecd1dc ("kexec: export the value of phys_base instead of symbol address"), it says.
  physBaseStep: (info) => (info.number('phys_base') === undefined ? PHYSICAL_ALIGN : undefined),
  readKernelMap: readX86KernelMap,
  isUserMode: (registers: Registers) => ((registers.cs ?? 0n) & 3n) === 3n,
  // RFLAGS.IF.
  takesInterrupts: (registers: Registers) => ((registers.flags ?? 0n) & 0x200n) !== 0n,
  isKernelAddress: (address) => address >= 0xffff_0000_0000_0000n,
  // The lower half of five levels. That of four is smaller: what lies between is in no page table.
  isUserAddress: (address) => address < 0x0100_0000_0000_0000n,
  regions: x86Regions,
  callBefore,
  hasFramePointer,
  refersTo,
}

/** `push %rbp`, and `mov %rsp,%rbp` somewhere behind it: the compiler puts other instructions in between. */
function hasFramePointer(code: Uint8Array): boolean {
  const push = code.indexOf(0x55)
  for (let at = push + 1; push >= 0 && at + 3 <= code.length; at++)
    if (code[at] === 0x48 && code[at + 1] === 0x89 && code[at + 2] === 0xe5) return true
  return false
}

/** `call rel32` is E8 + 4 bytes; `call r/m` is FF /2 of 2 to 7 bytes, REX or segment prefixes aside. */
function callBefore(code: Uint8Array, returnAddress: bigint): bigint | 'indirect' | undefined {
  const end = code.length
  if (end >= 5 && code[end - 5] === 0xe8) {
    const view = new DataView(code.buffer, code.byteOffset + end - 4, 4)
    return BigInt.asUintN(64, returnAddress + BigInt(view.getInt32(0, true)))
  }
  for (const length of [2, 3, 4, 6, 7]) {
    if (end < length || code[end - length] !== 0xff) continue
    const modrm = code[end - length + 1] as number
    if (((modrm >> 3) & 7) === 2 && modrmLength(modrm, code[end - length + 2]) === length)
      return 'indirect'
  }
  return undefined
}

/** Kernel and modules lie in the uppermost 2 GB: 4 bytes that are extended by their sign, or count from the next instruction. */
function refersTo(code: Uint8Array, start: bigint, address: bigint): boolean {
  const view = new DataView(code.buffer, code.byteOffset, code.length)
  const signed = Number(BigInt.asIntN(32, address))
  const isExtended = BigInt.asUintN(64, BigInt(signed)) === address
  // An address near enough that a difference of 32 bits reaches it.
  const distance = BigInt.asIntN(64, address - start)
  const isNear = distance === BigInt.asIntN(32, distance)
  for (let at = 0; at + 4 <= code.length; at++) {
    const operand = view.getInt32(at, true)
    if (isExtended && operand === signed) return true
    if (isNear && operand === Number(distance) - at - 4) return true
  }
  return false
}

/** Length of an `FF /2` instruction by its ModRM byte. */
function modrmLength(modrm: number, sib = 0): number {
  const mod = modrm >> 6
  const rm = modrm & 7
  if (mod === 3) return 2
  const hasSib = rm === 4 ? 1 : 0
  if (mod === 1) return 3 + hasSib
  if (mod === 2) return 6 + hasSib
  if (rm === 5 || (rm === 4 && (sib & 7) === 5)) return 6 + hasSib
  return 2 + hasSib
}

class X86Translator implements Translator {
  readonly kernelRoot: number
  lastPageSize = PAGE_SIZE
  readonly #memory: ArchMemory
  readonly #shape: PageTableShape
  readonly #levels: number
  readonly #imageBase: number
  readonly #imageSize: number
  /** Physical address bits of the upper word of an entry, encryption bit (SME/SEV) taken out. */
  readonly #addressHigh: number
  readonly #addressLow: number
  readonly #words = new Uint32Array(2)
  #directHi = 0
  #directLo = 0
  #directSize = 0

  constructor(memory: ArchMemory) {
    this.#memory = memory
    this.#shape = pageTableShape(memory)
    const { info } = memory
    const smeMask = info.bigint('sme_mask') ?? 0n
    this.#addressHigh = 0xf_ffff & ~hi32(smeMask)
    this.#addressLow = 0xffff_f000 & ~lo32(smeMask)
    this.#levels = info.number('pgtable_l5_enabled') === 1 ? 5 : 4
    this.#imageBase = info.number('phys_base') ?? memory.physBase ?? 0
    this.#imageSize = info.number('KERNEL_IMAGE_SIZE') ?? KERNEL_IMAGE_SIZE_DEFAULT
    const root =
      info.symbol('init_top_pgt') ?? info.symbol('swapper_pg_dir') ?? info.symbol('init_level4_pgt')
    this.kernelRoot = root === undefined ? NO_ROOT : this.#imageToPhysical(root)
  }

  setDirectMap(start: bigint): void {
    this.#directHi = hi32(start)
    this.#directLo = lo32(start)
    const window = this.#levels === 5 ? DIRECT_MAP_5_LEVEL : DIRECT_MAP_4_LEVEL
    this.#directSize = Math.min(window, this.#memory.physicalEnd)
  }

  get directMap(): DirectMap | undefined {
    if (this.#directSize === 0) return undefined
    const start = (BigInt(this.#directHi) << 32n) | BigInt(this.#directLo)
    return { start, size: this.#directSize }
  }

  forEachMapped(root: number, start: bigint, last: bigint): Iterable<MappedPiece> {
    const tables = {
      levels: this.#levels,
      addressHigh: this.#addressHigh,
      addressLow: this.#addressLow,
      readWords: (physical: number, out: Uint32Array) =>
        this.#memory.readPhysicalWords(physical, out),
    }
    return forEachX86Mapped(tables, Math.floor(root / PAGE_SIZE) * PAGE_SIZE, start, last)
  }

  kernelToPhysical(address: bigint): number {
    if (this.#directSize > 0) {
      const offset = (hi32(address) - this.#directHi) * 2 ** 32 + (lo32(address) - this.#directLo)
      if (offset >= 0 && offset < this.#directSize) return offset
    }
    if (hi32(address) === 0xffff_ffff && lo32(address) >= 0x8000_0000) {
      if (lo32(address) - 0x8000_0000 < this.#imageSize) return this.#imageToPhysical(address)
    }
    return this.walk(this.kernelRoot, address)
  }

  walk(root: number, address: bigint): number {
    const high = hi32(address)
    const low = lo32(address)
    // Bits above the tree's repeat its highest: freed memory's poison (0x6b6b…) is no address at all.
    const sign = (high | 0) >> (this.#levels === 5 ? 24 : 15)
    if (root < 0 || (sign !== 0 && sign !== -1))
      throw new FaultError(address, 'virtual', 'no-translation')
    // The low bits of CR3 hold a PCID.
    let table = Math.floor(root / PAGE_SIZE) * PAGE_SIZE
    for (let level = this.#levels; level >= 1; level--) {
      // 9 bits a level, level 1 begins at bit 12.
      const shift = 12 + 9 * (level - 1)
      const index =
        shift >= 32
          ? (high >>> (shift - 32)) & 0x1ff
          : ((low >>> shift) | (high << (32 - shift))) & 0x1ff
      this.#readEntry(table + index * 8, address)
      const entryLow = this.#words[0] as number
      const leaf = level === 1 || (level <= 3 && (entryLow & PAGE_PSE) !== 0)
      const present = (entryLow & PAGE_PRESENT) !== 0
      if (!present && !(leaf && entryLow & PAGE_PROTNONE)) {
        throw new FaultError(address, 'virtual', 'no-translation')
      }
      // Since v4.19, commit 6b28baca9b1f ("x86/speculation/l1tf: Protect PROT_NONE PTEs"), what is not
      // present has its address inverted, so that it means no memory to a speculating CPU.
      const flip = present ? 0 : -1
      const target =
        (((this.#words[1] as number) ^ flip) & this.#addressHigh) * 2 ** 32 +
        (((entryLow ^ flip) & this.#addressLow) >>> 0)
      if (level === 1) {
        this.lastPageSize = PAGE_SIZE
        return target + (low & 0xfff)
      }
      if (leaf) {
        const pageBytes = 2 ** shift
        this.lastPageSize = pageBytes
        const offset = level === 2 ? low & 0x1f_ffff : low & 0x3fff_ffff
        return target - (target % pageBytes) + offset
      }
      table = target
    }
    throw new FaultError(address, 'virtual', 'no-translation')
  }

  walkLevels(root: number, address: bigint): PageTableTrace {
    const bits = this.#levels === 5 ? 57 : 48
    // All of a half is canonical, or nothing of a stretch as large is.
    if (root < 0 || BigInt.asUintN(64, BigInt.asIntN(bits, address)) !== address)
      return { entries: [], target: undefined, coverage: 2 ** (bits - 1) }
    // The low bits of CR3 hold a PCID.
    return traceX86PageTables(this.#shape, Math.floor(root / PAGE_SIZE) * PAGE_SIZE, address)
  }

  explainEntry(value: bigint): EntryMeaning {
    return explainX86Entry(value, this.#shape.addressMask)
  }

  #readEntry(physical: number, address: bigint): void {
    try {
      this.#memory.readPhysicalWords(physical, this.#words)
    } catch (cause) {
      const reason = cause instanceof FaultError ? cause.reason : 'no-translation'
      throw new FaultError(address, 'virtual', reason, { cause })
    }
  }

  #imageToPhysical(address: bigint): number {
    return Number(address - START_KERNEL_MAP) + this.#imageBase
  }
}
