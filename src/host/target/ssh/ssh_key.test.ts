// Keys: those we make are read by ssh-keygen and ssh2, whatever their bytes; fingerprints are OpenSSH's.
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { after, test } from 'node:test'
import {
  formatFingerprint,
  makeKeyPair,
  readKeyType,
  readPrivateKey,
  signaturesOf,
} from './ssh_key.ts'

const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'kbox-key-'))
after(() => fs.rmSync(folder, { recursive: true }))

const blobOf = (publicText: string): Buffer => Buffer.from(publicText.split(' ')[1] ?? '', 'base64')

const skip = fs.existsSync('/usr/bin/ssh-keygen') ? false : 'no ssh-keygen'

test('ssh-keygen reads the key we make, and agrees on its fingerprint', { skip }, () => {
  const file = path.join(folder, 'key')
  const { privateText, publicText } = makeKeyPair('kdump@here')
  fs.writeFileSync(file, privateText, { mode: 0o600 })
  const keygen = (option: string): string =>
    execFileSync('ssh-keygen', [option, '-f', file], { encoding: 'utf8' }).trim()
  assert.equal(keygen('-y'), publicText)
  fs.writeFileSync(`${file}.pub`, `${publicText}\n`)
  assert.equal(keygen('-l'), `256 ${formatFingerprint(blobOf(publicText))} kdump@here (ED25519)`)
})

test('keys are read whatever the comment, and though the public half begins with zeros', async () => {
  let hasZeros = false
  for (let i = 0; i < 20_000 && (i < 20 || !hasZeros); i++) {
    const { privateText, publicText } = makeKeyPair('x'.repeat(i % 17))
    const blob = blobOf(publicText)
    // `ssh-ed25519` and two lengths come before it.
    hasZeros ||= blob[19] === 0
    const key = await readPrivateKey('key', Buffer.from(privateText))
    assert.equal(key.type, 'ssh-ed25519')
    assert.equal(Buffer.compare(key.publicBlob, blob), 0)
  }
  assert.ok(hasZeros)
})

test('the type of a blob is read, and nothing behind its end', () => {
  const blob = blobOf(makeKeyPair('').publicText)
  assert.equal(readKeyType(blob), 'ssh-ed25519')
  for (let size = 0; size < 15; size++) assert.equal(readKeyType(blob.subarray(0, size)), '')
  assert.equal(readKeyType(Buffer.of(0, 0, 0, 1, 0x20)), '')
  assert.deepEqual(signaturesOf('ssh-rsa'), ['rsa-sha2-512', 'rsa-sha2-256'])
  assert.deepEqual(signaturesOf('ssh-ed25519'), ['ssh-ed25519'])
})
