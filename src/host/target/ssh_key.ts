// Public keys as SSH writes them: a blob that begins with the name of its type. Source: RFC 4253 section 6.6, RFC 8332.
import { createHash } from 'node:crypto'
import { HostError } from '../../core/base/errors.ts'

/** Read the type out of a public key's blob, such as `ssh-ed25519`; '' if it is none. */
export function readKeyType(blob: Uint8Array): string {
  if (blob.length < 4) return ''
  const size = new DataView(blob.buffer, blob.byteOffset, blob.length).getUint32(0)
  if (size > 64 || 4 + size > blob.length) return ''
  const name = Buffer.from(blob.subarray(4, 4 + size)).toString('latin1')
  return /^[\w@.-]+$/.test(name) ? name : ''
}

/** Format a key as people compare it: `SHA256:…`, as ssh-keygen -l prints it. */
export function formatFingerprint(blob: Uint8Array): string {
  return `SHA256:${createHash('sha256').update(blob).digest('base64').replace(/=+$/, '')}`
}

/** The signature algorithms by which a server can prove a key of a type. */
export function signaturesOf(keyType: string): string[] {
  return keyType === 'ssh-rsa' ? ['rsa-sha2-512', 'rsa-sha2-256'] : [keyType]
}

/** A private key that needs no passphrase. */
export interface PrivateKey {
  readonly type: string
  /** Its public half, as it goes over the wire. */
  readonly publicBlob: Uint8Array
}

/**
 * Read a private key in OpenSSH's, PEM's or PuTTY's format.
 *
 * @throws {HostError} if it is none, or is locked by a passphrase
 */
export async function readPrivateKey(file: string, content: Uint8Array): Promise<PrivateKey> {
  const { default: ssh2 } = await import('ssh2')
  const parsed = ssh2.utils.parseKey(Buffer.from(content))
  const key = Array.isArray(parsed) ? parsed[0] : parsed
  if (key === undefined || key instanceof Error) {
    const isLocked = /passphrase|encrypted/i.test(key?.message ?? '')
    const what = isLocked
      ? "it is locked by a passphrase, which nobody can type in the capture kernel: 'ssh-keygen -p' removes it"
      : `no private key that we read (${key?.message ?? 'empty'})`
    throw new HostError(`${file}: ${what}`, 'EINVAL')
  }
  if (!key.isPrivateKey()) throw new HostError(`${file}: a public key, not a private one`, 'EINVAL')
  return { type: key.type, publicBlob: key.getPublicSSH() }
}

/** A new pair of keys, as OpenSSH keeps them in files. */
export interface KeyPair {
  readonly privateText: string
  /** `ssh-ed25519 AAAA… comment`. */
  readonly publicText: string
}

/** Make an ed25519 key without a passphrase. */
export async function makeKeyPair(comment: string): Promise<KeyPair> {
  const { default: ssh2 } = await import('ssh2')
  const pair = ssh2.utils.generateKeyPairSync('ed25519', { comment })
  return { privateText: pair.private, publicText: pair.public }
}
