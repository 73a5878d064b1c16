// PCI: buses and what is on them. Source: include/linux/pci.h, drivers/pci/probe.c.
import { CorruptError } from '../base/errors.ts'
import type { KObject } from '../program/kobject.ts'
import type { Program } from '../program/program.ts'
import { listForEachEntry } from './list.ts'

export type PciBus = KObject<'pci_bus'>
export type PciDev = KObject<'pci_dev'>

/** There are 256 bus numbers; a bus below more others is damage. */
const BUS_DEPTH_LIMIT = 256
/** PCI_HEADER_TYPE_BRIDGE and PCI_HEADER_TYPE_CARDBUS. @source include/uapi/linux/pci_regs.h */
const BRIDGE_HEADERS = new Set([1, 2])
/** PCI_EXP_TYPE_*, as crash abbreviates them. @source include/uapi/linux/pci_regs.h */
const PCIE_TYPES: Readonly<Record<number, string>> = {
  0: 'ENDPOINT',
  1: 'LEG_END',
  4: 'ROOT_PORT',
  5: 'UPSTREAM',
  6: 'DOWNSTREAM',
  7: 'PCI_BRIDGE',
  8: 'PCIE_BRIDGE',
  9: 'RC_END',
  10: 'RC_EC',
}

/** Walk the root buses. @source include/linux/pci.h pci_root_buses */
export function forEachPciRootBus(program: Program): Generator<PciBus> {
  return listForEachEntry<'pci_bus'>(
    program.object('pci_root_buses', 'struct list_head'),
    'struct pci_bus',
    'node',
  )
}

/** Walk the buses directly below a bus. */
export function forEachChildBus(bus: PciBus): Generator<PciBus> {
  return listForEachEntry<'pci_bus'>(bus.get('children'), 'struct pci_bus', 'node')
}

/** Walk the devices on a bus, by slot; those behind bridges are on other buses. */
export function forEachPciBusDev(bus: PciBus): Generator<PciDev> {
  return listForEachEntry<'pci_dev'>(bus.get('devices'), 'struct pci_dev', 'bus_list')
}

/** Walk all devices, bus by bus. @source include/linux/pci.h for_each_pci_dev() */
export function* forEachPciDev(program: Program): Generator<PciDev> {
  for (const root of forEachPciRootBus(program)) yield* devicesBelow(root, 0)
}

function* devicesBelow(bus: PciBus, depth: number): Generator<PciDev> {
  checkBusDepth(bus, depth)
  yield* forEachPciBusDev(bus)
  for (const child of forEachChildBus(bus)) yield* devicesBelow(child, depth + 1)
}

/** Buses that lead back to one above them would nest without end. @throws {CorruptError} */
export function checkBusDepth(bus: PciBus, depth: number): void {
  if (depth > BUS_DEPTH_LIMIT)
    throw new CorruptError(bus.address, `PCI buses nest deeper than ${BUS_DEPTH_LIMIT}`)
}

/** A device's or bus's name in sysfs: `0000:00:02.0`, `0000:00`. @source include/linux/pci.h pci_name() */
export function pciName(device: KObject): string {
  // A device without init_name is called as its kobject is.
  const name = device.string('dev.kobj.name')
  return name === '' ? device.string('dev.init_name') : name
}

/** Class code, subclass included: 0x0600. */
export const pciClass = (device: PciDev): number => device.number('class') >>> 8

/** `8086:1237`. */
export function pciId(device: PciDev): string {
  const hex = (value: number): string => value.toString(16).padStart(4, '0')
  return `${hex(device.number('vendor'))}:${hex(device.number('device'))}`
}

/** Is there a bus behind it? @source include/linux/pci.h pci_is_bridge() */
export const pciIsBridge = (device: PciDev): boolean =>
  BRIDGE_HEADERS.has(device.number('hdr_type') & 0x7f)

/** `ENDPOINT`, `ROOT_PORT`; ENDPOINT also for what is not PCI Express. @source include/linux/pci.h pci_pcie_type() */
export function pciPcieType(device: PciDev): string {
  const type = ((device.find('pcie_flags_reg')?.number() ?? 0) & 0xf0) >> 4
  return PCIE_TYPES[type] ?? String(type)
}
