// Detached signatures as `ssh-keygen -Y sign` makes them, by ed25519 keys: whoever has OpenSSH can check them without kbox.
// Source: OpenSSH PROTOCOL.sshsig.
import { createHash, createPublicKey, verify } from 'node:crypto'
import { FormatError } from '../../../core/base/errors.ts'
import { ED25519, formatFingerprint, readKeyType, sized } from '../../target/ssh/ssh_key.ts'

/** Who signs: the public key as it goes over the wire, and what signs with it. */
export interface Signer {
  readonly publicBlob: Uint8Array
  sign(data: Uint8Array): Uint8Array
}

/** A signature that was read. */
export interface SshSignature {
  /** The key it says it is by. */
  readonly publicBlob: Uint8Array
  readonly fingerprint: string
  readonly namespace: string
  readonly hash: 'sha256' | 'sha512'
  readonly signature: Uint8Array
}

const MAGIC = Buffer.from('SSHSIG')
const VERSION = 1
const BEGIN = '-----BEGIN SSH SIGNATURE-----'
const END = '-----END SSH SIGNATURE-----'
/** One by the longest key is some 2 KiB. */
const TEXT_MAX = 16_384
const ED25519_KEY_SIZE = 32
/** What DER has in front of an ed25519 key. Source: RFC 8410. */
const SPKI_PREFIX = Buffer.from('302a300506032b6570032100', 'hex')

/**
 * Sign a message.
 *
 * @param namespace what it is signed as, so that a signature made for one use is none for another
 */
export function signMessage(
  message: Uint8Array,
  namespace: string,
  { publicBlob, sign }: Signer,
): string {
  const hash = 'sha512'
  const raw = sign(signedData(message, namespace, hash))
  const content = Buffer.concat([
    ...[MAGIC, u32(VERSION), sized(publicBlob), sized(namespace), sized(''), sized(hash)],
    sized(Buffer.concat([sized(ED25519), sized(raw)])),
  ])
  const lines = content.toString('base64').replaceAll(/.{1,70}/g, '$&\n')
  return `${BEGIN}\n${lines}${END}\n`
}

/** Parse a signature. @throws {FormatError} if it is none, or not by an ed25519 key */
export function parseSignature(file: string, text: string): SshSignature {
  const begin = text.indexOf(BEGIN)
  const end = text.indexOf(END)
  if (text.length > TEXT_MAX || begin < 0 || end < begin)
    throw new FormatError(file, 0, 'not an SSH signature')
  const read = new Strings(file, Buffer.from(text.slice(begin + BEGIN.length, end), 'base64'))
  if (!read.take(MAGIC.length).equals(MAGIC) || read.u32() !== VERSION)
    throw new FormatError(file, 0, `not an SSH signature of version ${VERSION}`)
  const publicBlob = read.string()
  const namespace = read.string().toString('utf8')
  read.string()
  const hash = read.string().toString('latin1')
  if (hash !== 'sha256' && hash !== 'sha512') throw new FormatError(file, 0, `sum '${hash}'`)
  const inner = new Strings(file, read.string())
  const type = inner.string().toString('latin1')
  if (type !== ED25519 || readKeyType(publicBlob) !== ED25519)
    throw new FormatError(file, 0, `signed by a key that is not ${ED25519}`)
  const signature = inner.string()
  return { publicBlob, fingerprint: formatFingerprint(publicBlob), namespace, hash, signature }
}

/** Is a signature the key's that it names, of this message under this namespace? */
export function isSigned(message: Uint8Array, namespace: string, by: SshSignature): boolean {
  if (by.namespace !== namespace) return false
  // The blob is two strings: the type, and the key.
  const key = Buffer.from(by.publicBlob).subarray(-ED25519_KEY_SIZE)
  if (!Buffer.concat([sized(ED25519), sized(key)]).equals(by.publicBlob)) return false
  const spki = Buffer.concat([SPKI_PREFIX, key])
  const publicKey = createPublicKey({ key: spki, format: 'der', type: 'spki' })
  return verify(null, signedData(message, namespace, by.hash), publicKey, by.signature)
}

/** A public key in a file, and who it is said to belong to. */
export interface NamedKey {
  readonly publicBlob: Uint8Array
  /** What stands before it in allowed_signers and known_hosts, behind it in a .pub file; '' for nothing. */
  readonly owner: string
}

/** Find ed25519 keys in a text: a .pub file, allowed_signers, known_hosts or authorized_keys. */
export function findPublicKeys(text: string): NamedKey[] {
  const keys: NamedKey[] = []
  for (const line of text.split('\n')) {
    const [, before = '', base64, after = ''] =
      /^([^#]*?)ssh-ed25519\s+([\w+/=]+)(.*)$/.exec(line) ?? []
    if (base64 === undefined) continue
    const publicBlob = Buffer.from(base64, 'base64')
    if (readKeyType(publicBlob) !== ED25519) continue
    keys.push({ publicBlob, owner: before.trim() || after.trim() })
  }
  return keys
}

function signedData(message: Uint8Array, namespace: string, hash: 'sha256' | 'sha512'): Buffer {
  const sum = createHash(hash).update(message).digest()
  return Buffer.concat([MAGIC, sized(namespace), sized(''), sized(hash), sized(sum)])
}

function u32(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(value)
  return bytes
}

/** Reads SSH's strings one after the other. */
class Strings {
  readonly #file: string
  readonly #bytes: Buffer
  #at = 0

  constructor(file: string, bytes: Buffer) {
    this.#file = file
    this.#bytes = bytes
  }

  take(size: number): Buffer {
    const end = this.#at + size
    if (end > this.#bytes.length) throw new FormatError(this.#file, this.#at, 'signature is cut')
    const bytes = this.#bytes.subarray(this.#at, end)
    this.#at = end
    return bytes
  }

  u32(): number {
    return this.take(4).readUInt32BE(0)
  }

  string(): Buffer {
    return this.take(this.u32())
  }
}
