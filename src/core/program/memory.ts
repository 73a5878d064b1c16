// The dumped machine's memory by virtual and physical address, with a cache of pages behind.
import { hi32, lo32 } from '../base/addr.ts'
import { FaultError } from '../base/errors.ts'
import type { ArchMemory, Translator } from '../arch/arch.ts'
import type { Dump } from '../dump/dump_format.ts'
import { readVirtualBytes, type VirtualReader } from '../io/virtual_reader.ts'

/** Pages kept decompressed: 48 MiB of 4 KiB pages. */
const CACHE_BYTES = 48 * 1024 * 1024

/** Virtual pages remembered, a few for each page kept. */
const VIRTUAL_LIMIT = 65_536

/** Reads of scalars and byte ranges. A snapshot of a struct implements it too. */
export interface MemoryReader extends VirtualReader {
  u8(address: bigint): number
  u16(address: bigint): number
  u32(address: bigint): number
  u64(address: bigint): bigint
}

/** The memory of the dumped machine. Pages are decompressed once and kept while there is room. */
export class Memory implements MemoryReader {
  readonly dump: Dump
  readonly littleEndian: boolean
  readonly pageSize: number
  #translator: Translator | undefined
  readonly #pageShift: number
  readonly #limit: number
  /** Decompressed pages by frame number. */
  #pages = new Map<number, DataView>()
  #older = new Map<number, DataView>()
  /** Kernel virtual page number → page. Emptied together with `#pages`. */
  readonly #virtual = new Map<number, DataView>()
  #lastPage = -1
  #lastView: DataView
  #zeroExcluded = false

  constructor(dump: Dump) {
    this.dump = dump
    this.littleEndian = dump.littleEndian
    this.pageSize = dump.pageSize
    this.#pageShift = Math.log2(dump.pageSize)
    this.#limit = Math.floor(CACHE_BYTES / dump.pageSize / 2)
    this.#lastView = new DataView(new ArrayBuffer(dump.pageSize))
  }

  /** Until a translator is set only physical reads work: it needs them itself. */
  setTranslator(translator: Translator): void {
    this.#translator = translator
    this.#virtual.clear()
    this.#lastPage = -1
  }

  get translator(): Translator {
    if (!this.#translator) throw new FaultError(0n, 'virtual', 'no-translation')
    return this.#translator
  }

  /** Read pages that were left out of the dump as zeros: a table row may be worth more than knowing which cells are none. */
  get zeroExcluded(): boolean {
    return this.#zeroExcluded
  }

  set zeroExcluded(on: boolean) {
    this.#zeroExcluded = on
    this.dropPages()
  }

  /** Forget what was read: a machine that lives has changed meanwhile. */
  dropPages(): void {
    this.#pages.clear()
    this.#older.clear()
    this.#virtual.clear()
    this.#lastPage = -1
  }

  /** What a translator may use of this memory. */
  archMemory(info: ArchMemory['info']): ArchMemory {
    return {
      info,
      physBase: this.dump.physBase,
      physicalEnd: this.dump.pfnEnd * this.pageSize,
      readPhysicalWords: (physical, out) => {
        const page = this.#physicalPage(Math.floor(physical / this.pageSize))
        const at = physical % this.pageSize
        out[0] = page.getUint32(this.littleEndian ? at : at + 4, this.littleEndian)
        out[1] = page.getUint32(this.littleEndian ? at + 4 : at, this.littleEndian)
      },
    }
  }

  u8(address: bigint): number {
    return this.#page(address).getUint8(this.#offset(address))
  }

  u16(address: bigint): number {
    const at = this.#offset(address)
    if (at + 2 > this.pageSize) return this.#crossing(address, 2).getUint16(0, this.littleEndian)
    return this.#page(address).getUint16(at, this.littleEndian)
  }

  i16(address: bigint): number {
    return (this.u16(address) << 16) >> 16
  }

  u32(address: bigint): number {
    const at = this.#offset(address)
    if (at + 4 > this.pageSize) return this.#crossing(address, 4).getUint32(0, this.littleEndian)
    return this.#page(address).getUint32(at, this.littleEndian)
  }

  i32(address: bigint): number {
    return this.u32(address) | 0
  }

  u64(address: bigint): bigint {
    const at = this.#offset(address)
    if (at + 8 > this.pageSize) return this.#crossing(address, 8).getBigUint64(0, this.littleEndian)
    return this.#page(address).getBigUint64(at, this.littleEndian)
  }

  /** Read kernel virtual memory. @throws {FaultError} naming the first byte that cannot be read */
  readVirtual(address: bigint, into: Uint8Array): void {
    let done = 0
    while (done < into.length) {
      const at = BigInt.asUintN(64, address + BigInt(done))
      const from = this.#offset(at)
      const length = Math.min(into.length - done, this.pageSize - from)
      const page = this.#page(at)
      into.set(new Uint8Array(page.buffer, page.byteOffset + from, length), done)
      done += length
    }
  }

  /** Read `size` bytes. @throws {CorruptError} if no table of a kernel is that large */
  bytes(address: bigint, size: number): Uint8Array {
    return readVirtualBytes(this, address, size)
  }

  /** The bytes up to NUL, at most `sizeMax`, or up to where memory ends. @throws {FaultError} if the first byte cannot be read */
  cstringBytes(address: bigint, sizeMax: number): Uint8Array {
    let text = new Uint8Array(0)
    while (text.length < sizeMax) {
      const part = this.#stringPart(
        BigInt.asUintN(64, address + BigInt(text.length)),
        text.length > 0,
      )
      if (!part) break
      const end = part.indexOf(0)
      const length = Math.min(end < 0 ? part.length : end, sizeMax - text.length)
      // Nearly every string lies in one page: nothing larger than the string is ever allocated.
      const longer = new Uint8Array(text.length + length)
      longer.set(text)
      longer.set(part.subarray(0, length), text.length)
      text = longer
      if (end >= 0) break
    }
    return text
  }

