// depmod's files written as text into a folder; what is asked of them is order.
import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { after, before, test } from 'node:test'
import { ModuleIndex, moduleName } from './module_index.ts'

const FILES = {
  'modules.dep': `kernel/drivers/virtio/virtio_ring.ko.xz:
kernel/drivers/virtio/virtio.ko.xz: kernel/drivers/virtio/virtio_ring.ko.xz
kernel/drivers/block/virtio_blk.ko.xz: kernel/drivers/virtio/virtio.ko.xz kernel/drivers/virtio/virtio_ring.ko.xz
kernel/fs/xfs/xfs.ko.xz: kernel/lib/libcrc32c.ko.xz
kernel/lib/libcrc32c.ko.xz:
kernel/crypto/crc32c-intel.ko.xz:
kernel/loop/a.ko: kernel/loop/b.ko
kernel/loop/b.ko: kernel/loop/a.ko
kernel/post.ko:
kernel/not-installed.ko:
`,
  'modules.builtin': 'kernel/fs/ext4/ext4.ko\n',
  'modules.softdep': `# Soft dependencies extracted from modules themselves.
softdep libcrc32c pre: crc32c
softdep xfs pre: absent not-installed post: post
`,
  'modules.alias': `alias crc32c crc32c_intel
alias virtio:d00000002v* virtio_blk
alias pci:v00001AF4d*sv*[A-F]* virtio
`,
}

let folder = ''
let index: ModuleIndex
before(() => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'kbox-modules-'))
  for (const [name, text] of Object.entries(FILES)) writeFileSync(path.join(folder, name), text)
  // The modules themselves are only looked for where they may be missing.
  mkdirSync(path.join(folder, 'kernel/crypto'), { recursive: true })
  for (const name of ['kernel/crypto/crc32c-intel.ko.xz', 'kernel/post.ko'])
    writeFileSync(path.join(folder, name), '')
  index = new ModuleIndex(folder)
})
after(() => rmSync(folder, { recursive: true }))

const order = (...names: string[]): string[] =>
  index.order(names).modules.map((module) => module.name)

test('what a module needs is loaded before it, and once', () => {
  assert.deepEqual(order('virtio_blk', 'virtio'), ['virtio_ring', 'virtio', 'virtio_blk'])
  assert.equal(
    index.order(['virtio']).modules[0]?.file,
    path.join(folder, 'kernel/drivers/virtio/virtio_ring.ko.xz'),
  )
})

test('soft dependencies count, through aliases too; a missing or uninstalled one is no error', () => {
  assert.deepEqual(order('xfs'), ['crc32c_intel', 'libcrc32c', 'xfs', 'post'])
  assert.deepEqual(index.order(['xfs']).missing, [])
})

test('what is built in needs no loading; what is nowhere is told', () => {
  assert.deepEqual(index.order(['ext4', 'zfs']), { modules: [], missing: ['zfs'], omitted: [] })
  assert.equal(index.isBuiltin('ext4'), true)
})

test('a module to be left out is left out, whoever needs it, and named', () => {
  const { modules, omitted } = index.order(['xfs'], ['crc32c-intel', 'absent'])
  assert.deepEqual(
    modules.map(({ name }) => name),
    ['libcrc32c', 'xfs', 'post'],
  )
  assert.deepEqual(omitted, ['crc32c_intel'])
})

test("modaliases match depmod's patterns", () => {
  assert.deepEqual(index.find('virtio:d00000002v00001AF4'), ['virtio_blk'])
  assert.deepEqual(index.find('pci:v00001AF4d00001001sv0000A'), ['virtio'])
  assert.deepEqual(index.find('pci:v00008086d1'), [])
})

test('modules that need each other do not hang the walk', () => {
  assert.deepEqual(order('a').toSorted(), ['a', 'b'])
})

test('dashes are underscores and suffixes go', () => {
  assert.deepEqual(['a/crc32c-intel.ko.zst', 'b.ko', 'c'].map(moduleName), [
    'crc32c_intel',
    'b',
    'c',
  ])
})

test('a folder without modules.dep says what to do', () => {
  assert.throws(
    () => new ModuleIndex('/nonexistent'),
    /modules\.dep is missing: install the kernel's modules, or run depmod/,
  )
})
