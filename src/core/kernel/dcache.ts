// Names of files: from a directory entry up to the root, and what files without a directory are called.
// Source: fs/d_path.c, and each pseudo file system's d_dname().
import { CorruptError, KdumpError } from '../base/errors.ts'
import { decodeCString } from '../base/text.ts'
import type { KObject } from '../program/kobject.ts'
import { realMount, type Mount } from './mount.ts'

export type Dentry = KObject<'dentry'>

/** Components of a path and mounts crossed; PATH_MAX allows 2048 of one letter. */
const COMPONENT_LIMIT = 4096
/** NAME_MAX is 255; memfd and anonymous names stay below too. */
const NAME_SIZE_MAX = 4096

/** How to name a path. */
export interface DPathOptions {
  /** Where paths start; a task's root under chroot. Absent: the root of the mount tree. */
  readonly root?: KObject<'path'>
}

/**
 * The path of a `struct path`, as readlink(/proc/PID/fd/N) has it. What lies outside `root`, or in a mount that is
 * attached nowhere, is named from its own top, as the kernel does.
 *
 * @returns `/etc/passwd`, `/tmp/x (deleted)`, `pipe:[123]`, `socket:[123]`, `anon_inode:[eventfd]`, `/memfd:x (deleted)`
 * @throws {CorruptError} if the chain of parents does not end
 * @source fs/d_path.c d_path()
 */
export function dPath(path: KObject, { root }: DPathOptions = {}): string {
  const dentry = path.get('dentry').deref()
  const special = specialName(dentry, path.pointer('mnt.mnt_root'))
  if (special !== undefined) return special
  const { text } = prependPath(dentry, realMount(path.get('mnt').deref()), root)
  return isUnlinked(dentry) ? `${text} (deleted)` : text
}

/**
 * Where a mount is attached.
 *
 * @returns undefined if it is not below `root`: /proc/mounts of who lives there leaves it out
 * @source fs/proc_namespace.c show_vfsmnt()
 */
export function mountPath(mount: Mount, { root }: DPathOptions = {}): string | undefined {
  const { text, isBelowRoot } = prependPath(mount.get('mnt.mnt_root').deref(), mount, root)
  return isBelowRoot ? text : undefined
}

/** The path within its file system. @source fs/d_path.c dentry_path_raw() */
export function dentryPath(dentry: Dentry): string {
  const names: string[] = []
  let at = dentry
  for (let count = 0; ; count++) {
    if (count > COMPONENT_LIMIT)
      throw new CorruptError(at.address, 'chain of d_parent does not end')
    const parent = at.pointer('d_parent')
    if (parent === at.address) return names.length === 0 ? '/' : `/${names.toReversed().join('/')}`
    names.push(dentryName(at))
    at = at.get('d_parent').deref()
  }
}

/** The last component. */
export function dentryName(dentry: Dentry): string {
  const length = Math.min(dentry.number('d_name.len'), NAME_SIZE_MAX)
  return decodeCString(dentry.program.memory.bytes(dentry.pointer('d_name.name'), length))
}

interface PrependedPath {
  readonly text: string
  /** True also where no root was given. */
  readonly isBelowRoot: boolean
}

/** Up to `root`, or to the mount that has no parent. @source fs/d_path.c __prepend_path() */
function prependPath(
  start: Dentry,
  startMount: Mount,
  root: KObject<'path'> | undefined,
): PrependedPath {
  const rootDentry = root?.pointer('dentry')
  const rootMount = root?.pointer('mnt')
  const names: string[] = []
  const end = (isBelowRoot: boolean): PrependedPath => ({
    text: `/${names.toReversed().join('/')}`,
    isBelowRoot,
  })
  let dentry = start
  let mount = startMount
  for (let count = 0; count < COMPONENT_LIMIT; count++) {
    if (dentry.address === rootDentry && mount.get('mnt').address === rootMount) return end(true)
    if (dentry.address === mount.pointer('mnt.mnt_root')) {
      const parent = mount.pointer('mnt_parent')
      if (parent === mount.address) return end(root === undefined)
      dentry = mount.get('mnt_mountpoint').deref()
      mount = mount.get('mnt_parent').deref()
      continue
    }
    const parent = dentry.pointer('d_parent')
    if (parent === dentry.address) return end(root === undefined)
    names.push(dentryName(dentry))
    dentry = dentry.get('d_parent').deref()
  }
  throw new CorruptError(start.address, 'chain of d_parent does not end')
}

/** Not in its directory any more. @source include/linux/dcache.h d_unlinked() */
function isUnlinked(dentry: Dentry): boolean {
  return dentry.pointer('d_hash.pprev') === 0n && dentry.pointer('d_parent') !== dentry.address
}

/** Names of files that lie in no directory: their file system's own d_dname() makes them up. */
const SPECIAL_NAMES: Readonly<Record<string, (dentry: Dentry) => string>> = {
  pipefs_dname: (dentry) => `pipe:[${dentry.bigint('d_inode.i_ino')}]`,
  sockfs_dname: (dentry) => `socket:[${dentry.bigint('d_inode.i_ino')}]`,
  anon_inodefs_dname: (dentry) => `anon_inode:${dentryName(dentry)}`,
  pidfs_dname: () => 'anon_inode:[pidfd]',
  simple_dname: (dentry) => `/${dentryName(dentry)} (deleted)`,
  dmabuffs_dname: (dentry) =>
    `/${dentryName(dentry)}:${dentry.get('d_fsdata').cast('struct dma_buf *').string('name')}`,
  ns_dname: (dentry) => namespaceName(dentry),
  hugetlb_dname: (dentry) => `/${dentryName(dentry)} (deleted)`,
}

function specialName(dentry: Dentry, mountRoot: bigint): string | undefined {
  if (dentry.pointer('d_op') === 0n) return undefined
  const dname = dentry.pointer('d_op.d_dname')
  // A bind-mounted namespace file has a path: then the entry is the root of that mount.
  const isRoot = dentry.pointer('d_parent') === dentry.address
  if (dname === 0n || (isRoot && dentry.address === mountRoot)) return undefined
  // Asked by name and not by address: functions folded into one have several names.
  const name = Object.keys(SPECIAL_NAMES).find(
    (known) => dentry.program.kernelSymbols?.find(known)?.address === dname,
  )
  const format = name === undefined ? undefined : SPECIAL_NAMES[name]
  if (!format) return `(${dentry.program.symbolAt(dname)?.name ?? 'unnamed'})`
  try {
    return format(dentry)
  } catch (error) {
    if (error instanceof KdumpError) return `(${name}: ${error.message})`
    throw error
  }
}

/** `net:[4026531840]`. @source fs/nsfs.c ns_dname() */
function namespaceName(dentry: Dentry): string {
  const { program } = dentry
  const inode = dentry.get('d_inode').deref()
  // Since v5.11, i_private is the ns_common; it is what proc_ns_operations hangs on in every kernel with nsfs.
  const common = program.objectAt('struct ns_common', inode.pointer('i_private'))
  return `${common.string('ops.name')}:[${inode.bigint('i_ino')}]`
}
