// Access to dumps below a copied tree, whose kdump.conf has a log or not.
import assert from 'node:assert/strict'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, test } from 'node:test'
import { FormatError, HostError } from '../core/base/errors.ts'
import type { AccessRecord } from '../host/control/evidence/access_log.ts'
import { makeDumpFolder } from '../../test/support/dump_folder.ts'
import { withNotedAccess } from './noted_access.ts'

const OPEN = { action: 'open', verb: 'crash' } as const
let root = ''
let vmcore = ''
beforeEach(() => {
  root = mkdtempSync(path.join(os.tmpdir(), 'kbox-noted-'))
  mkdirSync(path.join(root, 'etc'))
  vmcore = path.join(makeDumpFolder(path.join(root, 'var/crash')), 'vmcore')
})
afterEach(() => rmSync(root, { recursive: true }))

const configure = (text: string): void => writeFileSync(path.join(root, 'etc/kdump.conf'), text)
const log = (): AccessRecord[] => {
  const file = path.join(root, 'var/log')
  if (!existsSync(file)) return []
  const lines = readFileSync(file, 'utf8').trimEnd().split('\n')
  return lines.map((line) => JSON.parse(line) as AccessRecord)
}

test('without a log in kdump.conf nothing is noted', async () => {
  assert.equal(await withNotedAccess(OPEN, [vmcore], () => 7, { root }), 7)
  configure('path /var/crash\n')
  assert.equal(await withNotedAccess(OPEN, [vmcore], () => 7, { root }), 7)
  assert.deepEqual(log(), [])
})

test('what is done with a dump below path is noted, with how it ended', async () => {
  configure('access_log /var/log\n')
  assert.equal(await withNotedAccess(OPEN, [vmcore], () => 7, { root }), 7)
  const broken = withNotedAccess(
    ...([OPEN, [vmcore]] as const),
    () => {
      throw new FormatError('vmcore', 0, 'not a vmcore')
    },
    { root },
  )
  await assert.rejects(broken, FormatError)
  assert.deepEqual(
    log().map(({ action, verb, dump, result }) => [action, verb, dump, result]),
    [
      ['open', 'crash', vmcore, 'ok'],
      ['open', 'crash', vmcore, 'vmcore: offset 0x0: not a vmcore'],
    ],
  )
  assert.match(log()[0]?.manifest ?? '', /^[0-9a-f]{64}$/)
})

test('a dump elsewhere is not noted', async () => {
  configure('access_log /var/log\n')
  const other = path.join(makeDumpFolder(path.join(root, 'home')), 'vmcore')
  assert.equal(await withNotedAccess(OPEN, [other], () => 7, { root }), 7)
  assert.deepEqual(log(), [])
})

test('a log that cannot be written is told, and stops what is done only where it is required', async (context) => {
  configure('access_log /var/no/such/folder\n')
  const said: string[] = []
  context.mock.method(process.stderr, 'write', (text: string) => said.push(text) > 0)
  assert.equal(await withNotedAccess(OPEN, [vmcore], () => 7, { root }), 7)
  assert.match(said.join(), /not noted in the access log/)
  configure('access_log /var/no/such/folder required\n')
  await assert.rejects(
    withNotedAccess(OPEN, [vmcore], () => 7, { root }),
    (error) => error instanceof HostError && error.message.includes('cannot be noted'),
  )
})
