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
  return `'${byte === 0x27 ? "\\'" : escapeByte(byte)}'`
}

/** Format bytes as a string constant. An octal escape has three digits: what follows is not part of it. */
export function formatString(bytes: Uint8Array): string {
  let text = ''
  for (const byte of bytes) text += byte === 0x22 ? '\\"' : escapeByte(byte)
  return `"${text}"`
}

function escapeByte(byte: number): string {
  const named = NAMED[byte]
  if (named !== undefined) return named
  if (byte >= 0x20 && byte < 0x7f) return String.fromCharCode(byte)
  return `\\${byte.toString(8).padStart(3, '0')}`
}
