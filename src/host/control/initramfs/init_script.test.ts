// The script is checked by shells themselves; its configuration must survive any character kdump.conf can hold.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { test } from 'node:test'
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
    'mount',
    'mv',
  ]
  for (const name of [...called, 'poweroff', 'reboot', 'sh', 'sleep', 'stat', 'sync', 'umount']) {
    assert.ok(APPLETS.includes(name), name)
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
    stallSeconds: 300,
    overallSeconds: 900,
  })
  const { stdout } = spawnSync('sh', [
    '-c',
    `${text}\nprintf '%s|%s' "$directory" "$stall_seconds"`,
  ])
  assert.equal(stdout.toString(), `${directory}|300`)
})
