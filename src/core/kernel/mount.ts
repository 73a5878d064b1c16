// Mounts and mount namespaces. Source: fs/mount.h, fs/namespace.c.
import type { KObject } from '../program/kobject.ts'
import type { Program } from '../program/program.ts'
import { containerOf, listForEachEntry } from './list.ts'
import { rbtreeInorderForEachEntry } from './rbtree.ts'
import type { Task } from './sched.ts'

export type Mount = KObject<'mount'>

/** A place marker of someone reading /proc/mounts, v5.8 to v6.7. @source include/linux/mount.h */
const MNT_CURSOR = 0x1000_0000

/** The `struct mount` around a `struct vfsmount` (what `struct path` points to). @source fs/mount.h real_mount() */
export function realMount(vfsmount: KObject): Mount {
  return containerOf(vfsmount, vfsmount.address, 'struct mount', 'mnt')
}

/** The mount namespace of a task; that of PID 1 if none is given. @returns undefined for a task that has exited */
export function mountNamespace(
  program: Program,
  task?: Task,
): KObject<'mnt_namespace'> | undefined {
  const nsproxy = (task ?? program.object('init_task')).get('nsproxy')
  return nsproxy.isNull() ? undefined : nsproxy.get('mnt_ns').deref()
}

/**
 * Walk the mounts of a namespace.
 *
 * @yields `struct mount` in order of mounting
 * @throws {CorruptError} after the good ones, if the list or tree is damaged
 * @source fs/namespace.c mnt_find_id_at(), before v6.8 m_next()
 */
export function* forEachMount(namespace: KObject<'mnt_namespace'>): Generator<Mount> {
  // Since v6.8, commit 2eea9ce4310d ("mounts: keep list of mounts in an rbtree"), the mounts are a tree;
  // `mounts` was a mere count before.
  if (!namespace.has('list')) {
    yield* rbtreeInorderForEachEntry(namespace.get('mounts'), 'struct mount', 'mnt_node')
    return
  }
  for (const mount of listForEachEntry<'mount'>(
    namespace.get('list'),
    'struct mount',
    'mnt_list',
  )) {
    if ((mount.number('mnt.mnt_flags') & MNT_CURSOR) === 0) yield mount
  }
}

/** The device or source a file system was mounted from; 'none' where there is none. @source fs/proc_namespace.c */
export function mountDevname(mount: Mount): string {
  return mount.string('mnt_devname') || 'none'
}

/** The file system's type, `fuse.sshfs` with a subtype. @source fs/proc_namespace.c show_type() */
export function mountType(mount: Mount): string {
  const superBlock = mount.get('mnt.mnt_sb').deref()
  const subtype = superBlock.find('s_subtype')?.string() ?? ''
  return superBlock.string('s_type.name') + (subtype === '' ? '' : `.${subtype}`)
}
