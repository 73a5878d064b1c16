// The configuration folder that mkinitramfs is given; that it makes an image of it is shown by test/vm/backends.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { test } from 'node:test'
import { BOOT_SCRIPT, writeConfiguration } from './initramfs_tools.ts'

test("the machine's own configuration is copied, but our modules and our script are in it", (t) => {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'kbox-initramfs-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const own = path.join(folder, 'own')
  for (const part of ['conf.d', 'hooks', 'scripts/local-top'])
    mkdirSync(path.join(own, part), { recursive: true })
  writeFileSync(path.join(own, 'initramfs.conf'), 'MODULES=most\nKEYMAP=n\n')
  writeFileSync(path.join(own, 'modules'), 'nvidia\n')
  writeFileSync(path.join(own, 'conf.d/resume'), 'RESUME=UUID=1\n')
  writeFileSync(path.join(own, 'hooks/mine'), '#!/bin/sh\n')
  const made = path.join(folder, 'made')
  writeConfiguration(made, ['virtio_blk', 'ext4'], own)
  const read = (name: string): string => readFileSync(path.join(made, name), 'utf8')
  assert.match(read('initramfs.conf'), /KEYMAP=n/)
  assert.equal(read('modules'), 'virtio_blk\next4\n')
  assert.match(read('conf.d/zz-kbox'), /^MODULES=list$/m)
  assert.equal(existsSync(path.join(made, 'conf.d/resume')), false)
  assert.equal(existsSync(path.join(made, 'hooks/mine')), true)
  assert.equal(read('scripts/kbox'), BOOT_SCRIPT)
  assert.equal(readFileSync(path.join(own, 'modules'), 'utf8'), 'nvidia\n')
})

test('a machine without a configuration gets ours alone', (t) => {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'kbox-initramfs-'))
  t.after(() => rmSync(folder, { recursive: true }))
  writeConfiguration(path.join(folder, 'made'), [], path.join(folder, 'none'))
  assert.ok(existsSync(path.join(folder, 'made/initramfs.conf')))
})

/** Source the script with what /init has defined, and a /kbox in a folder; returns what was called. */
function bootWith(ready: string): string[] {
  const prelude = `local_top() { echo local_top; }
wait_for_udev() { echo wait_for_udev; }
local_block() { echo local_block; }
sleep() { echo sleep; }
`
  const script = BOOT_SCRIPT.replaceAll('/kbox/ready', ready).replaceAll(
    '/kbox/enter',
    'echo enter',
  )
  const { stdout, stderr } = spawnSync('sh', ['-s'], { input: `${prelude}${script}mountroot\n` })
  assert.equal(stderr.toString(), '')
  return stdout.toString().trim().split('\n')
}

test('the recorder is entered as soon as the devices are there, and after a while in any case', () => {
  assert.deepEqual(bootWith('true'), ['local_top', 'wait_for_udev', 'enter'])
  const never = bootWith('false')
  assert.equal(never.filter((line) => line === 'sleep').length, 30)
  assert.equal(never.at(-1), 'enter')
})
