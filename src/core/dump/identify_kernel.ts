// Whether a VMCOREINFO is of the kernel in a dump's memory: the page tables it names must lead to a kernel that calls
// itself by the same release. Source: include/linux/utsname.h, init/version.c.
import { FaultError, type FaultReason } from '../base/errors.ts'
import { decodeAscii } from '../base/text.ts'
import type { Arch, ArchMemory, Translator } from '../arch/arch.ts'
import { ARCHS } from '../arch/archs.ts'
import type { VmcoreInfo } from '../debuginfo/vmcoreinfo.ts'
import type { Dump, DumpUtsname } from './dump_format.ts'

/** `char [65]` each: sysname, nodename, release, version, machine. */
const UTSNAME_FIELD = 65
const UTSNAME_SIZE = 5 * UTSNAME_FIELD
const SYSNAME = 'Linux\0'
/** Places where a kernel may have been loaded: 4 TiB of them, at 2 MiB. */
const PLACES_MAX = 2 * 1024 * 1024

/** What the kernel says of itself, and where it lies. */
export interface IdentifiedKernel {
  readonly utsname: DumpUtsname
  readonly physBase: number | undefined
}

/** Find the kernel that `info` speaks of, or say why it is not there. */
export function identifyKernel(dump: Dump, info: VmcoreInfo): IdentifiedKernel | string {
  // Formats that know no machine leave it open, or empty.
  const { machine = '' } = dump.utsname ?? {}
  const archs = ARCHS.filter(({ name }) => machine === '' || machine === name)
  let reason = `architecture ${machine} is not supported`
  for (const arch of archs) {
    const utsname = readUtsname(dump, info, arch, dump.physBase)
    if (typeof utsname !== 'string') return { utsname, physBase: dump.physBase }
    const moved = findPhysBase(dump, info, arch)
    if (moved) return moved
    reason = utsname
  }
  return reason
}

/**
 * Where VMCOREINFO leaves phys_base open, find it by the kernel's name for itself: the image is loaded at a multiple of
 * some megabytes.
 */
function findPhysBase(dump: Dump, info: VmcoreInfo, arch: Arch): IdentifiedKernel | undefined {
  const step = arch.physBaseStep(info)
  const address = info.utsnameAddress
  if (step === undefined || address === undefined) return undefined
  const unmoved = imageAddress(arch.createTranslator(archMemory(dump, info, 0)), address)
  if (unmoved === undefined) return undefined
  for (const physical of forEachPlace(dump, unmoved % step, step)) {
    const physBase = physical - unmoved
    const utsname = readUtsname(dump, info, arch, physBase)
    if (typeof utsname !== 'string') return { utsname, physBase }
  }
  return undefined
}

/** Where an address of the image would lie; undefined for one of no image: what was found may be anything. */
function imageAddress(translator: Translator, address: bigint): number | undefined {
  try {
    return translator.kernelToPhysical(address)
  } catch (error) {
    if (error instanceof FaultError) return undefined
    throw error
  }
}

/** Physical addresses, a multiple of `step` apart, at which memory begins as a utsname does. */
function* forEachPlace(dump: Dump, phase: number, step: number): Generator<number> {
  const sysname = new Uint8Array(SYSNAME.length)
  let left = PLACES_MAX
  for (const run of dump.pfnRuns('present')) {
    const first = Math.ceil((run.start * dump.pageSize - phase) / step) * step + phase
    for (let at = first; at < run.end * dump.pageSize; at += step) {
      if (left-- === 0) return
      const reason = readOrReason(dump, at, sysname)
      if (reason === '' && decodeAscii(sysname, 0, sysname.length) === SYSNAME) yield at
      // Behind a page that the file has lost this run has no other.
      if (reason === 'truncated') break
    }
  }
}

/** Read the kernel's name through its page tables; or say why that is not the kernel of `info`. */
function readUtsname(
  dump: Dump,
  info: VmcoreInfo,
  arch: Arch,
  physBase: number | undefined,
): DumpUtsname | string {
  const address = info.utsnameAddress
  if (address === undefined) return 'it does not say where init_uts_ns is'
  const bytes = new Uint8Array(UTSNAME_SIZE)
  try {
    const translator = arch.createTranslator(archMemory(dump, info, physBase))
    const physical = translator.walk(translator.kernelRoot, address)
    if (physical !== translator.kernelToPhysical(address))
      return 'its page tables map init_uts_ns elsewhere'
    dump.readPhysical(physical, bytes)
  } catch (error) {
    if (error instanceof FaultError) return `init_uts_ns: ${error.message}`
    throw error
  }
  const [sysname = '', nodename = '', release = '', version = '', machine = ''] = fieldsOf(bytes)
  if (sysname !== 'Linux' || release !== info.osrelease) return 'init_uts_ns is not of that release'
  if (machine !== arch.name) return `init_uts_ns is of machine ${machine}`
  return { release, machine, nodename, version }
}

/** The fields of `struct new_utsname`, each up to its NUL. */
function fieldsOf(bytes: Uint8Array): string[] {
  const fields: string[] = []
  for (let at = 0; at < bytes.length; at += UTSNAME_FIELD) {
    const end = bytes.indexOf(0, at)
    fields.push(decodeAscii(bytes, at, Math.min(end < 0 ? bytes.length : end, at + UTSNAME_FIELD)))
  }
  return fields
}

function archMemory(dump: Dump, info: VmcoreInfo, physBase: number | undefined): ArchMemory {
  const word = new Uint8Array(8)
  const view = new DataView(word.buffer)
  return {
    info,
    physBase,
    physicalEnd: dump.pfnEnd * dump.pageSize,
    readPhysicalWords(physical, out) {
      dump.readPhysical(physical, word)
      const { littleEndian } = dump
      out[0] = view.getUint32(littleEndian ? 0 : 4, littleEndian)
      out[1] = view.getUint32(littleEndian ? 4 : 0, littleEndian)
    },
  }
}

/** Read physical memory; the reason where it cannot be read, '' where it was. */
export function readOrReason(dump: Dump, physical: number, into: Uint8Array): FaultReason | '' {
  try {
    dump.readPhysical(physical, into)
    return ''
  } catch (error) {
    if (error instanceof FaultError) return error.reason
    throw error
  }
}
