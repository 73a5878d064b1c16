// A mount tree of v5.8 to v6.7 (a list, with cursors of readers in it) and of v6.8 and later (a red-black tree), and
// the paths of files in it.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Value } from '../../../test/support/encode_value.ts'
import {
  buildKernel,
  type BuiltKernel,
  type KernelRecipe,
  type Placed,
} from '../../../test/support/kernel_recipe.ts'
import { dentryPath, dPath, mountPath } from './dcache.ts'
import { forEachMount, mountDevname, mountNamespace, mountType } from './mount.ts'

const COMMON = `
  struct list_head { struct list_head *next, *prev; };
  struct hlist_bl_node { struct hlist_bl_node *next, **pprev; };
  struct rb_node { unsigned long __rb_parent_color; struct rb_node *rb_right; struct rb_node *rb_left; };
  struct rb_root { struct rb_node *rb_node; };
  struct qstr { unsigned int hash; unsigned int len; const char *name; };
  struct file_system_type { const char *name; };
  struct super_block { struct dentry *s_root; struct file_system_type *s_type; char *s_subtype; };
  struct inode { unsigned long i_ino; };
  struct dentry_operations { void *d_dname; };
  struct dentry { struct hlist_bl_node d_hash; struct dentry *d_parent; struct qstr d_name; struct inode *d_inode;
    struct dentry_operations *d_op; struct super_block *d_sb; };
  struct vfsmount { struct dentry *mnt_root; struct super_block *mnt_sb; int mnt_flags; };
  struct path { struct vfsmount *mnt; struct dentry *dentry; };
  struct nsproxy { struct mnt_namespace *mnt_ns; };
  struct task_struct { struct nsproxy *nsproxy; };
`
const LIST = `${COMMON}
  struct mount { struct mount *mnt_parent; struct dentry *mnt_mountpoint; struct vfsmount mnt; const char *mnt_devname;
    struct list_head mnt_list; };
  struct mnt_namespace { struct mount *root; struct list_head list; unsigned int mounts; };`
const TREE = `${COMMON}
  struct mount { struct mount *mnt_parent; struct dentry *mnt_mountpoint; struct vfsmount mnt; struct rb_node mnt_node;
    const char *mnt_devname; };
  struct mnt_namespace { struct mount *root; struct rb_root mounts; unsigned int nr_mounts; };`

const dentry = (
  name: string,
  parent: string,
  sb: string,
  more: Record<string, Value> = {},
): Placed => [
  'struct dentry',
  // A hashed entry: it is in its directory.
  { d_hash: { pprev: 8 }, d_parent: parent, d_name: { len: name.length, name }, d_sb: sb, ...more },
]

/** / is ext4, /mnt a fuse.sshfs, /mnt/sub a file; `gone` was deleted; the pipe lies nowhere. */
const FILES: KernelRecipe['objects'] = {
  ext4: ['struct file_system_type', { name: 'ext4' }],
  fuse: ['struct file_system_type', { name: 'fuse' }],
  root_sb: ['struct super_block', { s_root: '&root', s_type: '&ext4' }],
  other_sb: ['struct super_block', { s_root: '&other', s_type: '&fuse', s_subtype: 'sshfs' }],
  root: dentry('/', '&root', '&root_sb'),
  mnt: dentry('mnt', '&root', '&root_sb'),
  gone: dentry('gone', '&mnt', '&root_sb', { d_hash: { pprev: 0 } }),
  other: dentry('/', '&other', '&other_sb'),
  sub: dentry('sub', '&other', '&other_sb'),
  pipe_inode: ['struct inode', { i_ino: 4711 }],
  pipe_ops: ['struct dentry_operations', { d_dname: '&pipefs_dname' }],
  odd_ops: ['struct dentry_operations', { d_dname: '&odd_dname' }],
  pipe: dentry('', '&pipe', '&root_sb', { d_inode: '&pipe_inode', d_op: '&pipe_ops' }),
  odd: dentry('', '&odd', '&root_sb', { d_op: '&odd_ops' }),
  to_sub: ['struct path', { mnt: '&other_mount.mnt', dentry: '&sub' }],
  to_other: ['struct path', { mnt: '&other_mount.mnt', dentry: '&other' }],
  to_gone: ['struct path', { mnt: '&root_mount.mnt', dentry: '&gone' }],
  to_pipe: ['struct path', { mnt: '&root_mount.mnt', dentry: '&pipe' }],
  to_odd: ['struct path', { mnt: '&root_mount.mnt', dentry: '&odd' }],
  to_mnt: ['struct path', { mnt: '&root_mount.mnt', dentry: '&mnt' }],
  nsproxy: ['struct nsproxy', { mnt_ns: '&ns' }],
}
const ROOT_MOUNT = {
  mnt_parent: '&root_mount',
  mnt_mountpoint: '&root',
  mnt: { mnt_root: '&root', mnt_sb: '&root_sb' },
  mnt_devname: '/dev/vda',
}
const OTHER_MOUNT = {
  mnt_parent: '&root_mount',
  mnt_mountpoint: '&mnt',
  mnt: { mnt_root: '&other', mnt_sb: '&other_sb' },
}

