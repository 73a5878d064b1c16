// sysfs in a temporary folder, written from a few lines a machine: the chains of devices are those of real ones.
import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { after, before, test } from 'node:test'
import { findDeviceDrivers } from './device_modules.ts'

/**
 * A line is `NUMBER PATH` for a block device, `PATH = DRIVER/MODULE` for a driver (no module: it is built in),
 * `PATH : TEXT` for a file, `PATH -> PATH` for a link.
 */
const MACHINES = `
254:0 devices/pci0000:00/0000:00:02.0/0000:01:00.0/virtio2/block/vda
254:1 devices/pci0000:00/0000:00:02.0/0000:01:00.0/virtio2/block/vda/vda1
devices/pci0000:00/0000:00:02.0/0000:01:00.0/virtio2/block/vda/vda1/partition : 1
devices/pci0000:00/0000:00:02.0/0000:01:00.0/virtio2 = virtio_blk/virtio_blk
devices/pci0000:00/0000:00:02.0/0000:01:00.0 = virtio-pci/virtio_pci
devices/pci0000:00/0000:00:02.0 = pcieport/
devices/pci0000:00/modalias : acpi:PNP0A08:

259:1 devices/pci0000:20/0000:20:03.1/0000:21:00.0/nvme/nvme0/nvme0n1/nvme0n1p1
devices/pci0000:20/0000:20:03.1/0000:21:00.0/nvme/nvme0/nvme0n1/nvme0n1p1/partition : 1
devices/pci0000:20/0000:20:03.1/0000:21:00.0 = nvme/nvme
259:5 devices/virtual/nvme-subsystem/nvme-subsys1/nvme1n1
devices/virtual/nvme-subsystem/nvme-subsys1/nvme1 -> devices/pci0000:40/0000:40:01.0/10000:01:00.0/nvme/nvme1
devices/pci0000:40/0000:40:01.0 = vmd/vmd
devices/pci0000:40/0000:40:01.0/10000:01:00.0 = nvme/nvme

8:0 devices/pci0000:00/0000:00:17.0/ata3/host2/target2:0:0/2:0:0:0/block/sda
devices/pci0000:00/0000:00:17.0/ata3/host2/target2:0:0/2:0:0:0 = sd/sd_mod
devices/pci0000:00/0000:00:17.0 = ahci/ahci
8:16 devices/pci0000:16/0000:16:02.0/0000:17:00.0/host0/target0:2:0/0:2:0:0/block/sdb
devices/pci0000:16/0000:16:02.0/0000:17:00.0/host0/target0:2:0/0:2:0:0 = sd/sd_mod
devices/pci0000:16/0000:16:02.0/0000:17:00.0 = megaraid_sas/megaraid_sas
8:32 devices/pci0000:00/0000:00:14.0/usb2/2-1/2-1:1.0/host6/target6:0:0/6:0:0:0/block/sdc
devices/pci0000:00/0000:00:14.0/usb2/2-1/2-1:1.0/host6/target6:0:0/6:0:0:0 = sd/sd_mod
devices/pci0000:00/0000:00:14.0/usb2/2-1/2-1:1.0 = usb-storage/usb_storage
devices/pci0000:00/0000:00:14.0/usb2/2-1 = usb/usbcore
devices/pci0000:00/0000:00:14.0/usb2 = usb/usbcore
devices/pci0000:00/0000:00:14.0 = xhci_hcd/xhci_pci
202:1 devices/vbd-51712/block/xvda/xvda1
devices/vbd-51712/block/xvda/xvda1/partition : 1
devices/vbd-51712 = vbd/xen_blkfront
8:48 devices/LNXSYSTM:00/LNXSYBUS:00/ACPI0004:00/VMBUS:00/f8b3781a-1e82/host1/target1:0:0/1:0:0:0/block/sdd
devices/LNXSYSTM:00/LNXSYBUS:00/ACPI0004:00/VMBUS:00/f8b3781a-1e82/host1/target1:0:0/1:0:0:0 = sd/sd_mod
devices/LNXSYSTM:00/LNXSYBUS:00/ACPI0004:00/VMBUS:00/f8b3781a-1e82 = hv_storvsc/hv_storvsc
devices/LNXSYSTM:00/LNXSYBUS:00/ACPI0004:00/VMBUS:00 = hv_vmbus/hv_vmbus
8:64 devices/platform/host9/session1/target9:0:0/9:0:0:1/block/sde
devices/platform/host9/session1/target9:0:0/9:0:0:1 = sd/sd_mod

253:0 devices/virtual/block/dm-0
devices/virtual/block/dm-0/dm/uuid : LVM-abcdef
devices/virtual/block/dm-0/slaves/dm-1 -> devices/virtual/block/dm-1
253:1 devices/virtual/block/dm-1
devices/virtual/block/dm-1/dm/uuid : CRYPT-LUKS2-0123-luks
devices/virtual/block/dm-1/slaves/md0 -> devices/virtual/block/md0
9:0 devices/virtual/block/md0
devices/virtual/block/md0/md/level : raid1
devices/virtual/block/md0/slaves/nvme0n1p1 -> devices/pci0000:20/0000:20:03.1/0000:21:00.0/nvme/nvme0/nvme0n1/nvme0n1p1
devices/virtual/block/md0/slaves/sda -> devices/pci0000:00/0000:00:17.0/ata3/host2/target2:0:0/2:0:0:0/block/sda
253:2 devices/virtual/block/dm-2
devices/virtual/block/dm-2/dm/uuid : part1-mpath-3600508b4
devices/virtual/block/dm-2/slaves/dm-3 -> devices/virtual/block/dm-3
253:3 devices/virtual/block/dm-3
devices/virtual/block/dm-3/dm/uuid : mpath-3600508b4
devices/virtual/block/dm-3/slaves/sdb -> devices/pci0000:16/0000:16:02.0/0000:17:00.0/host0/target0:2:0/0:2:0:0/block/sdb
devices/virtual/block/dm-3/slaves/gone -> devices/none
253:4 devices/virtual/block/dm-4
devices/virtual/block/dm-4/slaves/dm-4 -> devices/virtual/block/dm-4
`

