// Files that decide whom the capture kernel talks to: known_hosts, ssh_config, keys. What is damaged is not found, or refused.
import assert from 'node:assert/strict'
import { createECDH, createPrivateKey } from 'node:crypto'
import { matchesPattern } from '../../src/host/control/reach/host_pattern.ts'
import { findKnownKeys, parseKnownHosts } from '../../src/host/control/reach/known_hosts.ts'
import { parseSshConfig } from '../../src/host/control/reach/ssh_config.ts'
import { readKeyType, readPrivateKey } from '../../src/host/target/ssh/ssh_key.ts'
import { fuzz } from '../support/fuzz.ts'
import { mutate, mutateText } from '../support/mutate.ts'

/** A case is the same whenever it is run: keys of fixed numbers. */
const SECRET = Buffer.alloc(32, 7)
const PRIVATE = ecPrivateKey(SECRET)
const PUBLIC = `ssh-ed25519 ${Buffer.concat([sized('ssh-ed25519'), sized(SECRET)]).toString('base64')}`

function sized(content: string | Buffer): Buffer {
  const bytes = Buffer.from(content)
  const size = Buffer.alloc(4)
  size.writeUInt32BE(bytes.length)
  return Buffer.concat([size, bytes])
}

function ecPrivateKey(secret: Buffer): string {
  const ecdh = createECDH('prime256v1')
  ecdh.setPrivateKey(secret)
  const point = ecdh.getPublicKey()
  const part = (from: number): string => point.subarray(from, from + 32).toString('base64url')
  const jwk = { kty: 'EC', crv: 'P-256', d: secret.toString('base64url'), x: part(1), y: part(33) }
  const key = createPrivateKey({ key: jwk, format: 'jwk' })
  return key.export({ type: 'sec1', format: 'pem' }).toString()
}

const KNOWN_HOSTS = `# servers
server,192.0.2.1 ${PUBLIC}
[server]:2222 ${PUBLIC}
|1|F1E1KeoE/eEWhi10WpGv4OdiO6Y=|3988QV0VE8wmZL7suNrYQLITLCg= ${PUBLIC}
@revoked * ${PUBLIC.replace('AAAAC3', 'AAAAC4')}
@cert-authority *.example.org,!bad.example.org ${PUBLIC}
`

fuzz('known_hosts files', {}, (random) => {
  const entries = parseKnownHosts(mutateText(KNOWN_HOSTS, random))
  for (const { key, line } of entries) {
    assert.ok(readKeyType(Buffer.from(key, 'base64')) !== '', `line ${line}`)
  }
  for (const [host, port] of [
    ['server', 22],
    ['server', 2222],
    ['good.example.org', 22],
  ] as const) {
    const { keys } = findKnownKeys(entries, host, port)
    for (const key of keys) assert.ok(entries.some((entry) => entry.key === key))
  }
})

const SSH_CONFIG = `Host dumps backup-? !backup-9
  HostName = %h.example.org
  Port 2222
Match host real user kdump
  HostKeyAlias "the key"
Include conf.d/*
Host *
  ProxyJump none
`

fuzz('ssh_config files', {}, (random) => {
  const settings = parseSshConfig(mutateText(SSH_CONFIG, random), 'dumps', 'kdump')
  const { port } = settings
  assert.ok(port === undefined || (Number.isInteger(port) && port > 0 && port < 65_536))
})

fuzz('host patterns', {}, (random) => {
  const letters = (alphabet: string, max: number): string =>
    Array.from({ length: random.below(max) }, () => random.pick(alphabet.split(''))).join('')
  const pattern = letters('aab*?', 12)
  const name = letters('aab', 10)
  const expected = new RegExp(`^${pattern.replaceAll('*', '.*').replaceAll('?', '.')}$`).test(name)
  assert.equal(matchesPattern([pattern], name), expected, `${pattern} ${name}`)
  // As many stars as there is room for must not take forever.
  assert.equal(matchesPattern([`${'*a'.repeat(40)}b`], 'a'.repeat(200)), false)
})

fuzz('keys of SSH', {}, async (random) => {
  const key = await readPrivateKey('key', mutate(Buffer.from(PRIVATE), random))
  assert.notEqual(readKeyType(key.publicBlob), '')
})
