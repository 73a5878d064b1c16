// Symbols by name and by address: one table for the kernel, one per module.
import { decodeAscii } from '../base/text.ts'
import { NameHash } from './name_hash.ts'

/** A symbol of the kernel or of a module. */
export interface KernelSymbol {
  readonly name: string
  readonly address: bigint
  /** nm's letter: T text, D data, … */
  readonly type: string
  /** Distance to the next symbol in bytes, or what the symbol table says. */
  readonly size: number
  /** Module name, '' for the kernel itself. */
  readonly module: string
}

/** Columns of a symbol table; row i's name is `names[nameStart[i], nameStart[i + 1])`. */
export interface SymbolColumns {
  readonly count: number
  readonly names: Uint8Array
  readonly nameStart: Uint32Array
  readonly types: Uint8Array
  readonly addresses: BigUint64Array
  /** Absent where sizes are the distances between addresses. */
  readonly sizes?: Uint32Array
}

/** kallsyms has no sizes: the last symbol of a section would swallow the gap behind it. */
const DERIVED_SIZE_MAX = 0x10_0000n

/** Names remembered with their symbols; commands ask for some hundreds. */
const FOUND_MAX = 4096

/** The symbols of the kernel or of one module, by name and by address. */
export class SymbolIndex {
  readonly module: string
  readonly columns: SymbolColumns
  /** Rows in address order; ties in table order, as the kernel's own lookup has it. */
  readonly #order: Uint32Array
  #hash: NameHash | undefined
  readonly #found = new Map<string, KernelSymbol>()

  constructor(module: string, columns: SymbolColumns) {
    this.module = module
    this.columns = columns
    this.#order = addressOrder(columns)
  }

  get count(): number {
    return this.columns.count
  }

  /** The symbol of table row `row`. */
  at(row: number): KernelSymbol {
    const address = this.columns.addresses[row] as bigint
    return {
      name: this.name(row),
      address,
      type: String.fromCharCode(this.columns.types[row] as number),
      size: this.#size(row, address),
      module: this.module,
    }
  }

  name(row: number): string {
    const { names, nameStart } = this.columns
    return decodeAscii(names, nameStart[row] as number, nameStart[row + 1] as number)
  }

  /** The first symbol named `name`, in table order. */
  find(name: string): KernelSymbol | undefined {
    // Programs ask for the same few, each time they want a CPU's copy of something: a name costs 2 us to find.
    const known = this.#found.get(name)
    if (known !== undefined) return known
    const row = this.#names().find(name)
    if (row < 0) return undefined
    const symbol = this.at(row)
    if (this.#found.size < FOUND_MAX) this.#found.set(name, symbol)
    return symbol
  }

  /** Every symbol named `name` (static functions repeat). */
  findAll(name: string): KernelSymbol[] {
    return Array.from(this.#names().rows(name), (row) => this.at(row))
  }

  /** The symbol whose range holds `address`, the first of aliases, or undefined. */
  findAddress(address: bigint): KernelSymbol | undefined {
    const position = this.#lastNotAbove(address)
    if (position < 0) return undefined
    const row = this.#order[position] as number
    const start = this.columns.addresses[row] as bigint
    const reach = BigInt(this.#size(row, start)) || DERIVED_SIZE_MAX
    return address - start < reach ? this.at(row) : undefined
  }

  /** Symbols in address order. */
  *forEach(): Generator<KernelSymbol> {
    for (const row of this.#order) yield this.at(row)
  }

  /** First position of the nearest address not above `address`, or -1; aliases resolve to the first. */
  #lastNotAbove(address: bigint): number {
    const above = this.#firstAbove(address)
    if (above === 0) return -1
    // A damaged table may give a million symbols one address: no walk from alias to alias.
    const found = this.columns.addresses[this.#order[above - 1] as number] as bigint
    return found === 0n ? 0 : this.#firstAbove(found - 1n)
  }

  /** Position in address order of the first symbol above `address`; the count if there is none. */
  #firstAbove(address: bigint): number {
    const { addresses } = this.columns
    let low = 0
    let high = this.#order.length
    while (low < high) {
      const middle = (low + high) >> 1
      if ((addresses[this.#order[middle] as number] as bigint) <= address) low = middle + 1
      else high = middle
    }
    return low
  }

  #size(row: number, start: bigint): number {
    const { sizes, addresses } = this.columns
    if (sizes) return sizes[row] as number
    const above = this.#firstAbove(start)
    if (above === this.#order.length) return 0
    const distance = (addresses[this.#order[above] as number] as bigint) - start
    return distance > DERIVED_SIZE_MAX ? 0 : Number(distance)
  }

  #names(): NameHash {
    const { names, nameStart, count } = this.columns
    this.#hash ??= new NameHash({ bytes: names, starts: nameStart, end: 'next' }, count)
    return this.#hash
  }
}

function addressOrder({ addresses, count }: SymbolColumns): Uint32Array {
  const order = new Uint32Array(count)
  for (let i = 0; i < count; i++) order[i] = i
  if (isSorted(addresses)) return order
  return order.sort((a, b) => {
    const left = addresses[a] as bigint
    const right = addresses[b] as bigint
    return left < right ? -1 : left > right ? 1 : a - b
  })
}

/** kallsyms is sorted; the check compares words, as a bigint a row would cost more than all the rest. */
function isSorted(addresses: BigUint64Array): boolean {
  const words = new Uint32Array(addresses.buffer, addresses.byteOffset, addresses.length * 2)
  const little = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1
  let beforeHigh = 0
  let beforeLow = 0
  for (let i = 0; i < words.length; i += 2) {
    const high = words[little ? i + 1 : i] as number
    const low = words[little ? i : i + 1] as number
    if (high < beforeHigh || (high === beforeHigh && low < beforeLow)) return false
    beforeHigh = high
    beforeLow = low
  }
  return true
}
