// kbox showmem: how much memory the capture kernel has, in kdumpctl's words.
import { readCrashState } from '../host/control/crash_sysfs.ts'
import { sayKdump } from './kdump_messages.ts'
import { parseVerbOptions } from './verb_options.ts'

/**
 * Run `kbox showmem`.
 *
 * @returns exit code: 0, or 1 on a kernel without crash support
 */
export async function showmemMain(argv: readonly string[]): Promise<number> {
  const options = {
    json: { type: 'boolean', default: false },
    root: { type: 'string', default: '/' },
  } as const
  const values = parseVerbOptions(argv, options)
  const { supported, reservedBytes } = readCrashState(values.root)
  if (values.json) {
    process.stdout.write(`${JSON.stringify({ version: 1, supported, reservedBytes })}\n`)
  } else if (supported) {
    sayKdump(`Reserved ${Math.floor(reservedBytes / 2 ** 20)}MB memory for crash kernel`)
  } else {
    sayKdump('Kdump is not supported on this kernel')
  }
  return supported ? 0 : 1
}
