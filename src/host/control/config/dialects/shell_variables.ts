// The variables of a shell-assignment file, read by name and kind; whatever nobody asks for is no variable of the dialect.
import type { ConfBuilder } from '../conf_builder.ts'
import type { ConfWord } from '../conf_problem.ts'
import { formatCoreCollector, parseCoreCollector } from '../core_collector.ts'
import { splitArguments } from '../split_arguments.ts'
import { type Assignment, parseAssignments } from './shell_assignments.ts'

/** Variables that say something kbox has no use for, and why; `usual` values are passed over in silence. */
export type Explained = Readonly<Record<string, readonly [usual: readonly string[], why: string]>>

/** A variable that is set and not empty. */
export interface Variable extends ConfWord {
  readonly name: string
  /** It adds to its default instead of replacing it. */
  readonly isAddition: boolean
}

/** The variables of one file. */
export class ShellVariables {
  readonly #builder: ConfBuilder
  readonly #assignments = new Map<string, Assignment>()
  readonly #known = new Set<string>()

  /** Read the file; what is wrong with it goes to the builder. */
  constructor(text: string, builder: ConfBuilder) {
    this.#builder = builder
    const result = parseAssignments(text)
    if (result.ok) for (const one of result.assignments) this.#assignments.set(one.name, one)
    else builder.errors.push(result.problem)
  }

  /** A variable, undefined when it is not set or empty: both mean the default. */
  find(name: string): Variable | undefined {
    const assignment = this.findSet(name)
    return assignment?.value === '' ? undefined : assignment
  }

  /** A variable, undefined when it is not set. */
  findSet(name: string): Variable | undefined {
    this.#known.add(name)
    const found = this.#assignments.get(name)
    if (!found) return undefined
    const { line, valueColumn: column, value, isAddition } = found
    return { name, line, column, value, isAddition }
  }

  /** A whole number; another value is told and means the default. */
  number(name: string): (Variable & { readonly number: number }) | undefined {
    const variable = this.find(name)
    if (!variable) return undefined
    if (/^-?\d{1,9}$/.test(variable.value)) return { ...variable, number: Number(variable.value) }
    const message = `config option ${name} has invalid value '${variable.value}', must be a number; ignoring`
    this.#builder.warn(variable, message, 'write a number')
    return undefined
  }

  /** Yes or no; another value is told and means the default. */
  flag(name: string): (Variable & { readonly isSet: boolean }) | undefined {
    const variable = this.find(name)
    if (!variable) return undefined
    const { value } = variable
    if (/^(?:yes|1|true)$/.test(value)) return { ...variable, isSet: true }
    if (/^(?:no|0|false)$/.test(value)) return { ...variable, isSet: false }
    const message = `config option ${name} has invalid value '${value}', should be 'true' or 'false; ignoring'`
    this.#builder.warn(variable, message, "write 'true' or 'false'")
    return undefined
  }

  /** Tell of each of these that is set what becomes of it. Values that may be secret are not shown. */
  explain(explained: Explained): void {
    for (const [name, [usual, why]] of Object.entries(explained)) {
      const variable = this.find(name)
      if (!variable || usual.includes(variable.value)) continue
      const value = name.includes('PASSWORD') ? '' : variable.value
      this.#builder.warn({ ...variable, value }, `${name} has no effect here`, why)
    }
  }

  /** Tell of variables that nobody has asked for. */
  tellUnknown(file: string): void {
    for (const { name, line, column } of this.#assignments.values()) {
      if (this.#known.has(name)) continue
      const word = { line, column, value: name }
      this.#builder.warn(word, `${name} is no variable of ${file}`, 'it has no effect')
    }
  }
}

/** Set how many dumps are kept. */
export function setCount(builder: ConfBuilder, count: number, variable: Variable): void {
  builder.set('retention', { ...builder.conf.retention, count }, variable)
}

/** Set the kexec mode from a variable of kexec's options; other options are told. */
export function setKexecMode(builder: ConfBuilder, variable: Variable | undefined): void {
  for (const option of variable?.value.split(/\s+/) ?? []) {
    if (!variable || option === '') continue
    if (option === '-s' || option === '-c' || option === '-a')
      builder.setLoad('kexecMode', option, variable)
    else builder.warn(variable, `${option} in ${variable.name} has no effect here`, 'remove it')
  }
}

/** Set the collector from makedumpfile's options. @param variable where problems are told */
export function setCollector(builder: ConfBuilder, options: string, variable: ConfWord): void {
  const command = `makedumpfile ${options}`
  const result = parseCoreCollector(command)
  const problems = result.ok ? result.warnings : [result.problem]
  for (const { value, what, remedy } of problems) {
    const at = variable.value.indexOf(value)
    const word = { ...variable, value, column: variable.column + Math.max(at, 0) }
    if (result.ok) builder.warn(word, what, remedy)
    else builder.error(word, `makedumpfile parameter check failed: ${what}`, remedy)
  }
  if (result.ok) builder.set('coreCollector', result.collector, variable)
}

/** Set a hook from a command line; kbox's hooks take no arguments of their own. */
export function setHook(
  builder: ConfBuilder,
  hook: 'pre' | 'post',
  variable: Variable | undefined,
): void {
  if (!variable) return
  const [program, ...rest] = splitArguments(variable.value) ?? []
  if (program === undefined || rest.length > 0 || !program.text.startsWith('/')) {
    const message = `${variable.name} is not the path of one program`
    builder.error(variable, message, 'put the command into a script and name that')
    return
  }
  builder.set('hooks', { ...builder.conf.hooks, [hook]: program.text }, variable)
}

/** The makedumpfile options of a collector, without the program's name. */
export function collectorOptions(...[collector]: Parameters<typeof formatCoreCollector>): string {
  return formatCoreCollector(collector).slice('makedumpfile '.length)
}

/** Format an assignment. */
export function formatAssignment(name: string, value: string | number | boolean): string {
  return `${name}="${String(value).replaceAll(/[$`"\\]/g, '\\$&')}"`
}
