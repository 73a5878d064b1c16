// Bytes of the dumped machine as text. Kernel strings are bytes; what is not UTF-8 is shown, not lost.

const utf8 = new TextDecoder('utf-8')

/** Decode up to the first NUL (or all of it). */
export function decodeCString(bytes: Uint8Array): string {
  const end = bytes.indexOf(0)
  return utf8.decode(end < 0 ? bytes : bytes.subarray(0, end))
}

/** Decode ASCII or Latin-1 bytes `[start, end)`: faster than TextDecoder below some 30 characters. */
export function decodeAscii(bytes: Uint8Array, start: number, end: number): string {
  let text = ''
  for (let i = start; i < end; i++) text += String.fromCharCode(bytes[i] as number)
  return text
}
