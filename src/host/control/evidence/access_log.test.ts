// Logs in a temporary folder, written by several processes, cut and changed.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import {
  appendFileSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, test } from 'node:test'
import { HostError } from '../../../core/base/errors.ts'
import { appendAccess, NO_HASH, type AccessEvent, type AccessRecord } from './access_log.ts'
import { verifyLog } from './verify_log.ts'

const EVENT: AccessEvent = {
  ...{ action: 'open', verb: 'crash', dump: '/var/crash/x/vmcore', manifest: 'ab', result: 'ok' },
}
let folder = ''
let log = ''
beforeEach(() => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'kbox-log-'))
  log = path.join(folder, 'access.log')
})
afterEach(() => rmSync(folder, { recursive: true }))

const lines = (): string[] => readFileSync(log, 'utf8').trimEnd().split('\n')
const wrongLines = (): number[] => verifyLog(log).problems.map(({ line }) => line)

test('a line tells who did what, and the chain holds', () => {
  for (let i = 0; i < 3; i++) appendAccess(log, { ...EVENT, dump: `/var/crash/${i}/vmcore` })
  const records = lines().map((line) => JSON.parse(line) as AccessRecord)
  assert.deepEqual(
    records.map(({ dump }) => dump.at(-8)),
    ['0', '1', '2'],
  )
  assert.equal(records[0]?.previous, NO_HASH)
  assert.equal(records[0]?.who.uid, process.getuid?.())
  assert.equal(statSync(log).mode & 0o777, 0o600)
  const { lineCount, problems, head } = verifyLog(log)
  assert.deepEqual({ lineCount, problems }, { lineCount: 3, problems: [] })
  assert.notEqual(head, NO_HASH)
})

test('a flipped bit in any byte is found', () => {
  for (let i = 0; i < 3; i++) appendAccess(log, EVENT)
  const bytes = readFileSync(log)
  for (let at = 0; at < bytes.length; at++) {
    const bad = Buffer.from(bytes)
    bad.writeUInt8(bad.readUInt8(at) ^ (1 << (at & 7)), at)
    writeFileSync(log, bad)
    assert.notDeepEqual(wrongLines(), [], `byte ${at}`)
  }
})

test('a line that is cut out, put in or moved is found', () => {
  for (let i = 0; i < 4; i++) appendAccess(log, { ...EVENT, dump: String(i) })
  const [a = '', b = '', c = '', d = ''] = lines()
  const write = (...texts: string[]): void => writeFileSync(log, `${texts.join('\n')}\n`)
  write(b, c, d)
  assert.deepEqual(wrongLines(), [1])
  write(a, c, d)
  assert.deepEqual(wrongLines(), [2])
  write(a, b, b, c, d)
  assert.deepEqual(wrongLines(), [3])
  write(a, c, b, d)
  assert.deepEqual(wrongLines(), [2, 3, 4])
})

test('what is cut off at the end shows to whoever kept the head', () => {
  for (let i = 0; i < 3; i++) appendAccess(log, EVENT)
  const { head } = verifyLog(log)
  appendAccess(log, EVENT)
  assert.ok(verifyLog(log, head).hasHead)
  writeFileSync(log, `${lines().slice(0, 2).join('\n')}\n`)
  assert.deepEqual(wrongLines(), [])
  assert.equal(verifyLog(log, head).hasHead, false)
})

test('a line that a power failure cut is told, and the next one is whole', () => {
  for (let i = 0; i < 2; i++) appendAccess(log, EVENT)
  truncateSync(log, statSync(log).size - 30)
  assert.deepEqual(wrongLines(), [2])
  appendAccess(log, EVENT)
  assert.equal(lines().length, 3)
  assert.deepEqual(wrongLines(), [2])
})

test('a log that is a link or a folder is refused', () => {
  symlinkSync('elsewhere', log)
  assert.throws(() => appendAccess(log, EVENT), HostError)
  assert.throws(() => appendAccess(folder, EVENT), HostError)
})

test('processes that write at once do not break the chain', async () => {
  const code = `import { appendAccess } from ${JSON.stringify(new URL('access_log.ts', import.meta.url).href)}
for (let i = 0; i < 20; i++) appendAccess(process.argv[1], ${JSON.stringify(EVENT)})`
  const ends = Array.from({ length: 3 }, () => {
    const child = spawn(process.execPath, ['--input-type=module', '-e', code, log], {
      stdio: ['ignore', 'ignore', 'inherit'],
    })
    return new Promise((resolve) => child.once('close', resolve))
  })
  assert.deepEqual(await Promise.all(ends), [0, 0, 0])
  const { lineCount, problems } = verifyLog(log)
  assert.deepEqual({ lineCount, problems }, { lineCount: 60, problems: [] })
})

test('text that is no log is told line by line, up to a few', () => {
  appendFileSync(log, 'x\n'.repeat(100))
  const { lineCount, problems } = verifyLog(log)
  assert.equal(lineCount, 100)
  assert.ok(problems.length > 0 && problems.length < 50)
})
