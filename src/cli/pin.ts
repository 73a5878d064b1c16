// kbox pin: a dump that is to stay.
import { HostError, UsageError } from '../core/base/errors.ts'
import { parseOptions } from '../core/base/options.ts'
import { readActor } from '../host/control/evidence/access_log.ts'
import { readManifest } from '../host/control/evidence/dump_manifest.ts'
import { pinDump, unpinDump } from '../host/control/evidence/pin.ts'
import { withNotedAccess } from './noted_access.ts'

/**
 * Run `kbox pin [--why TEXT | --remove] DIR…`.
 *
 * @returns the exit code
 * @throws {HostError} if a folder is none of a dump
 */
export async function pinMain(argv: readonly string[]): Promise<number> {
  const options = { why: { type: 'string' }, remove: { type: 'boolean' } } as const
  const { values, operands } = parseOptions(options, argv)
  if (operands.length === 0) throw new UsageError('a DIR is missing')
  const { uid, sudoUser } = readActor()
  const who = sudoUser === '' ? `uid ${uid}` : `${sudoUser} (uid ${uid})`
  const note = [new Date().toISOString(), who, values.why ?? ''].join(' ').trimEnd()
  const action = values.remove ? 'unpin' : 'pin'
  for (const directory of operands) {
    await withNotedAccess({ action, verb: 'pin' }, [directory], () => {
      if (!readManifest(directory))
        throw new HostError(`${directory}: no kbox.json, no dump of ours`)
      if (values.remove) unpinDump(directory)
      else pinDump(directory, note)
    })
  }
  return 0
}
