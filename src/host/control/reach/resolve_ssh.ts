// From kdump.conf's `ssh user@host` and `sshkey` to what the capture kernel logs in with: addresses, a key that works without
// anyone to ask, and the keys the server may show.
import { existsSync, readFileSync, realpathSync, statSync } from 'node:fs'
import path from 'node:path'
import { HostError, UnsupportedError } from '../../../core/base/errors.ts'
import { readPrivateKey } from '../../target/ssh/ssh_key.ts'
import type { ConfTarget, KdumpConf } from '../config/kdump_conf_model.ts'
import { findKnownKeys, type KnownKeys, parseKnownHosts } from './known_hosts.ts'
import { resolveHost } from './resolve_host.ts'
import type { ResolvedTarget } from './resolve_target.ts'
import { readSshSettings } from './ssh_config.ts'

/** Files of known hosts, root's first. */
export const KNOWN_HOSTS: readonly string[] = [
  '/root/.ssh/known_hosts',
  '/root/.ssh/known_hosts2',
  '/etc/ssh/ssh_known_hosts',
  '/etc/ssh/ssh_known_hosts2',
]

/** Server and account as ssh would take them. */
export interface SshDestination {
  readonly user: string
  /** As written. */
  readonly host: string
  /** What the name stands for. */
  readonly hostName: string
  readonly port: number
  /** Name under which its keys are known. */
  readonly keyName: string
}

/**
 * Resolve an SSH target.
 *
 * @param root where keys, known hosts and ssh's configuration are found
 * @throws {HostError} if the name has no address, the key is not fit, or no key of the server is known
 * @throws {UnsupportedError} for servers behind a proxy
 */
export async function resolveSsh(
  target: Extract<ConfTarget, { kind: 'ssh' }>,
  conf: KdumpConf,
  root = '/',
): Promise<ResolvedTarget> {
  const destination = findDestination(target, root)
  const keyFile = await checkKey(conf.sshKey, root)
  const { user, host, hostName, port } = destination
  return {
    place: {
      kind: 'ssh',
      ...{ user, host, port, keyFile },
      addresses: await resolveHost(hostName),
      hostKeys: findHostKeys(destination, root),
      directory: conf.path,
      isFlattened: conf.coreCollector.isFlattened,
    },
    modules: [],
    device: undefined,
    availableBytes: undefined,
    // The place names the key by the path it has here, and it has the same one in the image.
    files: [{ path: keyFile.replace(/^\/+/, ''), source: path.join(root, keyFile), mode: 0o600 }],
  }
}

/** Find what ssh's configuration says of a target. @throws {UnsupportedError} for servers behind a proxy */
export function findDestination(
  { user, host, port }: Pick<Extract<ConfTarget, { kind: 'ssh' }>, 'user' | 'host' | 'port'>,
  root = '/',
): SshDestination {
  const settings = readSshSettings(host, user, root)
  if (settings.proxy !== '') {
    throw new UnsupportedError(
      `reaching ${host} through ${settings.proxy} (ssh's configuration): the capture kernel connects by itself; name a server it can reach`,
    )
  }
  const { hostName, hostKeyAlias } = settings
  const isDefault = port === 22
  return {
    ...{ user, host, hostName },
    port: isDefault ? (settings.port ?? port) : port,
    keyName: hostKeyAlias === '' ? hostName : hostKeyAlias,
  }
}

/** Read what the known_hosts files say of a server. */
export function readKnownKeys({ keyName, port }: SshDestination, root = '/'): KnownKeys {
  const entries = KNOWN_HOSTS.flatMap((name) => {
    const file = path.join(root, name)
    return existsSync(file) ? parseKnownHosts(readFileSync(file, 'utf8')) : []
  })
  return findKnownKeys(entries, keyName, port)
}

function findHostKeys(destination: SshDestination, root: string): readonly string[] {
  const { keys, authorityLines } = readKnownKeys(destination, root)
  if (keys.length > 0) return keys
  const { user, host, keyName, port } = destination
  const name = port === 22 ? keyName : `[${keyName}]:${port}`
  const why =
    authorityLines.length > 0
      ? `only certificates are trusted for ${name} (@cert-authority, line ${authorityLines.join(', ')}), which the capture kernel cannot check`
      : `no host key of ${name} is known (looked for it in ${KNOWN_HOSTS.join(', ')})`
  throw new HostError(`ssh ${user}@${host}: ${why}: run 'kbox propagate'`, 'ENOENT')
}

/** @returns the key's path below `root`, links followed */
async function checkKey(file: string, root: string): Promise<string> {
  const inRoot = path.join(root, file)
  if (!existsSync(inRoot))
    throw new HostError(`sshkey ${file}: there is no such key: run 'kbox propagate'`, 'ENOENT')
  const real = realpathSync(inRoot)
  const { mode } = statSync(real)
  if ((mode & 0o077) !== 0) {
    throw new HostError(
      `sshkey ${file}: others may read it (mode ${(mode & 0o777).toString(8)}): run 'chmod 600 ${file}'`,
      'EACCES',
    )
  }
  await readPrivateKey(file, readFileSync(real))
  return `/${path.relative(realpathSync(root), real)}`
}
