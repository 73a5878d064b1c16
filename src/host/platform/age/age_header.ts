// The headers of age files, by the library: who may open a file, and the key it is encrypted with. Loaded only where a file
// is encrypted or opened, since it takes 100 ms. Source: age-encryption.org/v1, "Header".
import { randomBytes } from 'node:crypto'
import { FormatError, HostError } from '../../../core/base/errors.ts'
import { deriveStreamKey, NONCE_SIZE, TAG_SIZE } from './age_format.ts'

/** A file about to be written. */
export interface NewAgeFile {
  /** What comes before the first chunk. */
  readonly head: Uint8Array
  readonly streamKey: Uint8Array
}

/**
 * Begin a file that only the recipients can open.
 *
 * @param recipients public keys, `age1…`
 * @throws {HostError} if one is none
 */
export async function beginAgeFile(recipients: readonly string[]): Promise<NewAgeFile> {
  const { Encrypter } = await import('age-encryption')
  const encrypter = new Encrypter()
  let fileKey: Uint8Array = new Uint8Array()
  try {
    for (const recipient of recipients) encrypter.addRecipient(recipient)
    // One that wraps nothing is how the library tells the key.
    encrypter.addRecipient({
      wrapFileKey(key) {
        fileKey = Uint8Array.from(key)
        return []
      },
    })
    const empty = await encrypter.encrypt('')
    const header = empty.subarray(0, empty.length - NONCE_SIZE - TAG_SIZE)
    const nonce = randomBytes(NONCE_SIZE)
    return { head: Buffer.concat([header, nonce]), streamKey: deriveStreamKey(fileKey, nonce) }
  } catch (cause) {
    throw new HostError(`cannot encrypt to ${recipients.join(' ')}: ${messageOf(cause)}`, '', {
      cause,
    })
  }
}

/**
 * Find the key of a file.
 *
 * @param header as it lies in the file, with its last line
 * @param identities secret keys, `AGE-SECRET-KEY-1…`
 * @throws {FormatError} if the header is damaged, or no identity opens it
 */
export async function unlockHeader(
  file: string,
  header: Uint8Array,
  identities: readonly string[],
): Promise<Uint8Array> {
  const { Decrypter } = await import('age-encryption')
  const decrypter = new Decrypter()
  try {
    for (const identity of identities) decrypter.addIdentity(identity)
    return await decrypter.decryptHeader(header)
  } catch (cause) {
    // The library's words name no secret.
    throw new FormatError(file, 0, `cannot be decrypted: ${messageOf(cause)}`, { cause })
  }
}

function messageOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause)
}
