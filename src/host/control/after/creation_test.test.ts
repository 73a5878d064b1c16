// How the last `kbox test` went, from trees of files: the status file, and manifests where dumps lie.
import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { after, test } from 'node:test'
import {
  clearCreationTest,
  formatCreationTest,
  readCreationTest,
  settleCreationTest,
  writeCreationTest,
} from './creation_test.ts'
import { DEFAULT_CONF, type KdumpConf } from '../config/kdump_conf_model.ts'

const folder = mkdtempSync(path.join(os.tmpdir(), 'kbox-creation-'))
after(() => rmSync(folder, { recursive: true }))
let count = 0

const ID = '1795673453-000000001'
const PENDING = { status: 'pending', testId: ID } as const
const STATUS = 'var/lib/kdump/vmcore-creation.status'

function machine(files: Readonly<Record<string, string>> = {}): string {
  const root = path.join(folder, String(count++))
  mkdirSync(root)
  for (const [name, text] of Object.entries(files)) {
    const file = path.join(root, name)
    mkdirSync(path.dirname(file), { recursive: true })
    writeFileSync(file, text)
  }
  writeCreationTest(PENDING, root)
  return root
}

const manifest = (complete: boolean, testId = ID): string =>
  JSON.stringify({ version: 2, complete, testId })

function settle(root: string, conf: Partial<KdumpConf> = {}): string | undefined {
  return settleCreationTest({ ...DEFAULT_CONF, ...conf }, root)?.status
}

test("the file is kdumpctl's", () => {
  const root = machine()
  assert.equal(readFileSync(path.join(root, STATUS), 'utf8'), `pending kdump_test_id=${ID}\n`)
  assert.deepEqual(readCreationTest(root), PENDING)
  clearCreationTest(root)
  assert.equal(readCreationTest(root), undefined)
  writeFileSync(path.join(root, STATUS), 'burning kdump_test_id=1-2\n')
  assert.equal(readCreationTest(root), undefined)
})

test('a complete dump with the id is a success, which is remembered', () => {
  const root = machine({
    'var/crash/127.0.0.1-2026-11-26-06:10:53/kbox.json': manifest(true),
    'var/crash/127.0.0.1-2026-11-26-07:00:00/kbox.json': manifest(true, '1-1'),
  })
  assert.equal(settle(root), 'success')
  rmSync(path.join(root, 'var/crash'), { recursive: true })
  assert.equal(settle(root), 'success')
})

test('an incomplete dump, another dump, a broken manifest or none is a failure', () => {
  const name = 'var/crash/127.0.0.1-2026-11-26-06:10:53/kbox.json'
  assert.equal(settle(machine({ [name]: manifest(false) })), 'fail')
  assert.equal(settle(machine({ [name]: manifest(true, '1-1') })), 'fail')
  assert.equal(settle(machine({ [name]: '{"testId": "' })), 'fail')
  assert.equal(settle(machine({ [name]: '{"version": 2, "complete": true}' })), 'fail')
  assert.equal(settle(machine()), 'fail')
})

test('a target nobody can look at from here asks for a person, unless a fallback has the dump', () => {
  const nfs = { kind: 'nfs', server: 'h', export: '/e', options: '', line: 1 } as const
  assert.equal(settle(machine(), { targets: [nfs] }), 'manual')
  const found = { 'var/crash/x/kbox.json': manifest(true) }
  assert.equal(settle(machine(found), { targets: [nfs, { kind: 'path' }] }), 'success')
  assert.equal(
    settle(machine(found), { targets: [nfs], failureAction: 'dump_to_rootfs' }),
    'success',
  )
})

test('the dump of a raw target counts once it is recovered to path', () => {
  const raw = { kind: 'raw', device: { by: 'node', node: '/dev/vdb' }, line: 1 } as const
  assert.equal(settle(machine(), { targets: [raw] }), 'manual')
  const recovered = machine({ 'var/crash/x/kbox.json': manifest(true) })
  assert.equal(settle(recovered, { targets: [raw] }), 'success')
})

test('a file system of its own is looked at where it is mounted', () => {
  const root = machine({
    'srv/dumps/var/crash/x/kbox.json': manifest(true),
    'dev/vdb1': '',
    'proc/self/mountinfo': '31 1 254:17 / /srv/dumps rw - ext4 /dev/vdb1 rw\n',
  })
  mkdirSync(path.join(root, 'dev/disk/by-uuid'), { recursive: true })
  symlinkSync('../../vdb1', path.join(root, 'dev/disk/by-uuid/ab-12'))
  const line = { kind: 'filesystem', fstype: 'ext4', line: 1 } as const
  const byUuid = { ...line, device: { by: 'uuid', uuid: 'ab-12' } } as const
  assert.equal(settle(root, { targets: [byUuid] }), 'success')
  writeCreationTest(PENDING, root)
  const other = { ...line, device: { by: 'node', node: '/dev/vdc' } } as const
  assert.equal(settle(root, { targets: [other] }), 'manual')
})

test("each state has kdumpctl's words", (context) => {
  const { TZ = 'UTC' } = process.env
  process.env['TZ'] = 'UTC'
  context.after(() => (process.env['TZ'] = TZ))
  const words = (['success', 'fail', 'manual'] as const).map((status) =>
    formatCreationTest({ status, testId: ID }),
  )
  assert.deepEqual(words, [
    {
      text: 'Notice: Last successful vmcore creation test on Thu Nov 26 06:10:53 UTC 2026',
      isWarning: false,
    },
    {
      text: 'Last NOT successful vmcore creation test on Thu Nov 26 06:10:53 UTC 2026',
      isWarning: true,
    },
    {
      text: 'Require manual check for vmcore creation test of Thu Nov 26 06:10:53 UTC 2026',
      isWarning: true,
    },
  ])
  assert.equal(formatCreationTest(undefined).text, 'No vmcore creation test performed!')
})
