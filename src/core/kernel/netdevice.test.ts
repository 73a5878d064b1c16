// A namespace with a device that has addresses of both kinds, and one that has none.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { buildKernel } from '../../../test/support/kernel_recipe.ts'
import {
  forEachNetdev,
  initNet,
  netdevIpv4Addresses,
  netdevIpv6Addresses,
  taskNet,
} from './netdevice.ts'

const TYPES = `
  typedef unsigned char u8;
  struct list_head { struct list_head *next, *prev; };
  struct in_ifaddr { u8 ifa_local[4]; struct in_ifaddr *ifa_next; };
  struct in_device { struct in_ifaddr *ifa_list; };
  struct inet6_ifaddr { u8 addr[16]; struct list_head if_list; };
  struct inet6_dev { struct list_head addr_list; };
  struct net_device { char name[16]; struct list_head dev_list; void *ip_ptr; void *ip6_ptr; };
  struct net { struct list_head dev_base_head; };
  struct nsproxy { struct net *net_ns; };
  struct task_struct { struct nsproxy *nsproxy; };`

test('devices and their addresses are found by namespace', () => {
  const { program, addressOf } = buildKernel({
    types: TYPES,
    variables: { init_net: ['struct net'] },
    objects: {
      lo: ['struct net_device', { name: 'lo', ip_ptr: '&in', ip6_ptr: '&in6' }],
      eth0: ['struct net_device', { name: 'eth0' }],
      in: ['struct in_device', { ifa_list: '&first' }],
      first: ['struct in_ifaddr', { ifa_local: [127, 0, 0, 1], ifa_next: '&second' }],
      second: ['struct in_ifaddr', { ifa_local: [192, 0, 2, 9] }],
      in6: ['struct inet6_dev'],
      six: ['struct inet6_ifaddr', { addr: [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1] }],
      proxy: ['struct nsproxy', { net_ns: '&init_net' }],
      task: ['struct task_struct', { nsproxy: '&proxy' }],
      zombie: ['struct task_struct'],
    },
    lists: {
      'init_net.dev_base_head': ['lo.dev_list', 'eth0.dev_list'],
      'in6.addr_list': ['six.if_list'],
    },
  })
  assert.deepEqual(
    Array.from(forEachNetdev(initNet(program)), (device) => [
      device.string('name'),
      netdevIpv4Addresses(device),
      netdevIpv6Addresses(device),
    ]),
    [
      ['lo', ['127.0.0.1', '192.0.2.9'], ['::1']],
      ['eth0', [], []],
    ],
  )
  const task = (name: string): ReturnType<typeof taskNet> =>
    taskNet(program.objectAt<'task_struct'>('struct task_struct', addressOf(name)))
  assert.equal(task('task')?.address, addressOf('init_net'))
  assert.equal(task('zombie'), undefined)
})
