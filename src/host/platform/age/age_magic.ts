// How an age file is told from others: a module of its own, since every dump that is opened is looked at, and few are one.
// Source: age-encryption.org/v1.

/** What an age file begins with. */
export const AGE_MAGIC = 'age-encryption.org/v1\n'
/** Suffix of encrypted files. */
export const AGE_SUFFIX = '.age'

/** Does a file begin like one of age's? */
export function isAge(head: Uint8Array): boolean {
  return Buffer.from(head.subarray(0, AGE_MAGIC.length)).toString('latin1') === AGE_MAGIC
}
