// Packages of a small payload, taken apart by the tools that will unpack them.
import assert from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { test, type TestContext } from 'node:test'
import { smallPayload } from '../test/support/small_payload.ts'
import { VERSION } from '../src/cli/version.ts'
import { writeDeb, writeTarball } from './package.ts'

const skip = spawnSync('dpkg-deb', ['--version']).error ? 'dpkg-deb is not installed' : false

function folder(t: TestContext): string {
  const made = mkdtempSync(path.join(os.tmpdir(), 'kbox-package-test-'))
  t.after(() => rmSync(made, { recursive: true }))
  return made
}

function list(tool: string, ...args: readonly string[]): string[] {
  return execFileSync(tool, args, { encoding: 'utf8' }).trim().split('\n')
}

test('a tarball is a checkout without its sources, below one folder, owned by root', (t) => {
  using small = smallPayload()
  for (const isPlain of [true, false]) {
    const lines = list('tar', '-tvf', writeTarball(small.payload, isPlain, folder(t)))
    const names = lines.map((line) => line.split(/\s+/)[5]?.replace(/^kbox-[^/]+\//, ''))
    for (const name of ['bin/kbox', 'bin/node', 'dist/node', 'dist/busybox', 'LICENSE'])
      assert.ok(names.includes(name), name)
    assert.ok(names.includes('packaging/systemd/kdump.service'))
    assert.ok(!names.some((name) => name?.startsWith('src/')))
    assert.ok(lines.every((line) => line.split(/\s+/)[1] === '0/0'))
  }
})

test('a tarball of the same files has the same bytes', (t) => {
  using small = smallPayload()
  const [one, two] = [folder(t), folder(t)].map((into) => writeTarball(small.payload, true, into))
  assert.equal(spawnSync('cmp', [one ?? '', two ?? '']).status, 0)
})

test(
  'a Debian package has the same layout, its configuration marked and no record of ours',
  { skip },
  (t) => {
    using small = smallPayload()
    const deb = writeDeb(small.payload, folder(t))
    const names = list('dpkg-deb', '-c', deb).map((line) => line.split(/\s+/)[5])
    for (const name of ['./usr/bin/kbox', './usr/lib/systemd/system/kdump.service'])
      assert.ok(names.includes(name), name)
    assert.ok(!names.some((name) => name?.endsWith('installed.json')))
    assert.equal(list('dpkg-deb', '-f', deb, 'Version')[0], VERSION)
    assert.equal(list('dpkg-deb', '-I', deb, 'conffiles')[0], '/etc/kdump.conf')
    for (const script of ['postinst', 'prerm', 'postrm']) {
      const text = execFileSync('dpkg-deb', ['-I', deb, script])
      assert.equal(spawnSync('sh', ['-n'], { input: text }).status, 0, script)
    }
  },
)
