// Files encrypted with age: a text header that hides a file key from all but its recipients, a nonce, then chunks of 64 KiB,
// each sealed by itself and numbered, so that any of them can be read and checked alone. The header is the library's
// business (age_header.ts); here are the chunks. Source: age-encryption.org/v1, "Payload".
import { createCipheriv, createDecipheriv, hkdfSync } from 'node:crypto'

/** Bytes of content in a chunk; the last one may have fewer. */
export const CHUNK_SIZE = 65_536
/** Bytes that seal a chunk. */
export const TAG_SIZE = 16
/** A chunk as it lies in the file. */
export const SEALED_SIZE = CHUNK_SIZE + TAG_SIZE
/** Bytes between header and first chunk. */
export const NONCE_SIZE = 16

const CIPHER = 'chacha20-poly1305'
const KEY_SIZE = 32
const CHUNK_NONCE_SIZE = 12

/** Derive the key of a file's chunks. */
export function deriveStreamKey(fileKey: Uint8Array, nonce: Uint8Array): Uint8Array {
  return new Uint8Array(hkdfSync('sha256', fileKey, nonce, 'payload', KEY_SIZE))
}

/** Seal one chunk; returns content and tag, to be written one behind the other. */
export function sealChunk(
  key: Uint8Array,
  index: number,
  isLast: boolean,
  content: Uint8Array,
): readonly [Uint8Array, Uint8Array] {
  const cipher = createCipheriv(CIPHER, key, chunkNonce(index, isLast), { authTagLength: TAG_SIZE })
  const sealed = cipher.update(content)
  cipher.final()
  return [sealed, cipher.getAuthTag()]
}

/** Open one chunk; undefined if it is not what was sealed there. */
export function openChunk(
  key: Uint8Array,
  index: number,
  isLast: boolean,
  sealed: Uint8Array,
): Uint8Array | undefined {
  if (sealed.length < TAG_SIZE) return undefined
  const end = sealed.length - TAG_SIZE
  const nonce = chunkNonce(index, isLast)
  const decipher = createDecipheriv(CIPHER, key, nonce, { authTagLength: TAG_SIZE })
  decipher.setAuthTag(sealed.subarray(end))
  const content = decipher.update(sealed.subarray(0, end))
  try {
    decipher.final()
    return content
  } catch {
    // Node's one word for it: the tag is not the content's.
    return undefined
  }
}

/** Eleven bytes of number, big-endian, and whether it is the last. */
function chunkNonce(index: number, isLast: boolean): Uint8Array {
  const nonce = new Uint8Array(CHUNK_NONCE_SIZE)
  const view = new DataView(nonce.buffer)
  view.setUint32(3, Math.floor(index / 2 ** 32))
  view.setUint32(7, index % 2 ** 32)
  nonce[11] = isLast ? 1 : 0
  return nonce
}
