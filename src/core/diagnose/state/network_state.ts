// Network devices when the machine died: which were up, and which had stopped sending.
import { attempt } from '../../base/errors.ts'
import { formatHex } from '../../base/hex.ts'
import {
  forEachNet,
  forEachNetdev,
  initNet,
  netdevIpv4Addresses,
  netdevIpv6Addresses,
  type NetDevice,
} from '../../kernel/netdevice.ts'
import {
  netdevCarrierOk,
  netdevIsUp,
  netdevStoppedSeconds,
  socketsInUse,
} from '../../kernel/netdevice_state.ts'
import type { Program } from '../../program/program.ts'
import type { NetworkDevice, NetworkState } from '../machine_state.ts'

const DEVICES_MAX = 500
/** A busy device stops its queues for moments all the time. */
const STUCK_SECONDS = 1

/** Read the network's state: devices of the first namespace, then those of others but for their loopback. @throws {KdumpError} if there are none to be found */
export function readNetworkState(program: Program): NetworkState {
  const first = initNet(program)
  const devices: NetworkDevice[] = []
  for (const net of [first, ...otherNets(program, first.address)]) {
    attempt(() => {
      for (const device of forEachNetdev(net)) {
        if (devices.length >= DEVICES_MAX) return
        const name = device.string('name')
        if (net.address === first.address || name !== 'lo') devices.push(describe(device, name))
      }
    })
  }
  return { devices, sockets: attempt(() => socketsInUse(program)) ?? null }
}

function otherNets(program: Program, first: bigint): ReturnType<typeof initNet>[] {
  return attempt(() => [...forEachNet(program)].filter(({ address }) => address !== first)) ?? []
}

function describe(device: NetDevice, name: string): NetworkDevice {
  const stopped = attempt(() => netdevStoppedSeconds(device)) ?? 0
  return {
    name,
    address: formatHex(device.address),
    up: attempt(() => netdevIsUp(device)) ?? false,
    carrier: attempt(() => netdevCarrierOk(device)) ?? null,
    stuckSeconds: stopped >= STUCK_SECONDS ? stopped : null,
    addresses: [
      ...(attempt(() => netdevIpv4Addresses(device)) ?? []),
      ...(attempt(() => netdevIpv6Addresses(device)) ?? []),
    ],
  }
}
