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

/** Does the module occupy `address`? */
export function moduleHolds(module: ModuleTables, address: bigint): boolean {
  return module.ranges.some(({ start, size }) => address >= start && address - start < BigInt(size))
}
