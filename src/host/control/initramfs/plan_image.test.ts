// A machine in a folder: one plain disk, one volume on it, modules of a kernel; what is asked is who makes the image of
// what, and what the configuration changes of it.
import assert from 'node:assert/strict'
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { after, before, test } from 'node:test'
import type { FilesystemPlace } from '../../target/place.ts'
import { planImage, type ImageNeeds } from './plan_image.ts'

const RELEASE = '6.1.0-test'
const FILES: Readonly<Record<string, string>> = {
  [`lib/modules/${RELEASE}/modules.dep`]: `loop.ko:
squashfs.ko:
virtio.ko:
virtio_blk.ko: virtio.ko
virtio_pci.ko: virtio.ko
ext4.ko: crc16.ko
crc16.ko:
softdog.ko:
`,
  [`lib/modules/${RELEASE}/modules.builtin`]: 'kernel/drivers/nvme/host/nvme.ko\n',
  'sys/devices/virtual/block/dm-0/dm/uuid': 'LVM-1\n',
  'usr/sbin/mkinitramfs': '',
}
const LINKS: Readonly<Record<string, string>> = {
  'sys/dev/block/254:0': 'sys/devices/pci0/virtio0/block/vda',
  'sys/devices/pci0/virtio0/driver': 'sys/drivers/virtio_blk',
  'sys/drivers/virtio_blk/module': 'sys/module/virtio_blk',
  'sys/devices/pci0/driver': 'sys/drivers/virtio-pci',
  'sys/drivers/virtio-pci/module': 'sys/module/virtio_pci',
  'sys/dev/block/253:0': 'sys/devices/virtual/block/dm-0',
  'sys/devices/virtual/block/dm-0/slaves/vda': 'sys/devices/pci0/virtio0/block/vda',
}
const CONF = {
  extraModules: [],
  omitModules: [],
  moduleOptions: [],
  initramfs: 'auto',
  dracutArgs: '',
} as const

const PLACE: FilesystemPlace = {
  ...{ kind: 'filesystem', fstype: 'ext4', uuid: '1-2', node: '/dev/target' },
  ...{ options: '', directory: '/' },
}

let root = ''
before(() => {
  root = mkdtempSync(path.join(os.tmpdir(), 'kbox-plan-'))
  const make = (name: string): string => {
    mkdirSync(path.dirname(path.join(root, name)), { recursive: true })
    return path.join(root, name)
  }
  for (const [name, text] of Object.entries(FILES)) writeFileSync(make(name), text)
  for (const target of Object.values(LINKS)) mkdirSync(path.join(root, target), { recursive: true })
  for (const [name, target] of Object.entries(LINKS))
    symlinkSync(path.join(root, target), make(name))
  chmodSync(path.join(root, 'usr/sbin/mkinitramfs'), 0o755)
})
after(() => rmSync(root, { recursive: true }))

function plan(device: string, conf: Partial<ImageNeeds['conf']> = {}) {
  const target = { device, modules: ['ext4'], place: PLACE }
  return planImage({ release: RELEASE, targets: [target], conf: { ...CONF, ...conf } }, root)
}
const names = ({ modules }: ReturnType<typeof plan>): string =>
  modules.map(({ name }) => name).join(' ')

test('for a plain disk /init loads its bus, its driver and its file system, each behind what it needs', () => {
  const planned = plan('254:0')
  assert.equal(planned.backend.name, 'builtin')
  assert.equal(names(planned), 'loop squashfs virtio virtio_pci virtio_blk crc16 ext4')
  assert.equal(planned.storage, undefined)
  assert.equal(planned.append, '')
})

test("for a volume the distribution's tool gets the drivers, /init keeps the file system", () => {
  const planned = plan('253:0', { dracutArgs: '--x' })
  assert.equal(planned.backend.name, 'initramfs-tools')
  assert.equal(names(planned), 'loop squashfs crc16 ext4')
  assert.deepEqual(planned.storage, {
    layers: ['LVM'],
    devices: [{ node: '/dev/target', uuid: '1-2' }],
    drivers: ['virtio', 'virtio_pci', 'virtio_blk'],
    dracutArgs: '--x',
  })
  assert.match(planned.append, /rdinit=\/kbox\/boot boot=kbox/)
})

test('a volume on LUKS is planned for, with a warning of the passphrase', () => {
  const uuid = path.join(root, 'sys/devices/virtual/block/dm-0/dm/uuid')
  writeFileSync(uuid, 'CRYPT-LUKS2-1\n')
  const dracut = path.join(root, 'usr/bin/dracut')
  mkdirSync(path.dirname(dracut))
  writeFileSync(dracut, '', { mode: 0o755 })
  try {
    const planned = plan('253:0')
    assert.equal(planned.backend.name, 'dracut')
    assert.match(planned.warnings.join(), /lies on LUKS: unless its key is in the image/)
  } finally {
    rmSync(dracut)
    writeFileSync(uuid, 'LVM-1\n')
  }
})

test('options reach insmod, and the command line where something else loads the module', () => {
  const moduleOptions = ['virtio-blk.queue_depth=64', 'nvme.io_timeout=4', 'odd']
  const ours = plan('254:0', { moduleOptions })
  assert.deepEqual(ours.modules.find(({ name }) => name === 'virtio_blk')?.parameters, [
    'queue_depth=64',
  ])
  assert.equal(ours.append, 'nvme.io_timeout=4')
  assert.match(
    plan('253:0', { moduleOptions }).append,
    / virtio-blk\.queue_depth=64 nvme\.io_timeout=4$/,
  )
})

test('a module that is left out is missed aloud where a target needs it', () => {
  assert.equal(
    names(plan('254:0', { omitModules: ['softdog'], extraModules: ['softdog'] })),
    names(plan('254:0')),
  )
  const { warnings } = plan('254:0', { omitModules: ['crc16'] })
  assert.deepEqual(warnings, ['Module crc16 is left out as configured, but a target needs it'])
})

test('an extra module that is nowhere is a warning, a driver that is nowhere an error', () => {
  assert.deepEqual(plan('254:0', { extraModules: ['zfs'] }).warnings, ['Module zfs not found'])
  const target = { device: '254:0', modules: ['zfs'], place: PLACE }
  assert.throws(
    () => planImage({ release: RELEASE, targets: [target], conf: CONF }, root),
    /kernel modules not found in .*: zfs; run depmod/,
  )
})
