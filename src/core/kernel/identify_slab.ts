// Which slab object an address is in, and, where a cache holds objects of one type only, which member of it.
import { stripType, type Type } from '../debuginfo/type.ts'
import { memberAt } from '../program/member_at.ts'
import type { Program } from '../program/program.ts'
import type { Identity } from './identify.ts'
import { slabObjectInfo } from './slab.ts'
import { slabCacheName, type SlabCache } from './slab_cache.ts'

/** Caches whose objects are of a type that is not called like the cache. */
const CACHE_TYPES: Readonly<Record<string, string>> = {
  TCP: 'tcp_sock',
  TCPv6: 'tcp6_sock',
  UDP: 'udp_sock',
  UDPv6: 'udp6_sock',
  UNIX: 'unix_sock',
  'UNIX-STREAM': 'unix_sock',
  RAW: 'raw_sock',
  PING: 'inet_sock',
  anon_vma: 'anon_vma',
  bdev_cache: 'bdev_inode',
  bio_crypt_ctx: 'bio_crypt_ctx',
  btrfs_inode: 'btrfs_inode',
  cred: 'cred',
  cred_jar: 'cred',
  ext2_inode_cache: 'ext2_inode_info',
  ext4_inode_cache: 'ext4_inode_info',
  fib6_node: 'fib6_node',
  files_cache: 'files_struct',
  filp: 'file',
  fs_cache: 'fs_struct',
  fuse_inode: 'fuse_inode',
  hugetlbfs_inode_cache: 'hugetlbfs_inode_info',
  inode_cache: 'inode',
  ip_dst_cache: 'rtable',
  jbd2_journal_handle: 'jbd2_journal_handle',
  kernfs_node_cache: 'kernfs_node',
  mnt_cache: 'mount',
  mqueue_inode_cache: 'mqueue_inode_info',
  nf_conntrack: 'nf_conn',
  nfs_inode_cache: 'nfs_inode',
  ovl_inode: 'ovl_inode',
  pid: 'pid',
  pool_workqueue: 'pool_workqueue',
  proc_inode_cache: 'proc_inode',
  radix_tree_node: 'xa_node',
  request_queue: 'request_queue',
  request_sock_TCP: 'tcp_request_sock',
  seq_file: 'seq_file',
  shmem_inode_cache: 'shmem_inode_info',
  sighand_cache: 'sighand_struct',
  signal_cache: 'signal_struct',
  skbuff_head_cache: 'sk_buff',
  sock_inode_cache: 'socket_alloc',
  squashfs_inode_cache: 'squashfs_inode_info',
  task_delay_info: 'task_delay_info',
  uts_namespace: 'uts_namespace',
  xfs_inode: 'xfs_inode',
}

/** The slab object. */
export function* identifySlab(program: Program, address: bigint): Generator<Identity> {
  const found = slabObjectInfo(program, address)
  if (!found) return
  const { cache, object, allocated, cpu } = found
  const offset = address - object
  const state = allocated === undefined ? 'state unknown' : allocated ? 'allocated' : 'free'
  const where = cpu === undefined ? '' : `, kept by CPU ${cpu}`
  const type = cacheType(program, cache)
  const member = type && memberText(type, offset)
  const detail = `${state}${where}${member === undefined ? '' : `, ${member}`}`
  yield { kind: 'slab object', name: slabCacheName(cache), start: object, offset, detail }
}

/** The type of every object of a cache; undefined where they may be anything, or it is not known. */
export function cacheType(program: Program, cache: SlabCache): Type | undefined {
  const name = slabCacheName(cache)
  const typeName = Object.hasOwn(CACHE_TYPES, name) ? CACHE_TYPES[name] : name
  if (!/^[A-Za-z_]\w*$/.test(typeName ?? '')) return undefined
  const type = program.findType(`struct ${typeName}`)
  // task_struct ends in registers of which only as many are allocated as the CPU has.
  if (typeName === name) return type
  // A type that is larger than the objects is another one of the name.
  return type && program.sizeof(`struct ${typeName}`) <= cache.number('object_size')
    ? type
    : undefined
}

/** `struct inode.i_mapping`, for the member at an offset; undefined beyond the struct. */
export function memberText(type: Type, offset: bigint): string | undefined {
  const struct = stripType(type)
  if (struct.kind !== 'struct') return undefined
  const member = memberAt(struct, Number(offset))
  if (!member) return undefined
  const plus = member.offset === 0 ? '' : `+${member.offset}`
  // The start of an object is the object.
  return offset === 0n ? `struct ${struct.name}` : `struct ${struct.name}.${member.path}${plus}`
}
