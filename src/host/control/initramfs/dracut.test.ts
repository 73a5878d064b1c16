// The command line, and what goes into dracut's folder; that dracut makes an image of it is shown by test/vm/backends.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { test } from 'node:test'
import { dracutArguments, MODULE_FILES } from './dracut.ts'

const STORAGE = {
  layers: ['LVM', 'RAID'],
  devices: [{ node: '/dev/mapper/vg-lv', uuid: '1-2' }],
  drivers: ['virtio_blk', 'ext4'],
  dracutArgs: `--add "dm lvm" --include '/a b' /c`,
} as const

test('the image is for the devices of the targets and no others, without systemd', () => {
  const args = dracutArguments('/out.img', '/scratch', STORAGE, '6.1.0-test')
  const after = (option: string): string | undefined => args[args.indexOf(option) + 1]
  assert.equal(after('--kver'), '6.1.0-test')
  assert.equal(after('--add-device'), '/dev/mapper/vg-lv')
  assert.ok(args.includes('--no-hostonly-default-device'))
  assert.equal(after('--add'), 'kbox dm lvm mdraid')
  assert.match(after('--omit') ?? '', /^systemd /)
  assert.equal(after('--add-drivers'), 'virtio_blk ext4')
})

test("the user's arguments come behind ours, split as a shell would", () => {
  const args = dracutArguments('/out.img', '/scratch', STORAGE, '6.1.0-test')
  assert.deepEqual(args.slice(-6), ['--add', 'dm lvm', '--include', '/a b', '/c', '/out.img'])
})

test('the module is valid shell and starts the recorder wherever dracut may stop', () => {
  for (const [name, text] of Object.entries(MODULE_FILES)) {
    const shell = text.startsWith('#!/bin/bash') ? 'bash' : 'sh'
    assert.equal(spawnSync(shell, ['-n'], { input: text }).stderr.toString(), '', name)
  }
  for (const hook of ['initqueue/timeout', 'pre-mount', 'emergency'])
    assert.match(
      MODULE_FILES['module-setup.sh'] ?? '',
      new RegExp(`${hook} 01 "\\$moddir/kbox-enter`),
    )
})
