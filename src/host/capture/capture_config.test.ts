// The configuration goes through JSON and back; what is missing or odd in it is named.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseCaptureConfig, type CaptureConfig } from './capture_config.ts'

const CONFIG: CaptureConfig = {
  version: 1,
  target: { fstype: 'ext4', uuid: '1-2', node: '/dev/vda', options: '', directory: '/var/crash' },
  rootfs: {
    fstype: 'btrfs',
    uuid: '3-4',
    node: '/dev/vdb',
    options: 'subvolid=5',
    directory: '/@/var/crash',
  },
  failureAction: 'dump_to_rootfs',
  finalAction: 'poweroff',
  codec: 'zstd',
  dumpLevels: [31],
  pageOrder: 'priority',
  deviceTimeoutMs: 1,
  stallTimeoutMs: 2,
  overallTimeoutMs: 3,
  timeZone: 'Europe/Berlin',
  release: '6.1.0',
}

test('what start writes, capture reads', () => {
  assert.deepEqual(parseCaptureConfig('c', JSON.stringify(CONFIG)), CONFIG)
})

test('each fault is named by its member', () => {
  const broken = (change: object): string => JSON.stringify({ ...CONFIG, ...change })
  const cases: readonly (readonly [string, RegExp])[] = [
    ['', /not JSON/],
    ['7', /top is not an object/],
    [broken({ version: 2 }), /version is not 1/],
    [broken({ finalAction: 'shell' }), /finalAction is not one of reboot, halt, poweroff/],
    [broken({ dumpLevels: '31' }), /dumpLevels is not a list of numbers/],
    [broken({ target: { ...CONFIG.target, uuid: 7 } }), /target\.uuid is not a string/],
    [broken({ rootfs: 'x' }), /rootfs\. is not an object/],
  ]
  for (const [text, message] of cases) assert.throws(() => parseCaptureConfig('c', text), message)
})
