// Public keys as SSH writes them: a blob that begins with the name of its type. Source: RFC 4253 section 6.6, RFC 8332.
import { createHash, generateKeyPairSync, randomBytes } from 'node:crypto'
import { HostError } from '../../../core/base/errors.ts'

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
  /** Sign, as the type does by itself: ed25519 signs the data, not a sum of it. */
  sign(data: Uint8Array): Uint8Array
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
      ? "it is locked by a passphrase, which nobody is there to type: 'ssh-keygen -p' removes it"
      : `no private key that we read (${key?.message ?? 'empty'})`
    throw new HostError(`${file}: ${what}`, 'EINVAL')
  }
  if (!key.isPrivateKey()) throw new HostError(`${file}: a public key, not a private one`, 'EINVAL')
  return {
    type: key.type,
    publicBlob: key.getPublicSSH(),
    sign: (data) => key.sign(Buffer.from(data)),
  }
}

/** A new pair of keys, as OpenSSH keeps them in files. */
export interface KeyPair {
  readonly privateText: string
  /** `ssh-ed25519 AAAA… comment`. */
  readonly publicText: string
}

/**
 * Make an ed25519 key without a passphrase. (ssh2 would make one that nobody reads, once in 256 times: it strips zeros.)
 *
 * @source OpenSSH PROTOCOL.key
 */
export function makeKeyPair(comment: string): KeyPair {
  const { privateKey } = generateKeyPairSync('ed25519')
  const { d = '', x = '' } = privateKey.export({ format: 'jwk' })
  const point = Buffer.from(x, 'base64url')
  const publicBlob = Buffer.concat([sized(ED25519), sized(point)])
  const check = randomBytes(4)
  const secret = sized(Buffer.concat([Buffer.from(d, 'base64url'), point]))
  const section = Buffer.concat([check, check, publicBlob, secret, sized(comment)])
  const padding = Buffer.from(Array.from({ length: -section.length & 7 }, (_, i) => i + 1))
  const content = Buffer.concat([
    Buffer.from('openssh-key-v1\0'),
    ...[sized('none'), sized('none'), sized('')],
    ...[Buffer.of(0, 0, 0, 1), sized(publicBlob), sized(Buffer.concat([section, padding]))],
  ])
  const lines = content.toString('base64').replaceAll(/.{1,70}/g, '$&\n')
  return {
    privateText: `-----BEGIN OPENSSH PRIVATE KEY-----\n${lines}-----END OPENSSH PRIVATE KEY-----\n`,
    publicText: `${ED25519} ${publicBlob.toString('base64')} ${comment}`.trimEnd(),
  }
}

/** The type of key we make. */
export const ED25519 = 'ssh-ed25519'

/** Encode a string of SSH: its length in front. @source RFC 4251 section 5 */
export function sized(content: string | Uint8Array): Buffer {
  const bytes = Buffer.from(content)
  const size = Buffer.alloc(4)
  size.writeUInt32BE(bytes.length)
  return Buffer.concat([size, bytes])
}