function kernel(
  types: string,
  objects: NonNullable<KernelRecipe['objects']>,
  lists: KernelRecipe['lists'] = {},
): BuiltKernel {
  return buildKernel({
    types,
    functions: { pipefs_dname: 16, odd_dname: 16 },
    variables: { init_task: ['struct task_struct', { nsproxy: '&nsproxy' }] },
    objects: { ...FILES, ...objects },
    lists,
  })
}

const KERNELS: Readonly<Record<string, () => BuiltKernel>> = {
  'list, v5.8 to v6.7': () =>
    kernel(
      LIST,
      {
        ns: ['struct mnt_namespace'],
        root_mount: ['struct mount', ROOT_MOUNT],
        other_mount: ['struct mount', OTHER_MOUNT],
        cursor: ['struct mount', { mnt: { mnt_flags: 0x1000_0000 } }],
      },
      { 'ns.list': ['root_mount.mnt_list', 'cursor.mnt_list', 'other_mount.mnt_list'] },
    ),
  'tree, since v6.8': () =>
    kernel(TREE, {
      ns: ['struct mnt_namespace', { mounts: { rb_node: '&root_mount.mnt_node' } }],
      root_mount: [
        'struct mount',
        { ...ROOT_MOUNT, mnt_node: { rb_right: '&other_mount.mnt_node' } },
      ],
      other_mount: [
        'struct mount',
        { ...OTHER_MOUNT, mnt_node: { __rb_parent_color: '&root_mount.mnt_node' } },
      ],
    }),
}

for (const [name, build] of Object.entries(KERNELS)) {
  test(`mounts are listed with device, place and type (${name})`, () => {
    const { program } = build()
    const namespace = mountNamespace(program)
    assert.ok(namespace)
    const mounts = Array.from(forEachMount(namespace), (mount) => [
      mountDevname(mount),
      mountPath(mount),
      mountType(mount),
    ])
    assert.deepEqual(mounts, [
      ['/dev/vda', '/', 'ext4'],
      ['none', '/mnt', 'fuse.sshfs'],
    ])
  })

  test(`paths cross mounts, and tell what is deleted or lies nowhere (${name})`, () => {
    const { program, addressOf } = build()
    const pathOf = (path: string): string => dPath(program.objectAt('struct path', addressOf(path)))
    assert.equal(pathOf('to_sub'), '/mnt/sub')
    assert.equal(pathOf('to_other'), '/mnt')
    assert.equal(pathOf('to_gone'), '/mnt/gone (deleted)')
    assert.equal(pathOf('to_pipe'), 'pipe:[4711]')
    // A kind of file nobody told us of is named by the function that would name it.
    assert.equal(pathOf('to_odd'), '(odd_dname)')
  })
}

test('a path seen from another root begins there', () => {
  const { program, addressOf } = (KERNELS['list, v5.8 to v6.7'] as () => BuiltKernel)()
  const root = program.objectAt('struct path', addressOf('to_other'))
  assert.equal(dPath(program.objectAt('struct path', addressOf('to_sub')), { root }), '/sub')
})

test('a mount outside the root that looks at it has no path there', () => {
  const { program, addressOf } = (KERNELS['list, v5.8 to v6.7'] as () => BuiltKernel)()
  const root = program.objectAt('struct path', addressOf('to_other'))
  const pathOf = (mount: string): string | undefined =>
    mountPath(program.objectAt('struct mount', addressOf(mount)), { root })
  assert.equal(pathOf('other_mount'), '/')
  assert.equal(pathOf('root_mount'), undefined)
})

test('within its file system a path knows no mounts', () => {
  const { program, addressOf } = (KERNELS['list, v5.8 to v6.7'] as () => BuiltKernel)()
  assert.equal(dentryPath(program.objectAt('struct dentry', addressOf('sub'))), '/sub')
  assert.equal(dentryPath(program.objectAt('struct dentry', addressOf('other'))), '/')
})

test('directories that are each other inside are corrupt, not endless', () => {
  const { program, addressOf } = buildKernel({
    types: LIST,
    objects: {
      ...FILES,
      root_mount: ['struct mount', ROOT_MOUNT],
      other_mount: ['struct mount', OTHER_MOUNT],
      mnt: dentry('mnt', '&gone', '&root_sb'),
      gone: dentry('gone', '&mnt', '&root_sb'),
      ns: ['struct mnt_namespace'],
    },
    functions: { pipefs_dname: 16, odd_dname: 16 },
  })
  assert.throws(() => dPath(program.objectAt('struct path', addressOf('to_mnt'))), {
    code: 'ERR_CORRUPT',
  })
  assert.throws(() => dentryPath(program.objectAt('struct dentry', addressOf('gone'))), {
    code: 'ERR_CORRUPT',
  })
})
