// Finds the memory for a crash kernel as memblock would, with the kernel's messages.
// Sources: kernel/crash_reserve.c reserve_crashkernel_generic(), mm/memblock.c __memblock_find_range_top_down(),
// arch/x86/kernel/setup.c of v6.6.
import type { KernelKind } from './kernel_kind.ts'
import { freeRegions, type MemoryMap, ramSize, type Region } from './memory_map.ts'
import type { CrashkernelRequest } from './parse_crashkernel.ts'

/** What is reserved. */
export interface Reservation {
  /** Where capture kernel and initramfs go; undefined when nothing is reserved. */
  readonly main: Region | undefined
  /** The part below 4 GiB that goes with a main part above. */
  readonly low: Region | undefined
  readonly cmaBytes: number
  /** What the kernel says, without addresses where we do not know them. */
  readonly messages: readonly string[]
  /** Why nothing is reserved; '' when something is. */
  readonly failure: string
}

const MIB = 2 ** 20
const GIB = 2 ** 30
const PAGE = 4096

/** Serve a request from a memory map. */
export function reserveCrashkernel(
  request: CrashkernelRequest,
  map: MemoryMap,
  kind: KernelKind,
): Reservation {
  const size = Number(request.sizeBytes)
  const { arch, isGeneric } = kind
  const free = freeRegions(withoutTop(map, arch.topTakenBytes))
  if (request.baseBytes > 0n) return reserveAt(request, free, kind, map)
  const lowSearch = { start: isGeneric ? 0 : arch.alignBytes, end: arch.lowMax }
  const highSearch = { start: isGeneric ? arch.lowMax : arch.alignBytes, end: arch.highMax }
  // x86's own code looks from the bottom to the very top where the generic one looks above 4 GiB only.
  const searches = !request.isHigh
    ? [lowSearch, highSearch]
    : isGeneric
      ? [highSearch, lowSearch]
      : [highSearch]
  for (const search of searches) {
    const main = findTopDown(free, size, arch.alignBytes, search)
    if (main) {
      const lowBytes = request.isHigh ? request.lowBytes : request.fallbackLowBytes
      return withLow(main, lowBytes, request, { free, kind, map })
    }
  }
  const message = isGeneric
    ? `cannot allocate crashkernel (size:0x${request.sizeBytes.toString(16)})`
    : 'crashkernel reservation failed - No suitable area found.'
  return failed(
    [message],
    `no free run of ${size / MIB} MB, aligned to ${arch.alignBytes / MIB} MB`,
  )
}

interface Search {
  readonly free: readonly Region[]
  readonly kind: KernelKind
  readonly map: MemoryMap
}

function withLow(
  main: Region,
  low64: bigint,
  request: CrashkernelRequest,
  { free, kind, map }: Search,
): Reservation {
  const { arch, isGeneric } = kind
  const lowBytes = Number(low64)
  const messages = main.start >= arch.lowMax ? [...request.lowMessages] : []
  let low: Region | undefined
  if (main.start >= arch.lowMax && lowBytes > 0) {
    low = findTopDown(free, lowBytes, arch.alignBytes, { start: 0, end: arch.lowMax })
    if (!low) {
      messages.push(
        isGeneric
          ? `cannot allocate crashkernel low memory (size:0x${lowBytes.toString(16)}).`
          : `Cannot reserve ${Math.floor(lowBytes / MIB)}MB crashkernel low memory, please try smaller size.`,
      )
      return failed(messages, `no ${lowBytes / MIB} MB below 4G for the low part`)
    }
    messages.push(describeLow(low, isGeneric, ramSize(map)))
  }
  if (arch.hasHigh) messages.push(describeMain(main, isGeneric, ramSize(map)))
  return { main, low, cmaBytes: Number(request.cmaBytes), messages, failure: '' }
}

function withoutTop(map: MemoryMap, bytes: number): MemoryMap {
  const end = Math.max(0, ...map.ram.map((region) => region.end))
  return { ...map, taken: [...map.taken, { start: end - bytes, end }] }
}

/** `@OFFSET`: there or nowhere. */
function reserveAt(
  request: CrashkernelRequest,
  free: readonly Region[],
  kind: KernelKind,
  map: MemoryMap,
): Reservation {
  const start = Number(request.baseBytes)
  const end = start + Number(request.sizeBytes)
  const alignBytes = kind.isGeneric ? kind.arch.alignBytes : MIB
  const inUse = 'crashkernel reservation failed - memory is in use.'
  const messages = kind.arch.hasHigh ? [inUse] : []
  if (start % alignBytes !== 0)
    return failed(messages, `the offset is no multiple of ${alignBytes / MIB} MB`)
  if (!free.some((region) => region.start <= start && region.end >= end))
    return failed(messages, 'the memory there is in use, or there is none')
  return withLow({ start, end }, request.lowBytes, request, { free, kind, map })
}

function failed(messages: readonly string[], failure: string): Reservation {
  return { main: undefined, low: undefined, cmaBytes: 0, messages, failure }
}

/** The highest place that fits. */
function findTopDown(
  free: readonly Region[],
  size: number,
  alignBytes: number,
  { start, end }: Region,
): Region | undefined {
  // Page 0 is never given away.
  const bottom = Math.max(start, PAGE)
  for (const region of free.toReversed()) {
    const from = Math.max(region.start, bottom)
    const to = Math.min(region.end, end)
    if (to < size) continue
    const candidate = Math.floor((to - size) / alignBytes) * alignBytes
    if (candidate >= from) return { start: candidate, end: candidate + size }
  }
  return undefined
}

function describeMain({ start, end }: Region, isGeneric: boolean, ram: number): string {
  const megabytes = Math.floor((end - start) / MIB)
  return isGeneric
    ? `crashkernel reserved: ${hex(start, 16)} - ${hex(end, 16)} (${megabytes} MB)`
    : `Reserving ${megabytes}MB of memory at ${Math.floor(start / MIB)}MB for crashkernel (System RAM: ${Math.floor(ram / MIB)}MB)`
}

function describeLow({ start, end }: Region, isGeneric: boolean, ram: number): string {
  const megabytes = Math.floor((end - start) / MIB)
  return isGeneric
    ? `crashkernel low memory reserved: ${hex(start, 8)} - ${hex(end, 8)} (${megabytes} MB)`
    : `Reserving ${megabytes}MB of low memory at ${Math.floor(start / MIB)}MB for crashkernel (low RAM limit: ${Math.floor(Math.min(ram, 4 * GIB) / MIB)}MB)`
}

const hex = (value: number, digits: number): string =>
  `0x${value.toString(16).padStart(digits, '0')}`
