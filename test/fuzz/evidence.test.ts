// What tells of a dump and may have been tampered with: encrypted files, signatures, manifests, logs. Damage is refused in
// one of our errors, and nothing damaged is taken for authentic.
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { after } from 'node:test'
import { attempt } from '../../src/core/base/errors.ts'
import { memorySource } from '../../src/core/io/memory_source.ts'
import { formatManifest } from '../../src/host/capture/capture_manifest.ts'
import { parseManifest } from '../../src/host/control/evidence/dump_manifest.ts'
import {
  findPublicKeys,
  isSigned,
  parseSignature,
  signMessage,
} from '../../src/host/control/evidence/ssh_signature.ts'
import { verifyLog } from '../../src/host/control/evidence/verify_log.ts'
import { sealPieces } from '../../src/host/platform/age/age_output.ts'
import { deriveStreamKey } from '../../src/host/platform/age/age_format.ts'
import { openAgeSource, readAgeHeader } from '../../src/host/platform/age/age_source.ts'
import { checkRecipient } from '../../src/host/platform/age/recipient.ts'
import { makeKeyPair, readPrivateKey } from '../../src/host/target/ssh/ssh_key.ts'
import { fuzz } from '../support/fuzz.ts'
import { mutate, mutateText } from '../support/mutate.ts'

const folder = mkdtempSync(path.join(os.tmpdir(), 'kbox-fuzz-'))
after(() => rmSync(folder, { recursive: true }))

const FILE_KEY = new Uint8Array(16).fill(3)
const NONCE = new Uint8Array(16).fill(5)
const CONTENT = Buffer.alloc(150_000, 'content ')
const HEADER = `age-encryption.org/v1\n-> X25519 ${'A'.repeat(43)}\n${'B'.repeat(43)}\n--- ${'C'.repeat(43)}\n`
const HEAD_SIZE = HEADER.length + NONCE.length
// No Buffer: its slice() shares the memory that a case damages.
const SEALED = Uint8Array.from(
  Buffer.concat([
    ...sealPieces(
      {
        head: Buffer.concat([Buffer.from(HEADER), NONCE]),
        streamKey: deriveStreamKey(FILE_KEY, NONCE),
      },
      [CONTENT],
    ),
  ]),
)

fuzz('files encrypted with age', {}, (random) => {
  attempt(() => readAgeHeader(memorySource(mutate(SEALED.subarray(0, 400), random))))
  const chunks = mutate(SEALED.subarray(HEAD_SIZE), random)
  const source = memorySource(Buffer.concat([SEALED.subarray(0, HEAD_SIZE), chunks]))
  const inside = openAgeSource(source, readAgeHeader(source).length, FILE_KEY)
  const part = Buffer.alloc(5000)
  for (let at = 0; at < inside.size; at += 60_000) {
    const got = attempt(() => inside.read(at, part)) ?? 0
    // What was moved or changed is not what was sealed there: all that is read is authentic.
    assert.ok(part.subarray(0, got).equals(CONTENT.subarray(at, at + got)))
  }
})

const PAIR = makeKeyPair('fuzz')
const SIGNER = await readPrivateKey('key', Buffer.from(PAIR.privateText))
const MESSAGE = Buffer.from('a manifest')
const SIGNATURE = signMessage(MESSAGE, 'here', SIGNER)

fuzz('signatures of SSH, and public keys', {}, (random) => {
  const text = mutateText(SIGNATURE, random)
  for (const { publicBlob } of findPublicKeys(mutateText(PAIR.publicText, random)))
    assert.ok(publicBlob.length > 0)
  const by = parseSignature('sig', text)
  if (isSigned(MESSAGE, 'here', by)) assert.deepEqual(by, parseSignature('sig', SIGNATURE))
})

const MANIFEST = formatManifest({
  ...{ version: 2, target: 'ext4 /dev/vda', release: '6.1', capturedAt: '2026-11-22T10:00:00Z' },
  ...{ complete: true, steps: [], memAvailableMinBytes: 0, dump: {} },
  files: { vmcore: { sizeBytes: 4, sha256: 'ab'.repeat(32) } },
})

fuzz('manifests of dumps, and recipients', {}, (random) => {
  const text = mutateText(MANIFEST, random)
  checkRecipient(
    mutateText('age1lggyhqrw2nlhcxprm67z43rta597azn8gknawjehu9d9dl0jq3yqqvfafg', random),
  )
  const { isIntact, files } = parseManifest('kbox.json', Buffer.from(text))
  if (isIntact === true) assert.equal(text, MANIFEST)
  for (const name of files.keys()) assert.doesNotMatch(name, /\//)
})

fuzz('access logs', {}, (random) => {
  const file = path.join(folder, 'log')
  const line = `{"version":1,"previous":"${'0'.repeat(64)}","hash":"${'0'.repeat(64)}"}\n`
  writeFileSync(file, mutateText(line.repeat(4), random))
  const { lineCount, problems } = verifyLog(file)
  assert.ok(problems.length <= lineCount)
})
