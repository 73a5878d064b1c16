// Which functions of a module write to one of its variables by its address: what puts something there, or takes it away.
// Writes through a pointer to it are not seen.
import { attempt } from '../base/errors.ts'
import type { KernelSymbol } from '../debuginfo/symbol_index.ts'
import { functionFlow } from './function_flow.ts'
import type { Program } from './program.ts'

/** A function that writes to the variable. */
export interface VariableWriter {
  readonly symbol: KernelSymbol
  /** Names of the functions it calls directly. */
  readonly calls: readonly string[]
}

/** Functions looked at, at most. */
const FUNCTIONS_MAX = 5000

/** Find the functions that write to the word at an address; [] without code, symbols or a disassembler. */
export function variableWriters(
  program: Program,
  module: string,
  address: bigint,
): VariableWriter[] {
  const symbols = program.modules.find(({ name }) => name === module)?.symbols()
  const found: VariableWriter[] = []
  let count = 0
  for (const symbol of symbols?.forEach() ?? []) {
    if (!/^[tTwW]$/.test(symbol.type)) continue
    if (++count > FUNCTIONS_MAX) break
    const flow = attempt(() => functionFlow(program, symbol.address))
    if (!flow || flow.symbol.address !== symbol.address) continue
    const operations = [...flow.operations.values()]
    const isWriter = operations.some(({ memory }) =>
      memory.some(
        ({ base, index, displacement, access }) =>
          access !== 'read' && base === '' && index === '' && displacement === address,
      ),
    )
    if (!isWriter) continue
    const calls = operations.flatMap(({ flow: kind, target }) => {
      const name =
        kind === 'call' && target !== undefined ? program.symbolAt(target)?.name : undefined
      return name === undefined ? [] : [name]
    })
    found.push({ symbol, calls })
  }
  return found
}
