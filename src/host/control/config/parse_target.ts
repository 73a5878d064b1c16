// Targets as people write them: a device, `host:/export`, `user@host`, a URL. All dialects use it.
import type { DeviceName } from '../../target/find_filesystem.ts'
import type { ConfTarget } from './kdump_conf_model.ts'

/** A target without its line. */
export type TargetOf<Kind extends ConfTarget['kind']> = Omit<
  Extract<ConfTarget, { readonly kind: Kind }>,
  'line'
>

const SSH_PORT = 22
const PORT_MAX = 65_535
const HOST_NAME = /^[A-Za-z0-9_](?:[A-Za-z0-9_.-]*[A-Za-z0-9_])?$/
const IPV6 = /^[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*(?:%[\w.-]+)?$/
const USER = /^[A-Za-z0-9_.][A-Za-z0-9_.+-]*\$?$/

/** Parse a device as kdump.conf names it; undefined when it is none of the forms. */
export function parseDeviceName(value: string): DeviceName | undefined {
  const [, tag = '', quoted = ''] = /^(\w+)=(.+)$/.exec(value) ?? []
  const name = quoted.replace(/^"(.*)"$/, '$1')
  if (/\s/.test(value) && tag !== 'LABEL') return undefined
  if (tag === 'UUID') return { by: 'uuid', uuid: name.toLowerCase() }
  if (tag === 'LABEL') return { by: 'label', label: name }
  if (tag === 'PARTUUID' || tag === 'PARTLABEL')
    return { by: 'node', node: `/dev/disk/by-${tag.toLowerCase()}/${name}` }
  return /^\/dev\/./.test(value) && !value.split('/').includes('..')
    ? { by: 'node', node: value }
    : undefined
}

/** Parse `host:/export` or `[IPv6]:/export`. Ours: mount options behind it, `host:/export vers=3,timeo=100`. */
export function parseNfsTarget(value: string, more = ''): TargetOf<'nfs'> | undefined {
  const [, bracketed, plain, folder = '', written = ''] =
    /^(?:\[([^\]\s]+)\]|([^\s:[\]]+)):(\/\S*)(?:\s+([\w=.,:-]+))?$/.exec(value) ?? []
  const server = parseHost(bracketed, plain)
  if (server === undefined) return undefined
  const options = [written, more].filter((words) => words !== '').join(',')
  return { kind: 'nfs', server, export: folder, options }
}

/**
 * Parse `user@host`. An IPv6 address is written bare, as kdumpctl has it. Ours: `user@host:2222` and
 * `user@[2001:db8::1]:2222`.
 */
export function parseSshTarget(value: string): TargetOf<'ssh'> | undefined {
  const at = value.lastIndexOf('@')
  const user = value.slice(0, Math.max(at, 0))
  const place = value.slice(at + 1)
  if (!USER.test(user)) return undefined
  if (IPV6.test(place) && place.split(':').length > 2) return sshTarget(user, place, SSH_PORT)
  const [, bracketed, plain, digits] =
    /^(?:\[([^\]\s]+)\]|([^\s:[\]]+))(?::(\d{1,5}))?$/.exec(place) ?? []
  const host = parseHost(bracketed, plain)
  const port = digits === undefined ? SSH_PORT : Number(digits)
  if (host === undefined || port < 1 || port > PORT_MAX) return undefined
  return sshTarget(user, host, port)
}

/** Parse `http://` and `https://` URLs of a folder; a user, a query or a fragment is none. */
export function parseHttpTarget(value: string, tokenFile = ''): TargetOf<'http'> | undefined {
  if (!/^https?:\/\/\S+$/.test(value) || !URL.canParse(value)) return undefined
  const url = new URL(value)
  if (url.username !== '' || url.password !== '' || url.search !== '' || url.hash !== '')
    return undefined
  return { kind: 'http', url: value, tokenFile }
}

/** Format a target as its directive and value. */
export function formatTarget(target: Exclude<ConfTarget, { readonly kind: 'path' }>): string {
  switch (target.kind) {
    case 'filesystem':
      return `${target.fstype} ${formatDevice(target.device)}`
    case 'raw':
      return `raw ${formatDevice(target.device)}`
    case 'nfs':
      return `nfs ${bracket(target.server)}:${target.export}${target.options === '' ? '' : ` ${target.options}`}`
    case 'ssh': {
      const { user, host, port } = target
      return `ssh ${user}@${port === SSH_PORT ? host : `${bracket(host)}:${port}`}`
    }
    case 'http':
      return `http ${target.url}`
  }
}

function sshTarget(user: string, host: string, port: number): TargetOf<'ssh'> {
  return { kind: 'ssh', user, host, port }
}

function parseHost(bracketed: string | undefined, plain: string | undefined): string | undefined {
  if (bracketed !== undefined) return IPV6.test(bracketed) ? bracketed : undefined
  return plain !== undefined && HOST_NAME.test(plain) ? plain : undefined
}

const bracket = (host: string): string => (host.includes(':') ? `[${host}]` : host)

function formatDevice(device: DeviceName): string {
  switch (device.by) {
    case 'node':
      return device.node
    case 'uuid':
      return `UUID=${device.uuid}`
    case 'label':
      return /\s/.test(device.label) ? `LABEL="${device.label}"` : `LABEL=${device.label}`
  }
}
