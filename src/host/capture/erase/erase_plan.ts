// Erase rules applied to one dumped kernel: which bytes, and what could not be done. Types come from the kernel's own
// BTF, symbols from its kallsyms: no vmlinux. A rule that fails is said and skipped, the others go on.
// Source: makedumpfile.conf(5); what it leaves open, as makedumpfile 1.7.2 does it (test/compat/erase.test.ts).
import { FaultError, KdumpError, NotFoundError, UsageError } from '../../../core/base/errors.ts'
import { sizeofType, stripType, TYPE_DEPTH_LIMIT, type Type } from '../../../core/debuginfo/type.ts'
import { isCharacter } from '../../../core/program/format_object.ts'
import type { KObject } from '../../../core/program/kobject.ts'
import type { ModuleTables } from '../../../core/program/module_tables.ts'
import type { Program } from '../../../core/program/program.ts'
import {
  type EraseCommand,
  type EraseExpression,
  type EraseLoop,
  type EraseProblem,
  type EraseRule,
  parseEraseConfig,
} from './erase_config.ts'
import { ERASE_ENTRY_LIMIT, type EraseRange, EraseRanges } from './erase_ranges.ts'
import { EraseScope } from './erase_scope.ts'
import { ERASE_SIZE_MAX } from './erase_size.ts'
import { forEachElement } from './erase_walk.ts'

/** What to erase. */
export interface ErasePlan {
  readonly ranges: readonly EraseRange[]
  /** Text for eraseinfo: the rules that took effect, a line each range; '' if none did. */
  readonly info: string
  /** In line order. */
  readonly problems: readonly EraseProblem[]
}

/** Longest text erased through a `char *`. */
const TEXT_SIZE_MAX = 1024
/** Elements that all loops together visit at most. */
const STEP_LIMIT = 10_000_000

/** Bytes at a kernel address. */
interface Extent {
  readonly address: bigint
  readonly size: number
}

/**
 * Find what the rules of a configuration file erase in a dump.
 *
 * @param file name of the configuration, for problems
 */
export function planErasure(program: Program, rulesText: string, file: string): ErasePlan {
  const config = parseEraseConfig(rulesText, file)
  const planner = new Planner(program, file, config.problems)
  for (const { module, line, rules } of config.sections) planner.section(module, line, rules)
  return planner.plan()
}

class Planner {
  readonly #program: Program
  readonly #file: string
  readonly #ranges: EraseRanges
  readonly #problems: EraseProblem[]
  /** Line and kind of each problem: a loop meets the same one at every element. */
  readonly #said = new Set<string>()
  #steps = 0

  constructor(program: Program, file: string, problems: readonly EraseProblem[]) {
    this.#program = program
    this.#file = file
    this.#ranges = new EraseRanges(program.memory)
    this.#problems = [...problems]
  }

  section(name: string, line: number, rules: readonly EraseRule[]): void {
    let module: ModuleTables | undefined
    if (name !== 'vmlinux') {
      // The kernel's names have underscores where files have dashes.
      const wanted = name.replaceAll('-', '_')
      module = this.#program.modules.find((one) => one.name.replaceAll('-', '_') === wanted)
      if (!module) {
        this.#say(line, `module '${name}' was not loaded: its section is skipped`)
        return
      }
    }
    const scope = new EraseScope(this.#program, module)
    for (const rule of rules) this.#apply(rule, scope)
  }

  plan(): ErasePlan {
    const problems = this.#problems.toSorted((a, b) => a.line - b.line)
    return { ranges: [...this.#ranges.physical()], info: this.#ranges.info(), problems }
  }

  #apply(rule: EraseRule, scope: EraseScope): void {
    this.#attempt(rule.line, () => {
      if (rule.kind === 'for') this.#loop(rule, scope)
      else for (const target of scope.resolve(rule.target)) this.#erase(rule, target, scope)
    })
  }

