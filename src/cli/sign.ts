// kbox sign: the manifest of a dump, signed by hand.
import { HostError, UsageError } from '../core/base/errors.ts'
import { parseOptions } from '../core/base/options.ts'
import { signManifest } from '../host/control/evidence/sign_manifest.ts'
import { isUnchanged, verifyFolder } from '../host/control/evidence/verify_folder.ts'

/**
 * Run `kbox sign --key FILE DIR…`.
 *
 * @returns the exit code
 * @throws {HostError} if a folder is not as its manifest says, or the key cannot be used
 */
export async function signMain(argv: readonly string[]): Promise<number> {
  const { values, operands } = parseOptions({ key: { type: 'string' } }, argv)
  if (values.key === undefined) throw new UsageError('--key FILE is missing')
  if (operands.length === 0) throw new UsageError('a DIR is missing')
  for (const directory of operands) {
    const folder = verifyFolder(directory)
    if (!isUnchanged(folder)) {
      const remedy = "'kbox verify' tells what is different"
      throw new HostError(`${directory}: not as its manifest says: ${remedy}`)
    }
    const fingerprint = await signManifest(directory, folder.manifest, values.key)
    process.stdout.write(`${directory}: signed by ${fingerprint}\n`)
  }
  return 0
}