let root = ''
before(() => {
  root = mkdtempSync(path.join(os.tmpdir(), 'kbox-sysfs-'))
  for (const line of MACHINES.split('\n').filter(Boolean)) readLine(line)
})
after(() => rmSync(root, { recursive: true }))

function readLine(line: string): void {
  const [, first = '', sign = '', rest = ''] = /^(\S+) (?:(=|:|->) )?(.*)$/.exec(line) ?? []
  if (sign === '=') {
    const [driver = '', module = ''] = rest.split('/')
    folder(`sys/drivers/${driver}`)
    if (module !== '') {
      folder(`sys/module/${module}`)
      link(`sys/drivers/${driver}/module`, `sys/module/${module}`)
    }
    link(`sys/${first}/driver`, `sys/drivers/${driver}`)
  } else if (sign === ':') {
    folder(`sys/${path.dirname(first)}`)
    writeFileSync(path.join(root, 'sys', first), `${rest}\n`)
  } else if (sign === '->') {
    link(`sys/${first}`, `sys/${rest}`)
    if (rest !== 'devices/none') folder(`sys/${rest}`)
  } else {
    folder(`sys/${rest}`)
    if (!rest.includes('virtual') && !/\d\/\w+$/.test(rest)) folder(`sys/${rest}/slaves`)
    link(`sys/dev/block/${first}`, `sys/${rest}`)
  }
}

function folder(name: string): void {
  mkdirSync(path.join(root, name), { recursive: true })
}

function link(name: string, target: string): void {
  folder(path.dirname(name))
  try {
    symlinkSync(path.join(root, target), path.join(root, name))
  } catch {
    // Several devices share a driver.
  }
}

const find = (number: string): string => {
  const { modules, layers } = findDeviceDrivers(number, root)
  return [modules, layers].map((list) => list.join(' ')).join(' | ')
}

test('drivers are found from the disk up to the root, built-in ones left out', () => {
  assert.equal(find('254:0'), 'virtio_blk virtio_pci | ')
  assert.equal(find('254:1'), find('254:0'))
  assert.deepEqual(findDeviceDrivers('254:0', root).aliases, ['acpi:PNP0A08:'])
})

for (const [machine, number, modules] of [
  ['an NVMe disk', '259:1', 'nvme'],
  ['an NVMe disk behind its own multipath and an Intel VMD', '259:5', 'nvme vmd'],
  ['a SATA disk', '8:0', 'sd_mod ahci'],
  ['a RAID controller', '8:16', 'sd_mod megaraid_sas'],
  ['a USB disk', '8:32', 'sd_mod usb_storage usbcore xhci_pci'],
  ['a Xen guest', '202:1', 'xen_blkfront'],
  ['a Hyper-V guest', '8:48', 'sd_mod hv_storvsc hv_vmbus'],
] as const) {
  test(`${machine} needs ${modules}, and no user space`, () => {
    assert.equal(find(number), `${modules} | `)
  })
}

test('a stacked device needs the drivers of all below it, and says what it is stacked of', () => {
  assert.equal(find('253:0'), 'sd_mod ahci nvme | LVM LUKS RAID')
  assert.equal(find('253:2'), 'sd_mod megaraid_sas | multipath')
})

test('an iSCSI disk looks plain but for its path', () => {
  assert.equal(find('8:64'), 'sd_mod | iSCSI')
})

test('a device that is its own slave does not hang the walk', () => {
  assert.equal(find('253:4'), ' | device mapper')
})

test('a device that is not there is named', () => {
  assert.throws(() => findDeviceDrivers('8:99', root), /block device 8:99/)
})
