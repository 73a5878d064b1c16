// kbox rebuild: build the capture image whether or not anything has changed, and load nothing.
import { armMachine } from './arm_machine.ts'
import { parseArmOptions } from './arm_options.ts'
import { lockKdump } from './kdump_lock.ts'

/**
 * Run `kbox rebuild`.
 *
 * @returns exit code: 0 built, 1 not
 * @throws {UsageError} for an unknown option
 */
export async function rebuildMain(argv: readonly string[]): Promise<number> {
  const request = parseArmOptions(argv)
  return lockKdump(async () => ((await armMachine(request, 'rebuild')) ? 0 : 1))
}
