// The configuration goes through JSON and back; what is missing or odd in it is named.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseCaptureConfig, type CaptureConfig } from './capture_config.ts'

const CONFIG: CaptureConfig = {
  version: 2,
  targets: [
    {
      ...{ kind: 'ssh', user: 'kdump', host: 'dumps', port: 22, addresses: ['192.0.2.1'] },
      ...{ keyFile: 'etc/kbox/key', hostKeys: ['AAAA'], directory: '/d', isFlattened: false },
    },
    { kind: 'raw', node: '/dev/vdb', partuuid: '', wwid: '', serial: 's', sizeBytes: 7 },
    {
      ...{ kind: 'nfs', server: 'n', addresses: ['2001:db8::1'], export: '/e' },
      ...{ options: 'vers=3', directory: '/d' },
    },
    {
      ...{ kind: 'http', url: 'https://d/', addresses: [], tokenFile: '', caFile: '' },
      takesRanges: true,
    },
  ],
  rootfs: {
    kind: 'filesystem',
    fstype: 'btrfs',
    uuid: '3-4',
    node: '/dev/vdb',
    options: 'subvolid=5',
    directory: '/@/var/crash',
  },
  network: {
    hostname: 'web7',
    cards: [
      {
        mac: '52:54:00:12:34:56',
        usedMac: '52:54:00:12:34:57',
        devicePath: '/devices/pci0000:00/0000:00:03.0',
        name: 'eth0',
        vlan: 7,
        addresses: ['192.0.2.5/24'],
        routes: [{ to: '0.0.0.0/0', via: '192.0.2.254' }],
        usesDhcp: true,
        usesAutoconf: false,
        mtu: 1500,
      },
    ],
    nameservers: ['192.0.2.53'],
    timeoutMs: 4,
  },
  breadcrumb: {
    uuid: '5-6',
    node: '/dev/vda1',
    extents: [{ offsetBytes: 4096, sizeBytes: 8192 }],
    nonce: 'n',
  },
  hooks: { pre: [{ file: 'hooks/pre', isDecisive: true }], post: [], emergency: [] },
  petsWatchdogs: true,
  fence: { file: 'usr/sbin/fence_kdump_send', args: ['-c', '0'] },
  failureAction: 'dump_to_rootfs',
  finalAction: 'poweroff',
  codec: 'zstd',
  format: 'elf',
  threads: 2,
  isQuiet: true,
  dumpLevels: [31],
  pageOrder: 'priority',
  deviceTimeoutMs: 1,
  hookTimeoutMs: 5,
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
    [broken({ version: 1 }), /version is not 2/],
    [broken({ finalAction: 'shell' }), /finalAction is not one of reboot, halt, poweroff/],
    [broken({ dumpLevels: '31' }), /dumpLevels is not a list of numbers/],
    [broken({ dumpLevels: [] }), /dumpLevels is empty/],
    [broken({ targets: [] }), /targets is empty/],
    [broken({ targets: [{ kind: 'tape' }] }), /targets\[0\]\.kind is not one of filesystem, /],
    [broken({ rootfs: { ...CONFIG.rootfs, uuid: 7 } }), /rootfs\.uuid is not a string/],
    [broken({ rootfs: 'x' }), /rootfs is not an object/],
  ]
  for (const [text, message] of cases) assert.throws(() => parseCaptureConfig('c', text), message)
})
