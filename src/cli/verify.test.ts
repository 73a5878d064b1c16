// kbox verify, sign and pin on folders of dumps: exit codes and what is printed.
import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, test } from 'node:test'
import { generateIdentity, identityToRecipient } from 'age-encryption'
import { HostError, UsageError } from '../core/base/errors.ts'
import { appendAccess } from '../host/control/evidence/access_log.ts'
import { beginAgeFile } from '../host/platform/age/age_header.ts'
import { sealPieces } from '../host/platform/age/age_output.ts'
import { makeKeyPair } from '../host/target/ssh/ssh_key.ts'
import { makeDumpFolder } from '../../test/support/dump_folder.ts'
import { verbOutput } from '../../test/support/verb_output.ts'
import { pinMain } from './pin.ts'
import { signMain } from './sign.ts'
import { verifyMain } from './verify.ts'

let root = ''
let folder = ''
beforeEach(() => {
  root = mkdtempSync(path.join(os.tmpdir(), 'kbox-verify-'))
  folder = makeDumpFolder(root)
})
afterEach(() => rmSync(root, { recursive: true }))
const at = (name: string): string => path.join(root, name)

test('a folder as it was recorded is 0, a changed one 1 with the file named, one without sums 3', async (context) => {
  assert.equal((await verbOutput(context, verifyMain, [folder])).code, 0)
  const unsummed = makeDumpFolder(root, { name: 'unsummed', hasSums: false })
  assert.equal((await verbOutput(context, verifyMain, [unsummed])).code, 3)
  writeFileSync(path.join(folder, 'vmcore'), 'DUNP')
  const { code, stdout } = await verbOutput(context, verifyMain, [unsummed, folder])
  assert.equal(code, 1)
  assert.match(stdout, /CHANGED +vmcore /)
  assert.match(stdout, /DIFFERENT/)
})

test('an incomplete dump is called that, and is as it was recorded', async (context) => {
  const part = makeDumpFolder(root, { name: 'part', complete: false })
  const { code, stdout } = await verbOutput(context, verifyMain, [part])
  assert.equal(code, 0)
  assert.match(stdout, /INCOMPLETE dump/)
})

test('JSON has each file and the exit code', async (context) => {
  const { stdout } = await verbOutput(context, verifyMain, ['--json', folder])
  const { version, folders } = JSON.parse(stdout) as {
    version: number
    folders: { exitCode: number; files: { name: string; state: string }[] }[]
  }
  assert.equal(version, 1)
  assert.equal(folders[0]?.exitCode, 0)
  assert.deepEqual(
    folders[0].files.map(({ name, state }) => [name, state]),
    [['vmcore', 'same']],
  )
})

test('with --key the manifest must be signed by it', async (context) => {
  const mine = makeKeyPair('me')
  writeFileSync(at('key'), mine.privateText, { mode: 0o600 })
  writeFileSync(at('key.pub'), mine.publicText)
  writeFileSync(at('other.pub'), makeKeyPair('other').publicText)
  const verify = async (key: string): Promise<number> =>
    (await verbOutput(context, verifyMain, ['--key', at(key), folder])).code
  assert.equal(await verify('key.pub'), 1)
  const { stdout } = await verbOutput(context, signMain, ['--key', at('key'), folder])
  assert.match(stdout, /signed by SHA256:/)
  assert.equal(await verify('key.pub'), 0)
  assert.equal(await verify('other.pub'), 1)
  writeFileSync(path.join(folder, 'vmcore'), 'DUNP')
  await assert.rejects(signMain(['--key', at('key'), folder]), HostError)
})

test("with --identity a damaged chunk is found, though the sum is the damaged file's own", async (context) => {
  const identity = await generateIdentity()
  writeFileSync(at('id'), `${identity}\n`)
  const file = await beginAgeFile([await identityToRecipient(identity)])
  const sealed = Buffer.concat([...sealPieces(file, [new Uint8Array(200_000)])])
  const verify = (name: string, content: Uint8Array) => {
    const made = makeDumpFolder(root, { name, files: { 'vmcore.flat.age': content } })
    return verbOutput(context, verifyMain, ['--identity', at('id'), made])
  }
  assert.equal((await verify('whole', sealed)).code, 0)
  assert.match((await verify('cut', sealed.subarray(0, -1))).stdout, /DAMAGED.*cut/)
  sealed.writeUInt8(sealed.readUInt8(70_000) ^ 1, 70_000)
  const { code, stdout } = await verify('bad', sealed)
  assert.equal(code, 1)
  assert.match(stdout, /DAMAGED .*chunk \d is damaged/)
})

test('a log is checked, and its head compared', async (context) => {
  const event = { action: 'open', verb: 'crash', dump: 'x', manifest: '', result: 'ok' } as const
  for (let i = 0; i < 3; i++) appendAccess(at('log'), event)
  const whole = await verbOutput(context, verifyMain, ['--log', at('log')])
  assert.equal(whole.code, 0)
  const head = /head ([0-9a-f]{64})/.exec(whole.stdout)?.[1] ?? ''
  const lines = readFileSync(at('log'), 'utf8').split('\n')
  writeFileSync(at('log'), `${lines.slice(0, 2).join('\n')}\n`)
  assert.equal((await verbOutput(context, verifyMain, ['--log', at('log')])).code, 0)
  const cut = await verbOutput(context, verifyMain, ['--log', at('log'), '--head', head])
  assert.equal(cut.code, 1)
  assert.match(cut.stdout, /the end was cut off/)
})

test('a dump is pinned with who, when and why, and unpinned', async () => {
  assert.equal(await pinMain(['--why', 'case 7', folder]), 0)
  assert.match(readFileSync(path.join(folder, 'pinned'), 'utf8'), /^\d{4}-.* case 7\n$/)
  assert.equal(await pinMain(['--remove', folder]), 0)
  assert.equal(existsSync(path.join(folder, 'pinned')), false)
  await assert.rejects(pinMain([root]), HostError)
})

test('what is missing is a usage error', async () => {
  await assert.rejects(verifyMain([]), UsageError)
  await assert.rejects(signMain([folder]), UsageError)
  await assert.rejects(pinMain([]), UsageError)
})
