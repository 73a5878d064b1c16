// A directory behind an SSH server: files by SFTP, with the server's key pinned when the machine was armed.
import { readFileSync } from 'node:fs'
import { HostError } from '../../../core/base/errors.ts'
import { errnoOf } from '../../platform/file_error.ts'
import { keepTrying, PATIENCE, type Patience } from '../patience.ts'
import type { SshPlace } from '../place.ts'
import { ServerTries } from '../server_tries.ts'
import { makeSshDirectory } from './ssh_directory.ts'
import { SshLink } from './ssh_link.ts'
import { formatLogin, type SshLogin } from './ssh_login.ts'
import type { OpenTarget, TargetDeadlines, TargetHost, TargetKind } from '../target.ts'

/** OpenSSH, dropbear, or whatever else speaks SFTP. */
export const ssh: TargetKind<SshPlace> = {
  kind: 'ssh',
  open: (place, host, deadlines) => openSsh(place, host, deadlines, PATIENCE),
}

/**
 * Connect and log in.
 *
 * @throws {HostError} if the server cannot be reached, shows another key, or does not let us in
 */
export async function openSsh(
  place: SshPlace,
  host: TargetHost,
  { openMs, endMs }: TargetDeadlines,
  patience: Patience,
): Promise<OpenTarget> {
  const login = loginOf(place)
  const link = new SshLink(login, new ServerTries(host, patience, endMs))
  const session = await host.step('connect', () =>
    keepTrying(host, patience, openMs, () => link.session(openMs)),
  )
  const { directory, isFlattened } = place
  return {
    name: `${formatLogin(login)}:${directory}`,
    clientAddress: session.clientAddress,
    dumpName: isFlattened ? 'vmcore.flat' : 'vmcore',
    // Space on a server is not ours alone: nothing can be kept for us.
    takesReserve: false,
    freeBytes: () => link.run((session, replyMs) => findFree(session, directory, replyMs)),
    makeDirectory: (name) => makeSshDirectory(link, directory, name, { isFlattened }),
    async close() {
      link.close()
    },
  }
}

/** Free bytes of the directory, or of the nearest one above it that is there already. */
async function findFree(
  session: Awaited<ReturnType<SshLink['session']>>,
  directory: string,
  replyMs: number,
): Promise<number | undefined> {
  for (let folder = directory; ; folder = folder.slice(0, folder.lastIndexOf('/'))) {
    const free = await session.freeBytes(folder === '' ? '/' : folder, replyMs)
    if (free !== undefined || folder === '' || !folder.includes('/')) return free
  }
}

function loginOf({ user, host, port, addresses, keyFile, hostKeys }: SshPlace): SshLogin {
  let key: Uint8Array
  try {
    key = readFileSync(keyFile)
  } catch (cause) {
    throw new HostError(`${keyFile}: the key cannot be read: ${errnoOf(cause)}`, errnoOf(cause), {
      cause,
    })
  }
  return {
    ...{ user, host, port, addresses },
    hostKeys: hostKeys.map((text) => Buffer.from(text, 'base64')),
    proofs: [{ type: 'publickey', key, file: keyFile }],
  }
}
