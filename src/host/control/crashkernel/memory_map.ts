// Where memory is and what of it is taken, as far as the reservation of a crash kernel asks.
import type { CrashArch } from './kernel_kind.ts'

/** A run of physical addresses. */
export interface Region {
  readonly start: number
  /** Exclusive. */
  readonly end: number
}

/** What memblock knows when the crash kernel's memory is reserved. */
export interface MemoryMap {
  readonly ram: readonly Region[]
  readonly taken: readonly Region[]
  /** The map is a guess made from the size alone. */
  readonly isAssumed: boolean
}

const MIB = 2 ** 20
const GIB = 2 ** 30
/** What PCs leave to memory below 4 GiB; the rest of it is for devices. */
const PC_LOW_MAX = 3 * GIB

/** Bytes of RAM. */
export function ramSize({ ram }: MemoryMap): number {
  return ram.reduce((sum, { start, end }) => sum + end - start, 0)
}

/** Assume a map for so much memory: a PC's hole below 4 GiB, elsewhere one run from 1 GiB. */
export function assumeMemoryMap(ramBytes: number, { name }: CrashArch): MemoryMap {
  const low = Math.min(ramBytes, PC_LOW_MAX)
  const ram =
    name !== 'x86_64'
      ? [{ start: GIB, end: GIB + ramBytes }]
      : [
          { start: 0, end: low },
          { start: 4 * GIB, end: 4 * GIB + ramBytes - low },
        ]
  // Firmware, page tables and the kernel itself take more; where is not known.
  return {
    ram: ram.filter(({ start, end }) => end > start),
    taken: name === 'x86_64' ? [{ start: 0, end: MIB }] : [],
    isAssumed: true,
  }
}

/**
 * Read a map out of /proc/iomem: System RAM, and in it the kernel's own parts. What a user sees, addresses hidden, is
 * as good as nothing.
 *
 * @returns undefined when there is no RAM with an address
 */
export function parseIomem(text: string): MemoryMap | undefined {
  const ram: Region[] = []
  const taken: Region[] = []
  for (const [, start = '', end = '', name = ''] of text.matchAll(
    /^ *([\da-f]+)-([\da-f]+) : ([^\n]*)$/gim,
  )) {
    const region = { start: parseInt(start, 16), end: parseInt(end, 16) + 1 }
    if (region.end <= 1 || !Number.isSafeInteger(region.end)) continue
    if (name === 'System RAM') ram.push(region)
    if (/^Kernel (code|rodata|data|bss)$/.test(name)) taken.push(region)
  }
  return ram.length === 0 ? undefined : { ram, taken, isAssumed: false }
}

/** The crash kernel's memory that the running kernel has: one region, or a low and a high one. */
export function parseCrashRegions(iomem: string): Region[] {
  return Array.from(
    iomem.matchAll(/^ *([\da-f]+)-([\da-f]+) : Crash kernel$/gim),
    ([, start = '', end = '']) => ({ start: parseInt(start, 16), end: parseInt(end, 16) + 1 }),
  ).filter(({ end }) => end > 1)
}

/** Free memory, in ascending order. */
export function freeRegions({ ram, taken }: MemoryMap): Region[] {
  const holes = taken.toSorted((a, b) => a.start - b.start)
  const free: Region[] = []
  for (const { start, end } of ram.toSorted((a, b) => a.start - b.start)) {
    let at = start
    for (const hole of holes) {
      if (hole.end <= at || hole.start >= end) continue
      if (hole.start > at) free.push({ start: at, end: hole.start })
      at = Math.max(at, hole.end)
    }
    if (at < end) free.push({ start: at, end })
  }
  return free
}
