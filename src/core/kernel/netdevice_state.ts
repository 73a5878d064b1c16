// Whether a network device can send: up, with a carrier, its queues running. Source: include/linux/netdevice.h,
// net/sched/sch_generic.c dev_watchdog(), include/uapi/linux/if.h.
import { stripType } from '../debuginfo/type.ts'
import type { KObject } from '../program/kobject.ts'
import type { Program } from '../program/program.ts'
import { forEachNet, type NetDevice } from './netdevice.ts'
import { forEachCpu, perCpuPtr } from './percpu.ts'
import { kernelHz } from './timekeeping.ts'

/** @source include/uapi/linux/if.h */
const IFF_UP = 1n
/** Bits of netdev_queue.state: stopped by the driver, or by byte queue limits. @source include/linux/netdevice.h QUEUE_STATE_ANY_XOFF */
const QUEUE_STATE_ANY_XOFF = 0b11n
const TX_QUEUES_MAX = 4096

/** Is it up, as `ip link` says? */
export function netdevIsUp(device: NetDevice): boolean {
  return (device.bigint('flags') & IFF_UP) !== 0n
}

/** Has it a carrier? Undefined where the kernel's types do not name the bit. @source netif_carrier_ok() */
export function netdevCarrierOk(device: NetDevice): boolean | undefined {
  const { program } = device
  if (!program.hasType('enum netdev_state_t')) return undefined
  const type = stripType(program.type('enum netdev_state_t'))
  const bits = type.kind === 'enum' ? type.values : []
  const bit = bits.find(({ name }) => name === '__LINK_STATE_NOCARRIER')?.value
  return bit === undefined ? undefined : ((device.bigint('state') >> bit) & 1n) === 0n
}

/**
 * How long its transmit queues have stood still: the longest of those that are stopped.
 *
 * @returns seconds since the queue last sent; undefined if none is stopped
 * @source net/sched/sch_generic.c dev_watchdog()
 */
export function netdevStoppedSeconds(device: NetDevice): number | undefined {
  const { program } = device
  const now = program.object('jiffies', 'unsigned long').bigint()
  const hz = kernelHz(program)
  let longest: number | undefined
  for (const queue of txQueues(device)) {
    if ((queue.bigint('state') & QUEUE_STATE_ANY_XOFF) === 0n) continue
    const sent = queue.bigint('trans_start')
    if (sent === 0n || sent > now || hz === 0) continue
    longest = Math.max(longest ?? 0, Number(now - sent) / hz)
  }
  return longest
}

function* txQueues(device: NetDevice): Generator<KObject> {
  const queues = device.get('_tx')
  if (queues.isNull()) return
  const count = Math.min(device.number('real_num_tx_queues'), TX_QUEUES_MAX)
  for (let i = 0; i < count; i++) yield queues.at(i)
}

/** Sockets in use, in all namespaces: `sockets: used` of /proc/net/sockstat. @source net/core/sock.c sock_inuse_get() */
export function socketsInUse(program: Program): number {
  const cpus = forEachCpu(program, 'possible')
  let count = 0
  for (const net of forEachNet(program)) {
    // Since v5.17, commit 4199bae10c49 ("net: merge net->core.prot_inuse and net->core.sock_inuse").
    const own = net.find('core.sock_inuse')
    for (const cpu of cpus)
      count += own
        ? perCpuPtr(own, cpu).number()
        : perCpuPtr(net.get('core.prot_inuse'), cpu).number('all')
  }
  return Math.max(0, count)
}
