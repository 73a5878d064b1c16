// Functions that have to do with a lock of static storage, by their code: who can have taken it. Told by bytes, and so a
// hint only.
import { attempt } from '../base/errors.ts'
import type { KernelSymbol, SymbolIndex } from '../debuginfo/symbol_index.ts'
import type { Program } from '../program/program.ts'

const CODE_SIZE_MAX = 64 * 1024
const FOUND_MAX = 100

/** Functions whose code refers to a lock that has a symbol, of the module that the lock is of. [] for one that has none. */
export function lockUsers(program: Program, lock: bigint): KernelSymbol[] {
  const symbol = program.symbolAt(lock)
  const symbols = symbol && symbolsOf(program, symbol.module)
  if (!symbols) return []
  const found: KernelSymbol[] = []
  for (const each of symbols.forEach()) {
    if (!/^[tT]$/.test(each.type) || each.size === 0 || each.size > CODE_SIZE_MAX) continue
    const code = attempt(() => program.memory.bytes(each.address, each.size))
    if (!code || !program.arch.refersTo(code, each.address, lock)) continue
    if (found.push(each) >= FOUND_MAX) break
  }
  return found
}

function symbolsOf(program: Program, module: string): SymbolIndex | undefined {
  if (module === '') return program.kernelSymbols
  return program.modules.find(({ name }) => name === module)?.symbols()
}
