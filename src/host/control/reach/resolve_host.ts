// A server's name, resolved while there is still somebody to ask.
import { lookup } from 'node:dns/promises'
import { HostError } from '../../../core/base/errors.ts'
import { errnoOf } from '../../platform/file_error.ts'

/**
 * Resolve a name to all its addresses, in the order they are to be tried; an address is itself.
 *
 * @throws {HostError} if it has none
 */
export async function resolveHost(name: string): Promise<string[]> {
  try {
    const found = await lookup(name, { all: true })
    // A zone is an interface's name, which the capture kernel may not know.
    return [...new Set(found.map(({ address }) => address.replace(/%.*/, '')))]
  } catch (cause) {
    throw new HostError(
      `Bad kdump network destination: ${name} cannot be resolved (${errnoOf(cause)}): check its name, or give its address`,
      errnoOf(cause),
      { cause },
    )
  }
}
