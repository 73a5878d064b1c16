// Segments of shared memory in a namespace: one of tmpfs, one of hugetlbfs, each in the page cache of two kernels.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { buildKernel } from '../../../test/support/kernel_recipe.ts'
import { forEachIpc, ipcNamespace, ipcPerm, shmPages, type ShmidKernel } from './ipc.ts'
import type { Task } from './sched.ts'

const typesOf = (idr: string): string => `
  struct xarray { unsigned int xa_lock; void *xa_head; };
  struct xa_node { unsigned char shift; void *slots[64]; };
  struct idr { struct xarray idr_rt; ${idr} };
  struct kern_ipc_perm { int id; int key; };
  struct ipc_ids { int in_use; struct idr ipcs_idr; };
  struct ipc_namespace { struct ipc_ids ids[3]; };
  struct nsproxy { struct ipc_namespace *ipc_ns; };
  struct task_struct { struct nsproxy *nsproxy; };
  struct file_system_type { const char *name; };
  struct super_block { struct file_system_type *s_type; };
  struct address_space { struct xarray i_pages; unsigned long nrpages; };
  struct inode { struct super_block *i_sb; struct address_space *i_mapping; unsigned char i_blkbits; };
  struct shmem_inode_info { int seals; unsigned long swapped; struct inode vfs_inode; };
  struct file { struct inode *f_inode; };
  struct shmid_kernel { unsigned long shm_segsz; struct file *shm_file; struct kern_ipc_perm shm_perm; };`

for (const [name, idr, hugePagesCount] of [
  ['ids from 0, huge pages counted as one', '', 2],
  ['ids from a base, huge pages counted as small ones', 'unsigned int idr_base;', 1024],
] as const) {
  const { program, addressOf } = buildKernel({
    types: typesOf(idr),
    variables: {
      init_ipc_ns: [
        'struct ipc_namespace',
        { 'ids[2]': { ipcs_idr: { idr_rt: { xa_head: '&ids+2' } } } },
      ],
    },
    objects: {
      ids: ['struct xa_node', { slots: ['&small.shm_perm', 0, '&huge.shm_perm'] }],
      small: [
        'struct shmid_kernel',
        { shm_segsz: 0x5001, shm_file: '&file', shm_perm: { id: 0, key: 5 } },
      ],
      huge: [
        'struct shmid_kernel',
        { shm_segsz: 0x60_0000, shm_file: '&hugefile', shm_perm: { id: 2 } },
      ],
      file: ['struct file', { f_inode: '&tmpfs.vfs_inode' }],
      hugefile: ['struct file', { f_inode: '&hugetlbfs' }],
      tmpfs: [
        'struct shmem_inode_info',
        { swapped: 1, vfs_inode: { i_sb: '&tmpfs_sb', i_mapping: '&mapping' } },
      ],
      hugetlbfs: ['struct inode', { i_sb: '&huge_sb', i_mapping: '&hugemapping', i_blkbits: 21 }],
      mapping: ['struct address_space', { nrpages: 3 }],
      hugemapping: [
        'struct address_space',
        { nrpages: hugePagesCount, i_pages: { xa_head: '&hugepages+2' } },
      ],
      hugepages: ['struct xa_node', { slots: [0xffff_ea00_0000_1000n, 0xffff_ea00_0000_9000n] }],
      tmpfs_type: ['struct file_system_type', { name: 'tmpfs' }],
      huge_type: ['struct file_system_type', { name: 'hugetlbfs' }],
      tmpfs_sb: ['struct super_block', { s_type: '&tmpfs_type' }],
      huge_sb: ['struct super_block', { s_type: '&huge_type' }],
      gone: ['struct task_struct'],
    },
  })
  const namespace = ipcNamespace(program)

  test(`segments are listed with their pages (${name})`, () => {
    assert.ok(namespace)
    const segments = Array.from(forEachIpc(namespace, 'shm'), (shm) => [
      ipcPerm(shm, 'shm').number('id'),
      shmPages(shm as ShmidKernel),
    ])
    assert.deepEqual(segments, [
      [0, { allocated: 6, resident: 3, swapped: 1 }],
      [2, { allocated: 1536, resident: 1024, swapped: 0 }],
    ])
  })

  test(`a namespace may have none of a kind, and a task that has exited no namespace (${name})`, () => {
    assert.ok(namespace)
    assert.deepEqual([...forEachIpc(namespace, 'sem')], [])
    const gone: Task = program.objectAt('struct task_struct', addressOf('gone'))
    assert.equal(ipcNamespace(program, gone), undefined)
  })
}
