// Open files, inodes, and a task's directories. Source: include/linux/fdtable.h, include/linux/fs.h, include/linux/fs_struct.h.
import { CorruptError, FaultError } from '../base/errors.ts'
import { stripType } from '../debuginfo/type.ts'
import type { KObject } from '../program/kobject.ts'
import type { Program } from '../program/program.ts'
import { containerOf, listForEachEntry } from './list.ts'
import type { Task } from './sched.ts'
import { xaForEach, xaIsValue } from './xarray.ts'

export type File = KObject<'file'>
export type Inode = KObject<'inode'>

/** A file and the descriptor it is open under. */
export interface OpenFile {
  readonly fd: number
  readonly file: File
}

/** NR_OPEN_MAX of 64-bit kernels is larger; a table of this many entries is 2 GiB and not real. */
const FD_LIMIT = 1 << 28

/**
 * Walk the open files of a task, by descriptor.
 *
 * @yields nothing for a task that has none (kernel threads mostly, dead tasks)
 * @throws {CorruptError} if the table's size is absurd; after the good ones, if an entry is no address
 * @throws {FaultError} after the good ones, if part of the table is not in the dump
 * @source fs/file.c, fs/proc/fd.c proc_readfd_common()
 */
export function* forEachFile(task: Task): Generator<OpenFile> {
  const files = task.get('files')
  if (files.isNull()) return
  const { program } = task
  const fdt = files.get('fdt').deref()
  const fdEnd = fdt.number('max_fds')
  if (fdEnd > FD_LIMIT) throw new CorruptError(fdt.address, `fdtable of ${fdEnd} descriptors`)
  const table = fdt.pointer('fd')
  const openFds = fdt.pointer('open_fds')
  // A bitmap of 64-bit words: on big-endian machines bytes within a word run the other way.
  const flip = program.memory.littleEndian ? 0 : 7
  for (let byte = 0; byte * 8 < fdEnd; byte++) {
    const bits = program.memory.u8(openFds + BigInt(byte ^ flip))
    if (bits === 0) continue
    for (let bit = 0; bit < 8; bit++) {
      const fd = byte * 8 + bit
      if ((bits & (1 << bit)) === 0 || fd >= fdEnd) continue
      // A descriptor that open() has reserved and not yet filled is NULL.
      const file = program.memory.u64(table + BigInt(fd * 8))
      if (file === 0n) continue
      // Behind the end of a table whose size is a lie there is anything.
      if (!program.arch.isKernelAddress(file))
        throw new CorruptError(table + BigInt(fd * 8), `file of descriptor ${fd} is no address`)
      yield { fd, file: program.objectAt('struct file', file) }
    }
  }
}

/** `file->f_path`, a `struct path`. */
export function filePath(file: File): KObject<'path'> {
  return file.get('f_path')
}

/** FMODE_BACKING: bit 25 from v6.5 on, bit 24 since v6.14. Each bit has meant something else, too. @source include/linux/fs.h */
const FMODE_BACKING = 3n << 24n

/**
 * The path a file is known by to who mapped it: that of the overlay where `f_path` is the file below.
 *
 * @source include/linux/fs.h file_user_path()
 */
export function fileUserPath(file: File): KObject<'path'> {
  const { program } = file
  if ((file.bigint('f_mode') & FMODE_BACKING) === 0n) return filePath(file)
  if (!program.hasType('struct backing_file')) return filePath(file)
  // Since v6.7, commit def3ae83da02 ("fs: store real path instead of fake path in backing file f_path"), struct
  // backing_file has what the user sees. From v6.5 on it was the other way round, and f_path what is wanted.
  const path = containerOf(file, file.address, 'struct backing_file', 'file').find('user_path')
  return path && isPath(path) ? path : filePath(file)
}

/** Does this lead to a mount and an entry of one file system? Behind a file that backs nothing there is anything. */
function isPath(path: KObject): boolean {
  try {
    return path.pointer('mnt.mnt_sb') === path.pointer('dentry.d_sb')
  } catch (error) {
    if (error instanceof FaultError) return false
    throw error
  }
}

/** The inode of an open file. @source include/linux/fs.h file_inode() */
export function fileInode(file: File): Inode {
  return file.get('f_inode').deref()
}

