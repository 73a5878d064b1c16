// From names in erase rules to objects of the dumped kernel: loop variables, symbols of the section's module, per-CPU
// variables (every CPU's copy).
import { wrap64 } from '../../../core/base/addr.ts'
import { NotFoundError } from '../../../core/base/errors.ts'
import { forEachCpu, perCpuOffset } from '../../../core/kernel/percpu.ts'
import { KObject } from '../../../core/program/kobject.ts'
import type { ModuleTables } from '../../../core/program/module_tables.ts'
import type { Program } from '../../../core/program/program.ts'
import type { EraseExpression } from './erase_config.ts'

/** Where names are looked up. */
export class EraseScope {
  readonly program: Program
  /** The section's module; undefined for the kernel proper. */
  readonly #module: ModuleTables | undefined
  readonly #variables = new Map<string, KObject>()

  constructor(program: Program, module: ModuleTables | undefined) {
    this.program = program
    this.#module = module
  }

  /** Give a loop variable its element while `run` runs. */
  with(variable: string, element: KObject, run: () => void): void {
    const outer = this.#variables.get(variable)
    this.#variables.set(variable, element)
    try {
      run()
    } finally {
      if (outer) this.#variables.set(variable, outer)
      else this.#variables.delete(variable)
    }
  }

  /**
   * The objects an expression means: one, or one for each CPU.
   *
   * @throws {NotFoundError} if the symbol, its type or a member is unknown
   * @throws {FaultError} if a pointer on the way is NULL (address 0) or cannot be read
   */
  resolve({ name, cast, path }: EraseExpression): KObject[] {
    const element = this.#variables.get(name)
    const roots = element
      ? [cast === '' ? element : element.cast(cast)]
      : this.#variable(name, cast)
    return roots.map((root) => follow(root, path))
  }

  #variable(name: string, cast: string): KObject[] {
    const { program } = this
    const own = this.#module?.symbols()?.find(name)
    const symbol = own ?? program.findSymbol(name)
    if (!symbol) throw new NotFoundError('symbol', name)
    const type =
      cast === ''
        ? ((own && this.#module?.types()?.findVariable(name)) ?? program.findGlobalType(name))
        : program.type(cast)
    if (!type) throw new NotFoundError('type', `of variable ${name}`)
    if (!this.#isPerCpu(symbol.address)) return [new KObject(program, type, symbol.address)]
    return forEachCpu(program, 'possible').map(
      (cpu) => new KObject(program, type, wrap64(symbol.address + perCpuOffset(program, cpu))),
    )
  }

  #isPerCpu(address: bigint): boolean {
    const { kernelSymbols } = this.program
    const start = kernelSymbols?.find('__per_cpu_start')
    const end = kernelSymbols?.find('__per_cpu_end')
    return (
      start !== undefined && end !== undefined && address >= start.address && address < end.address
    )
  }
}

/** `[2].member.member`: leading indices, then a member path. */
function follow(root: KObject, path: string): KObject {
  const [, indices = '', members = ''] = /^((?:\[\d+\])*)\.?(.*)$/.exec(path) ?? []
  let object = root
  for (const [, index] of indices.matchAll(/\[(\d+)\]/g)) object = object.at(Number(index))
  return members === '' ? object : object.get(members)
}
