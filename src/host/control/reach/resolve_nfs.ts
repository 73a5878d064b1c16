// From kdump.conf's `nfs host:/export` to what the capture kernel mounts. That the server takes dumps is proved by
// preflight.ts.
import { UsageError } from '../../../core/base/errors.ts'
import { parseNfsOptions, reduceNfsOptions } from '../../target/nfs/nfs_options.ts'
import type { ConfTarget, KdumpConf } from '../config/kdump_conf_model.ts'
import { resolveHost } from './resolve_host.ts'
import type { ResolvedTarget } from './resolve_target.ts'

/**
 * Resolve an NFS target.
 *
 * @throws {HostError} if the server's name has no address
 * @throws {UsageError} for mount options that cannot work
 */
export async function resolveNfs(
  target: Extract<ConfTarget, { kind: 'nfs' }>,
  conf: KdumpConf,
): Promise<ResolvedTarget> {
  const { server, export: folder, line } = target
  const at = `kdump.conf line ${line}`
  if (target.options.split(',').includes('ro'))
    throw new UsageError(
      `nfs option 'ro' (${at}): a dump cannot be written to a read-only mount; remove it`,
    )
  const options = reduceNfsOptions(target.options)
  const parsed = parseNfsOptions(options)
  if (!parsed) {
    throw new UsageError(
      `nfs options '${target.options}' (${at}): no such version; vers= may be 3, 4, 4.0, 4.1 or 4.2`,
    )
  }
  const modules = parsed.versions.map((version) => (version === '3' ? 'nfsv3' : 'nfsv4'))
  return {
    place: {
      kind: 'nfs',
      server,
      addresses: await resolveHost(server),
      export: folder,
      options,
      directory: conf.path,
    },
    modules: [...new Set(modules)],
    device: undefined,
    availableBytes: undefined,
    files: [],
  }
}
