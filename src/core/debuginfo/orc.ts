// ORC: for each instruction address, where the caller's frame is. Read lazily out of the dumped tables.
// Source: arch/x86/include/asm/orc_types.h, arch/x86/kernel/unwind_orc.c. Four layouts exist (see orcVersion).
import { CorruptError } from '../base/errors.ts'
import { stripType, type Type } from './type.ts'
import type { TypeProvider } from './type_provider.ts'

/** Which register a rule counts from. */
export type OrcRegister =
  | 'undefined'
  | 'prev_sp'
  | 'ax'
  | 'dx'
  | 'di'
  | 'bp'
  | 'sp'
  | 'r10'
  | 'r13'
  | 'bp_indirect'
  | 'sp_indirect'
/** What kind of frame a rule describes. */
export type OrcType = 'undefined' | 'end_of_stack' | 'call' | 'regs' | 'regs_partial'

/** One unwind rule, the same shape for every version. */
export interface OrcEntry {
  readonly spReg: OrcRegister
  readonly spOffset: number
  readonly bpReg: OrcRegister
  readonly bpOffset: number
  readonly type: OrcType
  /** The frame was interrupted, not calling: its ip is not a return address. */
  readonly signal: boolean
}

/** Layouts of `struct orc_entry`; see orcVersion(). */
export type OrcVersion = 1 | 2 | 3 | 4

/** What reading the tables takes; a Memory has it. */
export interface WordReader {
  u16(address: bigint): number
  i16(address: bigint): number
  i32(address: bigint): number
}

const REGISTERS_V1: readonly (OrcRegister | undefined)[] = [
  'undefined',
  'prev_sp',
  'dx',
  'di',
  'bp',
  'sp',
  'r10',
  'r13',
  'bp_indirect',
  'sp_indirect',
]
// Since v7.1 the registers are renumbered.
const REGISTERS_V4: readonly (OrcRegister | undefined)[] = [
  'undefined',
  'ax',
  'dx',
  'sp',
  'bp',
  'di',
  'r10',
  'r13',
  'prev_sp',
  'sp_indirect',
  'bp_indirect',
]
const TYPES_V1: readonly (OrcType | undefined)[] = ['call', 'regs', 'regs_partial']
const TYPES_V3: readonly (OrcType | undefined)[] = [
  'undefined',
  'end_of_stack',
  'call',
  'regs',
  'regs_partial',
]

const ENTRY_SIZE = 6n
const ENTRY_LIMIT = 64_000_000

/**
 * Tell the layout by its shape, never by kernel version: RHEL 9's 5.14 carries the layout of 6.4.
 *
 * v1: type:2, end. v2 (v6.3): type:2, signal, end. v3 (v6.4): type:3, signal. v4 (v7.1): as v3 with the
 * registers renumbered, which the kernel's own fallback rule shows: its bp_reg is ORC_REG_PREV_SP.
 *
 * @param fpEntryBits the third u16 of the kernel's `struct orc_entry orc_fp_entry`, if it could be read
 * @returns undefined if the kernel has no ORC type information
 */
export function orcVersion(
  types: TypeProvider,
  fpEntryBits: number | undefined,
): OrcVersion | undefined {
  const type: Type | undefined = types.findType('struct', 'orc_entry')
  const entry = type && stripType(type)
  if (entry?.kind !== 'struct') return undefined
  const typeBits = entry.memberIndex.get('type')?.bitSize
  if (typeBits === 2) return entry.memberIndex.has('signal') ? 2 : 1
  const prevSp = fpEntryBits === undefined ? undefined : REGISTERS_V4[(fpEntryBits >> 4) & 0xf]
  return prevSp === 'prev_sp' ? 4 : 3
}

/** The unwind rules of the kernel, or of one module. */
export class OrcTable {
  readonly #reader: WordReader
  readonly #ipStart: bigint
  readonly #entryStart: bigint
  readonly #count: number
  readonly #version: OrcVersion
  readonly #found = new Map<bigint, OrcEntry | undefined>()

  /**
   * @param ipStart address of `int orc_unwind_ip[count]`, place-relative and sorted
   * @param entryStart address of `struct orc_entry orc_unwind[count]`
   * @throws {CorruptError} if the count is beyond any kernel's
   */
  constructor(
    reader: WordReader,
    ipStart: bigint,
    entryStart: bigint,
    count: number,
    version: OrcVersion,
  ) {
    if (!(Number.isInteger(count) && count > 0 && count <= ENTRY_LIMIT))
      throw new CorruptError(ipStart, `ORC table has ${count} entries`)
    this.#reader = reader
    this.#ipStart = ipStart
    this.#entryStart = entryStart
    this.#count = count
    this.#version = version
  }

  /**
   * The rule for an instruction address.
   *
   * @returns undefined if the table has none, or marks the range as undefined
   * @throws {FaultError} if the table's page is not in the dump
   */
  find(ip: bigint): OrcEntry | undefined {
    const known = this.#found.get(ip)
    if (known !== undefined || this.#found.has(ip)) return known
    let low = 0
    let high = this.#count - 1
    while (low <= high) {
      const middle = (low + high) >> 1
      const at = this.#ipStart + BigInt(middle * 4)
      if (at + BigInt(this.#reader.i32(at)) <= ip) low = middle + 1
      else high = middle - 1
    }
    const entry = high < 0 ? undefined : this.#decode(this.#entryStart + BigInt(high) * ENTRY_SIZE)
    this.#found.set(ip, entry)
    return entry
  }

  #decode(at: bigint): OrcEntry | undefined {
    const bits = this.#reader.u16(at + 4n)
    const registers = this.#version === 4 ? REGISTERS_V4 : REGISTERS_V1
    const spReg = registers[bits & 0xf]
    const bpReg = registers[(bits >> 4) & 0xf]
    const { type, signal } = this.#decodeType(bits >> 8, spReg)
    if (!spReg || !bpReg || !type || type === 'undefined') return undefined
    return {
      spReg,
      bpReg,
      type,
      signal,
      spOffset: this.#reader.i16(at),
      bpOffset: this.#reader.i16(at + 2n),
    }
  }

  /** Before v3 an undefined sp_reg marks both the end of the stack (end = 1) and code without rules. */
  #decodeType(
    bits: number,
    spReg: OrcRegister | undefined,
  ): { type: OrcType | undefined; signal: boolean } {
    if (this.#version >= 3) return { type: TYPES_V3[bits & 7], signal: (bits & 8) !== 0 }
    const signal = this.#version === 2 && (bits & 4) !== 0
    const end = (bits & (this.#version === 2 ? 8 : 4)) !== 0
    if (spReg === 'undefined') return { type: end ? 'end_of_stack' : 'undefined', signal }
    return { type: TYPES_V1[bits & 3], signal }
  }
}
