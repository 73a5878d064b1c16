// Signatures of ours, of ssh-keygen's where it is installed, and damaged ones.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { after, test } from 'node:test'
import { KdumpError } from '../../../core/base/errors.ts'
import { makeKeyPair, readPrivateKey } from '../../target/ssh/ssh_key.ts'
import { makeDumpFolder } from '../../../../test/support/dump_folder.ts'
import { readManifest, type DumpManifest } from './dump_manifest.ts'
import { checkSignature, NAMESPACE, signManifest } from './sign_manifest.ts'
import { findPublicKeys, isSigned, parseSignature, signMessage } from './ssh_signature.ts'

const root = mkdtempSync(path.join(os.tmpdir(), 'kbox-sign-'))
after(() => rmSync(root, { recursive: true }))
const pair = makeKeyPair('machine')
const keyFile = path.join(root, 'key')
writeFileSync(keyFile, pair.privateText, { mode: 0o600 })
writeFileSync(`${keyFile}.pub`, `${pair.publicText}\n`)
const signer = await readPrivateKey(keyFile, readFileSync(keyFile))
const MESSAGE = Buffer.from('a manifest\n')
const noKeygen = spawnSync('ssh-keygen', ['-?']).error ? 'ssh-keygen is not installed' : false

function sshKeygen(...args: readonly string[]): { status: number | null; text: string } {
  const { status, stdout, stderr } = spawnSync('ssh-keygen', args, { input: MESSAGE })
  return { status, text: `${stdout.toString()}${stderr.toString()}` }
}

test('a signature holds for its message, its namespace and its key only', () => {
  const by = parseSignature('sig', signMessage(MESSAGE, 'here', signer))
  assert.ok(isSigned(MESSAGE, 'here', by))
  assert.equal(isSigned(Buffer.from('another\n'), 'here', by), false)
  assert.equal(isSigned(MESSAGE, 'there', by), false)
  const [other] = findPublicKeys(makeKeyPair('other').publicText)
  assert.ok(other)
  assert.equal(isSigned(MESSAGE, 'here', { ...by, publicBlob: other.publicBlob }), false)
})

test('no damaged signature is good, whatever it throws', () => {
  const text = signMessage(MESSAGE, 'here', signer)
  const [begin, ...rest] = text.trim().split('\n')
  const bytes = Buffer.from(rest.slice(0, -1).join(''), 'base64')
  for (let at = 0; at < bytes.length; at++) {
    const bad = Buffer.from(bytes)
    bad.writeUInt8(bad.readUInt8(at) ^ 0x10, at)
    const damaged = `${begin ?? ''}\n${bad.toString('base64')}\n-----END SSH SIGNATURE-----\n`
    try {
      const by = parseSignature('sig', damaged)
      // The field that is reserved says nothing, and is not signed as it is written but as it must be.
      assert.equal(isSigned(MESSAGE, 'here', by), false, `byte ${at}`)
    } catch (error) {
      assert.ok(error instanceof KdumpError, String(error))
    }
  }
  for (let end = 0; end < text.length - 30; end += 7)
    assert.throws(() => parseSignature('sig', text.slice(0, end)), KdumpError)
})

test("ssh-keygen accepts ours, and we accept ssh-keygen's", { skip: noKeygen }, () => {
  const signers = path.join(root, 'signers')
  const signature = path.join(root, 'sig')
  writeFileSync(signers, `machine ${pair.publicText}\n`)
  writeFileSync(signature, signMessage(MESSAGE, NAMESPACE, signer))
  const verify = ['-Y', 'verify', '-f', signers, '-I', 'machine', '-n', NAMESPACE, '-s', signature]
  const checked = sshKeygen(...verify)
  assert.equal(checked.status, 0, checked.text)
  const theirs = sshKeygen('-Y', 'sign', '-f', keyFile, '-n', NAMESPACE)
  assert.equal(theirs.status, 0, theirs.text)
  assert.ok(isSigned(MESSAGE, NAMESPACE, parseSignature('theirs', theirs.text)))
})

test('keys are found in .pub files, allowed_signers and known_hosts, others are passed over', () => {
  const [, base64 = ''] = pair.publicText.split(' ')
  const text = `# ssh-ed25519 ${base64}
ssh-ed25519 ${base64} me@here
web7,192.0.2.7 ssh-ed25519 ${base64}
you namespaces="kbox-manifest" ssh-ed25519 ${base64}
host ssh-rsa AAAAB3NzaC1yc2E=
ssh-ed25519 AAAA
`
  assert.deepEqual(
    findPublicKeys(text).map(({ owner }) => owner),
    ['me@here', 'web7,192.0.2.7', 'you namespaces="kbox-manifest"'],
  )
})

test('a manifest is signed, and the signature checked against the keys that are trusted', async () => {
  const folder = makeDumpFolder(root)
  const manifest = (): DumpManifest => {
    const found = readManifest(folder)
    assert.ok(found)
    return found
  }
  assert.equal(checkSignature(folder, manifest(), `${keyFile}.pub`).state, 'none')
  const fingerprint = await signManifest(folder, manifest(), keyFile)
  const trusted = checkSignature(folder, manifest(), `${keyFile}.pub`)
  assert.deepEqual(trusted, { state: 'trusted', fingerprint, owner: 'machine', why: '' })
  assert.equal(checkSignature(folder, manifest(), undefined).state, 'valid')
  const others = path.join(root, 'others.pub')
  writeFileSync(others, makeKeyPair('other').publicText)
  assert.equal(checkSignature(folder, manifest(), others).state, 'unknown')
  makeDumpFolder(root, { complete: false })
  assert.equal(checkSignature(folder, manifest(), `${keyFile}.pub`).state, 'bad')
  assert.throws(() => checkSignature(folder, manifest(), keyFile), /no ssh-ed25519 public key/)
})
