// Where breadcrumbs may lie, decided on trees of facts; then a real file of this machine's own disk.
import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, test } from 'node:test'
import { encodeCrumbFile, parseCrumbFile } from '../../capture/breadcrumb_layout.ts'
import { clearCrumbs, judgeCrumbPaths, markCrumbs } from './breadcrumb_file.ts'

let root = ''
const at = (name: string): string => path.join(root, name)
beforeEach(() => {
  root = mkdtempSync(path.join(os.tmpdir(), 'kbox-crumbfile-'))
  for (const folder of ['proc/self', 'sys/dev/block', 'var/lib', 'boot'])
    mkdirSync(at(folder), { recursive: true })
  for (const [number, place] of [
    ['254:1', 'pci0/vda1'],
    ['253:0', 'virtual/block/dm-0'],
  ] as const) {
    mkdirSync(at(`sys/devices/${place}`), { recursive: true })
    symlinkSync(at(`sys/devices/${place}`), at(`sys/dev/block/${number}`))
  }
})
afterEach(() => rmSync(root, { recursive: true }))

function judge(...mounts: readonly string[]): (readonly [file: string, problem: string])[] {
  writeFileSync(at('proc/self/mountinfo'), mounts.map((line) => `36 35 ${line}\n`).join(''))
  return judgeCrumbPaths('/var/crash', root).map(({ file, problem }) => [file, problem])
}

test('a plain partition with ext4 takes them', () => {
  const [first] = judge('254:1 / / rw,relatime - ext4 /dev/vda1 rw')
  assert.deepEqual(first, ['/var/lib/kdump/breadcrumbs', ''])
})

test('where the root is on LVM, a plain /boot does', () => {
  const judged = judge(
    '253:0 / / rw - xfs /dev/mapper/vg-root rw',
    '254:1 / /boot rw - ext4 /dev/vda1 rw',
  )
  assert.deepEqual(judged[0], [
    '/var/lib/kdump/breadcrumbs',
    '/dev/mapper/vg-root is no plain disk or partition',
  ])
  assert.deepEqual(judged[1], ['/boot/kbox-breadcrumbs', ''])
})

test('btrfs, a journal of data, and read-only mounts are refused with the reason', () => {
  const problem = (mount: string): string => judge(mount)[0]?.[1] ?? ''
  assert.match(problem('0:30 / / rw - btrfs /dev/vda1 rw'), /^btrfs does not tell/)
  assert.match(problem('254:1 / / rw - ext4 /dev/vda1 rw,data=journal'), /^data=journal/)
  assert.match(problem('254:1 / / ro - ext4 /dev/vda1 ro'), /read-only/)
})

test('marking and clearing keep the nonce', () => {
  const nonce = '0123456789abcdef0123456789abcdef'
  const header = { version: 1, state: 'disarmed', release: '', changedAt: '', bootId: '' } as const
  writeFileSync(at('crumbs'), encodeCrumbFile(nonce, header))
  const read = () => parseCrumbFile('crumbs', readFileSync(at('crumbs')))
  markCrumbs(at('crumbs'), 'armed', '6.1.0-test')
  assert.deepEqual([read().header.state, read().header.release], ['armed', '6.1.0-test'])
  assert.match(read().header.changedAt, /^\d{4}-.*Z$/)
  clearCrumbs(at('crumbs'), read().nonce)
  assert.deepEqual([read().nonce, read().header.state], [nonce, 'disarmed'])
})
