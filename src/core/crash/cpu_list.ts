// Sets of CPUs as crash takes them: `0`, `0,2-4`, `all` (or `a`).
import { UsageError } from '../base/errors.ts'

/**
 * Parse a CPU list.
 *
 * @param online the CPUs there are
 * @throws {UsageError} for what is no list, or names a CPU that is not online
 */
export function parseCpuList(text: string, online: readonly number[]): number[] {
  if (text === 'a' || text === 'all') return [...online]
  const cpus = new Set<number>()
  for (const part of text.split(',')) {
    const match = /^(\d+)(?:-(\d+))?$/.exec(part)
    if (!match) throw new UsageError(`invalid cpu list: ${text}`)
    const first = Number(match[1])
    const last = Number(match[2] ?? first)
    const named = online.filter((cpu) => cpu >= first && cpu <= last)
    if (named.length === 0)
      throw new UsageError(`cpu ${part} is not online (online: ${online.join(',')})`)
    for (const cpu of named) cpus.add(cpu)
  }
  return [...cpus].sort((a, b) => a - b)
}
