// Open files of a task by its descriptor table, and the page cache under its two names.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { buildKernel, type BuiltKernel, type Placed } from '../../../test/support/kernel_recipe.ts'
import { fileInode, forEachCachedPage, forEachDirtyInode, forEachFile, inodeType } from './fs.ts'
import type { Task } from './sched.ts'

const TYPES = `
  struct xarray { unsigned int xa_lock; unsigned int xa_flags; void *xa_head; };
  struct xa_node { unsigned char shift; void *slots[64]; };
  struct inode { unsigned short i_mode; struct address_space *i_mapping; };
  struct file { struct inode *f_inode; };
  struct fdtable { unsigned int max_fds; struct file **fd; unsigned long *open_fds; };
  struct files_struct { struct fdtable *fdt; };
  struct task_struct { struct files_struct *files; };
  struct words { unsigned long word[128]; };`

/** Descriptors 0, 3 and 100 are open, 2 and 7 are reserved and not filled yet. */
function kernel(maxFds: number, member = 'i_pages', file7 = 0n): BuiltKernel {
  const fd = Array.from({ length: 128 }, (_, i) =>
    i === 0 || i === 3 || i === 100 ? `&file${i}` : i === 7 ? file7 : 0,
  )
  const file = (mode: number): Placed => ['struct inode', { i_mode: mode, i_mapping: '&mapping' }]
  return buildKernel({
    types: `${TYPES} struct address_space { struct xarray ${member}; };`,
    objects: {
      task: ['struct task_struct', { files: '&files' }],
      idle: ['struct task_struct'],
      files: ['struct files_struct', { fdt: '&fdt' }],
      fdt: ['struct fdtable', { max_fds: maxFds, fd: '&fd', open_fds: '&open' }],
      fd: ['struct words', { word: fd }],
      open: ['struct words', { word: [0b1000_1101, 1n << 36n] }],
      file0: ['struct file', { f_inode: '&regular' }],
      file3: ['struct file', { f_inode: '&socket' }],
      file100: ['struct file', { f_inode: '&nothing' }],
      regular: file(0o100644),
      socket: file(0o140777),
      nothing: file(0o600),
      mapping: ['struct address_space', { [member]: { xa_head: '&pages+2' } }],
      // A page, the shadow of one that was evicted, a page.
      pages: [
        'struct xa_node',
        { slots: [0xffff_ea00_0000_1000n, 0x1235, 0xffff_ea00_0000_2000n] },
      ],
    },
  })
}

const taskOf = ({ program, addressOf }: BuiltKernel, name = 'task'): Task =>
  program.objectAt('struct task_struct', addressOf(name))

test('open descriptors are yielded with the kind of their file', () => {
  const files = Array.from(forEachFile(taskOf(kernel(128))), ({ fd, file }) => [
    fd,
    inodeType(fileInode(file)),
  ])
  assert.deepEqual(files, [
    [0, 'REG'],
    [3, 'SOCK'],
    [100, 'UNKN'],
  ])
})

test('descriptors beyond the table are not looked for', () => {
  assert.deepEqual(
    Array.from(forEachFile(taskOf(kernel(64))), ({ fd }) => fd),
    [0, 3],
  )
})

test('a task without files has none, and an absurd table is corrupt', () => {
  assert.deepEqual([...forEachFile(taskOf(kernel(64), 'idle'))], [])
  assert.throws(() => [...forEachFile(taskOf(kernel(0xffff_ffff)))], { code: 'ERR_CORRUPT' })
})

test('an entry that is no address ends the walk: a table whose size is a lie goes on in other memory', () => {
  const files = kernel(128, 'i_pages', 0x2064_6165_6854n)
  const seen: number[] = []
  assert.throws(
    () => {
      for (const { fd } of forEachFile(taskOf(files))) seen.push(fd)
    },
    { code: 'ERR_CORRUPT', what: 'file of descriptor 7 is no address' },
  )
  assert.deepEqual(seen, [0, 3])
})

for (const member of ['i_pages', 'page_tree']) {
  test(`cached pages are found, shadows left out (${member})`, () => {
    const { program, addressOf } = kernel(64, member)
    const inode = program.objectAt<'inode'>('struct inode', addressOf('regular'))
    assert.deepEqual(
      [...forEachCachedPage(inode)],
      [
        { index: 0n, page: 0xffff_ea00_0000_1000n },
        { index: 2n, page: 0xffff_ea00_0000_2000n },
      ],
    )
  })
}

const INODES = `
  struct list_head { struct list_head *next, *prev; };
  struct super_block { struct list_head s_inodes; };`
const STATES: readonly (readonly [string, string, boolean, readonly number[]])[] = [
  [
    'bits of before v6.12',
    'struct inode { unsigned long i_state; struct list_head i_sb_list; };',
    false,
    [1, 8, 4],
  ],
  [
    'bits of v6.12',
    'struct inode { unsigned int i_state; struct list_head i_sb_list; };',
    true,
    [8, 1, 0x20],
  ],
  [
    'an enum',
    `enum inode_state_flags_enum { I_NEW = 1, I_DIRTY_SYNC = 16, I_DIRTY_PAGES = 64 };
     struct inode_state_flags { enum inode_state_flags_enum __state; };
     struct inode { struct inode_state_flags i_state; struct list_head i_sb_list; };`,
    true,
    [16, 1, 64],
  ],
]

for (const [name, types, isNew, states] of STATES) {
  test(`dirty inodes are told from clean ones by ${name}`, () => {
    const state = (value = 0): Placed => [
      'struct inode',
      { i_state: types.includes('__state') ? { __state: value } : value },
    ]
    const { program, addressOf } = buildKernel({
      types: INODES + types,
      functions: isNew ? { inode_bit_waitqueue: 16 } : { waitqueue: 16 },
      objects: {
        super: ['struct super_block'],
        one: state(states[0]),
        two: state(states[1]),
        three: state(states[2]),
      },
      lists: { 'super.s_inodes': ['one.i_sb_list', 'two.i_sb_list', 'three.i_sb_list'] },
    })
    const found = forEachDirtyInode(program.objectAt('struct super_block', addressOf('super')))
    assert.deepEqual(
      Array.from(found, ({ address }) => address),
      [addressOf('one'), addressOf('three')],
    )
  })
}
