// The network of the capture kernel, frozen from the running one: which card, known again by its MAC, gets which
// addresses and routes. Written when the machine is armed; nothing of it is asked of a name server or a daemon later.
import type { Members } from '../../platform/members.ts'

/** A route by its destination and gateway. */
export interface PlannedRoute {
  /** Address with its prefix length; `0.0.0.0/0` and `::/0` are all the rest. */
  readonly to: string
  /** Gateway; '' for what is reached directly. */
  readonly via: string
}

/** One network card, or one VLAN of a card. */
export interface PlannedCard {
  /** Its own, by which it is found; lower case, with colons. */
  readonly mac: string
  /** What it is to use: another one where it stands for a bond or a bridge, or somebody has set it. */
  readonly usedMac: string
  /** Where sysfs has its device, without /sys; finds a card whose MAC somebody has set. '' where that is not known. */
  readonly devicePath: string
  /** What the running kernel calls it, for messages; the capture kernel may use another name. */
  readonly name: string
  /** VLAN on that card which the rest is about; 0 for the card itself. */
  readonly vlan: number
  /** Addresses it has now, with prefix length: `192.0.2.5/24`, `2001:db8::5/64`. */
  readonly addresses: readonly string[]
  /** What leads to the targets. A gateway's own route stands before those that use it. */
  readonly routes: readonly PlannedRoute[]
  /** Ask a DHCP server first, and fall back on the addresses above; they came from one. */
  readonly usesDhcp: boolean
  /** IPv6 by router advertisement, beside the addresses above. */
  readonly usesAutoconf: boolean
  readonly mtu: number
}

/** All that is needed to reach the targets. */
export interface NetworkPlan {
  /** Tells an NFS 4 server this machine from others; see nfs(5), CLIENT IDENTIFIER. */
  readonly hostname: string
  readonly cards: readonly PlannedCard[]
  readonly nameservers: readonly string[]
  /** How long link and addresses may take. */
  readonly timeoutMs: number
}

/** Parse a plan. @throws {FormatError} naming the member that is missing or of the wrong kind */
export function parseNetworkPlan(read: Members): NetworkPlan {
  return {
    hostname: read.string('hostname'),
    cards: read.objects('cards').map((card) => ({
      mac: card.string('mac'),
      usedMac: card.string('usedMac'),
      devicePath: card.string('devicePath'),
      name: card.string('name'),
      vlan: card.number('vlan'),
      addresses: card.strings('addresses'),
      routes: card
        .objects('routes')
        .map((route) => ({ to: route.string('to'), via: route.string('via') })),
      usesDhcp: card.boolean('usesDhcp'),
      usesAutoconf: card.boolean('usesAutoconf'),
      mtu: card.number('mtu'),
    })),
    nameservers: read.strings('nameservers'),
    timeoutMs: read.number('timeoutMs'),
  }
}
