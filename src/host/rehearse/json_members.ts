// Members of JSON that others wrote (a guest, a capture kernel): what is missing or of another kind reads as empty.

/** The members of one object. */
export class JsonMembers {
  readonly #members: ReadonlyMap<string, unknown>

  /** @param value anything; what is no object has no members */
  constructor(value: unknown) {
    this.#members = new Map(
      typeof value === 'object' && value !== null ? Object.entries(value) : [],
    )
  }

  /** A string, '' if it is none. */
  text(name: string): string {
    const value = this.#members.get(name)
    return typeof value === 'string' ? value : ''
  }

  /** A number, 0 if it is none. */
  number(name: string): number {
    const value = this.#members.get(name)
    return typeof value === 'number' && Number.isFinite(value) ? value : 0
  }

  isTrue(name: string): boolean {
    return this.#members.get(name) === true
  }

  /** A list of objects, empty if it is none. */
  list(name: string): JsonMembers[] {
    const value = this.#members.get(name)
    return Array.isArray(value) ? value.map((item) => new JsonMembers(item)) : []
  }

  /** A list of lists of strings; undefined if it is none. */
  rows(name: string): string[][] | undefined {
    const value = this.#members.get(name)
    return isRows(value) ? value : undefined
  }
}

/** Parse a text; undefined if it is not JSON. */
export function parseJson(text: string): JsonMembers | undefined {
  try {
    return new JsonMembers(JSON.parse(text))
  } catch {
    return undefined
  }
}

function isRows(value: unknown): value is string[][] {
  const isRow = (row: unknown): boolean =>
    Array.isArray(row) && row.every((word) => typeof word === 'string')
  return Array.isArray(value) && value.every(isRow)
}
