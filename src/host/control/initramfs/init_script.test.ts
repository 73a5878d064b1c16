// The script is checked by shells themselves; its configuration must survive any character kdump.conf can hold.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { globSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { test } from 'node:test'
import { encodeCrumbFile, parseCrumbFile } from '../../capture/breadcrumb_layout.ts'
import { APPLETS, formatShellConfig, INIT_SCRIPT } from './init_script.ts'

test('the script is valid shell', () => {
  const { status, stderr } = spawnSync('sh', ['-n'], { input: INIT_SCRIPT })
  assert.equal(stderr.toString(), '')
  assert.equal(status, 0)
})

test('every program the script calls is linked to busybox', () => {
  const called = [
    'cat',
    'date',
    'dd',
    'df',
    'dmesg',
    'echo',
    'findfs',
    'halt',
    'insmod',
    'ln',
    'mkdir',
    'mkfifo',
    'mount',
    'printf',
    'rm',
    'mv',
  ]
  for (const name of [...called, 'poweroff', 'reboot', 'sh', 'sleep', 'stat', 'sync', 'umount']) {
    assert.ok(APPLETS.includes(name), name)
  }
})

test('a line of the shell lands in its block of the breadcrumbs, where that is ours', () => {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'kbox-init-'))
  try {
    const nonce = '0123456789abcdef0123456789abcdef'
    const header = { version: 1, state: 'armed', release: '6', changedAt: '', bootId: '' } as const
    const device = path.join(folder, 'device')
    writeFileSync(device, Buffer.concat([Buffer.alloc(8192), encodeCrumbFile(nonce, header)]))
    const [, body = ''] = /^(crumb\(\) \{\n[^]*?\n\}\n)/m.exec(INIT_SCRIPT) ?? []
    const script = `crumb_uuid=none crumb_node=${device} crumb_nonce=${nonce} crumb_block=3
      ${body.replace('[ -b', '[ -f')}
      crumb 0 'up, 100 % "sure"'; crumb 4 'left'
      crumb_nonce=${'f'.repeat(32)}; crumb 1 'not ours'`
    const { stderr } = spawnSync('busybox', ['sh', '-c', script])
    assert.equal(stderr.toString(), '')
    const { shell, crumbs } = parseCrumbFile('device', readFileSync(device).subarray(8192))
    assert.deepEqual(
      shell.map(({ text }) => text),
      ['up, 100 % "sure"', 'left'],
    )
    assert.deepEqual(crumbs, [])
  } finally {
    rmSync(folder, { recursive: true })
  }
})

test('values reach the shell as they are, whatever is in them', () => {
  const directory = `/a b/'"$(touch /tmp/owned)\`;\\`
  const text = formatShellConfig({
    fstype: 'ext4',
    uuid: '1-2',
    node: '/dev/vda',
    options: '',
    directory,
    failureAction: 'reboot',
    crumbUuid: '',
    crumbNode: '',
    crumbNonce: '',
    crumbBlock: 0,
    watchdog: '',
    encrypted: '',
    stallSeconds: 300,
    overallSeconds: 900,
  })
  const { stdout } = spawnSync('sh', [
    '-c',
    `${text}\nprintf '%s|%s' "$directory" "$stall_seconds"`,
  ])
  assert.equal(stdout.toString(), `${directory}|300`)
})

for (const encrypted of ['', '1'] as const) {
  test(`the shell saves ${encrypted === '' ? 'all of memory' : 'nothing of memory that must be encrypted'}`, () => {
    const folder = mkdtempSync(path.join(os.tmpdir(), 'kbox-init-'))
    try {
      writeFileSync(path.join(folder, 'vmcore'), 'MEMORY')
      const [, body = ''] = /^(save_by_shell\(\) \{\n[^]*?\n\}\n)/m.exec(INIT_SCRIPT) ?? []
      const here = body
        .replaceAll('/proc/vmcore', `${folder}/vmcore`)
        .replaceAll('/mnt', `${folder}/mnt`)
        .replaceAll('> /run/kbox', `> ${folder}/`)
      const script = `fstype=ext4 uuid=none node=none options= directory=/crash encrypted=${encrypted}
        mount() { mkdir -p ${folder}/mnt; }; umount() { :; }; sync() { :; }; dmesg() { echo log; }
        df() { printf 'head\\nx 9 9 9 9 x\\n'; }; say() { :; }; crumb() { :; }
        ${here}
        save_by_shell`
      mkdirSync(path.join(folder, 'heartbeat'))
      const { status } = spawnSync('sh', ['-c', script])
      const names = globSync('mnt/crash/*/*', { cwd: folder }).map((name) => path.basename(name))
      const saved = encrypted === '' ? ['kexec-dmesg.log', 'vmcore'] : ['kexec-dmesg.log']
      assert.deepEqual(names.toSorted(), saved)
      assert.equal(status, encrypted === '' ? 0 : 1)
    } finally {
      rmSync(folder, { recursive: true })
    }
  })
}
