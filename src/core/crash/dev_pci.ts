// dev -p: PCI buses and what is on them. Layout: crash's.
import { readCell, type Cell, type Column } from '../base/table.ts'
import {
  checkBusDepth,
  forEachChildBus,
  forEachPciBusDev,
  forEachPciRootBus,
  pciClass,
  pciId,
  pciIsBridge,
  pciName,
  pciPcieType,
  type PciBus,
  type PciDev,
} from '../kernel/pci.ts'
import type { Program } from '../program/program.ts'
import { addressText, cellText } from './cell_text.ts'
import { lines, table, type Block, type TableBlock } from './command.ts'

/** Root buses, the devices on each, and the buses behind its bridges. */
export function* pciBlocks(program: Program): Generator<Block> {
  for (const root of forEachPciRootBus(program)) {
    const columns: readonly Column[] = [
      { title: 'ROOT BUS', key: 'bus', kind: 'address' },
      { title: 'BUSNAME', kind: 'text' },
    ]
    yield table(columns, [[root.address, readCell(() => pciName(root))]], {
      heading: '    ROOT BUS     BUSNAME',
      line: ([bus, name]) => `${addressText(bus)} ${cellText(name)}`,
    })
    yield* busBlocks(root, 0)
    yield lines('')
  }
}

function* busBlocks(bus: PciBus, depth: number): Generator<Block> {
  checkBusDepth(bus, depth)
  yield deviceTable(bus)
  for (const child of forEachChildBus(bus)) {
    const columns: readonly Column[] = [
      { title: 'PCI BUS', key: 'bus', kind: 'address' },
      { title: 'PARENT BUS', key: 'parent', kind: 'address' },
    ]
    yield table(columns, [[child.address, bus.address]], {
      heading: '      PCI BUS         PARENT BUS   ',
      line: (row) => `  ${row.map(addressText).join(' ')}`,
    })
    yield* busBlocks(child, depth + 1)
  }
}

/** The bridge that leads to a bus comes first. */
function* busDevices(bus: PciBus): Generator<PciDev> {
  const bridge = bus.get('self')
  if (!bridge.isNull()) yield bridge.deref().cast('struct pci_dev')
  yield* forEachPciBusDev(bus)
}

function deviceTable(bus: PciBus): TableBlock {
  function* rows(): Generator<Cell[]> {
    for (const device of busDevices(bus))
      yield [
        device.address,
        readCell(() => pciName(device)),
        readCell(() => pciClass(device)),
        readCell(() => pciId(device)),
        readCell(() => pciPcieType(device)),
        readCell(() => pciIsBridge(device)),
        bus.address,
      ]
  }
  const columns: readonly Column[] = [
    { title: 'PCI DEV', key: 'device', kind: 'address' },
    { title: 'DO:BU:SL.FN', key: 'name', kind: 'text' },
    { title: 'CLASS', kind: 'hex' },
    { title: 'PCI_ID', kind: 'text' },
    { title: 'TYPE', kind: 'text' },
    { title: 'BRIDGE', kind: 'text' },
    { title: 'BUS', kind: 'address' },
  ]
  return table(columns, rows(), {
    heading: '      PCI DEV      DO:BU:SL.FN  CLASS   PCI_ID      TYPE   ',
    line: ([device, name, code, id, type, bridge]) => {
      const left = ' '.repeat(Math.max(0, Math.floor((10 - cellText(type).length) / 2)))
      const classText =
        typeof code === 'number' ? code.toString(16).padStart(4, '0') : cellText(code)
      return (
        `  ${addressText(device)} ${cellText(name).padEnd(12)}  ${classText}  ${cellText(id)} ` +
        `${(left + cellText(type)).padEnd(10)}${bridge === true ? '[BRIDGE]' : ''}`
      )
    },
  })
}
