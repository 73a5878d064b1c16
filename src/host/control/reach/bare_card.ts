// What a network device that has addresses comes down to: one card, and at most one VLAN. A bridge or a failover bond is
// there for others, or for another day; a capture kernel reaches the server through one of its cards alone.
// Source: Documentation/networking/bonding.rst (modes), net/8021q/vlanproc.c (/proc/net/vlan).
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { readLine } from '../../platform/fact_tree.ts'

/** A card that no more than drivers, `ip` and DHCP are needed for. */
export interface BareCard {
  readonly lower: string
  /** 0 for none. */
  readonly vlan: number
}

/** A device that does not come down to one, and why: a phrase such as `bond0 is a bond of mode 802.3ad, …`. */
export interface NoBareCard {
  readonly obstacle: string
}

/** Modes whose switch knows nothing of the bond, so that one card alone is served. */
const FAILOVER_MODES = ['active-backup', 'balance-tlb', 'balance-alb']
/** More devices on top of each other than anybody stacks. */
const DEPTH_MAX = 8

/** Find the card below a device. @param root where sys/ and proc/ are found */
export function findBareCard(device: string, root = '/', depth = 0): BareCard | NoBareCard {
  const folder = path.join(root, 'sys/class/net', device)
  const has = (name: string): boolean => existsSync(path.join(folder, name))
  const below = (lower: string): BareCard | NoBareCard =>
    depth < DEPTH_MAX
      ? findBareCard(lower, root, depth + 1)
      : { obstacle: `${device} is stacked too high` }
  if (has('wireless') || has('phy80211')) return { obstacle: `${device} is a wireless card` }
  if (has('device')) return { lower: device, vlan: 0 }
  const vlan = readVlan(device, root)
  if (vlan) {
    const card = below(vlan.lower)
    if ('obstacle' in card) return card
    if (card.vlan === 0) return { lower: card.lower, vlan: vlan.id }
    return { obstacle: `${device} is a VLAN in a VLAN` }
  }
  if (has('bonding')) {
    const [mode = ''] = readLine(path.join(folder, 'bonding/mode')).split(' ')
    if (!FAILOVER_MODES.includes(mode))
      return { obstacle: `${device} is a bond of mode ${mode}, of which no card works alone` }
    const active = readLine(path.join(folder, 'bonding/active_slave'))
    return active === ''
      ? { obstacle: `${device} is a bond without an active card` }
      : below(active)
  }
  if (has('bridge')) {
    const ports = namesIn(path.join(folder, 'brif')).map(below)
    const [card, ...others] = ports.filter((port) => 'lower' in port)
    if (card && others.length === 0) return card
    return { obstacle: `${device} is a bridge with ${card ? 'several cards' : 'no card'}` }
  }
  const lower = namesIn(folder).filter((name) => name.startsWith('lower_'))
  if (lower.length > 0)
    return { obstacle: `${device} is stacked on ${lower.map((name) => name.slice(6)).join(', ')}` }
  return { obstacle: `${device} is a virtual device` }
}

function readVlan(device: string, root: string): { lower: string; id: number } | undefined {
  let text: string
  try {
    text = readFileSync(path.join(root, 'proc/net/vlan', device), 'utf8')
  } catch {
    return undefined
  }
  const id = /\bVID: (\d+)/.exec(text)?.[1]
  const lower = /^Device: (\S+)/m.exec(text)?.[1]
  return id === undefined || lower === undefined ? undefined : { lower, id: Number(id) }
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder)
  } catch {
    return []
  }
}
