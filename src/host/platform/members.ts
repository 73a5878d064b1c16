// Typed reads of a JSON object's members, for files that one part of kbox writes and another must trust.
import { FormatError } from '../../core/base/errors.ts'

/** A JSON object whose members are read by name and kind. */
export class Members {
  readonly #file: string
  readonly #path: string
  readonly #members: ReadonlyMap<string, unknown>

  /** @param path of the object in the file, with a dot at its end; '' for the top */
  constructor(file: string, path: string, data: unknown) {
    if (typeof data !== 'object' || data === null || Array.isArray(data))
      throw new FormatError(file, 0, `${path === '' ? 'top' : path.slice(0, -1)} is not an object`)
    this.#file = file
    this.#path = path
    this.#members = new Map(Object.entries(data))
  }

  /** Parse JSON text. @throws {FormatError} if it is not an object */
  static parse(file: string, text: string): Members {
    let data: unknown
    try {
      data = JSON.parse(text)
    } catch (cause) {
      throw new FormatError(file, 0, 'not JSON', { cause })
    }
    return new Members(file, '', data)
  }

  /** All members as they were read. */
  all(): Readonly<Record<string, unknown>> {
    return Object.fromEntries(this.#members)
  }

  /** The names of all members. */
  names(): string[] {
    return [...this.#members.keys()]
  }

  has(name: string): boolean {
    return this.#members.has(name)
  }

  string(name: string): string {
    const value = this.#members.get(name)
    if (typeof value !== 'string') throw this.#wrong(name, 'a string')
    return value
  }

  number(name: string): number {
    const value = this.#members.get(name)
    if (typeof value !== 'number' || !Number.isFinite(value)) throw this.#wrong(name, 'a number')
    return value
  }

  boolean(name: string): boolean {
    const value = this.#members.get(name)
    if (typeof value !== 'boolean') throw this.#wrong(name, 'true or false')
    return value
  }

  numbers(name: string): number[] {
    return this.#list(name, 'numbers', (item) => typeof item === 'number')
  }

  strings(name: string): string[] {
    return this.#list(name, 'strings', (item) => typeof item === 'string')
  }

  oneOf<T extends string>(name: string, values: readonly T[]): T {
    const value = this.#members.get(name)
    const found = values.find((candidate) => candidate === value)
    if (found === undefined) throw this.#wrong(name, `one of ${values.join(', ')}`)
    return found
  }

  object(name: string): Members {
    return new Members(this.#file, `${this.#path}${name}.`, this.#members.get(name))
  }

  objects(name: string): Members[] {
    const value = this.#members.get(name)
    if (!Array.isArray(value)) throw this.#wrong(name, 'a list')
    return value.map(
      (item, index) => new Members(this.#file, `${this.#path}${name}[${index}].`, item),
    )
  }

  #list<T>(name: string, what: string, isOne: (item: unknown) => item is T): T[] {
    const value: unknown = this.#members.get(name)
    if (!Array.isArray(value)) throw this.#wrong(name, `a list of ${what}`)
    const items = value.filter(isOne)
    if (items.length !== value.length) throw this.#wrong(name, `a list of ${what}`)
    return items
  }

  #wrong(name: string, expected: string): FormatError {
    return new FormatError(this.#file, 0, `${this.#path}${name} is not ${expected}`)
  }
}
