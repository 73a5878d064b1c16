// kbox restart: read the configuration again and load what it says in place of what is loaded. kdumpctl stops first and
// loses a crash in between; here the old image stays until the new one has passed every check.
import { armMachine } from './arm_machine.ts'
import { parseArmOptions } from './arm_options.ts'
import { lockKdump } from './kdump_lock.ts'
import { sayKdump } from './kdump_messages.ts'

/**
 * Run `kbox restart`.
 *
 * @returns exit code: 0 the new image is loaded, 1 it is not (the old one may be)
 * @throws {UsageError} for an unknown option
 */
export async function restartMain(argv: readonly string[]): Promise<number> {
  const request = parseArmOptions(argv)
  if (request.isDryRun) return (await armMachine(request, 'restart')) ? 0 : 1
  return lockKdump(async () => {
    const isArmed = await armMachine(request, 'restart')
    if (!isArmed) sayKdump('Starting kdump: [FAILED]')
    return isArmed ? 0 : 1
  })
}
