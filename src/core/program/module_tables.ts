// What a program needs to know of one loaded module: where it lies, and its own symbol, type and unwind tables.
import type { OrcTable } from '../debuginfo/orc.ts'
import type { SymbolIndex } from '../debuginfo/symbol_index.ts'
import type { TypeProvider } from '../debuginfo/type_provider.ts'

/** A range of virtual addresses. */
export interface AddressRange {
  readonly start: bigint
  /** Bytes. */
  readonly size: number
}

/** Tables are read when first asked for; a damaged one is undefined, and the rest of the module goes on. */
export interface ModuleTables {
  readonly name: string
  readonly ranges: readonly AddressRange[]
  readonly symbols: () => SymbolIndex | undefined
  readonly types: () => TypeProvider | undefined
  readonly orc: () => OrcTable | undefined
}

/** Which module an address lies in: asked for every word of a stack. */
export class ModuleMap {
  /** In address order; ranges that overlap, as only damaged data has them, keep the list's order. */
  readonly #ranges: readonly {
    readonly start: bigint
    readonly end: bigint
    readonly module: ModuleTables
  }[]

  constructor(modules: readonly ModuleTables[]) {
    this.#ranges = modules
      .flatMap((module) =>
        module.ranges.map(({ start, size }) => ({ start, end: start + BigInt(size), module })),
      )
      .sort((a, b) => (a.start < b.start ? -1 : a.start > b.start ? 1 : 0))
  }

  /** The module that occupies `address`. */
  find(address: bigint): ModuleTables | undefined {
    let low = 0
    let high = this.#ranges.length
    while (low < high) {
      const middle = (low + high) >> 1
      const range = this.#ranges[middle]
      if (range && range.start <= address) low = middle + 1
      else high = middle
    }
    const nearest = this.#ranges[low - 1]
    return nearest && address < nearest.end ? nearest.module : undefined
  }
}
