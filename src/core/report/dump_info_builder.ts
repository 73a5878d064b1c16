// From an opened dump to all there is to say about its file.
import { KdumpError } from '../base/errors.ts'
import { formatHex } from '../base/hex.ts'
import { VmcoreInfo } from '../debuginfo/vmcoreinfo.ts'
import type { DumpDescription } from '../dump/dump_description.ts'
import type { Dump, PfnRun } from '../dump/dump_format.ts'
import { NT_PRSTATUS } from '../elf/elf_note.ts'
import { loadModules } from '../kernel/module.ts'
import { coarseRealtimeNsec } from '../kernel/timekeeping.ts'
import { utsname } from '../kernel/uts.ts'
import { Program } from '../program/program.ts'
import {
  DUMP_INFO_VERSION,
  type DumpInfo,
  type DumpInfoCompleteness,
  type DumpInfoFormat,
  type DumpInfoKernel,
  type DumpInfoMemory,
  type DumpInfoNotes,
  type DumpInfoPhysBase,
  type DumpInfoStorage,
  type DumpInfoVmcoreinfo,
} from './dump_info.ts'
import { guessMaker } from './dump_maker.ts'

/**
 * Describe a dump. Never throws for what the kernel inside lacks.
 *
 * @param fileBytes size of the file
 */
export function buildDumpInfo(dump: Dump, fileBytes: number): DumpInfo {
  const description = dump.describe?.()
  const memory = countMemory(dump)
  const facts = {
    version: DUMP_INFO_VERSION,
    file: dump.file,
    fileBytes,
    format: formatOf(dump, description),
    kernel: kernelOf(dump),
    memory,
    dumpLevel: dump.dumpLevel ?? null,
    storage: description ? storageOf(description, memory) : null,
    notes: notesOf(dump),
    vmcoreinfo: vmcoreinfoOf(dump),
    physBase: physBaseOf(dump),
    eraseinfo: description?.eraseinfo.split('\n').filter((line) => line !== '') ?? [],
    completeness: completenessOf(dump, description),
  } as const
  return { ...facts, maker: guessMaker(facts) }
}

function formatOf(dump: Dump, description: DumpDescription | undefined): DumpInfoFormat {
  const [part] = description?.parts ?? []
  return {
    name: dump.format,
    container: dump.container ?? null,
    headerVersion: description?.headerVersion ?? null,
    bits: description?.bits ?? null,
    byteOrder: dump.littleEndian ? 'little' : 'big',
    isLive: dump.isLive ?? false,
    part: part ? { pfnStart: part.start, pfnEnd: part.end } : null,
  }
}

/** What the kernel itself says, else VMCOREINFO, else the header. */
function kernelOf(dump: Dump): DumpInfoKernel {
  const info = dump.vmcoreinfo && VmcoreInfo.parse(dump.vmcoreinfo)
  const noted = {
    release: info?.osrelease || dump.utsname?.release || null,
    kernelVersion: dump.utsname?.version || null,
    machine: dump.utsname?.machine || null,
    nodename: dump.utsname?.nodename || null,
    crashTime: info?.crashTime || dump.timestamp || null,
    clock: null,
    problem: '',
  }
  try {
    const program = new Program(dump, { loadModules })
    const { release, version, machine, nodename } = utsname(program)
    return {
      ...noted,
      release,
      kernelVersion: version,
      machine,
      nodename,
      clock: Math.floor(Number(coarseRealtimeNsec(program)) / 1e9),
    }
  } catch (error) {
    if (!(error instanceof KdumpError)) throw error
    return { ...noted, problem: error.message }
  }
}

function countMemory(dump: Dump): DumpInfoMemory {
  const ram = dump.pfnRuns('existing')
  const ramPages = countPages(ram)
  const presentPages = countPages(dump.pfnRuns('present'))
  const first = ram[0]?.start ?? 0
  return {
    pageBytes: dump.pageSize,
    pfnEnd: dump.pfnEnd,
    ramPages,
    presentPages,
    excludedPages: Math.max(0, ramPages - presentPages),
    holes: Math.max(0, ram.length - 1) + (first > 0 ? 1 : 0),
  }
}

const countPages = (runs: readonly PfnRun[]): number =>
  runs.reduce((sum, { start, end }) => sum + end - start, 0)

function storageOf({ storage }: DumpDescription, memory: DumpInfoMemory): DumpInfoStorage {
  const storedBytes = storage.codecs.reduce((sum, { bytes }) => sum + bytes, 0)
  const pages = storage.codecs.reduce((sum, use) => sum + use.pages, 0)
  return {
    codecs: storage.codecs,
    zeroPages: storage.zeroPages ?? null,
    sharedPages: storage.sharedPages ?? null,
    storedBytes,
    ratio: pages === 0 ? null : storedBytes / (pages * memory.pageBytes),
    order: storage.isInFrameOrder ? 'pfn' : 'priority',
  }
}

function notesOf({ notes }: Dump): DumpInfoNotes {
  const byName = new Map<string, number>()
  for (const { name } of notes) byName.set(name, (byName.get(name) ?? 0) + 1)
  return {
    cpus: notes.filter(({ name, type }) => name === 'CORE' && type === NT_PRSTATUS).length,
    byName: Object.fromEntries(byName),
  }
}

function vmcoreinfoOf(dump: Dump): DumpInfoVmcoreinfo | null {
  const { vmcoreinfo, notes, kernelSearch } = dump
  if (!vmcoreinfo) return null
  const file = notes.some(({ name }) => name === 'VMCOREINFO') ? 'note' : 'header'
  return {
    bytes: vmcoreinfo.length,
    lines: VmcoreInfo.parse(vmcoreinfo).entries.size,
    found: kernelSearch === undefined ? file : 'memory',
    search: kernelSearch ?? '',
  }
}

function physBaseOf({ physBase, vmcoreinfo }: Dump): DumpInfoPhysBase {
  const noted = vmcoreinfo && VmcoreInfo.parse(vmcoreinfo).number('phys_base')
  return {
    header: physBase === undefined ? null : formatSigned(physBase),
    vmcoreinfo: noted === undefined ? null : formatSigned(noted),
    differ: physBase !== undefined && noted !== undefined && physBase !== noted,
  }
}

const formatSigned = (value: number): string =>
  value < 0 ? `-${formatHex(-value)}` : formatHex(value)

function completenessOf(
  dump: Dump,
  description: DumpDescription | undefined,
): DumpInfoCompleteness {
  const lostPages = description?.storage.lostPages ?? 0
  const markedIncomplete = description?.isMarkedIncomplete ?? false
  const complete = !dump.incomplete && !markedIncomplete && lostPages === 0
  const reason = dump.incompleteReason ?? (markedIncomplete ? 'its writer did not finish' : '')
  const loss = dump.incomplete ? 'the file ends before its last pages' : 'pages are missing'
  return {
    complete,
    markedIncomplete,
    lostPages,
    reason: complete ? '' : reason || loss,
  }
}
