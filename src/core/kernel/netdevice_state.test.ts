// Devices that are down, without a carrier, or stopped; sockets counted in a counter of their own, or with protocols'.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { buildKernel, type BuiltKernel } from '../../../test/support/kernel_recipe.ts'
import type { NetDevice } from './netdevice.ts'
import {
  netdevCarrierOk,
  netdevIsUp,
  netdevStoppedSeconds,
  socketsInUse,
} from './netdevice_state.ts'

const HZ = 250

function build(core: string, pointer: string): BuiltKernel {
  return buildKernel({
    types: `
      typedef unsigned long long u64; typedef unsigned int u32;
      struct list_head { struct list_head *next, *prev; };
      enum netdev_state_t { __LINK_STATE_START, __LINK_STATE_PRESENT, __LINK_STATE_NOCARRIER };
      struct netdev_queue { unsigned long state; unsigned long trans_start; };
      struct net_device { unsigned int flags; unsigned long state; struct netdev_queue *_tx; unsigned int real_num_tx_queues; };
      struct timekeeper { u64 ntp_tick; };
      struct prot_inuse { int all; int val[64]; };
      struct netns_core { ${core} };
      struct net { struct list_head list; struct netns_core core; };
      percpu struct prot_inuse counted;`,
    variables: {
      jiffies: ['unsigned long', 10_000],
      timekeeper: ['struct timekeeper', { ntp_tick: BigInt(1e9 / HZ) << 32n }],
      net_namespace_list: ['struct list_head'],
    },
    objects: {
      net: ['struct net', { core: { [pointer]: 0x1000n } }],
      up: ['struct net_device', { flags: 0x1003, state: 3, _tx: '&queues', real_num_tx_queues: 3 }],
      down: ['struct net_device', { flags: 0x1002, state: 7 }],
      queues: [
        'struct netdev_queue [3]',
        // One that runs and long did not send; two that are stopped.
        [
          { trans_start: 10 },
          { state: 1, trans_start: 10_000 - 2 * HZ },
          { state: 2, trans_start: 10_000 - 6 * HZ },
        ],
      ],
    },
    cpus: [{ counted: { all: 12 } }, { counted: { all: -2 } }],
    lists: { net_namespace_list: ['net.list'] },
  })
}

const device = ({ program, addressOf }: BuiltKernel, name: string): NetDevice =>
  program.objectAt<'net_device'>('struct net_device', addressOf(name))

const LAYOUTS: readonly (readonly [core: string, pointer: string])[] = [
  ['int __percpu *sock_inuse; struct prot_inuse __percpu *prot_inuse;', 'sock_inuse'],
  ['struct prot_inuse __percpu *prot_inuse;', 'prot_inuse'],
]

for (const [core, pointer] of LAYOUTS) {
  test(`a device's state and the sockets in use are read (${pointer})`, () => {
    const kernel = build(core, pointer)
    const [up, down] = [device(kernel, 'up'), device(kernel, 'down')]
    assert.deepEqual([netdevIsUp(up), netdevCarrierOk(up)], [true, true])
    assert.deepEqual([netdevIsUp(down), netdevCarrierOk(down)], [false, false])
    assert.equal(netdevStoppedSeconds(up), 6)
    assert.equal(netdevStoppedSeconds(down), undefined)
    assert.equal(socketsInUse(kernel.program), 10)
  })
}
