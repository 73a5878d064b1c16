// x86-64 page tables as frames of physical memory, for a fake kernel or a translator alone.

const PRESENT = 1n
const PSE = 0x80n
const PROTNONE = 0x100n
const FLAGS = 0x63n
const FRAME = 0x000f_ffff_ffff_f000n
const LEVEL_OF_SIZE: Readonly<Record<number, number>> = { 0x1000: 1, 0x20_0000: 2, 0x4000_0000: 3 }

/** How one page is mapped. */
export interface Mapping {
  /** 4 KiB, 2 MiB or 1 GiB. */
  readonly size?: number
  /** Mapped though not present, its address inverted, as PROT_NONE leaves it. */
  readonly protNone?: boolean
}

/** A tree of page tables; tables are handed out from `firstFrame` upwards. */
export class PageTables {
  readonly root: number
  /** Table frames by physical address. */
  readonly frames = new Map<number, DataView>()
  readonly #levels: 4 | 5
  readonly #encrypt: bigint
  #next: number

  /** @param smeMask bit that every entry carries (memory encryption) */
  constructor({
    levels = 4,
    firstFrame = 0x10_0000,
    smeMask = 0n,
  }: { levels?: 4 | 5; firstFrame?: number; smeMask?: bigint } = {}) {
    this.#levels = levels
    this.#encrypt = smeMask
    this.#next = firstFrame
    this.root = this.#table()
  }

  /** Map the page at `virtual` to `physical`. */
  map(virtual: bigint, physical: number, { size = 0x1000, protNone = false }: Mapping = {}): void {
    const last = LEVEL_OF_SIZE[size] ?? 1
    const { view, at } = this.#slot(virtual, last)
    const large = last > 1 ? PSE : 0n
    const entry = BigInt(physical) | this.#encrypt
    const raw = protNone ? (~entry & FRAME) | large | PROTNONE : entry | large | FLAGS
    view.setBigUint64(at, raw, true)
  }

  /** Write an entry as it is: a swap entry, garbage. */
  setEntry(virtual: bigint, level: number, entry: bigint): void {
    const { view, at } = this.#slot(virtual, level)
    view.setBigUint64(at, entry, true)
  }

  #slot(virtual: bigint, last: number): { view: DataView; at: number } {
    let table = this.root
    for (let level = this.#levels; ; level--) {
      const view = this.frames.get(table)
      if (!view) throw new Error('page table lost')
      const at = Number((virtual >> BigInt(12 + 9 * (level - 1))) & 0x1ffn) * 8
      if (level === last) return { view, at }
      const entry = view.getBigUint64(at, true)
      if (entry & PRESENT) table = Number(entry & FRAME & ~this.#encrypt)
      else {
        table = this.#table()
        view.setBigUint64(at, BigInt(table) | this.#encrypt | FLAGS, true)
      }
    }
  }

  #table(): number {
    const at = this.#next
    this.#next += 0x1000
    this.frames.set(at, new DataView(new ArrayBuffer(0x1000)))
    return at
  }
}
