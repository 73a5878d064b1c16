// Real files: installed, updated, interrupted and removed.
import assert from 'node:assert/strict'
import { existsSync, globSync, mkdirSync, readFileSync, readlinkSync, statSync } from 'node:fs'
import path from 'node:path'
import { test } from 'node:test'
import {
  placeText,
  smallPayload,
  type SmallPayload,
} from '../../../../test/support/small_payload.ts'
import { applyInstall, applyUninstall } from './apply_install.ts'
import { planInstall } from './install_plan.ts'
import { readRecord, recordPath } from './install_record.ts'

function install({ payload, machine }: SmallPayload): void {
  applyInstall(planInstall(payload, { root: machine, prefix: '/usr', withNode: true, kbox: '1' }))
}

function uninstall({ machine }: SmallPayload): string[] {
  const record = readRecord(machine, '/usr')
  assert.ok(record)
  return applyUninstall(machine, '/usr', record)
}

test('programs can be run, the link leads to them, and what may hold keys is closed', () => {
  using small = smallPayload()
  install(small)
  const mode = (name: string): number => statSync(path.join(small.machine, name)).mode & 0o777
  assert.equal(mode('usr/bin/kbox'), 0o755)
  assert.equal(mode('usr/lib/kbox/busybox'), 0o755)
  assert.equal(mode('usr/lib/kbox/kbox.mjs'), 0o644)
  assert.equal(mode('var/lib/kdump'), 0o700)
  assert.equal(mode('var/crash'), 0o755)
  assert.equal(readlinkSync(path.join(small.machine, 'usr/bin/kdumpctl')), 'kbox')
  assert.deepEqual(globSync('**/*.new', { cwd: small.machine }), [])
})

test('a folder of dumps keeps its mode', () => {
  using small = smallPayload()
  mkdirSync(path.join(small.machine, 'var/crash'), { recursive: true, mode: 0o700 })
  install(small)
  assert.equal(statSync(path.join(small.machine, 'var/crash')).mode & 0o777, 0o700)
})

test('an interrupted installation knows its own files again', () => {
  using small = smallPayload()
  install(small)
  // Half of an update: the record is new, a file is the old one.
  const { machine, payload } = small
  placeText(payload.root, 'dist/bundle/kbox.mjs', 'new\n')
  const plan = planInstall(payload, { root: machine, prefix: '/usr', withNode: true, kbox: '2' })
  placeText(machine, recordPath('/usr'), JSON.stringify(plan.record))
  install(small)
  assert.equal(readFileSync(path.join(machine, 'usr/lib/kbox/kbox.mjs'), 'utf8'), 'new\n')
})

test('an update removes what only the old one had', () => {
  using small = smallPayload(['chunk-OLD.mjs'])
  install(small)
  using next = smallPayload(['chunk-NEW.mjs'])
  install({ ...next, machine: small.machine })
  const chunks = globSync('usr/lib/kbox/chunk-*', { cwd: small.machine })
  assert.deepEqual(chunks, ['usr/lib/kbox/chunk-NEW.mjs'])
})

test('uninstalled, only the folders for dumps are left', () => {
  using small = smallPayload()
  install(small)
  placeText(small.machine, 'var/cache/kbox/compiled', '')
  placeText(small.machine, 'var/crash/127.0.0.1-2026/vmcore', '')
  assert.deepEqual(uninstall(small), [])
  const left = globSync('**/*', { cwd: small.machine }).filter((name) =>
    statSync(path.join(small.machine, name)).isFile(),
  )
  assert.deepEqual(left, ['var/crash/127.0.0.1-2026/vmcore'])
  assert.ok(!existsSync(path.join(small.machine, 'usr')))
})

test('what was edited since stays, and so does what we never brought', () => {
  using small = smallPayload()
  placeText(small.machine, 'usr/bin/other', '')
  install(small)
  placeText(small.machine, 'etc/kdump.conf', 'path /srv\n')
  assert.deepEqual(uninstall(small), ['etc/kdump.conf'])
  assert.ok(existsSync(path.join(small.machine, 'usr/bin/other')))
  assert.ok(existsSync(path.join(small.machine, 'etc/kdump.conf')))
})
