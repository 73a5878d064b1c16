// dev: character and block devices, what they claim, and what disks were doing. Source of names and layout: crash's `dev`.
import { FaultError, NotFoundError, UsageError } from '../../base/errors.ts'
import { formatHex } from '../../base/hex.ts'
import { readCell, type Cell, type Column } from '../../base/table.ts'
import { NT_VMCOREDD, type ElfNote } from '../../elf/elf_note.ts'
import { diskInFlight, forEachDisk, type Gendisk } from '../../kernel/block.ts'
import { forEachBlkdevMajor, forEachChrdev, forEachResource } from '../../kernel/device.ts'
import type { Program } from '../../program/program.ts'
import { addressText, cellText } from '../cell_text.ts'
import {
  defineCommand,
  lines,
  table,
  type Block,
  type CommandArgs,
  type TableBlock,
} from '../command.ts'
import { pciBlocks } from '../dev_pci.ts'
import { memoryTable } from '../memory_table.ts'
import { parseCount } from '../operand.ts'
import type { Session } from '../session.ts'

const OPTIONS = {
  ports: { type: 'boolean', short: 'i', help: 'I/O ports and memory, and who claimed them' },
  pci: { type: 'boolean', short: 'p', help: 'PCI buses and devices' },
  disks: { type: 'boolean', short: 'd', help: "disks' requests in flight" },
  busyDisks: { type: 'boolean', short: 'D', help: 'the same, busy disks only' },
  deviceDumps: {
    type: 'boolean',
    short: 'V',
    help: 'dumps of devices that drivers put beside the memory',
  },
  deviceDump: {
    type: 'string',
    short: 'v',
    value: 'index',
    help: 'show one of them, or write it to the file named behind',
  },
} as const

type Args = CommandArgs<typeof OPTIONS>

export const dev = defineCommand({
  name: 'dev',
  summary: 'device data',
  operands: '[file]',
  description:
    'Character and block devices by major number, with what opens them. -d counts the requests a driver was given and ' +
    'has not ended; loop and RAM disks show only while they are busy.',
  examples: [
    { text: 'every major number', command: 'dev' },
    { text: 'disks with I/O in flight', command: 'dev -D' },
    { text: 'PCI devices', command: 'dev -p' },
  ],
  options: OPTIONS,
  needs: ['symbols', 'types'],
  code: ({ values }) => codeOf(values),
  *run(session, args) {
    const { program } = session
    const { values, operands } = args
    if (operands.length > 0 && values.deviceDump === undefined)
      throw new UsageError(`unexpected argument: ${operands[0]}`)
    if (values.deviceDumps || values.deviceDump !== undefined)
      yield* deviceDumpBlocks(session, args)
    else if (values.ports) yield* portBlocks(program)
    else if (values.pci) yield* pciBlocks(program)
    else if (values.disks || values.busyDisks) yield diskTable(session, values.busyDisks)
    else {
      yield chrdevTable(program)
      yield lines('')
      yield blkdevTable(program)
    }
  },
})

function codeOf(values: Args['values']): string {
  if (values.ports)
    return `for (const root of ['ioport_resource', 'iomem_resource']) {
  for (const { resource, depth } of forEachResource(program.object(root))) console.log(depth, resource.bigint('start').toString(16), resource.string('name'))
}`
  if (values.pci)
    return `for (const device of forEachPciDev(program)) console.log(pciName(device), pciClass(device).toString(16), pciId(device))`
  if (values.disks || values.busyDisks)
    return `for (const disk of forEachDisk(program)) console.log(disk.string('disk_name'), diskInFlight(disk))`
  return `for (const { major, name, cdev } of forEachChrdev(program)) console.log(major, name, cdev ? program.symbolize(cdev.pointer('ops')) : '(none)')
for (const { major, name } of forEachBlkdevMajor(program)) console.log(major, name)`
}

/** `memory_fops`, or where the operations lie. */
function operationsName(program: Program, address: bigint): string {
  return program.symbolAt(address)?.name ?? addressText(address)
}

const NONE = '     (none)     '

