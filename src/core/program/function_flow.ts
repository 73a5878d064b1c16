// A function of the dumped kernel as code to follow values through, with the part of it that the compiler set aside as cold.
import { attempt } from '../base/errors.ts'
import { getDisassembler } from '../arch/disassembler.ts'
import type { Operation } from '../arch/operation.ts'
import type { KernelSymbol } from '../debuginfo/symbol_index.ts'
import type { Program } from './program.ts'
import { ValueFlow } from './value_flow.ts'

export type { MemoryOperand, Operation, ValuePlace, ValueSource } from '../arch/operation.ts'

/** The largest functions of a kernel are some 30 KiB; what is larger is more than one. */
const CODE_SIZE_MAX = 64 * 1024

/** What the instructions of one function do. */
export interface FunctionFlow {
  /** Where it is entered; `name.cold` belongs to `name`. */
  readonly symbol: KernelSymbol
  readonly operations: ReadonlyMap<bigint, Operation>
  readonly flow: ValueFlow
}

const known = new WeakMap<Program, Map<bigint, FunctionFlow | undefined>>()

/** The function that `address` lies in; undefined without its symbol, its code or a disassembler. Remembered. */
export function functionFlow(program: Program, address: bigint): FunctionFlow | undefined {
  const symbol = entrySymbol(program, address)
  if (!symbol) return undefined
  let flows = known.get(program)
  if (!flows) known.set(program, (flows = new Map()))
  if (!flows.has(symbol.address))
    flows.set(
      symbol.address,
      attempt(() => readFlow(program, symbol)),
    )
  return flows.get(symbol.address)
}

const COLD = '.cold'

function entrySymbol(program: Program, address: bigint): KernelSymbol | undefined {
  const symbol = program.symbolAt(address)
  const cold = symbol && /^(.+)\.cold(?:\.\d+)?$/.exec(symbol.name)
  return cold ? sibling(program, symbol, cold[1] ?? '') : symbol
}

/** Another symbol of the same module. */
function sibling(
  program: Program,
  { module }: KernelSymbol,
  name: string,
): KernelSymbol | undefined {
  const found = program.findSymbol(name)
  return found?.module === module ? found : undefined
}

function readFlow(program: Program, symbol: KernelSymbol): FunctionFlow {
  const { convention } = getDisassembler(program.arch.name)
  const operations = new Map<bigint, Operation>()
  for (const part of [symbol, sibling(program, symbol, symbol.name + COLD)]) {
    if (!part || part.size > CODE_SIZE_MAX) continue
    const code = program.memory.bytes(part.address, part.size)
    for (const operation of getDisassembler(program.arch.name).operations(code, part.address))
      operations.set(operation.address, operation)
  }
  const flow = new ValueFlow({
    entry: symbol.address,
    operations,
    convention,
    thunkRegister: (callee) => thunkRegister(program, callee),
  })
  return { symbol, operations, flow }
}

/** The register that the function at `address` jumps through, if that is all it does; undefined else. */
export function thunkRegister(program: Program, address: bigint): string | undefined {
  const symbol = program.symbolAt(address)
  if (!symbol || symbol.address !== address) return undefined
  return attempt(() => getDisassembler(program.arch.name))?.convention.thunkRegister(symbol.name)
}

/** What the instruction at `address` does, whatever function it is of; undefined if that cannot be told. */
export function operationAt(program: Program, address: bigint): Operation | undefined {
  return attempt(() => {
    const disassembler = getDisassembler(program.arch.name)
    const code = new Uint8Array(disassembler.lengthMax)
    const size = readableBytes(program, address, code)
    const [operation] = disassembler.operations(code.subarray(0, size), address)
    return operation?.address === address ? operation : undefined
  })
}

function readableBytes(program: Program, address: bigint, code: Uint8Array): number {
  for (let size = code.length; size > 0; size--) {
    const part = code.subarray(0, size)
    if (attempt(() => (program.memory.readVirtual(address, part), true))) return size
  }
  return 0
}