  #loop(rule: EraseLoop, scope: EraseScope): void {
    for (const list of scope.resolve(rule.list)) {
      this.#attempt(rule.line, () => {
        for (const element of forEachElement(list, rule)) {
          if (++this.#steps > STEP_LIMIT) {
            throw new UsageError(`loops visit more than ${STEP_LIMIT} elements: the rest is kept`)
          }
          scope.with(rule.variable, element, () => {
            for (const inner of rule.body) this.#apply(inner, scope)
          })
        }
      })
    }
  }

  #erase(rule: EraseCommand, target: KObject, scope: EraseScope): void {
    const extent = findExtent(rule, target, () => readSize(rule.size, scope))
    if (!extent || extent.size <= 0) return
    if (this.#ranges.isFull) {
      throw new UsageError(`rules find more than ${ERASE_ENTRY_LIMIT} places: the rest is kept`)
    }
    const { address, size } = extent
    this.#ranges.add(rule.target.text, address, size, rule.nullify)
  }

  /** Do what one rule asks; what fails becomes a problem of its line. */
  #attempt(line: number, run: () => void): void {
    try {
      run()
    } catch (error) {
      if (!(error instanceof KdumpError)) throw error
      // What a NULL pointer leads to is nothing: nothing to erase.
      if (error instanceof FaultError && error.address === 0n) return
      this.#say(line, describe(error), error.code)
    }
  }

  #say(line: number, message: string, kind = ''): void {
    const key = `${line} ${kind}`
    if (this.#said.has(key)) return
    this.#said.add(key)
    this.#problems.push({ file: this.#file, line, message })
  }
}

/** What is wrong, and what to do about it. */
function describe(error: KdumpError): string {
  const { message } = error
  if (error instanceof FaultError) return `${message}: what lies there is not erased`
  if (!(error instanceof NotFoundError)) return message
  switch (error.kind) {
    case 'symbol':
      return `${message}: take a name of /proc/kallsyms, and its module's section`
    case 'member':
      return `${message}: 'struct NAME' of kbox crash shows the members`
    case 'type':
      return `${message}: write the type before the name, as in 'erase (struct foo)sym.member'`
    default:
      return message
  }
}

/** undefined: nothing is there. */
function findExtent(
  { target: { text }, nullify, size }: EraseCommand,
  object: KObject,
  bytes: () => number,
): Extent | undefined {
  const type = stripType(object.type)
  const isPointer = type.kind === 'pointer'
  if (nullify) {
    if (isPointer) return { address: object.address, size: type.size }
    throw new UsageError(`'${text}' is no pointer: nullify does nothing, write size N or nothing`)
  }
  const address = isPointer ? object.pointer() : object.address
  if (address === 0n) return undefined
  if (size !== undefined) return { address, size: bytes() }
  return { address, size: isPointer ? pointedSize(object, type.target, text) : ownSize(type, text) }
}

function ownSize(type: Type, text: string): number {
  const size = sizeofType(type)
  if (size > 0) return size
  throw new UsageError(`'${text}' has no size of its own: write size N behind it`)
}

/** Text up to its NUL; behind a pointer to a pointer what the last one points to, as makedumpfile has it. */
function pointedSize(pointer: KObject, target: Type, text: string): number {
  let pointed = stripType(target)
  if (isCharacter(pointed)) {
    return pointer.program.memory.cstringBytes(pointer.pointer(), TEXT_SIZE_MAX).length
  }
  for (let depth = 0; pointed.kind === 'pointer' && depth < TYPE_DEPTH_LIMIT; depth++) {
    pointed = stripType(pointed.target)
  }
  const size = sizeofType(pointed)
  if (size > 0) return size
  throw new UsageError(
    `'${text}' does not say what it points to: write size N or nullify behind it`,
  )
}

function readSize(size: EraseCommand['size'], scope: EraseScope): number {
  if (size === undefined || typeof size === 'number') return size ?? 0
  return readSizeObject(size, scope)
}

function readSizeObject(size: EraseExpression, scope: EraseScope): number {
  const [object] = scope.resolve(size)
  const { kind } = stripType(object?.type ?? { kind: 'void' })
  if (!object || (kind !== 'int' && kind !== 'enum')) {
    throw new UsageError(`size '${size.text}' is no integer: name one, or write a number`)
  }
  const bytes = object.number()
  if (bytes > ERASE_SIZE_MAX) {
    throw new UsageError(
      `size '${size.text}' is ${bytes}: one rule erases ${ERASE_SIZE_MAX} bytes at most`,
    )
  }
  return bytes
}
