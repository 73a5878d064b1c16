// The signature beside a manifest: made on the machine that crashed, after its boot, or by hand; checked anywhere.
import { existsSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { FormatError, HostError, KdumpError } from '../../../core/base/errors.ts'
import { renameDurably, writeDurably } from '../../platform/durable_file.ts'
import { ED25519, formatFingerprint, readPrivateKey } from '../../target/ssh/ssh_key.ts'
import { type DumpManifest, MANIFEST } from './dump_manifest.ts'
import { isUnchanged, verifyFolder } from './verify_folder.ts'
import { findPublicKeys, isSigned, parseSignature, signMessage } from './ssh_signature.ts'

/** What `ssh-keygen -Y verify -n` must be told. */
export const NAMESPACE = 'kbox-manifest'
/** Name of the signature. */
export const SIGNATURE = `${MANIFEST}.sig`

/** What a signature is worth. */
export interface SignatureCheck {
  /**
   * `trusted` by a key that was given; `valid` by one that nobody vouched for; `unknown` by another key than those given;
   * `bad` if it does not belong to this manifest; `none` if there is none.
   */
  readonly state: 'trusted' | 'valid' | 'unknown' | 'bad' | 'none'
  /** `SHA256:…` of the key, '' without one. */
  readonly fingerprint: string
  /** Whose key it is said to be; '' where that is not known. */
  readonly owner: string
  readonly why: string
}

/**
 * Sign the manifest of a folder that is as it says: what was changed is not vouched for.
 *
 * @returns fingerprint of the key
 * @throws {HostError} if the folder was changed, or the key cannot be used
 */
export function signFolder(directory: string, keyFile: string): Promise<string> {
  const folder = verifyFolder(directory)
  if (isUnchanged(folder)) return signManifest(directory, folder.manifest, keyFile)
  const remedy = "'kbox verify' tells what is different"
  throw new HostError(`${directory}: not as its manifest says: ${remedy}`)
}

/**
 * Sign a manifest with an SSH key; a signature that is there is replaced.
 *
 * @returns fingerprint of the key
 * @throws {HostError} if the key cannot be used
 */
export async function signManifest(
  directory: string,
  { bytes }: DumpManifest,
  keyFile: string,
): Promise<string> {
  const key = await readPrivateKey(keyFile, readFileSync(keyFile))
  if (key.type !== ED25519) {
    const remedy = '\'ssh-keygen -t ed25519 -N "" -f FILE\' makes one'
    throw new HostError(
      `${keyFile}: a key of type ${key.type}, not ${ED25519}: ${remedy}`,
      'EINVAL',
    )
  }
  const file = path.join(directory, SIGNATURE)
  writeDurably(`${file}.tmp`, [signMessage(bytes, NAMESPACE, key)])
  renameDurably(`${file}.tmp`, file)
  return formatFingerprint(key.publicBlob)
}

/**
 * Check the signature of a manifest.
 *
 * @param keyFile public keys: a .pub file, allowed_signers or known_hosts; undefined to trust no key
 * @throws {HostError} if `keyFile` holds no key that signs
 */
export function checkSignature(
  directory: string,
  { bytes }: DumpManifest,
  keyFile: string | undefined,
): SignatureCheck {
  const keys = keyFile === undefined ? [] : findPublicKeys(readFileSync(keyFile, 'utf8'))
  if (keyFile !== undefined && keys.length === 0)
    throw new HostError(`${keyFile}: no ${ED25519} public key in it`, 'EINVAL')
  const file = path.join(directory, SIGNATURE)
  if (!existsSync(file)) return { state: 'none', fingerprint: '', owner: '', why: 'not signed' }
  try {
    const by = parseSignature(file, readFileSync(file, 'utf8'))
    const { fingerprint } = by
    if (!isSigned(bytes, NAMESPACE, by))
      throw new FormatError(file, 0, 'the signature is not of this manifest')
    if (keyFile === undefined) return { state: 'valid', fingerprint, owner: '', why: '' }
    const key = keys.find(({ publicBlob }) => Buffer.from(publicBlob).equals(by.publicBlob))
    if (!key) return { state: 'unknown', fingerprint, owner: '', why: `not a key of ${keyFile}` }
    return { state: 'trusted', fingerprint, owner: key.owner, why: '' }
  } catch (error) {
    if (!(error instanceof KdumpError)) throw error
    return { state: 'bad', fingerprint: '', owner: '', why: error.message }
  }
}