function chrdevTable(program: Program): TableBlock {
  function* rows(): Generator<Cell[]> {
    for (const { major, firstMinor, minorCount, name, cdev } of forEachChrdev(program))
      yield [
        ...[major, name, cdev?.address ?? null],
        cdev ? readCell(() => operationsName(program, cdev.pointer('ops'))) : null,
        ...[firstMinor, minorCount],
      ]
  }
  const columns: readonly Column[] = [
    { title: 'CHRDEV', key: 'major', kind: 'decimal' },
    { title: 'NAME', kind: 'text' },
    { title: 'CDEV', kind: 'address' },
    { title: 'OPERATIONS', kind: 'text' },
    { title: 'FIRST_MINOR', kind: 'decimal' },
    { title: 'MINOR_COUNT', kind: 'decimal' },
  ]
  return table(columns, rows(), {
    heading: 'CHRDEV    NAME                 CDEV        OPERATIONS      ',
    line: ([major, name, cdev, operations]) =>
      `${cellText(major).padStart(4)}      ${cellText(name).padEnd(13)}  ` +
      (cdev === null ? NONE : `${addressText(cdev)}  ${cellText(operations)}`),
  })
}

function blkdevTable(program: Program): TableBlock {
  // Of a driver's disks the last stands for all, as in crash.
  const disks = new Map<number, Gendisk>()
  function* rows(): Generator<Cell[]> {
    for (const disk of forEachDisk(program)) disks.set(disk.number('major'), disk)
    for (const { major, name } of forEachBlkdevMajor(program)) {
      const disk = disks.get(major)
      const operations = disk ? readCell(() => operationsName(program, disk.pointer('fops'))) : null
      yield [major, name, disk?.address ?? null, operations]
    }
  }
  const columns: readonly Column[] = [
    { title: 'BLKDEV', key: 'major', kind: 'decimal' },
    { title: 'NAME', kind: 'text' },
    { title: 'GENDISK', kind: 'address' },
    { title: 'OPERATIONS', kind: 'text' },
  ]
  return table(columns, rows(), {
    heading: 'BLKDEV    NAME                GENDISK      OPERATIONS      ',
    line: ([major, name, disk, operations]) =>
      `${cellText(major).padStart(4)}      ${cellText(name).padEnd(13)}  ` +
      (disk === null ? NONE : `${addressText(disk)}  ${cellText(operations)}`),
  })
}

function* portBlocks(program: Program): Generator<Block> {
  yield resourceTable(program, 'ioport_resource', 4, '    RESOURCE        RANGE    NAME')
  yield lines('')
  yield resourceTable(program, 'iomem_resource', 8, '    RESOURCE            RANGE        NAME')
}

function resourceTable(
  program: Program,
  root: string,
  digits: number,
  heading: string,
): TableBlock {
  function* rows(): Generator<Cell[]> {
    for (const { resource, depth } of forEachResource(program.object(root)))
      yield [
        resource.address,
        resource.bigint('start'),
        resource.bigint('end'),
        readCell(() => resource.string('name')),
        depth,
      ]
  }
  const columns: readonly Column[] = [
    { title: 'RESOURCE', kind: 'address' },
    { title: 'START', kind: 'hex' },
    { title: 'END', kind: 'hex' },
    { title: 'NAME', kind: 'text' },
    { title: 'DEPTH', kind: 'decimal' },
  ]
  const hex = (cell: Cell | undefined): string =>
    (cell as bigint).toString(16).padStart(digits, '0')
  return table(columns, rows(), {
    heading,
    line: ([resource, start, end, name]) =>
      `${addressText(resource)}  ${hex(start)}-${hex(end)}  ${cellText(name)}`,
  })
}

function inFlightCells(disk: Gendisk): Cell[] {
  const counts: number[] = []
  const total = readCell(() => {
    const { read, write } = diskInFlight(disk)
    counts.push(read, write)
    return read + write
  })
  return [total, counts[0] ?? total, counts[1] ?? total]
}

/** Those that crash leaves out; a busy one is worth a line. */
const QUIET_DISK = /^(loop|ram)\d/

