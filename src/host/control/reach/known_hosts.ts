// Which keys a server may show, as OpenSSH remembers them. Source: sshd(8), SSH_KNOWN_HOSTS FILE FORMAT.
import { createHmac } from 'node:crypto'
import { readKeyType } from '../../target/ssh/ssh_key.ts'
import { matchesPattern } from './host_pattern.ts'

/** One line of a known_hosts file. */
export interface KnownHost {
  readonly marker: '' | '@cert-authority' | '@revoked'
  /** Names and patterns with commas between, or `|1|salt|hash`. */
  readonly hosts: string
  /** Base64 of the public key. */
  readonly key: string
  readonly line: number
}

/** What is known of a server. */
export interface KnownKeys {
  /** Base64, those that may be shown. */
  readonly keys: readonly string[]
  /** Lines that trust certificates instead, which we do not check. */
  readonly authorityLines: readonly number[]
}

const HASHED = /^\|1\|([A-Za-z0-9+/=]+)\|([A-Za-z0-9+/=]+)$/
const SSH_PORT = 22

/** Parse a file; what is no entry is skipped, as ssh(1) does. */
export function parseKnownHosts(text: string): KnownHost[] {
  const entries: KnownHost[] = []
  for (const [index, line] of text.split('\n').entries()) {
    const words = line.trim().split(/\s+/)
    const marker = words[0]?.startsWith('@') === true ? (words.shift() ?? '') : ''
    const [hosts = '', type = '', key = ''] = words
    if (hosts === '' || hosts.startsWith('#')) continue
    if (marker !== '' && marker !== '@cert-authority' && marker !== '@revoked') continue
    if (!/^[A-Za-z0-9+/]+=*$/.test(key) || readKeyType(Buffer.from(key, 'base64')) !== type)
      continue
    entries.push({ marker, hosts, key, line: index + 1 })
  }
  return entries
}

/** Find what is known of a server; like ssh, under its name alone if nothing is known of name and port. */
export function findKnownKeys(
  entries: readonly KnownHost[],
  host: string,
  port: number,
): KnownKeys {
  const name = host.toLowerCase()
  const found = keysUnder(entries, port === SSH_PORT ? name : `[${name}]:${port}`)
  const isKnown = found.keys.length > 0 || found.authorityLines.length > 0
  return isKnown || port === SSH_PORT ? found : keysUnder(entries, name)
}

/** The line that makes a key known: `host type key`, or `[host]:port type key`. */
export function formatKnownHost(host: string, port: number, key: string): string {
  const name = host.toLowerCase()
  const type = readKeyType(Buffer.from(key, 'base64'))
  return `${port === SSH_PORT ? name : `[${name}]:${port}`} ${type} ${key}`
}

function keysUnder(entries: readonly KnownHost[], name: string): KnownKeys {
  const matching = entries.filter(({ hosts }) => matchesHosts(hosts, name))
  const revoked = new Set(
    matching.filter(({ marker }) => marker === '@revoked').map(({ key }) => key),
  )
  const plain = matching.filter(({ marker, key }) => marker === '' && !revoked.has(key))
  return {
    keys: [...new Set(plain.map(({ key }) => key))],
    authorityLines: matching
      .filter(({ marker }) => marker === '@cert-authority')
      .map(({ line }) => line),
  }
}

function matchesHosts(hosts: string, name: string): boolean {
  const [, salt, hash] = HASHED.exec(hosts) ?? []
  if (salt !== undefined && hash !== undefined) {
    const mac = createHmac('sha1', Buffer.from(salt, 'base64')).update(name).digest()
    return mac.equals(Buffer.from(hash, 'base64'))
  }
  return matchesPattern(hosts.toLowerCase().split(','), name)
}
