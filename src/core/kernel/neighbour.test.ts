// The ARP cache in both kinds of buckets, and what its fields are called.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { buildKernel, type BuiltKernel } from '../../../test/support/kernel_recipe.ts'
import { CorruptError } from '../base/errors.ts'
import {
  arpTable,
  forEachNeighbour,
  neighbourAddress,
  neighbourHardwareAddress,
  neighbourHardwareType,
  neighbourState,
} from './neighbour.ts'

const types = (isList: boolean): string => `
  typedef unsigned char u8;
  struct hlist_node { struct hlist_node *next, **pprev; };
  struct hlist_head { struct hlist_node *first; };
  struct net_device { unsigned short type; u8 addr_len; };
  struct neighbour;
  struct neigh_hash_table {
    ${isList ? 'struct hlist_head *hash_heads;' : 'struct neighbour **hash_buckets;'} unsigned hash_shift;
  };
  struct neigh_table { unsigned key_len; struct neigh_hash_table *nht; };
  struct neighbour {
    ${isList ? 'struct hlist_node hash;' : 'struct neighbour *next;'}
    struct neigh_table *tbl; u8 nud_state; u8 ha[32]; struct net_device *dev; u8 primary_key[4];
  };`

function build(isList: boolean, shift = 1): BuiltKernel {
  const next = (name: string): object =>
    isList ? { hash: { next: `&${name}` } } : { next: `&${name}` }
  return buildKernel({
    types: types(isList),
    variables: { arp_tbl: ['struct neigh_table', { key_len: 4, nht: '&hash' }] },
    objects: {
      hash: [
        'struct neigh_hash_table',
        {
          hash_shift: shift,
          ...(isList ? { hash_heads: '&buckets' } : { hash_buckets: '&buckets' }),
        },
      ],
      buckets: isList
        ? ['struct hlist_head [2]', [{ first: 0 }, { first: '&one' }]]
        : ['struct neighbour *[2]', [0, '&one']],
      ethernet: ['struct net_device', { type: 1, addr_len: 6 }],
      loopback: ['struct net_device', { type: 772, addr_len: 2 }],
      one: [
        'struct neighbour',
        {
          ...{ tbl: '&arp_tbl', nud_state: 2, ha: [2, 0, 0x5e, 0, 0, 1], dev: '&ethernet' },
          primary_key: [192, 0, 2, 1],
          ...next('two'),
        },
      ],
      two: [
        'struct neighbour',
        { tbl: '&arp_tbl', nud_state: 0x40, dev: '&loopback', primary_key: [0, 0, 0, 0] },
      ],
    },
  })
}

for (const [name, isList] of [
  ['hlists', true],
  ['chains', false],
] as const) {
  test(`neighbours in ${name} are found and named`, () => {
    const { program } = build(isList)
    assert.deepEqual(
      Array.from(forEachNeighbour(arpTable(program)), (neighbour) => [
        neighbourAddress(neighbour),
        neighbourHardwareType(neighbour),
        neighbourHardwareAddress(neighbour),
        neighbourState(neighbour),
      ]),
      [
        ['192.0.2.1', 'ETHER', '02:00:5e:00:00:01', 'REACHABLE'],
        ['0.0.0.0', 'UNKNOWN', '00 00', 'NOARP'],
      ],
    )
  })
}

test('a table of absurd size is refused', () => {
  const { program } = build(true, 60)
  assert.throws(() => [...forEachNeighbour(arpTable(program))], CorruptError)
})
