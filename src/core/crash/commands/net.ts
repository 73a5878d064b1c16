// net: network devices, the ARP cache, and sockets of tasks. Source of names and layout: crash's `net`.
import { UsageError } from '../../base/errors.ts'
import { formatIpv4 } from '../../base/ip_text.ts'
import { readCell, type Cell, type Column } from '../../base/table.ts'
import {
  arpTable,
  forEachNeighbour,
  neighbourAddress,
  neighbourHardwareAddress,
  neighbourHardwareType,
  neighbourState,
} from '../../kernel/neighbour.ts'
import {
  forEachNetdev,
  initNet,
  netdevIpv4Addresses,
  netdevIpv6Addresses,
  taskNet,
  type Net,
} from '../../kernel/netdevice.ts'
import type { Program } from '../../program/program.ts'
import { addressText, cellText } from '../cell_text.ts'
import { taskCode } from '../code/task_loop.ts'
import { defineCommand, lines, table, type CommandArgs, type TableBlock } from '../command.ts'
import { socketBlocks, type SocketView } from '../net_sockets.ts'
import type { Session } from '../session.ts'
import { getTasks } from '../task_operand.ts'
import type { Task } from '../../kernel/sched.ts'

const OPTIONS = {
  sockets: { type: 'boolean', short: 's', help: 'open sockets: family, type, addresses and ports' },
  structs: { type: 'boolean', short: 'S', help: 'open sockets, with their structs' },
  hex: { type: 'boolean', short: 'x', help: 'with -S: numbers in hexadecimal' },
  decimal: { type: 'boolean', short: 'd', help: 'with -S: numbers in decimal' },
  reference: {
    type: 'string',
    short: 'R',
    value: 'ref',
    help: 'with -s or -S: only this descriptor, socket or sock address',
  },
  arp: { type: 'boolean', short: 'a', help: 'the ARP cache' },
  namespace: { type: 'boolean', short: 'n', help: "devices of a task's network namespace" },
  address: { type: 'string', short: 'N', value: 'addr', help: 'an IPv4 address with dots' },
} as const

type Args = CommandArgs<typeof OPTIONS>

export const net = defineCommand({
  name: 'net',
  summary: 'network command',
  operands: '[pid | taskp]',
  description:
    'Network devices and their IPv4 and IPv6 addresses; with -s the sockets of a task, the current one if none is ' +
    'given. JSON has the name of Unix sockets and the state of TCP connections besides.',
  examples: [
    { text: 'devices of the first namespace', command: 'net' },
    { text: 'those a container sees', command: 'net -n 2618' },
    { text: 'sockets of init', command: 'net -s 1' },
    { text: 'who has a socket open', command: 'foreach net -s -R ffff8e36c1422080' },
  ],
  options: OPTIONS,
  needs: ['symbols', 'types'],
  perTask: true,
  code: (args) => codeOf(args),
  *run(session, args) {
    const { program } = session
    const { values, operands } = args
    const isSockets = values.sockets || values.structs
    checkOptions(args)
    if (values.address !== undefined) yield lines(dottedAddress(values.address))
    if (values.arp) yield neighbourTable(program)
    if (values.namespace) {
      for (const task of chooseTasks(session, operands)) yield* namespaceBlocks(task)
    } else if (isSockets) {
      const view: SocketView = {
        structs: values.structs,
        reference: values.reference,
        format: session.format(values),
      }
      for (const task of chooseTasks(session, operands)) {
        if (session.aborted) return
        yield* socketBlocks(task, view)
      }
    } else if (!values.arp && values.address === undefined) yield deviceTable(initNet(program))
  },
})

function codeOf({ values, operands }: Args): string {
  if (values.arp)
    return `for (const neighbour of forEachNeighbour(arpTable(program))) console.log(neighbourAddress(neighbour), neighbourHardwareAddress(neighbour), neighbourState(neighbour))`
  const whose = taskCode(operands[0])
  if (values.sockets || values.structs)
    return `for (const { fd, socket } of forEachTaskSocket(${whose})) {
  const sock = socketSock(socket)
  if (sock) console.log(fd, sockFamily(sock), sockType(sock), inetEndpoints(sock))
}`
  const namespace = values.namespace ? `taskNet(${whose}) ?? initNet(program)` : 'initNet(program)'
  return `for (const device of forEachNetdev(${namespace})) console.log(device.string('name'), netdevIpv4Addresses(device), netdevIpv6Addresses(device))`
}

