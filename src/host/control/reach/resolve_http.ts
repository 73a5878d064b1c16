// From kdump.conf's `http URL` to what the capture kernel uploads with: addresses, the token, and the certificates this
// machine trusts.
import { existsSync, readFileSync, realpathSync, statSync } from 'node:fs'
import path from 'node:path'
import { HostError } from '../../../core/base/errors.ts'
import type { ImageFile } from '../initramfs/build_image.ts'
import type { ConfTarget } from '../config/kdump_conf_model.ts'
import { resolveHost } from './resolve_host.ts'
import type { ResolvedTarget } from './resolve_target.ts'

/** Where distributions keep the authorities that the machine trusts, the administrator's own included. */
const CA_BUNDLES: readonly string[] = [
  '/etc/ssl/certs/ca-certificates.crt',
  '/etc/pki/tls/certs/ca-bundle.crt',
  '/etc/ssl/ca-bundle.pem',
  '/etc/ssl/cert.pem',
]

/**
 * Resolve an HTTP target.
 *
 * @param root where token and certificates are found
 * @throws {HostError} if the name has no address, or the token cannot be used
 */
export async function resolveHttp(
  target: Extract<ConfTarget, { kind: 'http' }>,
  root = '/',
): Promise<ResolvedTarget> {
  const url = new URL(target.url)
  const files: ImageFile[] = []
  const bring = (file: string): string => {
    const real = realpathSync(path.join(root, file))
    const inImage = path.relative(realpathSync(root), real)
    files.push({ path: inImage, source: real, mode: 0o600 })
    return `/${inImage}`
  }
  const tokenFile = target.tokenFile === '' ? '' : bring(checkToken(target.tokenFile, root))
  const bundle = CA_BUNDLES.find((file) => existsSync(path.join(root, file)))
  const caFile = url.protocol === 'https:' && bundle !== undefined ? bring(bundle) : ''
  return {
    place: {
      kind: 'http',
      url: target.url,
      // Brackets belong to the URL, not to the address.
      addresses: await resolveHost(url.hostname.replace(/^\[(.*)\]$/, '$1')),
      tokenFile,
      caFile,
      takesRanges: true,
    },
    modules: [],
    device: undefined,
    availableBytes: undefined,
    files,
  }
}

function checkToken(file: string, root: string): string {
  const inRoot = path.join(root, file)
  if (!existsSync(inRoot))
    throw new HostError(`http_token ${file}: there is no such file`, 'ENOENT')
  const { mode } = statSync(inRoot)
  if ((mode & 0o007) !== 0)
    throw new HostError(
      `http_token ${file}: everyone may read it: run 'chmod 600 ${file}'`,
      'EACCES',
    )
  const token = readFileSync(inRoot, 'utf8').trim()
  // RFC 6750 section 2.1; what is no token must not get into a message either.
  if (!/^[\w.~+/-]+=*$/.test(token))
    throw new HostError(`http_token ${file}: not one word of letters, digits and -._~+/`, 'EINVAL')
  return file
}
