// A sysfs in a temporary folder: the chain of a virtio disk and of a stacked one, links and all.
import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { after, before, test } from 'node:test'
import { findDeviceDrivers } from './device_modules.ts'

let root = ''
before(() => {
  root = mkdtempSync(path.join(os.tmpdir(), 'kbox-sysfs-'))
  folder('sys/module/virtio_blk')
  folder('sys/module/virtio_pci')
  folder('sys/bus/virtio/drivers/virtio_blk')
  folder('sys/bus/pci/drivers/virtio-pci')
  folder('sys/bus/pci/drivers/pcieport')
  link('sys/bus/virtio/drivers/virtio_blk/module', 'sys/module/virtio_blk')
  link('sys/bus/pci/drivers/virtio-pci/module', 'sys/module/virtio_pci')
  const disk = 'sys/devices/pci0000:00/0000:00:02.0/0000:01:00.0/virtio2/block/vda'
  folder(`${disk}/vda1`)
  folder(`${disk}/slaves`)
  link(
    'sys/devices/pci0000:00/0000:00:02.0/0000:01:00.0/virtio2/driver',
    'sys/bus/virtio/drivers/virtio_blk',
  )
  link('sys/devices/pci0000:00/0000:00:02.0/0000:01:00.0/driver', 'sys/bus/pci/drivers/virtio-pci')
  // A driver that is built in has no module link.
  link('sys/devices/pci0000:00/0000:00:02.0/driver', 'sys/bus/pci/drivers/pcieport')
  writeFileSync(path.join(root, 'sys/devices/pci0000:00/modalias'), 'acpi:PNP0A08:\n')
  link('sys/dev/block/254:0', disk)
  link('sys/dev/block/254:1', `${disk}/vda1`)
  folder('sys/devices/virtual/block/dm-0/slaves/vda1')
  link('sys/dev/block/253:0', 'sys/devices/virtual/block/dm-0')
})
after(() => rmSync(root, { recursive: true }))

function folder(name: string): void {
  mkdirSync(path.join(root, name), { recursive: true })
}

function link(name: string, target: string): void {
  folder(path.dirname(name))
  symlinkSync(path.join(root, target), path.join(root, name))
}

test('drivers are found from the disk up to the root, built-in ones left out', () => {
  const expected = { modules: ['virtio_blk', 'virtio_pci'], aliases: ['acpi:PNP0A08:'] }
  assert.deepEqual(findDeviceDrivers('254:0', root), expected)
  assert.deepEqual(findDeviceDrivers('254:1', root), expected)
})

test('a stacked device is refused by name', () => {
  assert.throws(
    () => findDeviceDrivers('253:0', root),
    /dm-0, a stacked device \(LVM, LUKS or RAID\)/,
  )
})

test('a device that is not there is named', () => {
  assert.throws(() => findDeviceDrivers('8:99', root), /block device 8:99/)
})