/** What belongs to no view is refused, as in crash. */
function checkOptions({ values, operands }: Args): void {
  const isSockets = values.sockets || values.structs
  const wrong =
    (!isSockets && (values.hex || values.decimal || values.reference !== undefined)) ||
    (!isSockets && !values.namespace && operands.length > 0)
  if (wrong) throw new UsageError('-x, -d, -R and tasks go with -s or -S, tasks with -n too')
}

const chooseTasks = (session: Session, operands: readonly string[]): Task[] =>
  operands.length === 0
    ? [session.task]
    : operands.flatMap((operand) => getTasks(session.program, operand))

function* namespaceBlocks(task: Task): Generator<TableBlock> {
  const namespace = taskNet(task)
  if (!namespace) throw new UsageError(`task ${task.number('pid')} has exited: no namespace`)
  yield deviceTable(namespace)
}

const DEVICE_COLUMNS: readonly Column[] = [
  { title: 'NET_DEVICE', kind: 'address' },
  { title: 'NAME', kind: 'text' },
  { title: 'IP ADDRESS(ES)', key: 'addresses', kind: 'text' },
]

function deviceTable(namespace: Net): TableBlock {
  function* rows(): Generator<Cell[]> {
    for (const device of forEachNetdev(namespace))
      yield [
        device.address,
        readCell(() => device.string('name')),
        readCell(() => [...netdevIpv4Addresses(device), ...netdevIpv6Addresses(device)].join(', ')),
      ]
  }
  return table(DEVICE_COLUMNS, rows(), {
    heading: '   NET_DEVICE     NAME       IP ADDRESS(ES)',
    line: ([device, name, addresses]) =>
      `${addressText(device)}  ${cellText(name).padEnd(10)} ${cellText(addresses)}`,
  })
}

function neighbourTable(program: Program): TableBlock {
  function* rows(): Generator<Cell[]> {
    for (const neighbour of forEachNeighbour(arpTable(program)))
      yield [
        neighbour.address,
        readCell(() => neighbourAddress(neighbour)),
        readCell(() => neighbourHardwareType(neighbour)),
        readCell(() => neighbourHardwareAddress(neighbour)),
        readCell(() => neighbour.string('dev.name')),
        readCell(() => neighbourState(neighbour)),
      ]
  }
  const columns: readonly Column[] = [
    { title: 'NEIGHBOUR', kind: 'address' },
    { title: 'IP ADDRESS', key: 'ip_address', kind: 'text' },
    { title: 'HW TYPE', key: 'hw_type', kind: 'text' },
    { title: 'HW ADDRESS', key: 'hw_address', kind: 'text' },
    { title: 'DEVICE', kind: 'text' },
    { title: 'STATE', kind: 'text' },
  ]
  return table(columns, rows(), {
    heading: 'NEIGHBOUR        IP ADDRESS      HW TYPE    HW ADDRESS         DEVICE  STATE',
    line: ([neighbour, ip, type, hardware, device, state]) =>
      `${addressText(neighbour)} ${cellText(ip).padEnd(15)} ${cellText(type).padEnd(10)} ` +
      `${cellText(hardware).padEnd(18)} ${cellText(device).padEnd(7)} ${cellText(state)}`,
  })
}

/** A number as it stands in a register or struct: network byte order read as a little-endian word. */
function dottedAddress(text: string): string {
  const digits = /^\d+$/.test(text) ? text : /^(?:0x)?([\da-f]{1,8})$/i.exec(text)?.[1]
  if (digits === undefined) throw new UsageError(`not a valid number: ${text}`)
  const value = digits === text && /^\d+$/.test(text) ? BigInt(text) : BigInt(`0x${digits}`)
  const word = Number(BigInt.asUintN(32, value))
  return formatIpv4(new Uint8Array([word, word >>> 8, word >>> 16, word >>> 24]))
}
