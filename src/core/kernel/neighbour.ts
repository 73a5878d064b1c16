// Neighbours: who is reachable under which hardware address (ARP, ND). Source: include/net/neighbour.h, net/core/neighbour.c.
import { wrap64 } from '../base/addr.ts'
import { CorruptError } from '../base/errors.ts'
import { formatHardwareAddress, formatIpv4, formatIpv6 } from '../base/ip_text.ts'
import type { KObject } from '../program/kobject.ts'
import type { Program } from '../program/program.ts'
import { forEachNode, hlistForEachEntry } from './list.ts'

export type Neighbour = KObject<'neighbour'>

/** Buckets are doubled while there are more neighbours than buckets; gc_thresh3 keeps them far below. */
const HASH_SHIFT_LIMIT = 28
/** MAX_ADDR_LEN. @source include/linux/netdevice.h */
const HARDWARE_ADDRESS_LIMIT = 32

/** NUD_* by bit. @source include/uapi/linux/neighbour.h */
const NUD_STATES = [
  ...['INCOMPLETE', 'REACHABLE', 'STALE', 'DELAY'],
  ...['PROBE', 'FAILED', 'NOARP', 'PERMANENT'],
]
/** ARPHRD_*. @source include/uapi/linux/if_arp.h */
const HARDWARE_TYPES: Readonly<Record<number, string>> = {
  0: 'NETROM',
  1: 'ETHER',
  2: 'EETHER',
  3: 'AX25',
  4: 'PRONET',
  5: 'CHAOS',
  6: 'IEEE802',
  7: 'ARCNET',
  8: 'APPLETLK',
  15: 'DLCI',
  19: 'ATM',
  23: 'METRICOM',
}

/** The table of IPv4 neighbours, the ARP cache. */
export function arpTable(program: Program): KObject<'neigh_table'> {
  return program.object('arp_tbl', 'struct neigh_table').cast('struct neigh_table')
}

/**
 * Walk the neighbours of a table, bucket by bucket.
 *
 * @throws {CorruptError} if the table's size is absurd; after the good ones, if a bucket is broken
 * @source net/core/neighbour.c neigh_for_each()
 */
export function* forEachNeighbour(table: KObject<'neigh_table'>): Generator<Neighbour> {
  const { program } = table
  const hash = table.get('nht').deref()
  const shift = hash.number('hash_shift')
  if (shift > HASH_SHIFT_LIMIT)
    throw new CorruptError(hash.address, `neighbour hash of 2^${shift} buckets`)
  // Since v6.13, commit 41b3caa7c076 ("neighbour: Add hlist_node to struct neighbour"), buckets are hlists.
  const heads = hash.find('hash_heads')
  if (heads) {
    for (let bucket = 0; bucket < 2 ** shift; bucket++)
      yield* hlistForEachEntry<'neighbour'>(heads.at(bucket), 'struct neighbour', 'hash')
    return
  }
  const buckets = hash.get('hash_buckets')
  const next = BigInt(program.offsetof('struct neighbour', 'next'))
  for (let bucket = 0; bucket < 2 ** shift; bucket++) {
    for (const address of forEachNode(
      (at) => program.memory.u64(wrap64(at + next)),
      buckets.at(bucket).pointer(),
      (at) => at === 0n,
    ))
      yield program.objectAt('struct neighbour', address)
  }
}

/** The protocol address of a neighbour: IPv4 or IPv6 by the length of its table's keys. */
export function neighbourAddress(neighbour: Neighbour): string {
  const length = neighbour.number('tbl.key_len')
  const key = neighbour.program.memory.bytes(
    neighbour.get('primary_key').address,
    length === 16 ? 16 : 4,
  )
  return length === 16 ? formatIpv6(key) : formatIpv4(key)
}

/** `ETHER`, or `UNKNOWN` for what has no name. */
export function neighbourHardwareType(neighbour: Neighbour): string {
  return HARDWARE_TYPES[neighbour.number('dev.type')] ?? 'UNKNOWN'
}

/** The hardware address as long as the device's are: with colons for Ethernet, with blanks for others. */
export function neighbourHardwareAddress(neighbour: Neighbour): string {
  const length = Math.min(neighbour.number('dev.addr_len'), HARDWARE_ADDRESS_LIMIT)
  const bytes = neighbour.program.memory.bytes(neighbour.get('ha').address, length)
  return formatHardwareAddress(bytes, neighbourHardwareType(neighbour) === 'ETHER' ? ':' : ' ')
}

/** `REACHABLE`; '' if nothing is known yet (NUD_NONE). */
export function neighbourState(neighbour: Neighbour): string {
  const state = neighbour.number('nud_state')
  return NUD_STATES.filter((_, bit) => (state & (1 << bit)) !== 0).join('|')
}
