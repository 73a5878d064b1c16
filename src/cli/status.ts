// kbox status: is the machine armed? In kdumpctl's words and exit codes, which scripts grep and test.
import { readCrashState } from '../host/control/crash_sysfs.ts'
import { sayKdump } from './kdump_messages.ts'
import { parseVerbOptions } from './verb_options.ts'

/** LSB's code for "program is not running", as kdumpctl returns it. */
const EXIT_NOT_OPERATIONAL = 3

/**
 * Run `kbox status`.
 *
 * @returns exit code: 0 armed, 3 not
 */
export async function statusMain(argv: readonly string[]): Promise<number> {
  const options = {
    json: { type: 'boolean', default: false },
    root: { type: 'string', default: '/' },
  } as const
  const values = parseVerbOptions(argv, options)
  const { supported, loaded, reservedBytes } = readCrashState(values.root)
  if (values.json) {
    process.stdout.write(
      `${JSON.stringify({ version: 1, operational: loaded, supported, reservedBytes })}\n`,
    )
  } else {
    if (!supported) sayKdump('kdump is not supported on this kernel')
    sayKdump(loaded ? 'Kdump is operational' : 'Kdump is not operational')
  }
  return loaded ? 0 : EXIT_NOT_OPERATIONAL
}
