// A Source over mmap windows. For /proc/vmcore: there read(2) remaps every single page of the old memory, mmap a
// whole window. For ordinary files pread is as fast, and a file that shrinks under a mapping kills the process.
import fs from 'node:fs'
import { HostError } from '../../core/base/errors.ts'
import type { Source } from '../../core/io/source.ts'
import { errnoOf } from './file_error.ts'
import { openFileSource } from './file_source.ts'
import { loadKoffi } from './koffi.ts'
import type { NativeFunction } from './koffi.ts'

const PROT_NONE = 0
const PROT_READ = 1
const MAP_PRIVATE = 2
const MAP_FIXED = 0x10
const MAP_ANONYMOUS = 0x20
const MAP_NORESERVE = 0x4000

/** makedumpfile's window: long enough for a remap to cost nothing a page, short enough for scattered pages. */
const WINDOW_BYTES = 4 * 1024 * 1024
/** A multiple of every page size of Linux. */
const ALIGNMENT = 64 * 1024

/**
 * Open the vmcore the way that is fastest for it: mapped if it is /proc/vmcore, by pread otherwise.
 *
 * @throws {HostError} if it cannot be opened
 */
export function openVmcoreSource(path: string): Source {
  const plain = openFileSource(path)
  return path === '/proc/vmcore' ? (mapSource(path, plain) ?? plain) : plain
}

/**
 * Read `path` through mmap windows; where a window cannot be mapped, through `fallback` from then on.
 *
 * @returns undefined where nothing can be mapped at all (no koffi); `fallback` is disposed with the result
 */
export function mapSource(path: string, fallback: Source): Source | undefined {
  let window: Window
  try {
    window = new Window(path, fallback.size)
  } catch {
    return undefined
  }
  return {
    name: path,
    size: fallback.size,
    read(offset, into) {
      let done = 0
      while (done < into.length) {
        const part = window.at(offset + done)
        if (part === undefined) return done + fallback.read(offset + done, into.subarray(done))
        if (part.length === 0) break
        const length = Math.min(part.length, into.length - done)
        into.set(part.subarray(0, length), done)
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

/**
 * One reserved stretch of address space, seen as one ArrayBuffer for good; what is mapped there changes. (A view
 * for each mapping would cost 100 us each.)
 */
class Window {
  readonly #fd: number
  readonly #size: number
  readonly #mmap: NativeFunction
  readonly #munmap: NativeFunction
  readonly #address: unknown
  readonly #bytes: Uint8Array
  #start = 0
  #end = 0
  #broken = false

  constructor(path: string, size: number) {
    const koffi = loadKoffi()
    const libc = koffi.load(null)
    this.#mmap = libc.func('intptr_t mmap(intptr_t, size_t, int, int, int, int64_t)')
    this.#munmap = libc.func('int munmap(intptr_t, size_t)')
    this.#address = this.#reserve(0)
    if (!isAddress(this.#address)) throw new HostError(`${path}: cannot reserve address space`)
    this.#bytes = new Uint8Array(koffi.view(BigInt(this.#address), WINDOW_BYTES))
    this.#size = size
    try {
      this.#fd = fs.openSync(path, 'r')
    } catch (cause) {
      throw new HostError(`${path}: cannot open: ${errnoOf(cause)}`, errnoOf(cause), { cause })
    }
  }

  /** The mapped bytes from `offset` on; none at the end of the file, undefined if mapping does not work. */
  at(offset: number): Uint8Array | undefined {
    if (offset >= this.#size) return this.#bytes.subarray(0, 0)
    if (offset < this.#start || offset >= this.#end) {
      if (this.#broken || !this.#map(offset)) return undefined
    }
    return this.#bytes.subarray(offset - this.#start, this.#end - this.#start)
  }

  close(): void {
    if (this.#broken) return
    this.#unmapForGood()
    fs.closeSync(this.#fd)
  }

  #map(offset: number): boolean {
    const start = offset - (offset % ALIGNMENT)
    const end = Math.min(start + WINDOW_BYTES, this.#size)
    // x86 keeps book of whole mappings of old memory: taking a part out of one makes it complain in its log.
    if (end - start < WINDOW_BYTES) this.#reserve(this.#address)
    const flags = MAP_PRIVATE | MAP_FIXED
    const got = this.#mmap(this.#address, end - start, PROT_READ, flags, this.#fd, start)
    if (!isAddress(got)) {
      this.#unmapForGood()
      fs.closeSync(this.#fd)
      return false
    }
    this.#start = start
    this.#end = end
    return true
  }

  /** Make the window empty address space, at `address` or, for 0, anywhere. */
  #reserve(address: unknown): unknown {
    const flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | (address === 0 ? 0 : MAP_FIXED)
    return this.#mmap(address, WINDOW_BYTES, PROT_NONE, flags, -1, 0)
  }

  /** The view stays but nothing reads it any more: `#end` is 0. */
  #unmapForGood(): void {
    this.#broken = true
    this.#end = 0
    this.#munmap(this.#address, WINDOW_BYTES)
  }
}

/** mmap returns an address, or -1. */
function isAddress(value: unknown): value is number | bigint {
  return (typeof value === 'number' || typeof value === 'bigint') && value > 0
}
