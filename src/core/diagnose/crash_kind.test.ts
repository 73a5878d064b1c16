// The kernel's last words of many kinds of crash, as kernels print them, against the kind they mean.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { classifyCrash, type CrashKind } from './crash_kind.ts'

const FATAL = 'Kernel panic - not syncing: Fatal exception'

/** Kind, then the lines of the log that matter. */
const CRASHES: readonly (readonly [CrashKind, ...string[]])[] = [
  ['sysrq', 'sysrq: Trigger a crash', 'Kernel panic - not syncing: sysrq triggered crash'],
  [
    'null-dereference',
    'BUG: kernel NULL pointer dereference, address: 0000000000000010',
    '#PF: supervisor read access in kernel mode',
    'Oops: 0000 [#1] PREEMPT SMP PTI',
    FATAL,
  ],
  [
    'null-dereference',
    'BUG: unable to handle kernel NULL pointer dereference at 0000000000000010',
    'Oops: 0002 [#1] SMP',
  ],
  [
    'null-dereference',
    'Unable to handle kernel NULL pointer dereference at virtual address 0000000000000008',
    'Internal error: Oops: 0000000096000004 [#1] SMP',
    'Kernel panic - not syncing: Oops: Fatal exception',
  ],
  [
    'bad-address',
    'BUG: unable to handle page fault for address: ffffc90000a3c000',
    'Oops: 0002 [#1] SMP',
    FATAL,
  ],
  [
    'general-protection',
    'general protection fault, probably for non-canonical address 0x6b6b6b6b6b6b6b6b: 0000 [#1] SMP',
    FATAL,
  ],
  [
    'general-protection',
    'Oops: general protection fault, probably for non-canonical address 0xdead000000000100: 0000 [#1] SMP',
    'Kernel panic - not syncing: Fatal exception in interrupt',
  ],
  ['bug', 'kernel BUG at mm/slub.c:435!', 'invalid opcode: 0000 [#1] PREEMPT SMP', FATAL],
  ['bug', 'kernel BUG at fs/inode.c:611!', 'Oops: invalid opcode: 0000 [#1] SMP', FATAL],
  ['divide-error', 'divide error: 0000 [#1] SMP', FATAL],
  [
    'hung-task',
    'INFO: task dd:1042 blocked for more than 120 seconds.',
    'Kernel panic - not syncing: hung_task: blocked tasks',
  ],
  [
    'soft-lockup',
    'watchdog: BUG: soft lockup - CPU#1 stuck for 26s! [insmod:812]',
    'Kernel panic - not syncing: softlockup: hung tasks',
  ],
  ['hard-lockup', 'Kernel panic - not syncing: Hard LOCKUP'],
  [
    'rcu-stall',
    'rcu: INFO: rcu_preempt self-detected stall on CPU',
    'Kernel panic - not syncing: RCU Stall',
  ],
  [
    'out-of-memory',
    'Kernel panic - not syncing: Out of memory: system-wide panic_on_oom is enabled',
  ],
  ['out-of-memory', 'Kernel panic - not syncing: System is deadlocked on memory'],
  ['init-died', 'Kernel panic - not syncing: Attempted to kill init! exitcode=0x0000000b'],
  ['no-root', 'Kernel panic - not syncing: VFS: Unable to mount root fs on unknown-block(0,0)'],
  [
    'stack-corruption',
    'Kernel panic - not syncing: stack-protector: Kernel stack is corrupted in: f+0x10/0x20',
  ],
  ['stack-overflow', 'Kernel panic - not syncing: corrupted stack end detected inside scheduler'],
  ['stack-overflow', 'BUG: TASK stack guard page was hit at 00000000f1e2d3c4', FATAL],
  [
    'stack-overflow',
    'Insufficient stack space to handle exception!',
    'Kernel panic - not syncing: kernel stack overflow',
  ],
  [
    'list-corruption',
    'list_del corruption. next->prev should be ffff888101, but was dead000000000122',
    'kernel BUG at lib/list_debug.c:62!',
    'invalid opcode: 0000 [#1] PREEMPT SMP',
    FATAL,
  ],
  [
    'refcount',
    'refcount_t: underflow; use-after-free.',
    'WARNING: CPU: 1 PID: 9 at lib/refcount.c:28 refcount_warn_saturate+0xba/0x110',
    'Kernel panic - not syncing: kernel: panic_on_warn set ...',
  ],
  [
    'slab-corruption',
    'BUG kmalloc-64 (Tainted: G    B     OE     ): Right Redzone overwritten',
    'Kernel panic - not syncing: panic_on_taint set ...',
  ],
  [
    'double-free',
    'BUG kmalloc-64 (Not tainted): Object already free',
    'Kernel panic - not syncing: panic_on_taint set ...',
  ],
  [
    'atomic-sleep',
    'BUG: scheduling while atomic: sh/812/0x00000002',
    'Kernel panic - not syncing: scheduling while atomic: panic_on_warn set ...',
  ],
  [
    'filesystem-error',
    'Kernel panic - not syncing: EXT4-fs (device loop0): panic forced after error',
  ],
  [
    'unknown',
    'BUG inode_cache (Not tainted): Objects remaining in inode_cache on __kmem_cache_shutdown()',
  ],
  ['machine-check', 'Kernel panic - not syncing: Fatal machine check'],
  ['nmi', 'Kernel panic - not syncing: NMI: Not continuing'],
  [
    'warning',
    'WARNING: CPU: 0 PID: 1 at kernel/x.c:1 f+0x1/0x2',
    'Kernel panic - not syncing: panic_on_warn set ...',
  ],
  [
    'use-after-free',
    'BUG: KASAN: use-after-free in f+0x1/0x2',
    'Kernel panic - not syncing: kasan.fault=panic set ...',
  ],
  ['panic', 'Kernel panic - not syncing: my driver gave up'],
  ['unknown', 'systemd[1]: Started a thing.'],
  ['unknown'],
]

for (const [kind, ...lines] of CRASHES) {
  test(`"${(lines.at(-1) ?? 'an empty log').slice(0, 70)}" is told as ${kind}`, () => {
    assert.equal(classifyCrash(lines).kind, kind)
  })
}

test('an oops under panic_on_oops has no panic line, and its first line is the evidence', () => {
  const words = classifyCrash([
    'BUG: kernel NULL pointer dereference, address: 0000000000000000',
    'Oops: 0002 [#1] SMP',
    ' <TASK>',
  ])
  assert.equal(words.kind, 'null-dereference')
  assert.match(words.evidence, /^BUG: kernel NULL/)
})

test('trouble that was survived does not tell the kind, and is listed', () => {
  const words = classifyCrash([
    'kernel BUG at mm/slub.c:435!',
    'invalid opcode: 0000 [#1] SMP',
    'watchdog: BUG: soft lockup - CPU#0 stuck for 22s! [cat:99]',
    'Kernel panic - not syncing: sysrq triggered crash',
  ])
  assert.equal(words.kind, 'sysrq')
  assert.equal(words.earlier.length, 3)
  assert.match(words.earlier[0] ?? '', /^kernel BUG at/)
})

test('of two oopses the last is the fatal one, the first is listed as earlier', () => {
  const words = classifyCrash([
    'BUG: kernel NULL pointer dereference, address: 0000000000000008',
    'Oops: 0000 [#1] SMP',
    'BUG: unable to handle page fault for address: ffffdeadbeef0000',
    'Oops: 0000 [#2] SMP',
    FATAL,
  ])
  assert.equal(words.kind, 'bad-address')
  assert.match(words.earlier[0] ?? '', /NULL pointer/)
})
