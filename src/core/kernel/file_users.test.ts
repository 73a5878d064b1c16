// Two processes that share nothing but files, and a thread that shares all with the first.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Value } from '../../../test/support/encode_value.ts'
import { buildKernel, type Placed } from '../../../test/support/kernel_recipe.ts'
import { FileUserSearch, type FileReference } from './file_users.ts'
import type { Task } from './sched.ts'

const TYPES = `
  struct qstr { unsigned int len; const char *name; };
  struct hlist_bl_node { struct hlist_bl_node *next, **pprev; };
  struct dentry_operations { void *d_dname; };
  struct inode { unsigned long i_ino; };
  struct dentry { struct hlist_bl_node d_hash; struct dentry *d_parent; struct qstr d_name; struct inode *d_inode;
    struct dentry_operations *d_op; struct super_block *d_sb; };
  struct super_block { int s_flags; };
  struct vfsmount { struct dentry *mnt_root; struct super_block *mnt_sb; };
  struct mount { struct mount *mnt_parent; struct dentry *mnt_mountpoint; struct vfsmount mnt; };
  struct path { struct vfsmount *mnt; struct dentry *dentry; };
  struct file { unsigned int f_mode; struct path f_path; struct inode *f_inode; };
  struct backing_file { struct file file; struct path user_path; };
  struct fdtable { unsigned int max_fds; struct file **fd; unsigned long *open_fds; };
  struct files_struct { struct fdtable *fdt; };
  struct fs_struct { struct path root, pwd; };
  struct vm_area_struct { unsigned long vm_start, vm_end; struct vm_area_struct *vm_next; struct file *vm_file; };
  struct mm_struct { struct vm_area_struct *mmap; };
  struct words { unsigned long word[64]; };
  struct task_struct { unsigned int flags; struct mm_struct *mm; struct fs_struct *fs; struct files_struct *files; };`

const path = (dentry: string): Value => ({ mnt: '&mount.mnt', dentry: `&${dentry}` })
const dentry = (name: string, parent: string, inode: string): Placed => [
  'struct dentry',
  {
    d_hash: { pprev: 8 },
    d_parent: `&${parent}`,
    d_name: { len: name.length, name },
    d_inode: `&${inode}`,
  },
]

const { program, addressOf } = buildKernel({
  types: TYPES,
  objects: {
    root: dentry('/', 'root', 'rootInode'),
    log: dentry('log', 'root', 'logInode'),
    lower: dentry('lower', 'root', 'lowerInode'),
    upper: dentry('upper', 'root', 'upperInode'),
    rootInode: ['struct inode'],
    logInode: ['struct inode'],
    lowerInode: ['struct inode'],
    upperInode: ['struct inode'],
    mount: ['struct mount', { mnt_parent: '&mount', mnt: { mnt_root: '&root' } }],
    fs: ['struct fs_struct', { root: path('root'), pwd: path('log') }],
    logFile: ['struct file', { f_mode: 0x300_0000, f_path: path('log'), f_inode: '&logInode' }],
    backing: [
      'struct backing_file',
      {
        file: { f_mode: 0x200_0000, f_path: path('lower'), f_inode: '&lowerInode' },
        user_path: path('upper'),
      },
    ],
    fd: ['struct words', { word: ['&logFile'] }],
    open: ['struct words', { word: [1] }],
    fdt: ['struct fdtable', { max_fds: 64, fd: '&fd', open_fds: '&open' }],
    files: ['struct files_struct', { fdt: '&fdt' }],
    area: ['struct vm_area_struct', { vm_file: '&backing' }],
    mm: ['struct mm_struct', { mmap: '&area' }],
    broken: ['struct mm_struct', { mmap: 0xffff_8880_7fff_0000n }],
    first: ['struct task_struct', { mm: '&mm', fs: '&fs', files: '&files' }],
    thread: ['struct task_struct', { mm: '&mm', fs: '&fs', files: '&files' }],
    second: ['struct task_struct', { mm: '&broken' }],
  },
})

const uses = (reference: FileReference, name = 'first'): string[] => {
  const task: Task = program.objectAt('struct task_struct', addressOf(name))
  return new FileUserSearch(reference).usesOf(task)
}

test('a file is found by its path, however it is used', () => {
  assert.deepEqual(uses({ path: '/' }), ['root'])
  assert.deepEqual(uses({ path: '/log' }), ['cwd', 'fd'])
  assert.deepEqual(uses({ path: '/none' }), [])
})

test('a mapped file of an overlay is the one its user knows', () => {
  assert.deepEqual(uses({ path: '/upper' }), ['mmap'])
  assert.deepEqual(uses({ path: '/lower' }), [])
  assert.deepEqual(uses({ inode: addressOf('lowerInode') }), ['mmap'])
})

test('a file is found by its inode', () => {
  assert.deepEqual(uses({ inode: addressOf('logInode') }), ['cwd', 'fd'])
  assert.deepEqual(uses({ inode: addressOf('rootInode') }), ['root'])
})

test('a task that lacks everything, or whose memory is damaged, uses nothing', () => {
  assert.deepEqual(uses({ path: '/' }, 'second'), [])
})

test('what threads share is looked at once, and counts for each', () => {
  const search = new FileUserSearch({ path: '/log' })
  const of = (name: string): string[] =>
    search.usesOf(program.objectAt('struct task_struct', addressOf(name)))
  assert.deepEqual(of('first'), of('thread'))
})
