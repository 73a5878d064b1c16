// known_hosts files as ssh-keyscan, ssh-keygen -H and people write them.
import assert from 'node:assert/strict'
import { createHmac, randomBytes } from 'node:crypto'
import { test } from 'node:test'
import { findKnownKeys, formatKnownHost, parseKnownHosts } from './known_hosts.ts'

function key(letter: string, type = 'ssh-ed25519'): string {
  const name = Buffer.from(type)
  const size = Buffer.alloc(4)
  size.writeUInt32BE(name.length)
  return Buffer.concat([size, name, Buffer.alloc(36, letter)]).toString('base64')
}

const A = key('a')
const B = key('b')
const RSA = key('r', 'ssh-rsa')

function hashed(name: string): string {
  const salt = randomBytes(20)
  const mac = createHmac('sha1', salt).update(name).digest('base64')
  return `|1|${salt.toString('base64')}|${mac}`
}

function keysOf(text: string, host: string, port = 22): readonly string[] {
  return findKnownKeys(parseKnownHosts(text), host, port).keys
}

test('all keys of a name are known, in any case, once each', () => {
  const text = `# comment\n\nserver,192.0.2.1 ssh-ed25519 ${A} someone\nSERVER ssh-rsa ${RSA}\nserver ssh-ed25519 ${A}\nother ssh-ed25519 ${B}\n`
  assert.deepEqual(keysOf(text, 'Server'), [A, RSA])
  assert.deepEqual(keysOf(text, '192.0.2.1'), [A])
  assert.deepEqual(keysOf(text, 'serve'), [])
})

test('hashed names are found by their hash', () => {
  const text = `${hashed('server')} ssh-ed25519 ${A}\n${hashed('[server]:2222')} ssh-ed25519 ${B}\n`
  assert.deepEqual(keysOf(text, 'server'), [A])
  assert.deepEqual(keysOf(text, 'server', 2222), [B])
  assert.deepEqual(keysOf(text, 'other'), [])
})

test('another port has keys of its own, or else those of the name', () => {
  const text = `server ssh-ed25519 ${A}\n[server]:2222 ssh-ed25519 ${B}\n`
  assert.deepEqual(keysOf(text, 'server', 2222), [B])
  assert.deepEqual(keysOf(text, 'server', 2223), [A])
})

test('patterns match, negated ones rule out', () => {
  const text = `*.example.org,!bad.example.org ssh-ed25519 ${A}\n10.0.0.? ssh-ed25519 ${B}\n`
  assert.deepEqual(keysOf(text, 'good.example.org'), [A])
  assert.deepEqual(keysOf(text, 'bad.example.org'), [])
  assert.deepEqual(keysOf(text, '10.0.0.7'), [B])
  assert.deepEqual(keysOf(text, '10.0.0.77'), [])
})

test('revoked keys are not known, and certificates are noted by their line', () => {
  const text = `server ssh-ed25519 ${A}\n@revoked * ssh-ed25519 ${A}\n@cert-authority *.org,server ssh-ed25519 ${B}\n`
  const known = findKnownKeys(parseKnownHosts(text), 'server', 22)
  assert.deepEqual(known, { keys: [], authorityLines: [3] })
})

test('what is no entry is skipped', () => {
  const lines = [
    'server',
    'server ssh-ed25519',
    'server ssh-ed25519 not*base64',
    `server ssh-rsa ${A}`,
    `@other server ssh-ed25519 ${A}`,
    '|1|x ssh-ed25519',
  ]
  assert.deepEqual(parseKnownHosts(lines.join('\n')), [])
})

test('a line that is written is one that is found', () => {
  for (const port of [22, 2222]) {
    const line = formatKnownHost('Server', port, A)
    assert.deepEqual(keysOf(line, 'server', port), [A])
  }
  assert.equal(formatKnownHost('2001:db8::1', 2222, A), `[2001:db8::1]:2222 ssh-ed25519 ${A}`)
})
