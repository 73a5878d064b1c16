// makedumpfile --dump-dmesg: the dead kernel's log as text, byte for byte as makedumpfile writes it. VMCOREINFO and
// page tables are enough, so that it works on any dump, filtered or damaged.
import { getArch } from '../../core/arch/archs.ts'
import { FormatError } from '../../core/base/errors.ts'
import { VmcoreInfo } from '../../core/debuginfo/vmcoreinfo.ts'
import type { Dump } from '../../core/dump/dump_format.ts'
import {
  formatTimestamp,
  type LogRecord,
  readLog,
  readLogSinceClear,
} from '../../core/kernel/printk.ts'
import { Memory } from '../../core/program/memory.ts'

/** What to write of the log. */
export interface DmesgOptions {
  /** --partial-dmesg: only what came since the log was last cleared. */
  readonly partial: boolean
  /** `[      T1] ` who printed, behind the time: makedumpfile does so since 1.7.5, where the kernel tells. */
  readonly callers: boolean
}

const NEWLINE = 0x0a
const SPACE = 0x20
const CALLER_WIDTH = 8
/** Bit of a caller id that says that it is a CPU. */
const CALLER_IS_CPU = 0x8000_0000

/**
 * Write the log as text.
 *
 * A text of several lines has its prefix before the first and spaces before the others. Bytes that are neither
 * printable nor white space become `\x1b`. (makedumpfile writes those above 0x7f as `\xffffffc3`; we as dmesg does.)
 *
 * @yields one record at a time, its newline included; a record whose text is not there says why
 * @throws {FormatError} if the dump has no VMCOREINFO
 * @throws {NotFoundError} if VMCOREINFO does not locate the log
 * @throws {FaultError} if the log's own structures are not there
 * @source makedumpfile printk.c
 */
export function* dumpDmesg(dump: Dump, options: DmesgOptions): Generator<Uint8Array> {
  if (!dump.vmcoreinfo) throw new FormatError(dump.file, 0, 'no VMCOREINFO note')
  const info = VmcoreInfo.parse(dump.vmcoreinfo)
  const memory = new Memory(dump)
  const arch = getArch(dump.utsname?.machine ?? '')
  memory.setTranslator(arch.createTranslator(memory.archMemory(info)))
  const records = options.partial ? readLogSinceClear(memory, info) : readLog(memory, info)
  for (const record of records) yield formatDmesgRecord(record, options.callers)
}

/** One record as makedumpfile writes it, its newline included; see dumpDmesg(). */
export function formatDmesgRecord(
  { tsNsec, callerId, bytes, lost }: LogRecord,
  callers: boolean,
): Uint8Array {
  const stamp = `[${formatTimestamp(tsNsec)}] `
  const prefix = callers && callerId !== undefined ? `${stamp}[${formatCaller(callerId)}] ` : stamp
  const text = lost === '' ? bytes : new TextEncoder().encode(`(${lost})`)
  const out: number[] = []
  for (const char of prefix) out.push(char.charCodeAt(0))
  for (const byte of text) {
    if (byte === NEWLINE) {
      out.push(NEWLINE)
      for (let i = 0; i < prefix.length; i++) out.push(SPACE)
    } else if (isText(byte)) out.push(byte)
    else for (const char of `\\x${byte.toString(16).padStart(2, '0')}`) out.push(char.charCodeAt(0))
  }
  out.push(NEWLINE)
  return Uint8Array.from(out)
}

/** `T123` for a thread, `C1` for a CPU. */
function formatCaller(callerId: number): string {
  const cpu = callerId & ~CALLER_IS_CPU
  return (callerId & CALLER_IS_CPU ? `C${cpu}` : `T${callerId}`).padStart(CALLER_WIDTH)
}

/** isprint() or isspace() of the C locale. */
function isText(byte: number): boolean {
  return (byte >= SPACE && byte < 0x7f) || (byte >= 0x09 && byte <= 0x0d)
}
