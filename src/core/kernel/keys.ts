// The kernel's key service: passwords, tokens and keys that programs and file systems have given to the kernel to keep.
// Source: security/keys/key.c, include/linux/key.h, include/keys/user-type.h.
import { wrap64 } from '../base/addr.ts'
import { CorruptError } from '../base/errors.ts'
import type { KObject } from '../program/kobject.ts'
import type { Program } from '../program/program.ts'
import { rbtreeInorderForEachEntry } from './rbtree.ts'

/** A machine has some hundreds; each user may have 200, and root a million. */
const KEY_LIMIT = 2_000_000
/** Source: security/keys/user_defined.c user_preparse(). */
const PAYLOAD_SIZE_MAX = 32_767
/** Types whose payload is a `struct user_key_payload`. */
const USER_TYPES: ReadonlySet<string> = new Set(['user', 'logon'])

/** Bytes that a key holds. */
export interface KeyPayload {
  readonly key: KObject<'key'>
  readonly address: bigint
  /** Bytes. */
  readonly size: number
}

/**
 * Walk all keys there are, by serial number.
 *
 * @throws {NotFoundError} if the kernel has no key service (CONFIG_KEYS), or the dump no type of its keys
 * @throws {CorruptError} after the good ones, if the tree is damaged
 * @source security/keys/key.c key_serial_tree
 */
export function* forEachKey(program: Program): Generator<KObject<'key'>> {
  const root = program.objectAt('struct rb_root', program.symbol('key_serial_tree'))
  let count = 0
  for (const key of rbtreeInorderForEachEntry(root, 'struct key', 'serial_node')) {
    if (++count > KEY_LIMIT) throw new CorruptError(key.address, `more than ${KEY_LIMIT} keys`)
    yield key
  }
}

/** Name of a key's type, such as 'user', 'logon', 'keyring'; '' for one that has none yet. */
export function keyTypeName(key: KObject<'key'>): string {
  const type = key.get('type')
  return type.pointer() === 0n ? '' : type.get('name').string()
}

/**
 * Find the bytes of a key of type user or logon: what fscrypt, ecryptfs, cifs, dm-crypt and programs put there.
 *
 * @returns undefined for a key of another type, or without bytes
 * @throws {CorruptError} if its length is none that such a key can have
 * @source include/keys/user-type.h struct user_key_payload
 */
export function userKeyPayload(key: KObject<'key'>): KeyPayload | undefined {
  if (!USER_TYPES.has(keyTypeName(key))) return undefined
  const at = key.get('payload').get('data').at(0).pointer()
  // An error number stands there where it could not be made: it is negative.
  if (at === 0n || BigInt.asIntN(64, at) > -4096n) return undefined
  const payload = key.program.objectAt('struct user_key_payload', at)
  const size = payload.number('datalen')
  if (size > PAYLOAD_SIZE_MAX) throw new CorruptError(at, `key of ${size} bytes`)
  const offset = BigInt(key.program.offsetof('struct user_key_payload', 'data'))
  return size === 0 ? undefined : { key, address: wrap64(at + offset), size }
}
