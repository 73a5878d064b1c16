// kbox get-default-crashkernel: kdumpctl's verb, whose output scripts put into a command line.
import { UsageError } from '../core/base/errors.ts'
import { parseOptions } from '../core/base/options.ts'
import { defaultCrashkernel } from '../host/control/crashkernel/default_value.ts'
import { readCrashkernelFacts } from '../host/control/crashkernel/machine_facts.ts'

const OPTIONS = { root: { type: 'string', value: 'dir' } } as const

/**
 * Run `kbox get-default-crashkernel [kdump|fadump]`.
 *
 * @returns exit code: 0
 * @throws {UsageError} for another mode, or where there is no default
 */
export async function getDefaultCrashkernelMain(argv: readonly string[]): Promise<number> {
  const { values, operands } = parseOptions(OPTIONS, argv)
  const facts = readCrashkernelFacts(values.root)
  const [mode = facts.isFadump ? 'fadump' : 'kdump', ...rest] = operands
  if ((mode !== 'kdump' && mode !== 'fadump') || rest.length > 0)
    throw new UsageError(`${operands.join(' ')}: must be kdump or fadump`)
  process.stdout.write(defaultCrashkernel(facts.distro, facts, mode).value)
  return 0
}
