// Folders of dumps after a boot: a small kernel in one, nonsense in others.
import assert from 'node:assert/strict'
import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, test } from 'node:test'
import { writeKernelFile } from '../../../../test/support/kernel_file.ts'
import { smallKernel } from '../../../../test/support/small_kernel.ts'
import { makeDumpFolder } from '../../../../test/support/dump_folder.ts'
import { makeKeyPair } from '../../target/ssh/ssh_key.ts'
import { DEFAULT_CONF, type KdumpConf } from '../config/kdump_conf_model.ts'
import type { AccessRecord } from './access_log.ts'
import { careForDumps } from './aftercare.ts'
import { isUnchanged, verifyFolder } from './verify_folder.ts'

const smallVmcore = (): Uint8Array => {
  const file = path.join(root, 'small')
  writeKernelFile(smallKernel().program, file)
  return readFileSync(file)
}

let root = ''
let crash = ''
beforeEach(() => {
  root = mkdtempSync(path.join(os.tmpdir(), 'kbox-care-'))
  crash = path.join(root, 'var/crash')
})
afterEach(() => rmSync(root, { recursive: true }))

const day = (number: number): string => `2026-11-0${number}T10:00:00.000Z`
const care = async (changes: Partial<KdumpConf> = {}): Promise<string> => {
  const messages = await careForDumps({ ...DEFAULT_CONF, ...changes }, Date.now(), root)
  return messages.map(({ text }) => text).join('\n')
}

test('a report is written beside the dump once, for root only, and the folder still is as recorded', async () => {
  const folder = makeDumpFolder(crash, { files: { vmcore: smallVmcore() } })
  assert.match(await care(), /report: .*report\.txt/)
  const report = path.join(folder, 'report.json')
  assert.equal(statSync(report).mode & 0o777, 0o600)
  assert.match(readFileSync(path.join(folder, 'report.txt'), 'utf8'), /\S/)
  assert.ok(isUnchanged(verifyFolder(folder)))
  writeFileSync(report, 'kept')
  assert.equal(await care(), '')
  assert.equal(readFileSync(report, 'utf8'), 'kept')
})

test('a dump that cannot be opened is told once, and the others have their reports', async () => {
  const bad = makeDumpFolder(crash, { capturedAt: day(2) })
  const good = makeDumpFolder(crash, { capturedAt: day(1), files: { vmcore: smallVmcore() } })
  assert.match(await care(), new RegExp(`${bad}: .*not a vmcore`))
  assert.ok(existsSync(path.join(good, 'report.json')))
  assert.equal(await care(), '')
})

test('with auto_report no there is none, and of many dumps the newest have one', async () => {
  for (const number of [1, 2, 3, 4, 5])
    makeDumpFolder(crash, { capturedAt: day(number), files: { vmcore: smallVmcore() } })
  assert.equal(await care({ autoReport: false }), '')
  await care()
  const made = readdirSync(crash).filter((name) =>
    existsSync(path.join(crash, name, 'report.json')),
  )
  assert.deepEqual(
    made.map((name) => name.slice(17, 20)),
    ['-03', '-04', '-05'],
  )
})

test('an encrypted dump is left alone, and it is said what makes its report', async () => {
  makeDumpFolder(crash, { files: { 'vmcore.flat.age': 'age-encryption.org/v1\n-> X25519 x\n' } })
  assert.match(await care(), /encrypted: kbox report --identity/)
})

test('the manifest is signed, unless the folder was changed', async () => {
  const { privateText } = makeKeyPair('machine')
  writeFileSync(path.join(root, 'key'), privateText, { mode: 0o600 })
  const good = makeDumpFolder(crash, { capturedAt: day(1) })
  const bad = makeDumpFolder(crash, { capturedAt: day(2) })
  writeFileSync(path.join(bad, 'vmcore'), 'other')
  const text = await care({ signKey: '/key', autoReport: false })
  assert.match(text, /signed .*2026-11-01.* with SHA256:/)
  assert.match(text, /2026-11-02.*: not as its manifest says/)
  assert.deepEqual(
    [good, bad].map((folder) => existsSync(path.join(folder, 'kbox.json.sig'))),
    [true, false],
  )
})

test('dumps that are not kept are removed, and the log has each', async () => {
  for (const number of [1, 2, 3]) makeDumpFolder(crash, { capturedAt: day(number) })
  const retention = { count: 1, bytes: undefined, ageDays: undefined }
  const accessLog = { file: '/log', isRequired: true }
  const text = await care({ autoReport: false, retention, accessLog })
  assert.equal(text.match(/removed/g)?.length, 2)
  const records = readFileSync(path.join(root, 'log'), 'utf8').trimEnd().split('\n')
  const [first] = records.map((line) => JSON.parse(line) as AccessRecord)
  assert.equal(records.length, 2)
  assert.equal(first?.action, 'remove')
  assert.match(first?.dump ?? '', /2026-11-01/)
})
