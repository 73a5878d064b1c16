// makedumpfile --vtop: what a virtual address of the dumped kernel means, and by which entries of its page tables.
import { getArch } from '../../core/arch/archs.ts'
import { pageTableShape, traceX86PageTables } from '../../core/arch/x86_64_trace.ts'
import { FaultError, FormatError, UsageError } from '../../core/base/errors.ts'
import { VmcoreInfo } from '../../core/debuginfo/vmcoreinfo.ts'
import type { Dump } from '../../core/dump/dump_format.ts'
import { Memory } from '../../core/program/memory.ts'

/** What --vtop says. */
export interface VtopText {
  /** For stdout, as makedumpfile writes it (a common message). */
  readonly text: string
  /** Why there is no translation, for stderr; '' if there is one. */
  readonly problem: string
}

const ADDRESS_MAX = 0xffff_ffff_ffff_ffffn
/** makedumpfile's NOT_PADDR. */
const NO_PHYSICAL = 'ffffffffffffffff'

/**
 * Parse an address: `0x…`, decimal, octal with a leading 0, as makedumpfile does; hex without 0x where a letter says
 * that it is (makedumpfile takes such for 0 and says nothing).
 *
 * @throws {UsageError} for anything else, and for 0
 */
export function parseVtopAddress(text: string): bigint {
  const isBareHex = /^[0-9a-f]*[a-f][0-9a-f]*$/i.test(text)
  const isOctal = /^0[0-7]+$/.test(text)
  const isNumber = text.length <= 66 && /^(0x[0-9a-f]+|\d+)$/i.test(text)
  const literal = isBareHex ? `0x${text}` : isOctal ? `0o${text.slice(1)}` : text
  const value = (isBareHex && text.length <= 16) || isNumber ? BigInt(literal) : 0n
  if (value > 0n && value <= ADDRESS_MAX) return value
  throw new UsageError(`--vtop takes a kernel address such as 0xffffffff81000000, not '${text}'.`)
}

/**
 * Say how a kernel address is translated.
 *
 * @throws {FormatError} if the dump has no VMCOREINFO
 * @throws {UnsupportedError} if its architecture is unknown
 * @source makedumpfile.c debug_vtop, arch/x86_64.c vtop4_x86_64()
 */
export function formatVtop(dump: Dump, address: bigint): VtopText {
  if (!dump.vmcoreinfo) throw new FormatError(dump.file, 0, 'no VMCOREINFO note')
  const info = VmcoreInfo.parse(dump.vmcoreinfo)
  const memory = new Memory(dump)
  const archMemory = memory.archMemory(info)
  const root = getArch(dump.utsname?.machine ?? '').createTranslator(archMemory).kernelRoot
  const hex = address.toString(16)
  const lines = [`\nTranslating virtual address ${hex} to physical address.`]
  let problem = ''
  let physical = NO_PHYSICAL
  try {
    const { entries, target } = traceX86PageTables(pageTableShape(archMemory), root, address)
    for (const { level, physical: at, value } of entries) {
      lines.push(
        `  ${level} : ${at.toString(16).padStart(16)} => ${value.toString(16).padStart(16)}`,
      )
    }
    if (target === undefined) problem = problemOf(entries.at(-1)?.level ?? '')
    else physical = target.toString(16)
  } catch (error) {
    if (!(error instanceof FaultError)) throw error
    problem = error.message
  }
  lines.push('VIRTUAL           PHYSICAL', `${hex.padStart(16)}  ${physical}`, '', '')
  return { text: lines.join('\n'), problem }
}

function problemOf(level: string): string {
  const entry =
    level === 'PGD' || level === 'PTE' ? level.toLowerCase() : `${level.toLowerCase()}_pte`
  return `Can't get a valid ${entry}.`
}
