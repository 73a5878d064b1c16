// Assertions about our own code. A failed assertion is a kbox bug, never the fault of a dump.

/**
 * Stop on a broken invariant of our own code.
 *
 * @throws {Error} when `condition` is false
 */
export function assert(condition: unknown, what: string): asserts condition {
  if (!condition) throw new Error(`kbox bug: ${what}`)
}

/** End a switch that has a case for every member of a union: the compiler says which one is missing. */
export function assertNever(value: never): never {
  throw new Error(`kbox bug: unexpected ${JSON.stringify(value)}`)
}
