// vm and vtop on a process of two areas: pages in memory, in swap, in a file, and none; page tables of 4 and of 5 levels.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { crashSession, type CrashSession } from '../../test/support/crash_session.ts'
import { SMALL_KERNEL } from '../../test/support/small_kernel.ts'
import { renderText } from '../core/render/render_text.ts'

const TYPES = `${SMALL_KERNEL.types.replace(/struct mm_struct \{[^}]*\};/, '')}
  struct rb_node { unsigned long __rb_parent_color; struct rb_node *rb_right; struct rb_node *rb_left; };
  struct rb_root { struct rb_node *rb_node; };
  typedef struct { long counter; } atomic_long_t;
  struct mm_rss_stat { atomic_long_t count[4]; };
  struct vm_area_struct { unsigned long vm_start, vm_end; struct vm_area_struct *vm_next; struct rb_node vm_rb;
    unsigned long vm_flags, vm_pgoff; struct file *vm_file; };
  struct mm_struct { struct vm_area_struct *mmap; struct rb_root mm_rb; void *pgd; unsigned long total_vm;
    struct mm_rss_stat rss_stat; };
  struct qstr { unsigned int len; const char *name; };
  struct hlist_bl_node { struct hlist_bl_node *next, **pprev; };
  struct dentry_operations { void *d_dname; };
  struct dentry { struct hlist_bl_node d_hash; struct dentry *d_parent; struct qstr d_name; struct dentry_operations *d_op; };
  struct vfsmount { struct dentry *mnt_root; };
  struct mount { struct mount *mnt_parent; struct dentry *mnt_mountpoint; struct vfsmount mnt; };
  struct path { struct vfsmount *mnt; struct dentry *dentry; };
  struct file { unsigned int f_mode; struct path f_path; };
  struct page { unsigned long flags, mapping, index; atomic_t _refcount; };
  enum pageflags { PG_locked, PG_uptodate, __NR_PAGEFLAGS };
  struct table { unsigned long entry[512]; };`

/** An entry that leads to a table: its physical address, present, writable, user, accessed, dirty. */
const to = (table: string): string => `&${table}+0x778000000067`
const SWAPPED = (~0x200n << 9n) & 0x07ff_ffff_ffff_fe00n

function session(levels: 4 | 5): CrashSession {
  return crashSession({
    types: TYPES,
    vmcoreinfo: levels === 5 ? 'NUMBER(pgtable_l5_enabled)=1\n' : '',
    variables: {
      page_offset_base: ['unsigned long', 0xffff_8880_0000_0000n],
      vmemmap_base: ['unsigned long', 0xffff_8880_0000_0000n],
    },
    objects: {
      p4d: ['struct table', { 'entry[0]': to('pud') }],
      pgd: ['struct table', { 'entry[0]': to(levels === 5 ? 'p4d' : 'pud') }],
      pud: ['struct table', { 'entry[0]': to('pmd') }],
      pmd: ['struct table', { 'entry[2]': to('pte'), 'entry[3]': 0x4000_00e7n }],
      pte: ['struct table', { 'entry[0]': 0x8000_0000_0012_3025n, 'entry[2]': SWAPPED }],
      text: [
        'struct vm_area_struct',
        {
          vm_start: 0x40_0000,
          vm_end: 0x40_2000,
          vm_next: '&heap',
          vm_rb: { rb_right: '&heap.vm_rb' },
          vm_flags: 0x75,
          vm_pgoff: 1,
          vm_file: '&file',
        },
      ],
      heap: [
        'struct vm_area_struct',
        {
          vm_start: 0x40_2000,
          vm_end: 0x40_4000,
          vm_rb: { __rb_parent_color: '&text.vm_rb' },
          vm_flags: 0x100073,
        },
      ],
      app_mm: [
        'struct mm_struct',
        {
          mmap: '&text',
          mm_rb: { rb_node: '&text.vm_rb' },
          pgd: '&pgd',
          total_vm: 4,
          rss_stat: { 'count[1]': { counter: 1 } },
        },
      ],
      root: ['struct dentry', { d_parent: '&root' }],
      program: [
        'struct dentry',
        { d_hash: { pprev: 8 }, d_parent: '&root', d_name: { len: 3, name: 'app' } },
      ],
      mount: ['struct mount', { mnt_parent: '&mount', mnt: { mnt_root: '&root' } }],
      file: ['struct file', { f_path: { mnt: '&mount.mnt', dentry: '&program' } }],
    },
  })
}

