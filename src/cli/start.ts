// kbox start: arm the machine, in kdumpctl's words.
import { armMachine } from './arm_machine.ts'
import { parseArmOptions } from './arm_options.ts'
import { lockKdump } from './kdump_lock.ts'
import { sayKdump } from './kdump_messages.ts'

/**
 * Run `kbox start`.
 *
 * @returns exit code: 0 armed (or armed before), 1 not
 * @throws {UsageError} for an unknown option
 */
export async function startMain(argv: readonly string[]): Promise<number> {
  const request = parseArmOptions(argv)
  if (request.isDryRun) return (await armMachine(request, 'start')) ? 0 : 1
  return lockKdump(async () => {
    const isArmed = await armMachine(request, 'start')
    if (!isArmed) sayKdump('Starting kdump: [FAILED]')
    return isArmed ? 0 : 1
  })
}