/** A task's root directory as `struct path`; undefined once it has exited. */
export function taskRoot(task: Task): KObject<'path'> | undefined {
  const fs = task.get('fs')
  return fs.isNull() ? undefined : fs.get('root')
}

/** A task's working directory as `struct path`; undefined once it has exited. */
export function taskCwd(task: Task): KObject<'path'> | undefined {
  const fs = task.get('fs')
  return fs.isNull() ? undefined : fs.get('pwd')
}

/** S_IFMT and its values. @source include/uapi/linux/stat.h */
const S_IFMT = 0o170000
const FILE_TYPES: Readonly<Record<number, FileType>> = {
  0o010000: 'FIFO',
  0o020000: 'CHR',
  0o040000: 'DIR',
  0o060000: 'BLK',
  0o100000: 'REG',
  0o120000: 'LNK',
  0o140000: 'SOCK',
}

/** The type of an inode as crash abbreviates it; UNKN for anonymous inodes, which have none. */
export type FileType = 'FIFO' | 'CHR' | 'DIR' | 'BLK' | 'REG' | 'LNK' | 'SOCK' | 'UNKN'

/** What kind of file an inode is. */
export function inodeType(inode: Inode): FileType {
  return FILE_TYPES[inode.number('i_mode') & S_IFMT] ?? 'UNKN'
}

/** Pages of an inode in the page cache (`i_mapping->nrpages`). */
export function inodePages(inode: Inode): number {
  return inode.number('i_mapping.nrpages')
}

/** A page of a file, in memory. */
export interface CachedPage {
  /** Page offset in the file. */
  readonly index: bigint
  /** Address of the `struct page` (of a large folio: of its first page). */
  readonly page: bigint
}

/**
 * Walk the page cache of an inode, ascending. Shadow entries of evicted pages are left out.
 *
 * @source mm/filemap.c find_get_entries()
 */
export function* forEachCachedPage(inode: Inode): Generator<CachedPage> {
  // Since v4.17, commit b93b016313b3 ("page cache: use xa_lock"), the tree is i_pages; before, page_tree.
  const pages = inode.get('i_mapping.i_pages', 'i_mapping.page_tree')
  for (const { index, entry } of xaForEach(pages)) {
    // Radix trees marked shadow entries by 2 in the low bits.
    if (!xaIsValue(entry) && (entry & 3n) === 0n) yield { index, page: entry }
  }
}

/** I_DIRTY_SYNC, I_DIRTY_DATASYNC, I_DIRTY_PAGES, I_DIRTY_TIME: what inodes that must be written are told by. @source include/linux/fs.h */
const DIRTY_NAMES = ['I_DIRTY_SYNC', 'I_DIRTY_DATASYNC', 'I_DIRTY_PAGES', 'I_DIRTY_TIME']
const DIRTY_BITS_OLD = 0x807n
const DIRTY_BITS_6_12 = 0x838n

/**
 * Walk the inodes of a file system that hold what is not on disk yet, or a time stamp that is not.
 *
 * @source include/linux/fs.h I_DIRTY_ALL
 */
export function* forEachDirtyInode(superBlock: KObject): Generator<Inode> {
  const { program } = superBlock
  const dirty = dirtyBits(program)
  for (const inode of listForEachEntry<'inode'>(
    superBlock.get('s_inodes'),
    'struct inode',
    'i_sb_list',
  )) {
    // Since v6.19, commit b4dbfd8653b3 ("Coccinelle-based conversion to use ->i_state accessors"), it is in a struct.
    if ((inode.bigint('i_state.__state', 'i_state') & dirty) !== 0n) yield inode
  }
}

function dirtyBits(program: Program): bigint {
  // They are an enum since v6.18, renamed in v6.19: then the enum says which.
  for (const name of ['enum inode_state_flags_enum', 'enum inode_state_flags_t']) {
    const found = program.findType(name)
    const type = found && stripType(found)
    if (type?.kind === 'enum')
      return type.values.reduce(
        (bits, value) => (DIRTY_NAMES.includes(value.name) ? bits | value.value : bits),
        0n,
      )
  }
  // Since v6.12, commit 2ed634c96ed1 ("fs: reorder i_state bits"), they begin at bit 3; inode_bit_waitqueue() came with it.
  return program.hasSymbol('inode_bit_waitqueue') ? DIRTY_BITS_6_12 : DIRTY_BITS_OLD
}
