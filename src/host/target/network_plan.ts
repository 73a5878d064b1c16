// The network of the capture kernel, frozen from the running one: which card, known again by its MAC, gets which
// addresses and routes. Written when the machine is armed; nothing of it is asked of a name server or a daemon later.
import type { Members } from '../platform/members.ts'

/** A route by its destination and gateway. */
export interface PlannedRoute {
  /** `default`, or an address with its prefix length. */
  readonly to: string
  /** Gateway; '' for what is reached directly. */
  readonly via: string
}

/** One network card. */
export interface PlannedCard {
  /** Lower case, with colons. */
  readonly mac: string
  /** What the running kernel calls it, for messages; the capture kernel may use another name. */
  readonly name: string
  /** Addresses it has now, with prefix length: `192.0.2.5/24`, `2001:db8::5/64`. */
  readonly addresses: readonly string[]
  readonly routes: readonly PlannedRoute[]
  /** Ask a DHCP server first, and fall back on the addresses above; they came from one. */
  readonly usesDhcp: boolean
  /** IPv6 by router advertisement. */
  readonly usesAutoconf: boolean
  readonly mtu: number
}

/** All that is needed to reach the targets. */
export interface NetworkPlan {
  readonly cards: readonly PlannedCard[]
  readonly nameservers: readonly string[]
  /** How long link and addresses may take. */
  readonly timeoutMs: number
}

/** Parse a plan. @throws {FormatError} naming the member that is missing or of the wrong kind */
export function parseNetworkPlan(read: Members): NetworkPlan {
  return {
    cards: read.objects('cards').map((card) => ({
      mac: card.string('mac'),
      name: card.string('name'),
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
