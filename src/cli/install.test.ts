// The verbs on machines that are folders, and what units call.
import assert from 'node:assert/strict'
import { existsSync, globSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { test } from 'node:test'
import { HostError, UsageError } from '../core/base/errors.ts'
import { placeText, smallPayload } from '../../test/support/small_payload.ts'
import { runInstall, runUninstall } from './install.ts'
import { VERBS } from './verbs.ts'

test('every verb that a unit or a udev rule starts exists', () => {
  const files = globSync('packaging/{systemd,udev}/*')
  const started = files.flatMap((file) =>
    Array.from(readFileSync(file, 'utf8').matchAll(/\/usr\/bin\/kbox (\w[\w-]*)/g), ([, verb]) => ({
      file,
      verb,
    })),
  )
  assert.ok(started.length > 0)
  for (const { file, verb } of started)
    assert.ok(
      VERBS.some(({ name }) => name === verb),
      `${file}: kbox ${verb}`,
    )
})

test('a dry run says what would be done and does nothing', () => {
  using small = smallPayload()
  const argv = ['--root', small.machine, '--dry-run']
  const { code, text } = runInstall(argv, () => small.payload)
  assert.equal(code, 0)
  assert.match(text, /^create {3}\/usr\/bin\/kbox$/m)
  assert.deepEqual(globSync('*', { cwd: small.machine }), [])
})

test('installed and removed again, each says so and the JSON names every file', () => {
  using small = smallPayload()
  const root = ['--root', small.machine]
  const installed = runInstall(root, () => small.payload)
  assert.match(installed.text, /files changed\nnext: systemctl enable kdump\.service/)
  const again = JSON.parse(runInstall([...root, '--json'], () => small.payload).text)
  assert.equal(again.version, 1)
  assert.equal(again.installed, true)
  assert.deepEqual(
    again.files.filter(({ action }: { action: string }) => action !== 'same'),
    [],
  )
  const removed = JSON.parse(runUninstall([...root, '--json']).text)
  assert.equal(removed.files.length, again.files.length)
  assert.deepEqual(removed.kept, [])
  assert.throws(() => runUninstall(root), HostError)
})

test("a file of somebody else's is exit code 1, is named, and nothing is changed", () => {
  using small = smallPayload()
  placeText(small.machine, 'usr/bin/kbox', 'another\n')
  const argv = ['--root', small.machine]
  const { code, text } = runInstall(argv, () => small.payload)
  assert.equal(code, 1)
  assert.match(text, /^conflict \/usr\/bin\/kbox$/m)
  assert.ok(!existsSync(path.join(small.machine, 'usr/lib/kbox')))
  const json = JSON.parse(runInstall([...argv, '--json'], () => small.payload).text)
  assert.equal(json.installed, false)
})

test('a prefix that units could not name is refused', () => {
  using small = smallPayload()
  for (const prefix of ['opt', '/', '/opt/my kbox', '/opt/$x'])
    assert.throws(
      () => runInstall(['--root', small.machine, '--prefix', prefix], () => small.payload),
      UsageError,
      prefix,
    )
})
