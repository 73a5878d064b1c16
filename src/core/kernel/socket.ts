// Sockets behind files. Source: include/net/sock.h, include/linux/net.h, include/net/inet_sock.h.
import { decodeCString } from '../base/text.ts'
import type { KObject } from '../program/kobject.ts'
import { fileInode, forEachFile, inodeType, type Inode } from './fs.ts'
import { containerOf } from './list.ts'
import type { Task } from './sched.ts'

export type Sock = KObject<'sock'>

/** AF_* by number. @source include/linux/socket.h */
const FAMILIES = [
  ...['UNSPEC', 'UNIX', 'INET', 'AX25', 'IPX', 'APPLETALK', 'NETROM', 'BRIDGE', 'ATMPVC', 'X25'],
  ...['INET6', 'ROSE', 'DECnet', 'NETBEUI', 'SECURITY', 'KEY', 'NETLINK/ROUTE', 'PACKET', 'ASH'],
  ...['ECONET', 'ATMSVC', 'RDS', 'SNA', 'IRDA', 'PPPOX', 'WANPIPE', 'LLC', 'IB', 'MPLS', 'CAN'],
  ...['TIPC', 'BLUETOOTH', 'IUCV', 'RXRPC', 'ISDN', 'PHONET', 'IEEE802154', 'CAIF', 'ALG', 'NFC'],
  ...['VSOCK', 'KCM', 'QIPCRTR', 'SMC', 'XDP', 'MCTP'],
]
/** SOCK_* by number. @source include/linux/net.h enum sock_type */
const TYPES: Readonly<Record<number, string>> = {
  1: 'STREAM',
  2: 'DGRAM',
  3: 'RAW',
  4: 'RDM',
  5: 'SEQPACKET',
  6: 'DCCP',
  10: 'PACKET',
}
/** By protocol number of a state; TCP's, which others share. @source include/net/tcp_states.h */
const TCP_STATES = [
  ...['', 'ESTABLISHED', 'SYN_SENT', 'SYN_RECV', 'FIN_WAIT1', 'FIN_WAIT2', 'TIME_WAIT', 'CLOSE'],
  ...['CLOSE_WAIT', 'LAST_ACK', 'LISTEN', 'CLOSING', 'NEW_SYN_RECV', 'BOUND_INACTIVE'],
]
const AF_INET6 = 10

/** An open socket of a task. */
export interface OpenSocket {
  readonly fd: number
  readonly socket: KObject<'socket'>
}

/** Walk the sockets a task has open, by descriptor. */
export function* forEachTaskSocket(task: Task): Generator<OpenSocket> {
  for (const { fd, file } of forEachFile(task)) {
    const inode = fileInode(file)
    if (inodeType(inode) === 'SOCK') yield { fd, socket: inodeSocket(inode) }
  }
}

/** The protocol's part of a socket; undefined once it is closed. */
export function socketSock(socket: KObject<'socket'>): Sock | undefined {
  const sk = socket.get('sk')
  return sk.isNull() ? undefined : sk.deref().cast('struct sock')
}

/** `INET`, `UNIX`, `NETLINK/ROUTE`; a number for a family without name. */
export function sockFamily(sock: Sock): string {
  const family = sock.number('__sk_common.skc_family')
  return FAMILIES[family] ?? String(family)
}

/** `STREAM`, `DGRAM`, `RAW`; a number for a type without name. */
export function sockType(sock: Sock): string {
  const type = sock.number('sk_type')
  return TYPES[type] ?? String(type)
}

/** `ESTABLISHED`, `LISTEN`: as TCP calls the state; others use ESTABLISHED and CLOSE of it. */
export function sockState(sock: Sock): string {
  const state = sock.number('__sk_common.skc_state')
  return TCP_STATES[state] ?? String(state)
}

/** One end of an internet socket. */
export interface Endpoint {
  /** 4 bytes, or 16 for IPv6. */
  readonly address: Uint8Array
  readonly port: number
}

/**
 * Where an internet socket is bound, and with whom it is connected (all zero if with nobody).
 *
 * @returns undefined for sockets of other families
 */
export function inetEndpoints(sock: Sock): { source: Endpoint; destination: Endpoint } | undefined {
  const { program } = sock
  const family = sockFamily(sock)
  const isIpv6 = sock.number('__sk_common.skc_family') === AF_INET6
  if (!isIpv6 && family !== 'INET') return undefined
  const common = sock.get('__sk_common')
  const inet = program.objectAt('struct inet_sock', sock.address)
  const suffix = isIpv6 ? 'skc_v6_' : 'skc_'
  return {
    source: {
      address: common.bytes(`${suffix}rcv_saddr`),
      port: networkShort(inet.bytes('inet_sport')),
    },
    destination: {
      address: common.bytes(`${suffix}daddr`),
      port: networkShort(common.bytes('skc_dport')),
    },
  }
}

const networkShort = (bytes: Uint8Array): number => ((bytes[0] ?? 0) << 8) | (bytes[1] ?? 0)

/** The struct of a family around `struct sock`; undefined if this dump has no type for it. */
export function sockContainer(sock: Sock): KObject | undefined {
  const names: Readonly<Record<string, string>> = {
    INET: 'inet_sock',
    INET6: 'inet_sock',
    UNIX: 'unix_sock',
    PACKET: 'packet_sock',
    'NETLINK/ROUTE': 'netlink_sock',
  }
  const name = names[sockFamily(sock)]
  return name !== undefined && sock.program.hasType(`struct ${name}`)
    ? sock.program.objectAt(`struct ${name}`, sock.address)
    : undefined
}

/** Name of a bound Unix socket, `@name` in the abstract space; '' if it has none. @source net/unix/af_unix.c unix_seq_show() */
export function unixSocketName(sock: Sock): string {
  const { program } = sock
  if (sockFamily(sock) !== 'UNIX' || !program.hasType('struct unix_sock')) return ''
  const address = program.objectAt('struct unix_sock', sock.address).get('addr')
  if (address.isNull()) return ''
  const header = program.offsetof('struct sockaddr_un', 'sun_path')
  const size = Math.min(address.number('len'), UNIX_ADDRESS_SIZE_MAX) - header
  if (size <= 0) return ''
  const bytes = program.memory.bytes(address.get('name').address + BigInt(header), size)
  return decodeText(bytes[0] === 0 ? bytes.subarray(1) : cString(bytes), bytes[0] === 0)
}

/** sizeof(struct sockaddr_un). */
const UNIX_ADDRESS_SIZE_MAX = 110

const cString = (bytes: Uint8Array): Uint8Array => {
  const end = bytes.indexOf(0)
  return end < 0 ? bytes : bytes.subarray(0, end)
}

/** An abstract name may hold NULs, which are shown as `@` too. */
const decodeText = (bytes: Uint8Array, isAbstract: boolean): string =>
  (isAbstract ? '@' : '') + decodeCString(bytes.map((byte) => (byte === 0 ? 0x40 : byte)))

/** The socket an inode of sockfs belongs to. @source include/net/sock.h SOCKET_I() */
export function inodeSocket(inode: Inode): KObject<'socket'> {
  const alloc = containerOf(inode, inode.address, 'struct socket_alloc', 'vfs_inode')
  return alloc.get('socket').cast('struct socket')
}

/** `TCP`, `UNIX-STREAM`, `NETLINK`: what the protocol calls itself; '' for a socket that is closed. */
export function socketProtocol(socket: KObject<'socket'>): string {
  const sk = socket.get('sk')
  if (sk.isNull() || sk.pointer('__sk_common.skc_prot') === 0n) return ''
  return sk.get('__sk_common.skc_prot').deref().string('name')
}
