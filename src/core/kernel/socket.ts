// Sockets behind files. Source: include/net/sock.h, include/linux/net.h.
import type { KObject } from '../program/kobject.ts'
import type { Inode } from './fs.ts'
import { containerOf } from './list.ts'

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
