// A sysfs in a temporary folder: a virtio card behind a PCI bridge.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { addCard, makeFactTree } from '../../../../test/support/fact_tree.ts'
import { findCardDrivers } from './network_modules.ts'

test('drivers of a card are found up to the root, and a device without one tells its alias', () => {
  using tree = makeFactTree({ 'sys/devices/pci0000:00/modalias': 'acpi:PNP0A08:\n' })
  const slot = 'sys/devices/pci0000:00/0000:00:03.0'
  addCard(tree, 'eth0', '52:54:00:12:34:56', 'pci0000:00/0000:00:03.0/virtio1')
  for (const [name, bus, device] of [
    ['virtio_net', 'virtio', `${slot}/virtio1`],
    ['virtio_pci', 'pci', slot],
  ] as const) {
    tree.folder(`sys/module/${name}`)
    tree.link(`sys/bus/${bus}/drivers/${name}/module`, `sys/module/${name}`)
    tree.link(`${device}/driver`, `sys/bus/${bus}/drivers/${name}`)
  }
  assert.deepEqual(findCardDrivers('eth0', tree.root), {
    modules: ['virtio_net', 'virtio_pci'],
    aliases: ['acpi:PNP0A08:'],
  })
})

test('a card that is not there is named', () => {
  using tree = makeFactTree()
  assert.throws(() => findCardDrivers('eth9', tree.root), /network card eth9: .*is not there/)
})