  /** The rest of the page at `address`; undefined if it cannot be read and need not. */
  #stringPart(address: bigint, optional: boolean): Uint8Array | undefined {
    try {
      const page = this.#page(address)
      return new Uint8Array(page.buffer, page.byteOffset).subarray(
        this.#offset(address),
        this.pageSize,
      )
    } catch (error) {
      if (optional && error instanceof FaultError) return undefined
      throw error
    }
  }

  /** Read physical memory. @throws {FaultError} physical */
  readPhysical(physical: number, into: Uint8Array): void {
    let done = 0
    while (done < into.length) {
      const at = physical + done
      const pfn = Math.floor(at / this.pageSize)
      const from = at - pfn * this.pageSize
      const length = Math.min(into.length - done, this.pageSize - from)
      const page = this.#physicalPage(pfn)
      into.set(new Uint8Array(page.buffer, page.byteOffset + from, length), done)
      done += length
    }
  }

  /** Read memory of another address space, by the physical address of its root page table. */
  readWithRoot(root: number, address: bigint, into: Uint8Array): void {
    let done = 0
    while (done < into.length) {
      const at = BigInt.asUintN(64, address + BigInt(done))
      const length = Math.min(into.length - done, this.pageSize - this.#offset(at))
      const physical = this.translator.walk(root, at)
      this.#readFor(at, physical, into.subarray(done, done + length))
      done += length
    }
  }

  /** Physical address of a kernel address. @throws {FaultError} */
  toPhysical(address: bigint): number {
    return this.translator.kernelToPhysical(address)
  }

  /** Is the page of this kernel address readable? Costs a page read; never throws. */
  isReadable(address: bigint): boolean {
    try {
      this.#page(address)
      return true
    } catch (error) {
      if (error instanceof FaultError) return false
      throw error
    }
  }

  #offset(address: bigint): number {
    return lo32(address) & (this.pageSize - 1)
  }

  #crossing(address: bigint, size: number): DataView {
    const bytes = this.bytes(address, size)
    return new DataView(bytes.buffer)
  }

  #page(address: bigint): DataView {
    // A virtual page number has 52 bits: exact as a double.
    const number = hi32(address) * 2 ** (32 - this.#pageShift) + (lo32(address) >>> this.#pageShift)
    if (number === this.#lastPage) return this.#lastView
    let view = this.#virtual.get(number)
    if (view === undefined) {
      view = this.#loadVirtual(address)
      // Many addresses may mean one page (KASAN's shadow, damaged tables): pages alone do not bound this.
      if (this.#virtual.size >= VIRTUAL_LIMIT) this.#virtual.clear()
      this.#virtual.set(number, view)
    }
    this.#lastPage = number
    this.#lastView = view
    return view
  }

  #loadVirtual(address: bigint): DataView {
    const physical = this.translator.kernelToPhysical(address)
    try {
      return this.#physicalPage(Math.floor(physical / this.pageSize))
    } catch (cause) {
      throw virtualFault(address, cause)
    }
  }

  #readFor(address: bigint, physical: number, into: Uint8Array): void {
    try {
      this.readPhysical(physical, into)
    } catch (cause) {
      throw virtualFault(address, cause)
    }
  }

  /** Two generations of pages: when the young one is full the old one is dropped. */
  #physicalPage(pfn: number): DataView {
    const young = this.#pages.get(pfn)
    if (young) return young
    const old = this.#older.get(pfn)
    const view = old ?? this.#loadPage(pfn)
    if (this.#pages.size >= this.#limit) {
      this.#older = this.#pages
      this.#pages = new Map()
      this.#virtual.clear()
    }
    this.#pages.set(pfn, view)
    return view
  }

  #loadPage(pfn: number): DataView {
    const bytes = new Uint8Array(this.pageSize)
    try {
      this.dump.readPhysical(pfn * this.pageSize, bytes)
    } catch (error) {
      const isExcluded = error instanceof FaultError && error.reason === 'excluded'
      if (!this.#zeroExcluded || !isExcluded) throw error
      bytes.fill(0)
    }
    return new DataView(bytes.buffer)
  }
}

function virtualFault(address: bigint, cause: unknown): unknown {
  return cause instanceof FaultError
    ? new FaultError(address, 'virtual', cause.reason, { cause })
    : cause
}
