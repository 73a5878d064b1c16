// Options of a verb: Node's parseArgs with kbox's errors.
import { parseArgs, type ParseArgsOptionsConfig } from 'node:util'
import { UsageError } from '../core/base/errors.ts'

/** Parse a verb's options; it takes no operands. @throws {UsageError} for what is not among them */
export function parseVerbOptions<const T extends ParseArgsOptionsConfig>(
  argv: readonly string[],
  options: T,
) {
  try {
    return parseArgs({ args: [...argv], options }).values
  } catch (cause) {
    throw new UsageError(cause instanceof Error ? cause.message : String(cause), { cause })
  }
}
