// errors=panic, with and without a device that failed first.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { sceneOf } from '../../../../test/support/scene.ts'
import { filesystemPanic } from './filesystem_panic.ts'

const ERROR = 'EXT4-fs error (device loop0): ext4_lookup:1851: inode #2: comm ls: bad inode number'
const PANIC = 'Kernel panic - not syncing: EXT4-fs (device loop0): panic forced after error'

test('the file system and its device are to blame, no function', () => {
  const [finding] = filesystemPanic.find(sceneOf({ log: [ERROR, PANIC] }))
  assert.equal(finding?.title, 'EXT4-fs on loop0 found damage and was told to panic then')
  assert.deepEqual([finding?.culprit?.function, finding?.culprit?.unit], [null, 'EXT4-fs on loop0'])
  assert.equal(finding?.evidence[1]?.text, `the log says: ${ERROR}`)
})

test('errors of the device that came first are part of it, those of others are not', () => {
  const log = [
    'I/O error, dev loop01, sector 8 op 0x0:(READ)',
    'I/O error, dev loop0, sector 8 op 0x0:(READ) flags 0x3000 phys_seg 1 prio class 2',
    ...[ERROR, PANIC],
  ]
  const [finding] = filesystemPanic.find(sceneOf({ log }))
  assert.match(finding?.title ?? '', /, after I\/O errors of its device$/)
  assert.equal(finding?.evidence.filter(({ text }) => text.includes('I/O error')).length, 1)
})

test('errors that did not panic are none', () => {
  assert.deepEqual([...filesystemPanic.find(sceneOf({ log: [ERROR] }))], [])
})
