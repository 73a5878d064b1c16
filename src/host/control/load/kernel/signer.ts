// Who signed a kernel file: the names in the certificates of its PE signature. For messages only, nothing is verified.
// Source: X.520's commonName (2.5.4.3) in the DER of an Authenticode PKCS#7.

/** More names than this are not shown. */
const NAMES_MAX = 8
/** The object identifier 2.5.4.3 in DER. */
const COMMON_NAME: readonly number[] = [0x06, 0x03, 0x55, 0x04, 0x03]
/** UTF8String, PrintableString, TeletexString. */
const STRING_TAGS: readonly number[] = [0x0c, 0x13, 0x14]

/** Find the common names in a PKCS#7 blob, each once, in the order they appear. */
export function findSignerNames(der: Uint8Array): string[] {
  const names = new Set<string>()
  for (let at = 0; at + COMMON_NAME.length + 2 <= der.length && names.size < NAMES_MAX; at++) {
    if (!COMMON_NAME.every((byte, index) => der[at + index] === byte)) continue
    const value = at + COMMON_NAME.length
    const size = der[value + 1] ?? 0
    // Lengths of 128 and more are written differently; no name is that long.
    if (!STRING_TAGS.includes(der[value] ?? 0) || size >= 0x80) continue
    const text = new TextDecoder().decode(der.subarray(value + 2, value + 2 + size))
    if (/^[\x20-\x7e\u00a0-\uffff]+$/.test(text)) names.add(text)
  }
  return [...names]
}
