// Servers that stand in for a configuration's own during a rehearsal: a dump that is sent to them stays on this machine,
// and the real server never hears of it. The guest finds them under the names and ports of the configuration.
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import net from 'node:net'
import os from 'node:os'
import path from 'node:path'
import { UnsupportedError } from '../../../core/base/errors.ts'
import type { ConfTarget, KdumpConf } from '../../control/config/kdump_conf_model.ts'
import { findTool } from '../host_tool.ts'
import type { RehearseOptions } from '../rehearse_options.ts'
import { startHttpStandIn } from './http_stand_in.ts'
import { startSshStandIn } from './ssh_stand_in.ts'

/** A server on this machine's loopback. */
export interface Server extends AsyncDisposable {
  readonly port: number
  /** Files for the guest: path, content and permission bits. */
  readonly files: readonly (readonly [file: string, content: string, mode: number])[]
}

/** What the rehearsal gets for a stand-in. */
export interface StandIn extends AsyncDisposable {
  /** Folder that stands for the server's `/`. */
  readonly receivedIn: string
  readonly options: Pick<RehearseOptions, 'cards' | 'files' | 'receivedIn' | 'network'>
}

/** A name stands for this address; QEMU's network has its gateway at 2 and the guest at 15. */
const NAMED_ADDRESS = '10.0.2.100'
const MAC = '52:54:00:12:34:56'

/**
 * Start a server for the first target of a configuration; undefined where dumps stay on the guest's own disks.
 *
 * @throws {UnsupportedError} for NFS, HTTPS and IPv6 addresses
 */
export async function startStandIn(conf: KdumpConf): Promise<StandIn | undefined> {
  const [target] = conf.targets
  const place = target && placeOf(target)
  if (!place) return undefined
  const address = addressOf(place.host)
  const scratch = mkdtempSync(path.join(os.tmpdir(), 'kbox-stand-in-'))
  const received = path.join(scratch, 'received')
  mkdirSync(path.join(received, conf.path), { recursive: true })
  const server = await place.start(received, conf)
  const files = [...server.files]
  if (net.isIP(place.host) === 0)
    files.push(['/etc/hosts', `127.0.0.1 localhost\n${address} ${place.host}\n`, 0o644])
  const dispose = async (): Promise<void> => {
    await server[Symbol.asyncDispose]()
    rmSync(scratch, { recursive: true, force: true })
  }
  return {
    receivedIn: received,
    options: {
      cards: [cardTo(address, place.port, server.port)],
      network: networkOf(address),
      receivedIn: received,
      files: files.map(([file, content, mode], index) => {
        const source = path.join(scratch, String(index))
        writeFileSync(source, content)
        chmodSync(source, mode)
        return { path: file, source }
      }),
    },
    [Symbol.asyncDispose]: dispose,
  }
}

/** A server as the configuration names it, and what stands in for it. */
interface ServerPlace {
  readonly host: string
  readonly port: number
  start(received: string, conf: KdumpConf): Promise<Server>
}

function placeOf(target: ConfTarget): ServerPlace | undefined {
  switch (target.kind) {
    case 'ssh': {
      const { host, port } = target
      const start: ServerPlace['start'] = (received, conf) =>
        startSshStandIn(received, { host, port, keyFile: conf.sshKey })
      return { host, port, start }
    }
    case 'http': {
      const { protocol, hostname, port, pathname } = new URL(target.url)
      if (protocol !== 'http:')
        throw new UnsupportedError(
          'rehearsing an https target: nothing here has its certificate; rehearse with a local target',
        )
      // An HTTP target has its folder in the URL; here it lies where all targets have theirs.
      const start: ServerPlace['start'] = (received, conf) =>
        startHttpStandIn(path.join(received, conf.path), pathname)
      return { host: hostname, port: port === '' ? 80 : Number(port), start }
    }
    case 'nfs':
      throw new UnsupportedError(
        "rehearsing an nfs target: no server stands in for it yet; 'kbox start' tries the real one before it arms",
      )
    default:
      return undefined
  }
}

/** An address of the configuration is kept; QEMU's network is laid around it. */
function addressOf(host: string): string {
  if (net.isIPv6(host.replace(/^\[(.*)\]$/, '$1')))
    throw new UnsupportedError(`rehearsing with the IPv6 address ${host}: QEMU forwards IPv4 only`)
  return net.isIPv4(host) ? host : NAMED_ADDRESS
}

function networkOf(address: string): { readonly address: string; readonly gateway: string } {
  const [prefix, guest, gateway] = layOut(address)
  return { address: `${prefix}.${guest}/24`, gateway: `${prefix}.${gateway}` }
}

function cardTo(address: string, guestPort: number, port: number) {
  const [prefix, , gateway, names] = layOut(address)
  const forward = `tcp:${address}:${guestPort}-cmd:${findTool('busybox')} nc 127.0.0.1 ${port}`
  const netdev = `user,net=${prefix}.0/24,host=${prefix}.${gateway},dns=${prefix}.${names},guestfwd=${forward}`
  return { model: 'virtio-net-pci', mac: MAC, netdev }
}

/** Numbers in the server's /24 for guest, gateway and name server, none of them the server's. */
function layOut(address: string): [prefix: string, guest: number, gateway: number, names: number] {
  const parts = address.split('.')
  const own = Number(parts[3])
  const [guest = 15, gateway = 2, names = 3] = [15, 2, 3, 16, 17, 18].filter((n) => n !== own)
  return [parts.slice(0, 3).join('.'), guest, gateway, names]
}
