// Public keys of age, checked as they are written into a configuration: a typing error must be found when the machine is
// armed, not when it has crashed. Source: BIP 173 (bech32), C2SP age "Recipients".

/** Why a text is no recipient. */
export interface RecipientProblem {
  readonly what: string
  readonly remedy: string
  /** It is a secret, and is not to be repeated. */
  readonly isSecret: boolean
}

const ALPHABET = 'qpzry9x8gf2tvdw0s3jn54khce6mua7l'
const GENERATOR = [0x3b6a_57b2, 0x2650_8e6d, 0x1ea1_19fa, 0x3d42_33dd, 0x2a14_62b3]
/** Kinds, and how many characters follow the `1`: the key in groups of five bits, and six of check sum. */
const KINDS: readonly (readonly [prefix: string, characters: number])[] = [
  ['age', 58],
  ['age1pq', Math.ceil((1216 * 8) / 5) + 6],
  ['age1tag', Math.ceil((33 * 8) / 5) + 6],
]
const MAKE_ONE = "'age-keygen' makes a pair of keys; write the public one, age1…"

/** Check a recipient; undefined if all is well. */
export function checkRecipient(text: string): RecipientProblem | undefined {
  const problem = (what: string, remedy = MAKE_ONE): RecipientProblem => ({
    ...{ what, remedy, isSecret: false },
  })
  if (/^AGE-SECRET-KEY-/i.test(text)) {
    const remedy = 'take it out of this file, which others read, and write the public key, age1…'
    return { ...problem('this is the secret key', remedy), isSecret: true }
  }
  const end = text.lastIndexOf('1')
  const kind = KINDS.find(([prefix]) => prefix === text.slice(0, end))
  if (!kind) {
    const isOther = /^(?:ssh-|age1\w+1)/.test(text)
    return problem(isOther ? 'SSH keys and plugins are not supported' : 'not an age recipient')
  }
  const data = text.slice(end + 1)
  if (data.length !== kind[1])
    return problem(`has ${data.length} characters behind '${kind[0]}1', not ${kind[1]}`)
  return isChecked(kind[0], data) ? undefined : problem('the check sum is wrong: mistyped or cut')
}

function isChecked(prefix: string, data: string): boolean {
  const codes = Array.from(prefix, (letter) => letter.charCodeAt(0))
  const values = Array.from(data, (letter) => ALPHABET.indexOf(letter))
  if (values.includes(-1)) return false
  const all = [...codes.map((code) => code >> 5), 0, ...codes.map((code) => code & 31), ...values]
  let sum = 1
  for (const value of all) {
    const top = sum >>> 25
    sum = ((sum & 0x1ff_ffff) << 5) ^ value
    for (const [bit, polynomial] of GENERATOR.entries()) if ((top >>> bit) & 1) sum ^= polynomial
  }
  return sum === 1
}
