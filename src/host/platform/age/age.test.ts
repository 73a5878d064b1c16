// Files written by our own chunks and the library's header, read back by ours, by the library, and damaged.
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { after, test } from 'node:test'
import { Decrypter, Encrypter, generateIdentity, identityToRecipient } from 'age-encryption'
import { FormatError, HostError } from '../../../core/base/errors.ts'
import { memorySource } from '../../../core/io/memory_source.ts'
import { MemoryOutput } from '../../../../test/support/memory_output.ts'
import { openFileSource } from '../file_source.ts'
import { CHUNK_SIZE, SEALED_SIZE } from './age_format.ts'
import { beginAgeFile, unlockHeader } from './age_header.ts'
import { sealOutput, sealPieces } from './age_output.ts'
import { openAgeSource, readAgeHeader, type AgeSource } from './age_source.ts'
import { isEncrypted, openDumpFile, unlockFiles } from './unlock.ts'

const folder = mkdtempSync(path.join(os.tmpdir(), 'kbox-age-'))
after(() => rmSync(folder, { recursive: true }))
const identity = await generateIdentity()
const recipient = await identityToRecipient(identity)

async function seal(content: Uint8Array, to: readonly string[] = [recipient]): Promise<Buffer> {
  return Buffer.concat([...sealPieces(await beginAgeFile(to), [content])])
}

async function open(bytes: Uint8Array): Promise<AgeSource> {
  const source = memorySource(bytes, 'x.age')
  const header = readAgeHeader(source)
  return openAgeSource(source, header.length, await unlockHeader('x.age', header, [identity]))
}

function readAll(source: AgeSource): Buffer {
  const bytes = Buffer.alloc(source.size)
  assert.equal(source.read(0, bytes), source.size)
  return bytes
}

for (const size of [0, 1, CHUNK_SIZE - 1, CHUNK_SIZE, CHUNK_SIZE + 1, 3 * CHUNK_SIZE]) {
  test(`${size} bytes come back, and the library reads the same file`, async () => {
    const content = randomBytes(size)
    const sealed = await seal(content)
    const source = await open(sealed)
    assert.equal(source.isCut, false)
    assert.ok(readAll(source).equals(content))
    const decrypter = new Decrypter()
    decrypter.addIdentity(identity)
    assert.ok(Buffer.from(await decrypter.decrypt(sealed)).equals(content))
  })
}

test('what the library encrypts is read', async () => {
  const encrypter = new Encrypter()
  encrypter.addRecipient(recipient)
  const content = randomBytes(100_000)
  assert.ok(readAll(await open(await encrypter.encrypt(content))).equals(content))
})

test('each of several recipients opens a file, and nobody else', async () => {
  const other = await generateIdentity()
  const third = await generateIdentity()
  const sealed = await seal(randomBytes(9), [recipient, await identityToRecipient(other)])
  const header = readAgeHeader(memorySource(sealed))
  const keys = await Promise.all([identity, other].map((one) => unlockHeader('x', header, [one])))
  assert.deepEqual(keys[0], keys[1])
  await assert.rejects(unlockHeader('x', header, [third]), FormatError)
})

test('reads may begin and end anywhere', async () => {
  const content = randomBytes(2 * CHUNK_SIZE + 77)
  const source = await open(await seal(content))
  for (const [offset, size] of [
    [0, 1],
    [CHUNK_SIZE - 3, 7],
    [CHUNK_SIZE, 5],
    [70, 2 * CHUNK_SIZE],
  ]) {
    const into = Buffer.alloc(size as number)
    assert.equal(source.read(offset as number, into), size)
    assert.ok(into.equals(content.subarray(offset, (offset as number) + (size as number))))
  }
  assert.equal(source.read(content.length - 2, new Uint8Array(9)), 2)
  assert.equal(source.read(content.length, new Uint8Array(9)), 0)
})

test('a flipped bit is found in the chunk that has it, the others are read', async () => {
  const content = randomBytes(3 * CHUNK_SIZE)
  const sealed = await seal(content)
  const start = sealed.length - 3 * SEALED_SIZE
  for (const chunk of [0, 1, 2]) {
    const bad = Buffer.from(sealed)
    const at = start + chunk * SEALED_SIZE + 1000
    bad.writeUInt8(bad.readUInt8(at) ^ 4, at)
    // The last chunk is read when the file is opened: it looks cut then, and has no end.
    const source = await open(bad)
    assert.equal(source.isCut, chunk === 2)
    for (const other of [0, 1, 2]) {
      const read = () => source.read(other * CHUNK_SIZE, new Uint8Array(10))
      if (other === chunk) assert.throws(read, { name: 'FormatError', message: /is damaged/ })
      else assert.equal(read(), 10)
    }
  }
})

test('a file that was cut is read up to there, and says so', async () => {
  const content = randomBytes(3 * CHUNK_SIZE)
  const sealed = await seal(content)
  for (const lost of [1, SEALED_SIZE, SEALED_SIZE + 17]) {
    const source = await open(sealed.subarray(0, sealed.length - lost))
    assert.ok(source.isCut)
    assert.equal(source.size, lost > SEALED_SIZE ? CHUNK_SIZE : 2 * CHUNK_SIZE)
    assert.ok(readAll(source).equals(content.subarray(0, source.size)))
  }
})

test('a header that is damaged anywhere opens nothing', async () => {
  const sealed = await seal(randomBytes(50))
  const size = readAgeHeader(memorySource(sealed)).length
  for (let at = 0; at < size + 16; at++) {
    const bad = Buffer.from(sealed)
    bad.writeUInt8(bad.readUInt8(at) ^ 1, at)
    await assert.rejects(open(bad), FormatError, `byte ${at}`)
  }
  for (const end of [0, 10, size - 1, size, size + 15, size + 16])
    await assert.rejects(open(sealed.subarray(0, end)), FormatError, `cut at ${end}`)
})

test('an output that takes no more has its problem told, and stays in order', async () => {
  const inner = new MemoryOutput(CHUNK_SIZE)
  const output = sealOutput(await beginAgeFile([recipient]), inner)
  assert.equal(output.write(0, randomBytes(1000)), 1000)
  assert.equal(output.write(1000, randomBytes(3 * CHUNK_SIZE)), 0)
  assert.equal(output.problem?.errno, 'ENOSPC')
})

test('a dump is opened once it is unlocked, and not before', async () => {
  const file = path.join(folder, 'vmcore.age')
  const keys = path.join(folder, 'key.txt')
  const content = randomBytes(CHUNK_SIZE + 5)
  writeFileSync(file, await seal(content))
  writeFileSync(keys, `# created: today\n${identity}\n`)
  assert.ok(isEncrypted(file))
  assert.equal(isEncrypted(keys), false)
  assert.throws(() => openDumpFile(file), {
    name: 'HostError',
    errno: 'ENOKEY',
    message: /--identity/,
  })
  await assert.rejects(unlockFiles([file], ''), HostError)
  writeFileSync(path.join(folder, 'none.txt'), 'nothing\n')
  await assert.rejects(unlockFiles([file], path.join(folder, 'none.txt')), /no AGE-SECRET-KEY/)
  await unlockFiles([file, keys], keys)
  {
    using source = openDumpFile(file)
    assert.equal(source.size, content.length)
  }
  truncateSync(file, 100)
  assert.throws(() => openDumpFile(file), FormatError)
  using plain = openDumpFile(keys)
  using same = openFileSource(keys)
  assert.equal(plain.size, same.size)
})
