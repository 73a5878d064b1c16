// Characters and strings as gdb prints them: C escapes, octal for what is not printable ASCII.

const NAMED: Readonly<Record<number, string>> = {
  7: '\\a',
  8: '\\b',
  9: '\\t',
  10: '\\n',
  11: '\\v',
  12: '\\f',
  13: '\\r',
  92: '\\\\',
}

/** Format one byte as a character constant: `'A'`, `'\000'`. */
export function formatCharacter(byte: number): string {
  return `'${byte === 0x27 ? "\\'" : escapeByte(byte, false)}'`
}

/** Format bytes as a string constant; a digit after an octal escape is escaped too, or it would read as part of it. */
export function formatString(bytes: Uint8Array): string {
  let text = '"'
  let afterOctal = false
  for (const byte of bytes) {
    const part = byte === 0x22 ? '\\"' : escapeByte(byte, afterOctal)
    // gdb does so only behind ASCII: `\200` ends after three digits anyway.
    afterOctal = byte < 0x80 && /^\\[0-7]/.test(part)
    text += part
  }
  return `${text}"`
}

function escapeByte(byte: number, afterOctal: boolean): string {
  const named = NAMED[byte]
  if (named !== undefined) return named
  const isDigit = byte >= 0x30 && byte <= 0x39
  if (byte >= 0x20 && byte < 0x7f && !(afterOctal && isDigit)) return String.fromCharCode(byte)
  return `\\${byte.toString(8).padStart(3, '0')}`
}