const textOf = ({ run }: CrashSession, line: string): string[] =>
  Array.from(renderText(run(line)), (each) => each.trimEnd()).filter((each) => each !== '')

test('vm lists areas, and with -p where each page is', () => {
  const lines = textOf(session(4), 'vm -p 100').slice(1)
  assert.match(lines[1] ?? '', / 4k +16k$/)
  assert.deepEqual(
    lines.filter((line) => /^\d+ /.test(line)),
    [
      '400000        123000',
      '401000      FILE: /app  OFFSET: 2000',
      '402000      SWAP: (unknown swap location)  OFFSET: 512',
      '403000      (not mapped)',
    ],
  )
  assert.match(lines[3] ?? '', / +400000 +402000 +75 \/app$/)
})

test('vm -R shows what has the reference, and nothing of a task that has not', () => {
  const small = session(4)
  assert.deepEqual(textOf(small, 'vm -R nothing 100'), [])
  assert.deepEqual(textOf(small, 'vm -R 999 100'), [])
  assert.deepEqual(textOf(small, 'vm -R 123000 100').slice(-2), [
    'VIRTUAL     PHYSICAL',
    '400000        123000',
  ])
  assert.match(textOf(small, 'vm -R 100073 100').at(-1) ?? '', / 402000 /)
  assert.match(textOf(small, 'vm -R app 100').at(-1) ?? '', /\/app$/)
})

test('vm -f names flags, and options that exclude each other are refused', () => {
  const small = session(4)
  assert.deepEqual(textOf(small, 'vm -f 75'), ['75: (READ|EXEC|MAYREAD|MAYWRITE|MAYEXEC)'])
  assert.match(textOf(small, 'vm -p -m')[0] ?? '', /mutually exclusive/)
  assert.deepEqual(textOf(small, 'vm -M 123 2'), ['vm: invalid mm_struct address: 123'])
})

for (const levels of [4, 5] as const) {
  test(`vtop tells each of ${levels} levels, the area and the page`, () => {
    const lines = textOf(session(levels), 'vtop -c 100 400123')
    assert.equal(lines[1], '400123      123123')
    const steps = lines.filter((line) => line.includes('=>')).map((line) => line.trim().slice(0, 3))
    assert.deepEqual(
      steps,
      levels === 5 ? ['PGD', 'P4D', 'PUD', 'PMD', 'PTE'] : ['PGD', 'PUD', 'PMD', 'PTE'],
    )
    assert.ok(lines.includes('  PAGE: 123000'))
    assert.ok(
      lines.includes('8000000000123025   123000   (PRESENT|USER|ACCESSED|NX)'),
      lines.join('\n'),
    )
    assert.match(lines.join('\n'), /\/app\n +PAGE +PHYSICAL +MAPPING/)
  })
}

test('vtop of what is not in memory says where it is; of what is nobody’s, nothing', () => {
  const small = session(4)
  assert.equal(textOf(small, 'vtop -c 100 401000').at(-1), 'FILE: /app  OFFSET: 2000')
  assert.equal(
    textOf(small, 'vtop -c 100 402000').at(-1),
    'SWAP: (unknown swap location)  OFFSET: 512',
  )
  assert.deepEqual(textOf(small, 'vtop -c 100 500000').slice(1), ['500000      (not accessible)'])
  assert.deepEqual(textOf(small, 'vtop -c 2 400000').slice(1), ['400000      (not accessible)'])
  assert.equal(
    textOf(small, 'vtop 1122334455667788')[0],
    'vtop: ambiguous address: 1122334455667788  (requires -u or -k)',
  )
})
