// The files of packaging/, as the programs that read them would: sh, systemd, and kbox itself.
import assert from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync, globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { test } from 'node:test'
import { parseKdumpConf } from '../config/kdump_conf.ts'

const read = (name: string): string => readFileSync(path.join('packaging', name), 'utf8')

test('the kdump.conf we bring is accepted without a warning', () => {
  const result = parseKdumpConf(read('kdump.conf'))
  assert.deepEqual(result.warnings, [])
  assert.ok(result.ok)
  assert.equal(result.conf.path, '/var/crash')
})

test('a machine without crashkernel= and a capture kernel are skipped, not failed', () => {
  const unit = read('systemd/kdump.service')
  assert.match(unit, /^ConditionKernelCommandLine=\|crashkernel$/m)
  assert.match(unit, /^ConditionPathExists=!\/proc\/vmcore$/m)
  // A shutdown must not unload the capture kernel.
  assert.match(unit, /^DefaultDependencies=no$/m)
  assert.doesNotMatch(unit, /^(Requires|BindsTo|CacheDirectory|StateDirectory)=/m)
})

test('the network is waited for only when dumps go over it', (t) => {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'kbox-generator-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const conf = path.join(folder, 'kdump.conf')
  const generate = (text: string): string => {
    writeFileSync(conf, text)
    const out = mkdtempSync(path.join(folder, 'out-'))
    execFileSync('packaging/systemd/kbox-generator', [out, out, out], {
      env: { ...process.env, KDUMP_CONF: conf },
    })
    const file = path.join(out, 'kdump.service.d/10-network.conf')
    return existsSync(file) ? readFileSync(file, 'utf8') : ''
  }
  for (const line of [
    'nfs my.nfs.server:/export/path',
    'net ssh user@sshserver',
    '  ssh user@host',
    'fallback ssh user@host',
    'http https://host/dumps',
  ])
    assert.match(generate(`path /var/crash\n${line}\n`), /^Wants=network-online\.target$/m, line)
  for (const line of ['#nfs host:/x', 'sshkey /root/key', 'ext4 LABEL=ssh', ''])
    assert.equal(generate(`path /var/crash\n${line}\n`), '', line)
  rmSync(conf)
  const { status } = spawnSync('packaging/systemd/kbox-generator', [folder, folder, folder], {
    env: { ...process.env, KDUMP_CONF: conf },
  })
  assert.equal(status, 0)
})

test('every shell script parses', () => {
  for (const file of ['packaging/bin/kbox', 'packaging/systemd/kbox-generator'])
    assert.equal(spawnSync('sh', ['-n', file]).status, 0, file)
  assert.ok(globSync('packaging/systemd/*.service').length >= 2)
})
