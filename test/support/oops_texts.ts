// Trouble as kernels print it, one text a release or architecture: what parsers of the log are tried on. Cut to what matters;
// those of 6.1 and 6.12 are of crashes of Debian's kernels, the others after the sources of their releases.

const lines = (text: string): readonly string[] =>
  text
    .split('\n')
    .slice(1, -1)
    .map((line) => line.replace(/^ {4}/, ''))

/** By what happened and where. */
export const OOPS_TEXTS = {
  // "unable to handle page fault" since v5.2; 5.10 has no <TASK> marks.
  'page fault, 5.10': lines(`
    BUG: unable to handle page fault for address: ffffc90000a3c000
    #PF: supervisor write access in kernel mode
    #PF: error_code(0x0002) - not-present page
    PGD 100000067 P4D 100000067 PUD 1001b9067 PMD 0
    Oops: 0002 [#1] SMP PTI
    CPU: 3 PID: 1234 Comm: cat Tainted: G           OE     5.10.0-28-amd64 #1 Debian 5.10.209-2
    Hardware name: QEMU Standard PC (i440FX + PIIX, 1996), BIOS 1.16.2-debian-1.16.2-1 04/01/2014
    RIP: 0010:event_log_append+0xa/0x20 [sensorhub]
    Code: 0f 1f 44 00 00 8b 07 8d 50 01 89 17 <48> 89 74 c7 08
    RSP: 0018:ffffb0d9806d7e80 EFLAGS: 00010246
    RAX: 0000000000000001 RBX: ffff9d2a81234000 RCX: 0000000000000000
    RDX: 0000000000000002 RSI: 0000000000000002 RDI: ffffc90000a3c000
    R13: 0000000000000008 R14: 0000000000000000 R15: 0000000000000000
    FS:  00007f5b9a7c1580(0000) GS:ffff9d2abfd80000(0000) knlGS:0000000000000000
    CR2: ffffc90000a3c000 CR3: 0000000103c5a000 CR4: 00000000000006e0
    Call Trace:
     ? __die_body.cold+0x1a/0x1f
     trigger_vfreed+0x3e/0x60 [sensorhub]
     sensorhub_write+0x9c/0xf0 [sensorhub]
     vfs_write+0xc0/0x2a0
     ksys_write+0x5f/0xe0
     do_syscall_64+0x33/0x80
     entry_SYSCALL_64_after_hwframe+0x61/0xc6
    RIP: 0033:0x7f5b9a6e8fb3
    RSP: 002b:00007ffd2e7f8a38 EFLAGS: 00000246 ORIG_RAX: 0000000000000001
    RAX: ffffffffffffffda RBX: 0000000000000007 RCX: 00007f5b9a6e8fb3
    Modules linked in: sensorhub(OE) binfmt_misc
    CR2: ffffc90000a3c000
    ---[ end trace 2b2d1ad3a6c5d7b1 ]---
    RIP: 0010:event_log_append+0xa/0x20 [sensorhub]
  `),
  'null pointer, 6.1': lines(`
    BUG: kernel NULL pointer dereference, address: 000000000000001c
    #PF: supervisor read access in kernel mode
    #PF: error_code(0x0000) - not-present page
    PGD 2bd9067 P4D 2bd9067 PUD 2bd8067 PMD 0
    Oops: 0000 [#1] PREEMPT SMP NOPTI
    CPU: 0 PID: 180 Comm: sh Kdump: loaded Tainted: G           OE      6.1.0-56-cloud-amd64 #1  Debian 6.1.192-2
    RIP: 0010:channel_apply_config+0x5/0x20 [sensorhub]
    RSP: 0018:ffffd2528056bc70 EFLAGS: 00000282
    RAX: ffff8cdec2a22240 RBX: ffff8cdec2a22240 RCX: 0000000000000001
    RDX: 0000000000000000 RSI: 0000000000000000 RDI: ffff8cdec2a22240
    CR2: 000000000000001c CR3: 0000000002a28000 CR4: 0000000000750eb0
    PKRU: 55555554
    Call Trace:
     <TASK>
     hub_configure+0x12/0x20 [sensorhub]
     trigger_null_argument+0x3e/0x50 [sensorhub]
     ? filemap_map_pages+0x150/0x710
     vfs_write+0xc7/0x3f0
     entry_SYSCALL_64_after_hwframe+0x6e/0xd8
     </TASK>
  `),
  // "Oops: " before the exception since v6.10, "UID: " since v6.11.
  'general protection, 6.12': lines(`
    Oops: general protection fault, probably for non-canonical address 0x6b6b6b6b6b6b6b73: 0000 [#1] PREEMPT SMP NOPTI
    CPU: 1 UID: 0 PID: 234 Comm: sh Kdump: loaded Tainted: G           OE      6.12.117+deb12-cloud-amd64 #1
    Tainted: [O]=OOT_MODULE, [E]=UNSIGNED_MODULE
    RIP: 0010:frame_complete+0x9/0x20 [sensorhub]
    RSP: 0018:ffffcf8780483d18 EFLAGS: 00010286
    RAX: 6b6b6b6b6b6b6b6b RBX: ffff89fe42357cc8 RCX: 0000000000000000
    Call Trace:
     <TASK>
     trigger_use_after_free+0x25/0x40 [sensorhub]
     sensorhub_write+0xb0/0x100 [sensorhub]
     </TASK>
  `),
  'BUG, 6.1': lines(`
    ------------[ cut here ]------------
    kernel BUG at mm/slub.c:419!
    invalid opcode: 0000 [#1] PREEMPT SMP NOPTI
    CPU: 0 PID: 180 Comm: sh Kdump: loaded Tainted: G           OE      6.1.0-56-cloud-amd64 #1
    RIP: 0010:__kmem_cache_free+0x1f4/0x310
    RBX: ffff8cdec22fb600
    Call Trace:
     <TASK>
     profile_drop_curve+0x12/0x20 [sensorhub]
     </TASK>
  `),
  'list corruption, 6.12': lines(`
    list_del corruption, ffff8cdec236c6a0->next is LIST_POISON1 (dead000000000100)
    ------------[ cut here ]------------
    kernel BUG at lib/list_debug.c:56!
    Oops: invalid opcode: 0000 [#1] PREEMPT SMP NOPTI
    CPU: 0 UID: 0 PID: 180 Comm: sh Kdump: loaded Not tainted 6.12.117 #1
    RIP: 0010:__list_del_entry_valid_or_report+0x5a/0x110
    Call Trace:
     <TASK>
     session_unlink+0x11/0x40 [sensorhub]
     </TASK>
  `),
  'refcount, 6.1': lines(`
    ------------[ cut here ]------------
    refcount_t: underflow; use-after-free.
    WARNING: CPU: 1 PID: 182 at lib/refcount.c:28 refcount_warn_saturate+0xba/0x110
    Modules linked in: sensorhub(OE)
    CPU: 1 PID: 182 Comm: sh Kdump: loaded Tainted: G           OE      6.1.0-56-cloud-amd64 #1
    RIP: 0010:refcount_warn_saturate+0xba/0x110
    Call Trace:
     <TASK>
     session_abort+0x1d/0x30 [sensorhub]
     </TASK>
    ---[ end trace 0000000000000000 ]---
  `),
  // The place first and the task last since v6.18.
  'warning, 6.18': lines(`
    ------------[ cut here ]------------
    limit of 4 exceeded
    WARNING: drivers/misc/hub.c:131 at hub_check_limit+0x1c/0x30, CPU#1: kworker/1:2/77
    Modules linked in: hub
    CPU: 1 UID: 0 PID: 77 Comm: kworker/1:2 Not tainted 6.18.2 #1 PREEMPT(lazy)
    RIP: 0010:hub_check_limit+0x1c/0x30
    Call Trace:
     <TASK>
     hub_work+0x20/0x40 [hub]
     process_one_work+0x190/0x380
     </TASK>
    ---[ end trace 0000000000000000 ]---
  `),
  'null pointer, arm64': lines(`
    Unable to handle kernel NULL pointer dereference at virtual address 0000000000000018
    Mem abort info:
      ESR = 0x0000000096000004
      EC = 0x25: DABT (current EL), IL = 32 bits
    Internal error: Oops: 0000000096000004 [#1] SMP
    Modules linked in: hub(O)
    CPU: 2 PID: 501 Comm: insmod Tainted: G           O       6.1.0-18-arm64 #1  Debian 6.1.76-1
    Hardware name: linux,dummy-virt (DT)
    pstate: 60400005 (nZCv daif +PAN -UAO -TCO -DIT -SSBS BTYPE=--)
    pc : hub_apply+0x18/0x40 [hub]
    lr : hub_open+0x34/0x60 [hub]
    sp : ffff80000a8bbc10
    x29: ffff80000a8bbc10 x28: 0000000000000000 x27: 0000000000000000
    x2 : 0000000000000001 x1 : 0000000000000000 x0 : ffff0000c2a81c00
    Call trace:
     hub_apply+0x18/0x40 [hub]
     hub_open+0x34/0x60 [hub]
     do_one_initcall+0x50/0x2c0
     el0_svc+0x30/0xd0
    Code: d503245f d503233f a9be7bfd 910003fd (b9401820)
    ---[ end trace 0000000000000000 ]---
  `),
  'hung task, 6.12': lines(`
    INFO: task kworker/u8:3:77 blocked for more than 120 seconds.
          Tainted: G           OE      6.12.117 #1
    "echo 0 > /proc/sys/kernel/hung_task_timeout_secs" disables this message.
    task:kworker/u8:3    state:D stack:0     pid:77    tgid:77    ppid:2      flags:0x00004000
    Call Trace:
     <TASK>
     __schedule+0x3fb/0xb60
     schedule+0x27/0xf0
     mutex_lock+0x2b/0x40
     routes_update+0x20/0x50 [lockstep]
     </TASK>
  `),
  'soft lockup, 6.1': lines(`
    watchdog: BUG: soft lockup - CPU#1 stuck for 26s! [mod probe:812]
    CPU: 1 PID: 812 Comm: mod probe Kdump: loaded Not tainted 6.1.0 #1
    RIP: 0010:ring_drain+0x9/0x20 [lockstep]
    Call Trace:
     <IRQ>
     ? watchdog_timer_fn+0x1a6/0x210
     </IRQ>
     <TASK>
     trigger_soft_lockup+0x1e/0x30 [lockstep]
     </TASK>
  `),
  'sleep, 6.1': lines(`
    BUG: scheduling while atomic: sh/182/0x00000002
    Modules linked in: sensorhub(OE)
    Preemption disabled at:
    [<ffffffffc04a6b2e>] hub_flush+0xe/0x30 [sensorhub]
  `),
  'slab object, 5.10': lines(`
    =============================================================================
    BUG kmalloc-64 (Tainted: G           OE    ): Redzone overwritten
    -----------------------------------------------------------------------------
    INFO: 0xffff888003a4c840-0xffff888003a4c847 @offset=2112. First byte 0x41 instead of 0xcc
    INFO: Allocated in frame_alloc+0x1d/0x80 [sensorhub] age=3 cpu=0 pid=183
    \t__slab_alloc+0x1c/0x30
    \tkmem_cache_alloc_trace+0x2b0/0x2d0
    \tframe_alloc+0x1d/0x80 [sensorhub]
    INFO: Slab 0xffffea00000e9300 objects=32 used=32 fp=0x0000000000000000 flags=0xfffffc0000200
    INFO: Object 0xffff888003a4c800 @offset=2048 fp=0x0000000000000000
    Redzone  ffff888003a4c7f8: cc cc cc cc cc cc cc cc                          ........
    Object   ffff888003a4c800: 41 41 41 41 41 41 41 41 41 41 41 41 41 41 41 41  AAAAAAAAAAAAAAAA
    Redzone  ffff888003a4c840: 41 41 41 41 41 41 41 41                          AAAAAAAA
    CPU: 0 PID: 183 Comm: sh Tainted: G    B      OE     5.10.0-28-amd64 #1
    Call Trace:
     dump_stack+0x6b/0x83
     check_bytes_and_report.cold+0x4b/0x6d
     check_object+0x1cc/0x260
     free_debug_processing+0x1a6/0x2e0
     frame_release+0x1a/0x20 [sensorhub]
    FIX kmalloc-64: Restoring Redzone 0xffff888003a4c840-0xffff888003a4c847=0xcc
  `),
  'slab object, 6.12': lines(`
    [Right Redzone overwritten] 0x00000000da8bb924-0x00000000b1b6a813 @offset=3368. First byte 0x28 instead of 0xcc
    =============================================================================
    BUG sensor_frame (Tainted: G           OE     ): Object corrupt
    -----------------------------------------------------------------------------
    Allocated in frame_alloc+0x1a/0x70 [sensorhub] age=2 cpu=1 pid=234
     frame_alloc+0x1a/0x70 [sensorhub]
     trigger_redzone+0x17/0x40 [sensorhub]
    Slab 0x000000006a5a3cce objects=21 used=1 fp=0x00000000de309e36 flags=0xfffffc0000200
    Object 0x00000000e419b9f6 @offset=3272 fp=0x00000000de309e36
  `),
  'freed twice, 6.1': lines(`
    BUG kmalloc-64 (Not tainted): Object already free
    -----------------------------------------------------------------------------
    Allocated in profile_load+0x1d/0x80 [sensorhub] age=3 cpu=0 pid=183
    Freed in profile_drop+0x12/0x20 [sensorhub] age=1 cpu=0 pid=183
    Slab 0x000000006a5a3cce objects=21 used=1 fp=0x00000000de309e36 flags=0xfffffc0000200
    Object 0x00000000e419b9f6 @offset=3272 fp=0x00000000de309e36
    Call Trace:
     <TASK>
     dump_stack_lvl+0x44/0x5c
     object_err+0x33/0x60
     kfree+0x1a/0x20
     profile_unload+0x1a/0x20 [sensorhub]
     </TASK>
  `),
  'KASAN, 6.6': lines(`
    ==================================================================
    BUG: KASAN: slab-use-after-free in frame_complete+0x2a/0x40 [sensorhub]
    Read of size 8 at addr ffff888103a4c808 by task sh/182

    CPU: 1 PID: 182 Comm: sh Tainted: G           OE      6.6.8 #1
    Call Trace:
     <TASK>
     dump_stack_lvl+0x43/0x60
     print_report+0xc5/0x630
     kasan_report+0xb9/0xf0
     frame_complete+0x2a/0x40 [sensorhub]
     trigger_use_after_free+0x25/0x40 [sensorhub]
     </TASK>

    Allocated by task 182:
     kasan_save_stack+0x33/0x60
     __kasan_slab_alloc+0x8d/0x90
     kmem_cache_alloc+0x12d/0x310
     frame_alloc+0x1a/0x70 [sensorhub]

    Freed by task 182:
     kasan_save_stack+0x33/0x60
     kmem_cache_free+0xe5/0x3b0
     frame_release+0x1a/0x30 [sensorhub]

    The buggy address belongs to the object at ffff888103a4c800
     which belongs to the cache sensor_frame of size 96
    The buggy address is located 8 bytes inside of
     freed 96-byte region [ffff888103a4c800, ffff888103a4c860)
  `),
  'KFENCE, 6.1': lines(`
    ==================================================================
    BUG: KFENCE: out-of-bounds write in frame_append+0x1b/0x30 [sensorhub]

    Out-of-bounds write at 0x00000000b1b6a813 (1B right of kfence-#79):
     frame_append+0x1b/0x30 [sensorhub]
     trigger_redzone+0x27/0x40 [sensorhub]

    kfence-#79: 0x00000000da8bb924-0x00000000da8bb983, size=96, cache=sensor_frame

    allocated by task 234 on cpu 1 at 62.919330s:
     frame_alloc+0x1a/0x70 [sensorhub]
     trigger_redzone+0x17/0x40 [sensorhub]

    CPU: 1 PID: 234 Comm: sh Not tainted 6.1.0 #1
  `),
  'UBSAN, 6.12': lines(`
    ------------[ cut here ]------------
    UBSAN: array-index-out-of-bounds in drivers/misc/hub.c:88:14
    index 41 is out of range for type 'u16 [40]'
    CPU: 1 UID: 0 PID: 77 Comm: sh Not tainted 6.12.1 #1
    Call Trace:
     <TASK>
     dump_stack_lvl+0x5d/0x80
     __ubsan_handle_out_of_bounds.cold+0x46/0x4b
     frame_append+0x1b/0x30 [hub]
     </TASK>
    ---[ end trace ]---
  `),
  'stack guard page, 6.12': lines(`
    BUG: TASK stack guard page was hit at 0000000026b7edbb (stack is 000000002fc05ff8..00000000b8b4664a)
    Oops: stack guard page: 0000 [#1] PREEMPT SMP NOPTI
    CPU: 1 UID: 0 PID: 237 Comm: sh Kdump: loaded Tainted: G           OE      6.12.117 #1
    RIP: 0010:vsnprintf+0xe/0x550
    RSP: 0018:ffffcf8780488000 EFLAGS: 00010286
    Call Trace:
     <TASK>
     snprintf+0x51/0x70
     filter_walk+0x5e/0x90 [sensorhub]
     filter_walk+0x5e/0x90 [sensorhub]
     </TASK>
  `),
  'spin lock, 5.10': lines(`
    BUG: spinlock bad magic on CPU#1, insmod/812
     lock: 0xffff888103a4c808, .magic: 00000000, .owner: <none>/-1, .owner_cpu: 0
    CPU: 1 PID: 812 Comm: insmod Tainted: G           OE     5.10.0 #1
    Call Trace:
     dump_stack+0x6b/0x83
     do_raw_spin_lock+0x73/0xa0
     hub_lock+0x12/0x30 [hub]
     hub_init+0x12/0x30 [hub]
  `),
} as const satisfies Readonly<Record<string, readonly string[]>>
