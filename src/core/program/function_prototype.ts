// The C prototype of a function, as the type data has it, and which register is which parameter.
import { sizeofType, type FunctionType, type Parameter } from '../debuginfo/type.ts'
import type { KernelSymbol } from '../debuginfo/symbol_index.ts'
import type { Program } from './program.ts'

/** Bytes of an argument register. */
const WORD = 8

/**
 * The prototype of a function: its module's word for it, else the kernel's, which a module does not repeat.
 *
 * @returns undefined where there is none; for a copy whose parameters the compiler has changed; and for static functions
 *   of one name, of which type data does not say which is which
 */
export function functionPrototype(
  program: Program,
  symbol: KernelSymbol,
): FunctionType | undefined {
  // .isra drops and splits parameters, .constprop drops some, .part begins in the middle.
  if (/\.(?:isra|constprop|part)\b/.test(symbol.name)) return undefined
  const name = symbol.name.replace(/\.(?:cold|llvm|lto_priv)(?:\.\d+)*/g, '')
  const { module } = symbol
  if (module === '') {
    const namesakes = program.kernelSymbols?.findAll(name) ?? []
    if (new Set(namesakes.map(({ address }) => address)).size > 1) return undefined
    return program.kernelTypes?.findFunction(name)
  }
  const own = program.modules.find((each) => each.name === module)?.types()
  return own && (own.findFunction(name) ?? program.kernelTypes?.findFunction(name))
}

/**
 * The parameter that comes in the n-th argument register, whole.
 *
 * @param index which register, from 0
 * @returns undefined for a part of a struct, and beyond the last parameter
 */
export function parameterInRegister(
  prototype: FunctionType,
  index: number,
): (Parameter & { readonly position: number }) | undefined {
  // Structs of more than two words are returned where the first argument says, and passed on the stack.
  let register = sizeofType(prototype.returns) > 2 * WORD ? 1 : 0
  for (const [position, parameter] of prototype.parameters.entries()) {
    const size = sizeofType(parameter.type)
    const registers = size <= WORD ? 1 : size <= 2 * WORD ? 2 : 0
    if (register === index && registers === 1) return { ...parameter, position }
    register += registers
    if (register > index) return undefined
  }
  return undefined
}
