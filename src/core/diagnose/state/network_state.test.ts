// Two namespaces: the first one's devices, and what the second has besides its loopback.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { buildKernel } from '../../../../test/support/kernel_recipe.ts'
import { readNetworkState } from './network_state.ts'

const HZ = 250

test('devices of all namespaces are told, and which have stopped sending', () => {
  const { program } = buildKernel({
    types: `
      typedef unsigned long long u64;
      struct list_head { struct list_head *next, *prev; };
      struct netdev_queue { unsigned long state; unsigned long trans_start; };
      struct net_device { char name[16]; unsigned int flags; unsigned long state; struct netdev_queue *_tx;
        unsigned int real_num_tx_queues; struct list_head dev_list; };
      struct timekeeper { u64 ntp_tick; };
      struct net { struct list_head list; struct list_head dev_base_head; };`,
    variables: {
      jiffies: ['unsigned long', 10_000],
      timekeeper: ['struct timekeeper', { ntp_tick: BigInt(1e9 / HZ) << 32n }],
      net_namespace_list: ['struct list_head'],
      init_net: ['struct net'],
    },
    objects: {
      other: ['struct net'],
      lo: ['struct net_device', { name: 'lo', flags: 9 }],
      eth0: ['struct net_device', { name: 'eth0', flags: 1, _tx: '&stuck', real_num_tx_queues: 1 }],
      eth1: ['struct net_device', { name: 'eth1', flags: 1, _tx: '&busy', real_num_tx_queues: 1 }],
      lo2: ['struct net_device', { name: 'lo', flags: 9 }],
      veth: ['struct net_device', { name: 'veth', flags: 0 }],
      stuck: ['struct netdev_queue [1]', [{ state: 1, trans_start: 10_000 - 8 * HZ }]],
      // A busy device stops its queue for moments.
      busy: ['struct netdev_queue [1]', [{ state: 1, trans_start: 9999 }]],
    },
    lists: {
      net_namespace_list: ['init_net.list', 'other.list'],
      'init_net.dev_base_head': ['lo.dev_list', 'eth0.dev_list', 'eth1.dev_list'],
      'other.dev_base_head': ['lo2.dev_list', 'veth.dev_list'],
    },
  })
  const { devices, sockets } = readNetworkState(program)
  assert.deepEqual(
    devices.map(({ name, up, carrier, stuckSeconds }) => [name, up, carrier, stuckSeconds]),
    [
      ['lo', true, null, null],
      ['eth0', true, null, 8],
      ['eth1', true, null, null],
      ['veth', false, null, null],
    ],
  )
  // This kernel counts none.
  assert.equal(sockets, null)
})
