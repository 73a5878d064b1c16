// net -s and -S: the sockets a task has open. Layout: crash's.
import { formatIpv4, formatIpv6Words } from '../base/ip_text.ts'
import { readCell, type Cell, type Column } from '../base/table.ts'
import type { Task } from '../kernel/sched.ts'
import {
  forEachTaskSocket,
  inetEndpoints,
  sockContainer,
  sockFamily,
  socketSock,
  sockState,
  sockType,
  unixSocketName,
  type Endpoint,
  type OpenSocket,
  type Sock,
} from '../kernel/socket.ts'
import type { FormatOptions } from '../program/format_object.ts'
import { addressText, cellText } from './cell_text.ts'
import { lines, table, type Block, type TableBlock } from './command.ts'
import { taskHeading } from './task_operand.ts'

/** How to show sockets. */
export interface SocketView {
  /** With struct socket and what the family has around struct sock. */
  readonly structs: boolean
  /** Only this descriptor, socket or sock; tasks without it are left out. */
  readonly reference: string | undefined
  readonly format: FormatOptions
}

/** The sockets of a task under its heading. */
export function* socketBlocks(task: Task, view: SocketView): Generator<Block> {
  const open = [...forEachTaskSocket(task)].filter((each) => isReferred(each, view.reference))
  if (open.length === 0 && view.reference !== undefined) return
  const blocks =
    open.length === 0
      ? [lines('No open sockets.')]
      : view.structs
        ? structBlocks(open, view.format)
        : [socketTable(open)]
  yield { kind: 'section', heading: taskHeading(task), blocks }
}

function isReferred({ fd, socket }: OpenSocket, reference: string | undefined): boolean {
  if (reference === undefined) return true
  if (/^\d{1,7}$/.test(reference) && Number(reference) === fd) return true
  const hex = /^(?:0x)?([\da-f]{8,16})$/i.exec(reference)?.[1]
  if (hex === undefined) return false
  const address = BigInt(`0x${hex}`)
  return address === socket.address || address === socket.pointer('sk')
}

const COLUMNS: readonly Column[] = [
  { title: 'FD', kind: 'decimal' },
  { title: 'SOCKET', kind: 'address' },
  { title: 'SOCK', kind: 'address' },
  { title: 'FAMILY', kind: 'text' },
  { title: 'TYPE', kind: 'text' },
  { title: 'SOURCE', kind: 'text' },
  { title: 'SOURCE_PORT', kind: 'decimal' },
  { title: 'DESTINATION', kind: 'text' },
  { title: 'DESTINATION_PORT', kind: 'decimal' },
  { title: 'STATE', kind: 'text' },
  { title: 'NAME', kind: 'text' },
]

function socketTable(open: readonly OpenSocket[]): TableBlock {
  return table(COLUMNS, open.map(socketRow), {
    heading: 'FD      SOCKET            SOCK       FAMILY:TYPE SOURCE-PORT DESTINATION-PORT',
    line: (row) => {
      const [fd, socket, sock, family, type] = row
      const kind = `${cellText(family)}:${cellText(type).padEnd(typeWidth(type))}`
      return `${cellText(fd).padStart(2)} ${addressText(socket)} ${addressText(sock)} ${kind}${endpointsText(row)}`
    },
  })
}

/** crash gives STREAM and DGRAM seven columns, others one blank. */
const typeWidth = (type: Cell | undefined): number =>
  type === 'STREAM' || type === 'DGRAM' ? 7 : cellText(type).length + 1

function endpointsText(row: readonly Cell[]): string {
  const [, , , family, , source, sourcePort, destination, destinationPort] = row
  if (source === null) return ''
  const from = `${cellText(source)}-${cellText(sourcePort)}`
  const to = `${cellText(destination)}-${cellText(destinationPort)}`
  if (family === 'INET') return ` ${from} ${to}`
  // Two blanks before nobody: crash's own.
  return `${from}${destinationPort === 0 ? '  ' : ' '}${to}`
}

function socketRow({ fd, socket }: OpenSocket): Cell[] {
  const sock = socketSock(socket)
  if (!sock) return [fd, socket.address, 0n, '', '', null, null, null, null, '', '']
  const endpoints = endpointCells(sock)
  return [
    ...[fd, socket.address, sock.address],
    ...[readCell(() => sockFamily(sock)), readCell(() => sockType(sock))],
    ...endpoints,
    ...[readCell(() => sockState(sock)), readCell(() => unixSocketName(sock))],
  ]
}

function endpointCells(sock: Sock): Cell[] {
  const read = (cell: (ends: { source: Endpoint; destination: Endpoint }) => Cell): Cell =>
    readCell(() => {
      const ends = inetEndpoints(sock)
      return ends ? cell(ends) : null
    })
  return [
    read(({ source }) => endpointAddress(source)),
    read(({ source }) => source.port),
    read(({ destination }) => endpointAddress(destination)),
    read(({ destination }) => destination.port),
  ]
}

const endpointAddress = ({ address }: Endpoint): string =>
  address.length === 16 ? formatIpv6Words(address) : formatIpv4(address)

/** crash shows every socket as a struct inet_sock; here each family has its own struct. */
function* structBlocks(open: readonly OpenSocket[], format: FormatOptions): Generator<Block> {
  for (const [i, each] of open.entries()) {
    if (i > 0) yield lines('')
    const sock = socketSock(each.socket)
    yield table(COLUMNS.slice(0, 3), [[each.fd, each.socket.address, sock?.address ?? 0n]], {
      heading: 'FD       SOCKET             SOCK      ',
      line: ([fd, socket, address]) =>
        `${cellText(fd).padStart(2)}  ${addressText(socket)}  ${addressText(address)}\n`,
    })
    yield { kind: 'object', object: each.socket, format, prefix: 'struct socket ' }
    if (!sock) continue
    const container = sockContainer(sock) ?? sock
    const name = 'name' in container.type ? container.type.name : 'sock'
    yield { kind: 'object', object: container, format, prefix: `struct ${name} ` }
  }
}
