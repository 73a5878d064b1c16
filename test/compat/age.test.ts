// age(1) and kbox read each other's files.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { after, describe, test } from 'node:test'
import { generateHybridIdentity, generateX25519Identity, identityToRecipient } from 'age-encryption'
import { findAge } from '../../scripts/fetch_age.ts'
import { beginAgeFile } from '../../src/host/platform/age/age_header.ts'
import { sealPieces } from '../../src/host/platform/age/age_output.ts'
import { openDumpFile, unlockFiles } from '../../src/host/platform/age/unlock.ts'

const age = findAge() ?? ''
const skip = age === '' ? 'age is not there: bin/node scripts/fetch_age.ts' : false

describe('age', { skip }, () => {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'kbox-age-'))
  after(() => rmSync(folder, { recursive: true }))
  const at = (name: string): string => path.join(folder, name)
  const run = (args: readonly string[], input = Buffer.alloc(0)) =>
    spawnSync(age, args, { input, maxBuffer: 1 << 26 })

  for (const size of [0, 1, 65_536, 65_537, 1_000_000]) {
    test(`opens ${size} bytes that we encrypted, and we open what it encrypts`, async () => {
      const identity = await generateX25519Identity()
      const recipient = await identityToRecipient(identity)
      const content = randomBytes(size)
      writeFileSync(at('key'), `${identity}\n`)
      const file = await beginAgeFile([recipient])
      writeFileSync(at('ours.age'), Buffer.concat([...sealPieces(file, [content])]))
      const opened = run(['-d', '-i', at('key'), at('ours.age')])
      assert.equal(opened.status, 0, opened.stderr.toString())
      assert.ok(opened.stdout.equals(content))
      writeFileSync(at('theirs.age'), run(['-r', recipient], content).stdout)
      await unlockFiles([at('theirs.age')], at('key'))
      using source = openDumpFile(at('theirs.age'))
      const bytes = Buffer.alloc(source.size)
      source.read(0, bytes)
      assert.ok(bytes.equals(content))
    })
  }

  test('refuses ours with one bit flipped, wherever', async () => {
    const identity = await generateX25519Identity()
    writeFileSync(at('key'), `${identity}\n`)
    const file = await beginAgeFile([await identityToRecipient(identity)])
    const sealed = Buffer.concat([...sealPieces(file, [randomBytes(70_000)])])
    for (const offset of [30, 100, 200, 1000, 66_000, sealed.length - 1]) {
      const bad = Buffer.from(sealed)
      bad.writeUInt8(bad.readUInt8(offset) ^ 1, offset)
      writeFileSync(at('bad.age'), bad)
      assert.notEqual(run(['-d', '-i', at('key'), at('bad.age')]).status, 0, `byte ${offset}`)
    }
  })

  test('keys that are safe from quantum computers work here, whatever Debian has', async () => {
    const identity = await generateHybridIdentity()
    writeFileSync(at('key'), `${identity}\n`)
    const file = await beginAgeFile([await identityToRecipient(identity)])
    writeFileSync(at('pq.age'), Buffer.concat([...sealPieces(file, ['DUMP'])]))
    await unlockFiles([at('pq.age')], at('key'))
    using source = openDumpFile(at('pq.age'))
    assert.equal(source.size, 4)
  })
})
