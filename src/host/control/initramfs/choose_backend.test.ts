// Roots with and without the distribution's tools; what is asked of them is the choice and the words of a refusal.
import assert from 'node:assert/strict'
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { after, before, test } from 'node:test'
import { chooseBackend } from './choose_backend.ts'

let folder = ''
before(() => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'kbox-choose-'))
  for (const program of [
    'both/usr/bin/dracut',
    'both/usr/sbin/mkinitramfs',
    'debian/usr/sbin/mkinitramfs',
  ]) {
    mkdirSync(path.dirname(path.join(folder, program)), { recursive: true })
    writeFileSync(path.join(folder, program), '')
    chmodSync(path.join(folder, program), 0o755)
  }
})
after(() => rmSync(folder, { recursive: true }))

const root = (name: string): string => path.join(folder, name)

test('plain disks need nobody but kbox', () => {
  const { backend, reason } = chooseBackend('auto', [], root('both'))
  assert.deepEqual([backend.name, reason], ['builtin', 'plain devices'])
})

test('LVM and the like are left to dracut, and where there is none to initramfs-tools', () => {
  const { backend, reason } = chooseBackend('auto', ['LVM', 'RAID'], root('both'))
  assert.deepEqual([backend.name, reason], ['dracut', 'the target needs LVM on RAID'])
  assert.equal(chooseBackend('auto', ['LVM'], root('debian')).backend.name, 'initramfs-tools')
})

test('initramfs-tools is not asked for what its hooks do for the root only', () => {
  assert.equal(chooseBackend('auto', ['LVM', 'LUKS'], root('both')).backend.name, 'dracut')
  assert.throws(
    () => chooseBackend('auto', ['LUKS'], root('debian')),
    /: install dracut \(Debian: dracut-core\), or name a plain partition/,
  )
})

test('without a tool, both packages are named', () => {
  assert.throws(() => chooseBackend('auto', ['RAID'], root('none')), {
    message:
      'the target needs RAID, which must be set up in the capture kernel: install dracut (Debian: dracut-core) or initramfs-tools-core, or name a plain partition in kdump.conf',
  })
})

test('what no tool sets up is said to be so', () => {
  assert.throws(
    () => chooseBackend('auto', ['network block device'], root('both')),
    /no back-end sets that up/,
  )
})

test('the configuration overrides, as far as it is possible', () => {
  assert.equal(chooseBackend('initramfs-tools', [], root('both')).backend.name, 'initramfs-tools')
  assert.throws(
    () => chooseBackend('dracut', [], root('debian')),
    /initramfs dracut: not installed: install dracut/,
  )
  assert.throws(
    () => chooseBackend('builtin', ['LVM'], root('both')),
    /initramfs builtin: does not set up LVM, which the target needs/,
  )
})
