// kbox sign: the manifest of a dump, signed by hand.
import { UsageError } from '../core/base/errors.ts'
import { parseOptions } from '../core/base/options.ts'
import { signFolder } from '../host/control/evidence/sign_manifest.ts'
import { withNotedAccess } from './noted_access.ts'

/**
 * Run `kbox sign --key FILE DIR…`.
 *
 * @returns the exit code
 * @throws {HostError} if a folder is not as its manifest says, or the key cannot be used
 */
export async function signMain(argv: readonly string[]): Promise<number> {
  const { values, operands } = parseOptions({ key: { type: 'string' } }, argv)
  const { key } = values
  if (key === undefined) throw new UsageError('--key FILE is missing')
  if (operands.length === 0) throw new UsageError('a DIR is missing')
  for (const directory of operands) {
    const action = { action: 'sign', verb: 'sign' } as const
    const fingerprint = await withNotedAccess(action, [directory], () => signFolder(directory, key))
    process.stdout.write(`${directory}: signed by ${fingerprint}\n`)
  }
  return 0
}
