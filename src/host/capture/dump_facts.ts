// What the headers of a new dump say, taken from the dump it is made of and from the dead kernel's memory.
import type { CodecName } from '../../core/codec/codec.ts'
import type { VmcoreInfo } from '../../core/debuginfo/vmcoreinfo.ts'
import type { Dump } from '../../core/dump/dump_format.ts'
import { NT_PRSTATUS } from '../../core/elf/elf_note.ts'
import type { KernelMemory } from './kernel_memory.ts'
import { encodeNotes } from './writers/encode_notes.ts'
import type { KdumpFacts } from './writers/kdump_header.ts'

/** `char sysname[65]`, and five more alike. Source: include/uapi/linux/utsname.h. */
const UTSNAME_FIELD = 65
/** What every kernel's sysname is. */
const SYSNAME = new TextEncoder().encode('Linux\0')

/** What the person chose. */
export interface DumpChoices {
  readonly level: number
  readonly codec: CodecName | undefined
  readonly eraseInfo: Uint8Array
}

/** Collect what headers say. */
export function readFacts(
  dump: Dump,
  { level, codec, eraseInfo }: DumpChoices,
  info: VmcoreInfo,
  memory: KernelMemory,
): KdumpFacts {
  const { notes, vmcoreinfoOffset } = encodeNotes(dump)
  return {
    pageSize: dump.pageSize,
    pfnEnd: dump.pfnEnd,
    littleEndian: dump.littleEndian,
    utsname: readUtsname(dump, info, memory),
    timestamp: info.crashTime || dump.timestamp || Math.floor(Date.now() / 1000),
    codec,
    dumpLevel: level,
    physBase: info.number('phys_base') ?? dump.physBase ?? 0,
    cpuCount: dump.notes.filter((note) => note.name === 'CORE' && note.type === NT_PRSTATUS).length,
    notes,
    vmcoreinfoOffset,
    vmcoreinfoSize: dump.vmcoreinfo?.length ?? 0,
    eraseInfo,
  }
}

/** The kernel's own, else what the input's header says: a reader must at least learn the machine. */
function readUtsname(dump: Dump, info: VmcoreInfo, memory: KernelMemory): Uint8Array {
  const utsname = new Uint8Array(6 * UTSNAME_FIELD)
  const address = info.utsnameAddress
  if (address !== undefined) memory.readLenient(address, utsname)
  if (SYSNAME.every((byte, i) => utsname[i] === byte)) return utsname
  utsname.fill(0)
  if (!dump.utsname) return utsname
  const { nodename, release, version, machine } = dump.utsname
  for (const [i, text] of ['Linux', nodename, release, version, machine].entries()) {
    utsname.set(new TextEncoder().encode(text).subarray(0, UTSNAME_FIELD - 1), i * UTSNAME_FIELD)
  }
  return utsname
}
