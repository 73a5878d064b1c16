// Text in little room: gzip members one behind the other, so that of a text too long for the room the newest part is
// kept, and gunzip(1) reads what there is. Memory is bounded by the room, however long the text is.
import { constants, gunzipSync, gzipSync } from 'node:zlib'

/** Text that was packed. */
export interface PackedText {
  /** Gzip members. */
  readonly bytes: Uint8Array
  /** Bytes of text in them. */
  readonly textBytes: number
  /** Bytes of text that did not fit; they came before. */
  readonly cutBytes: number
}

/** Text of one member: what is lost at a time, and the most that is held unpacked. */
const MEMBER_SIZE = 128 * 1024
/** No log is longer. */
const TEXT_MAX = 2 ** 28

/** Pack text into at most `sizeMax` bytes; of one too long, the end is kept. */
export function packText(pieces: Iterable<string | Uint8Array>, sizeMax: number): PackedText {
  const members: { readonly bytes: Uint8Array; readonly textBytes: number }[] = []
  let size = 0
  let cutBytes = 0
  const keep = (text: Uint8Array): void => {
    const bytes = gzipSync(text, { level: constants.Z_BEST_SPEED })
    members.push({ bytes, textBytes: text.length })
    size += bytes.length
    while (size > sizeMax) {
      const oldest = members.shift()
      size -= oldest?.bytes.length ?? 0
      cutBytes += oldest?.textBytes ?? 0
    }
  }
  let waiting: Uint8Array[] = []
  let waitingSize = 0
  for (const piece of pieces) {
    const bytes = typeof piece === 'string' ? Buffer.from(piece) : piece
    for (let at = 0; at < bytes.length;) {
      const part = bytes.subarray(at, at + MEMBER_SIZE - waitingSize)
      waiting.push(part)
      waitingSize += part.length
      at += part.length
      if (waitingSize < MEMBER_SIZE) continue
      keep(Buffer.concat(waiting))
      waiting = []
      waitingSize = 0
    }
  }
  if (waitingSize > 0) keep(Buffer.concat(waiting))
  const textBytes = members.reduce((sum, member) => sum + member.textBytes, 0)
  return { bytes: Buffer.concat(members.map(({ bytes }) => bytes)), textBytes, cutBytes }
}

/** Unpack what packText() packed. Throws what zlib throws where it is damaged, or longer than any log. */
export function unpackText(bytes: Uint8Array): Uint8Array {
  return bytes.length === 0 ? bytes : gunzipSync(bytes, { maxOutputLength: TEXT_MAX })
}
