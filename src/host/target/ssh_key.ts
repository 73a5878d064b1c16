// Public keys as SSH writes them: a blob that begins with the name of its type. Source: RFC 4253 section 6.6, RFC 8332.
import { createHash } from 'node:crypto'

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
