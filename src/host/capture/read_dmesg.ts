// The dead kernel's log out of its memory, with VMCOREINFO and page tables alone: neither symbols nor types are read,
// so that it works when little else does.
import { FormatError } from '../../core/base/errors.ts'
import { getArch } from '../../core/arch/archs.ts'
import { VmcoreInfo } from '../../core/debuginfo/vmcoreinfo.ts'
import { openDump } from '../../core/dump/formats.ts'
import { formatLogLines, readLog } from '../../core/kernel/printk.ts'
import { blockCache } from '../../core/io/block_cache.ts'
import { Memory } from '../../core/program/memory.ts'
import { openVmcoreSource } from '../platform/mmap_source.ts'

/**
 * Read the log as dmesg prints it.
 *
 * @yields lines, each with its newline, oldest first
 * @throws {FormatError} if the file is no vmcore or has no VMCOREINFO
 * @throws {FaultError} if the log's own structures are not there
 */
export function* readDmesg(vmcore: string): Generator<string> {
  using source = openVmcoreSource(vmcore)
  using dump = openDump(source, { cache: blockCache })
  if (!dump.vmcoreinfo) throw new FormatError(vmcore, 0, 'no VMCOREINFO note')
  const info = VmcoreInfo.parse(dump.vmcoreinfo)
  const memory = new Memory(dump)
  memory.setTranslator(
    getArch(dump.utsname?.machine ?? '').createTranslator(memory.archMemory(info)),
  )
  for (const record of readLog(memory, info)) {
    for (const line of formatLogLines(record)) yield `${line}\n`
  }
}
