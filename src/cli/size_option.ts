// Sizes as options take them: 512M, 12G, 2T.
import { UsageError } from '../core/base/errors.ts'
import { memparse } from '../host/control/crashkernel/memparse.ts'

/** Parse a size with its unit. @throws {UsageError} if it is none */
export function parseSizeOption(option: string, text: string): number {
  const { value, end } = memparse(text, 0)
  const bytes = Number(value)
  if (
    !/[kmgtpe]$/i.test(text) ||
    end !== text.length ||
    bytes === 0 ||
    !Number.isSafeInteger(bytes)
  )
    throw new UsageError(`${option} ${text}: must be a size such as 512M, 12G or 2T`)
  return bytes
}
