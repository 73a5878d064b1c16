// The dumped kernel's virtual memory as far as filtering needs it: page tables, and long reads of the page array.
import { lo32 } from '../../core/base/addr.ts'
import { FaultError } from '../../core/base/errors.ts'
import type { ArchMemory, KernelMap, Translator } from '../../core/arch/arch.ts'
import { getArch } from '../../core/arch/archs.ts'
import type { VmcoreInfo } from '../../core/debuginfo/vmcoreinfo.ts'
import type { Dump } from '../../core/dump/dump_format.ts'
import type { VirtualReader } from '../../core/io/virtual_reader.ts'
import type { DumpPages } from './dump_pages.ts'

/** Page tables kept: those of one long read are few. */
const CACHED_TABLES = 1024

/** Called for each piece of a read that is contiguous in physical memory. */
export type OnPiece = (physical: number, size: number) => void

/** Kernel addresses of one dump, by its page tables. */
export class KernelMemory implements VirtualReader {
  readonly littleEndian: boolean
  readonly #pages: DumpPages
  readonly #info: VmcoreInfo
  readonly #machine: string
  readonly #translator: Translator
  readonly #tables = new Map<number, DataView>()

  /** @throws {UnsupportedError} if the architecture is unknown */
  constructor(dump: Dump, pages: DumpPages, info: VmcoreInfo) {
    this.littleEndian = dump.littleEndian
    this.#pages = pages
    this.#info = info
    this.#machine = dump.utsname?.machine ?? ''
    const memory: ArchMemory = {
      info,
      physBase: dump.physBase,
      physicalEnd: pages.pfnEnd * pages.pageSize,
      readPhysicalWords: (physical, out) => {
        const at = physical % pages.pageSize
        const view = this.#table(physical - at)
        out[0] = view.getUint32(dump.littleEndian ? at : at + 4, dump.littleEndian)
        out[1] = view.getUint32(dump.littleEndian ? at + 4 : at, dump.littleEndian)
      },
    }
    this.#translator = getArch(this.#machine).createTranslator(memory)
  }

  /** Physical address of a kernel address. @throws {FaultError} */
  toPhysical(address: bigint): number {
    return this.#translator.kernelToPhysical(address)
  }

  readVirtual(address: bigint, into: Uint8Array): void {
    this.read(address, into)
  }

  /** Read kernel memory; bytes contiguous in physical memory are read at once. @throws {FaultError} */
  read(address: bigint, into: Uint8Array, onPiece?: OnPiece): void {
    let done = 0
    while (done < into.length) {
      const { physical, size } = this.piece(address + BigInt(done), into.length - done)
      this.#pages.read(physical, into.subarray(done, done + size))
      onPiece?.(physical, size)
      done += size
    }
  }

  /**
   * Read like `read()`, but fill with zeros each page that cannot be read.
   *
   * @returns how many pages that were
   */
  readLenient(address: bigint, into: Uint8Array, onPiece?: OnPiece): number {
    try {
      this.read(address, into, onPiece)
      return 0
    } catch (error) {
      if (!(error instanceof FaultError)) throw error
    }
    const { pageSize } = this.#pages
    let lost = 0
    for (let done = 0; done < into.length;) {
      const at = address + BigInt(done)
      const size = Math.min(into.length - done, pageSize - (lo32(at) % pageSize))
      const part = into.subarray(done, done + size)
      try {
        this.read(at, part, onPiece)
      } catch (error) {
        if (!(error instanceof FaultError)) throw error
        part.fill(0)
        lost++
      }
      done += size
    }
    return lost
  }

  /** Walk all of the kernel's page tables. */
  readKernelMap(): KernelMap {
    const readPage = (physical: number, into: Uint8Array): boolean => {
      try {
        this.#pages.read(physical, into)
        return true
      } catch (error) {
        if (error instanceof FaultError) return false
        throw error
      }
    }
    return getArch(this.#machine).readKernelMap(readPage, this.#translator.kernelRoot, this.#info)
  }

  /** Find the longest physically contiguous stretch that begins at `address`, up to `sizeMax`. @throws {FaultError} */
  piece(address: bigint, sizeMax: number): { physical: number; size: number } {
    const translator = this.#translator
    // Always by page tables: huge pages of hugetlbfs may have given up parts of their page array, which is then
    // mapped elsewhere (HugeTLB vmemmap optimisation).
    const physical = translator.walk(translator.kernelRoot, address)
    let size = translator.lastPageSize - (physical % translator.lastPageSize)
    while (size < sizeMax) {
      let next: number
      try {
        next = translator.walk(translator.kernelRoot, address + BigInt(size))
      } catch (error) {
        // What is mapped is read first; the next piece then says what is wrong.
        if (error instanceof FaultError) break
        throw error
      }
      if (next !== physical + size) break
      size += translator.lastPageSize
    }
    return { physical, size: Math.min(size, sizeMax) }
  }

  #table(physical: number): DataView {
    let view = this.#tables.get(physical)
    if (!view) {
      const bytes = new Uint8Array(this.#pages.pageSize)
      this.#pages.read(physical, bytes)
      view = new DataView(bytes.buffer)
      if (this.#tables.size >= CACHED_TABLES) this.#tables.clear()
      this.#tables.set(physical, view)
    }
    return view
  }
}
