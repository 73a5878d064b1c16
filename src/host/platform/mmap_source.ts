// A Source over mmap windows. For /proc/vmcore: there read(2) remaps every single page of the old memory, mmap a
// whole window. For ordinary files pread is as fast, and a file that shrinks under a mapping kills the process.
import fs from 'node:fs'
import { HostError } from '../../core/base/errors.ts'
import { parseElfFile } from '../../core/elf/elf_file.ts'
import { PT_LOAD } from '../../core/elf/elf_layout.ts'
import type { Source } from '../../core/io/source.ts'
import { errnoOf } from './file_error.ts'
import { openDumpFile } from './age/unlock.ts'
import { loadKoffi } from './koffi.ts'
import type { NativeFunction } from './koffi.ts'

const PROT_NONE = 0
const PROT_READ = 1
const MAP_PRIVATE = 2
const MAP_FIXED = 0x10
const MAP_ANONYMOUS = 0x20
const MAP_NORESERVE = 0x4000
// Since v4.17; older kernels take it for a hint, and the address returned tells.
const MAP_FIXED_NOREPLACE = 0x10_0000

/** makedumpfile's window: long enough for a remap to cost nothing a page, short enough for scattered pages. */
const WINDOW_BYTES = 4 * 1024 * 1024
/** A multiple of every page size of Linux. */
const ALIGNMENT = 64 * 1024
/** Segments of /proc/vmcore begin and end on pages. */
const PAGE_BYTES = 4096
/** After so many windows that could not be mapped no other is tried. */
const FAILURES_MAX = 8

/** Bytes of a file from `start` up to `end`. */
export interface Extent {
  readonly start: number
  readonly end: number
}

/**
 * Open the vmcore the way that is fastest for it: mapped if it is /proc/vmcore, by pread otherwise.
 *
 * @throws {HostError} if it cannot be opened
 */
export function openVmcoreSource(path: string): Source {
  const plain = openDumpFile(path)
  return path === '/proc/vmcore' ? (mapSource(path, plain, findSegments(plain)) ?? plain) : plain
}

/**
 * Find what of a vmcore may be mapped at once: no window may cross from one PT_LOAD into the next. There the kernel
 * maps in parts; when the second part fails (differing memory types), mmap_vmcore() of Linux 7.2 undoes the first in
 * a way that hangs the caller: "WARNING: include/linux/mmap_lock.h … vms_gather_munmap_vmas", then sleep for ever.
 */
function findSegments(vmcore: Source): Extent[] {
  const segments: Extent[] = []
  for (const { p_type, p_offset, p_filesz } of parseElfFile(vmcore).programHeaders) {
    if (p_type !== PT_LOAD || p_filesz === 0) continue
    const start = p_offset - (p_offset % PAGE_BYTES)
    const end = Math.ceil((p_offset + p_filesz) / PAGE_BYTES) * PAGE_BYTES
    segments.push({ start, end: Math.min(end, vmcore.size) })
  }
  return segments.sort((a, b) => a.start - b.start)
}

/**
 * Read `path` through mmap windows; where a window cannot be mapped, through `fallback`.
 *
 * @param extents what may be mapped, ascending; a window never leaves one. All of the file, if left out
 * @returns undefined where nothing can be mapped at all (no koffi); `fallback` is disposed with the result
 */
export function mapSource(
  path: string,
  fallback: Source,
  extents?: readonly Extent[],
): Source | undefined {
  let window: Window
  try {
    window = new Window(path, extents ?? [{ start: 0, end: fallback.size }])
  } catch {
    return undefined
  }
  return {
    name: path,
    size: fallback.size,
    read(offset, into) {
      const size = Math.min(into.length, Math.max(0, fallback.size - offset))
      let done = 0
      while (done < size) {
        const part = window.at(offset + done)
        const length = Math.min(part.size, size - done)
        const target = into.subarray(done, done + length)
        if (part.bytes) {
          target.set(part.bytes.subarray(0, length))
        } else {
          const got = fallback.read(offset + done, target)
          if (got < length) return done + got
        }
        done += length
      }
      return done
    },
    [Symbol.dispose]() {
      window.close()
      fallback[Symbol.dispose]()
    },
  }
}

/** What is known of the bytes from some offset on: `size` of them are mapped, or none of those are. */
interface Part {
  readonly size: number
  readonly bytes: Uint8Array | undefined
}

/**
 * One reserved stretch of address space, seen as one ArrayBuffer for good; what is mapped there changes. (A view
 * for each mapping would cost 100 us each.)
 */
