// Code generated at run time, by address. It lies in no module, and no unwind table covers it.
import type { KernelSymbol } from '../debuginfo/symbol_index.ts'

/** What stands for the module of programs of BPF, which keep frame pointers. */
export const BPF_TEXT = 'bpf'
/** What stands for the module of trampolines of ftrace. */
export const FTRACE_TEXT = '__builtin__ftrace'

/** Which piece of generated code an address lies in. */
export class GeneratedMap {
  readonly #symbols: readonly KernelSymbol[]

  constructor(symbols: readonly KernelSymbol[]) {
    this.#symbols = symbols.toSorted((a, b) =>
      a.address < b.address ? -1 : a.address > b.address ? 1 : 0,
    )
  }

  /** The piece that holds `address`. */
  find(address: bigint): KernelSymbol | undefined {
    let low = 0
    let high = this.#symbols.length
    while (low < high) {
      const middle = (low + high) >> 1
      if ((this.#symbols[middle] as KernelSymbol).address <= address) low = middle + 1
      else high = middle
    }
    const nearest = this.#symbols[low - 1]
    return nearest && address - nearest.address < BigInt(nearest.size) ? nearest : undefined
  }
}