function diskTable(session: Session, busyOnly: boolean): TableBlock {
  function* rows(): Generator<Cell[]> {
    for (const disk of forEachDisk(session.program)) {
      if (session.aborted) return
      const name = disk.string('disk_name')
      const [total, read, write] = inFlightCells(disk)
      if (total === 0 && (busyOnly || QUIET_DISK.test(name))) continue
      yield [
        ...[disk.number('major'), disk.address, name, readCell(() => disk.pointer('queue'))],
        ...[total ?? null, read ?? null, write ?? null],
      ]
    }
  }
  const columns: readonly Column[] = [
    { title: 'MAJOR', kind: 'decimal' },
    { title: 'GENDISK', kind: 'address' },
    { title: 'NAME', kind: 'text' },
    { title: 'REQUEST_QUEUE', kind: 'address' },
    { title: 'TOTAL', kind: 'decimal' },
    { title: 'READ', kind: 'decimal' },
    { title: 'WRITE', kind: 'decimal' },
  ]
  const count = (cell: Cell | undefined): string => `${cellText(cell).padStart(5)} `
  return table(columns, rows(), {
    heading: 'MAJOR GENDISK            NAME       REQUEST_QUEUE      TOTAL  READ WRITE ',
    line: ([major, disk, name, queue, total, read, write]) =>
      `${cellText(major).padStart(5)} ${addressText(disk)}   ${cellText(name).padEnd(10)} ${addressText(queue)}   ` +
      `${count(total)}${count(read)}${count(write)}`,
  })
}

/** VMCOREDD_MAX_NAME_BYTES. @source include/uapi/linux/vmcore.h struct vmcoredd_header */
const DUMP_NAME_SIZE = 44

/** Notes of drivers: the name of the dump, then its bytes. */
function deviceDumps({ dump }: Program): readonly ElfNote[] {
  return dump.notes.filter(
    ({ type, desc }) => type === NT_VMCOREDD && desc.length >= DUMP_NAME_SIZE,
  )
}

function* deviceDumpBlocks({ program }: Session, { values, operands }: Args): Generator<Block> {
  const found = deviceDumps(program)
  if (found.length === 0) throw new UsageError('no device dumps found in this dumpfile')
  if (values.deviceDump === undefined) {
    yield deviceDumpTable(found)
    return
  }
  const index = parseCount(values.deviceDump)
  const note = found[index]
  if (!note) throw new NotFoundError('file', `device dump ${index}`)
  const bytes = note.desc.subarray(DUMP_NAME_SIZE)
  const offset = BigInt(note.descOffset + DUMP_NAME_SIZE)
  yield lines(`DEVICE: ${dumpName(note)}`)
  const file = operands[0]
  if (file !== undefined) {
    yield { kind: 'bytes', file, start: offset, chunks: [bytes] }
    yield lines(`${bytes.length} bytes copied from ${formatHex(offset)} to ${file}`)
    return
  }
  yield memoryTable({
    memory: {
      littleEndian: program.memory.littleEndian,
      readVirtual: (address, into) => copyBytes(bytes, Number(address - offset), into, address),
    },
    start: offset,
    size: bytes.length,
  })
}

function copyBytes(bytes: Uint8Array, from: number, into: Uint8Array, address: bigint): void {
  if (from < 0 || from + into.length > bytes.length)
    throw new FaultError(address, 'physical', 'out-of-range')
  into.set(bytes.subarray(from, from + into.length))
}

function dumpName({ desc }: ElfNote): string {
  const end = desc.subarray(0, DUMP_NAME_SIZE).indexOf(0)
  return String.fromCharCode(...desc.subarray(0, end < 0 ? DUMP_NAME_SIZE : end))
}

function deviceDumpTable(notes: readonly ElfNote[]): TableBlock {
  const rows = notes.map((note, index): Cell[] => [
    index,
    note.descOffset + DUMP_NAME_SIZE,
    note.desc.length - DUMP_NAME_SIZE,
    dumpName(note),
  ])
  const columns: readonly Column[] = [
    { title: 'INDEX', kind: 'decimal' },
    { title: 'OFFSET', kind: 'hex' },
    { title: 'SIZE', kind: 'decimal' },
    { title: 'NAME', kind: 'text' },
  ]
  return table(columns, rows, {
    heading: 'INDEX  OFFSET             SIZE             NAME',
    line: ([index, offset, size, name]) =>
      `${cellText(index).padStart(3)}    ${formatHex(Number(offset)).padEnd(18)} ${cellText(size).padEnd(16)} ${cellText(name)}`,
  })
}
