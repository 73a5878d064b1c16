// System V IPC: shared memory, semaphores, message queues. Source: include/linux/ipc_namespace.h, ipc/{util,shm,sem,msg}.c.
import type { KObject } from '../program/kobject.ts'
import type { Program } from '../program/program.ts'
import { fileInode, forEachCachedPage, inodePages, type Inode } from './fs.ts'
import { idrForEach } from './idr.ts'
import { containerOf } from './list.ts'
import type { Task } from './sched.ts'

export type IpcNamespace = KObject<'ipc_namespace'>
export type ShmidKernel = KObject<'shmid_kernel'>

// ipc/util.h IPC_SEM_IDS and its kin: indices of ipc_namespace.ids.
const IPC_IDS = { sem: 0, msg: 1, shm: 2 } as const

/** Kinds of IPC objects. */
export type IpcKind = keyof typeof IPC_IDS

const IPC_TYPES = {
  sem: ['struct sem_array', 'sem_perm'],
  msg: ['struct msg_queue', 'q_perm'],
  shm: ['struct shmid_kernel', 'shm_perm'],
} as const

// ipc/shm.c: what ipcs shows of shm_perm.mode besides the permissions.
export const SHM_DEST = 0o1000
export const SHM_LOCKED = 0o2000

/** The IPC namespace of a task; the first one if none is given. @returns undefined for a task that has exited */
export function ipcNamespace(program: Program, task?: Task): IpcNamespace | undefined {
  if (!task) return program.object('init_ipc_ns').cast('struct ipc_namespace')
  const nsproxy = task.get('nsproxy')
  return nsproxy.isNull() ? undefined : nsproxy.get('ipc_ns').deref()
}

/**
 * Walk the objects of a kind in a namespace, by index.
 *
 * @yields `struct shmid_kernel`, `struct sem_array` or `struct msg_queue`
 * @source ipc/util.c sysvipc_proc_show()
 */
export function* forEachIpc(namespace: IpcNamespace, kind: IpcKind): Generator<KObject> {
  const ids = namespace.get('ids').at(IPC_IDS[kind])
  const [type, member] = IPC_TYPES[kind]
  // Since v4.15 they are allocated from the start; before, and in a namespace that never had any, the tree may be empty.
  for (const { entry } of idrForEach(ids.get('ipcs_idr')))
    yield containerOf(namespace, entry, type, member)
}

/** The `struct kern_ipc_perm` of an IPC object: key, id, owner, mode. */
export function ipcPerm(object: KObject, kind: IpcKind): KObject<'kern_ipc_perm'> {
  return object.get(IPC_TYPES[kind][1])
}

/** Pages of a shared memory segment. */
export interface ShmPages {
  /** Its size, in pages. */
  readonly allocated: number
  readonly resident: number
  readonly swapped: number
}

/** The inode that holds the pages of a segment. @source ipc/shm.c shm_add_rss_swap() */
export function shmInode(shm: ShmidKernel): Inode {
  return fileInode(shm.get('shm_file').deref())
}

/** Count the pages of a shared memory segment. @source ipc/shm.c shm_add_rss_swap() */
export function shmPages(shm: ShmidKernel): ShmPages {
  const { program } = shm
  const inode = shmInode(shm)
  const { pageSize } = program.memory
  const allocated = Math.ceil(Number(shm.bigint('shm_segsz')) / pageSize)
  if (inode.string('i_sb.s_type.name') === 'hugetlbfs')
    return {
      allocated,
      resident: hugePages(inode) * (2 ** inode.number('i_blkbits') / pageSize),
      swapped: 0,
    }
  const info = containerOf(inode, inode.address, 'struct shmem_inode_info', 'vfs_inode')
  return { allocated, resident: inodePages(inode), swapped: info.number('swapped') }
}

/** Before v6.7, commit a08c7193e4f1 ("mm/filemap: remove hugetlb special casing in filemap.c"), nrpages counted these; not since. */
function hugePages(inode: Inode): number {
  let count = 0
  for (const _page of forEachCachedPage(inode)) count++
  return count
}