class Window {
  readonly #fd: number
  readonly #extents: readonly Extent[]
  readonly #mmap: NativeFunction
  readonly #munmap: NativeFunction
  readonly #address: unknown
  readonly #bytes: Uint8Array
  #start = 0
  #end = 0
  #failures = 0
  /** Part of the address space may be another's by now: nothing is mapped there any more. */
  #isLost = false
  #isClosed = false
  /** The last window that could not be mapped. */
  #failed: Extent = { start: 0, end: 0 }

  constructor(path: string, extents: readonly Extent[]) {
    const koffi = loadKoffi()
    const libc = koffi.load(null)
    this.#mmap = libc.func('intptr_t mmap(intptr_t, size_t, int, int, int, int64_t)')
    this.#munmap = libc.func('int munmap(intptr_t, size_t)')
    this.#address = this.#reserve(0, MAP_ANONYMOUS)
    if (!isAddress(this.#address)) throw new HostError(`${path}: cannot reserve address space`)
    this.#bytes = new Uint8Array(koffi.view(BigInt(this.#address), WINDOW_BYTES))
    this.#extents = extents
    try {
      this.#fd = fs.openSync(path, 'r')
    } catch (cause) {
      throw new HostError(`${path}: cannot open: ${errnoOf(cause)}`, errnoOf(cause), { cause })
    }
  }

  /** The bytes from `offset` on, mapped where that is possible. */
  at(offset: number): Part {
    if (offset >= this.#start && offset < this.#end) return this.#mapped(offset)
    const index = this.#findExtent(offset)
    const extent = this.#extents[index]
    if (this.#isLost || this.#failures >= FAILURES_MAX) return { size: Infinity, bytes: undefined }
    if (!extent || offset >= extent.end) {
      return { size: (this.#extents[index + 1]?.start ?? Infinity) - offset, bytes: undefined }
    }
    const start = Math.max(offset - (offset % ALIGNMENT), extent.start)
    const end = Math.min(start + WINDOW_BYTES, extent.end)
    const isKnownToFail = offset >= this.#failed.start && offset < this.#failed.end
    if (isKnownToFail) return { size: this.#failed.end - offset, bytes: undefined }
    return this.#map(start, end) ? this.#mapped(offset) : { size: end - offset, bytes: undefined }
  }

  /** Twice is once: a dump disposes of its source, and so does who opened it. */
  close(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    if (!this.#isLost) this.#munmap(this.#address, WINDOW_BYTES)
    this.#isLost = true
    this.#end = 0
    fs.closeSync(this.#fd)
  }

  #mapped(offset: number): Part {
    const bytes = this.#bytes.subarray(offset - this.#start, this.#end - this.#start)
    return { size: bytes.length, bytes }
  }

  /** Index of the last extent that starts at or before `offset`, -1 if none does. */
  #findExtent(offset: number): number {
    let low = 0
    let high = this.#extents.length
    while (low < high) {
      const middle = (low + high) >> 1
      if ((this.#extents[middle]?.start ?? 0) <= offset) low = middle + 1
      else high = middle
    }
    return low - 1
  }

  #map(start: number, end: number): boolean {
    // x86 keeps book of whole mappings of old memory: taking a part out of one makes it complain in its log.
    if (end - start < WINDOW_BYTES) this.#reserve(this.#address, MAP_ANONYMOUS | MAP_FIXED)
    this.#start = 0
    this.#end = 0
    const flags = MAP_PRIVATE | MAP_FIXED
    if (isAddress(this.#mmap(this.#address, end - start, PROT_READ, flags, this.#fd, start))) {
      this.#start = start
      this.#end = end
      return true
    }
    this.#failed = { start, end }
    this.#failures++
    this.#closeHole(end - start)
    return false
  }

  /** What was mapped before may be gone after a failure: reserve it again before another thread takes it. */
  #closeHole(size: number): void {
    const flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED_NOREPLACE
    const got = this.#mmap(this.#address, size, PROT_NONE, flags, -1, 0)
    if (got === this.#address) return
    this.#isLost = true
    if (isAddress(got)) this.#munmap(got, size)
  }

  /** Make the window empty address space, at `address` or, for 0, anywhere. */
  #reserve(address: unknown, flags: number): unknown {
    return this.#mmap(address, WINDOW_BYTES, PROT_NONE, MAP_PRIVATE | MAP_NORESERVE | flags, -1, 0)
  }
}

/** mmap returns an address, or -1. */
function isAddress(value: unknown): value is number | bigint {
  return (typeof value === 'number' || typeof value === 'bigint') && value > 0
}
