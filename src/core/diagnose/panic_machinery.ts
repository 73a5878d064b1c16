// Functions that are never to blame: the way from a fault to the capture kernel. Source: kernel/panic.c, arch/*/kernel/
// traps.c and dumpstack.c, kernel/crash_core.c.

/** By name, without the suffixes compilers add. */
const MACHINERY = new Set([
  ...[
    'machine_kexec',
    '__crash_kexec',
    'crash_kexec',
    'panic',
    'vpanic',
    'nmi_panic',
    'crash_setup_regs',
  ],
  ...[
    'oops_end',
    'oops_begin',
    'oops_exit',
    'die',
    'die_addr',
    '__die',
    '__die_body',
    '__die_header',
    'die_kernel_fault',
  ],
  ...[
    'page_fault_oops',
    'kernelmode_fixup_or_oops',
    'no_context',
    '__bad_area_nosemaphore',
    'bad_area_nosemaphore',
  ],
  ...[
    '__bad_area',
    'bad_area',
    'spurious_kernel_fault',
    'do_user_addr_fault',
    'do_kern_addr_fault',
    'do_page_fault',
  ],
  ...[
    '__do_page_fault',
    'handle_page_fault',
    'page_fault',
    'async_page_fault',
    'general_protection',
    'invalid_op',
  ],
  ...[
    'do_error_trap',
    'do_trap',
    'do_invalid_op',
    'handle_invalid_op',
    'handle_bug',
    'fixup_bug',
    'report_bug',
  ],
  ...[
    '__warn',
    '__warn_printk',
    'warn_slowpath_fmt',
    'warn_slowpath_null',
    'check_panic_on_warn',
    'dump_stack',
  ],
  ...[
    'dump_stack_lvl',
    'show_stack',
    'double_fault',
    'do_double_fault',
    'default_do_nmi',
    'do_nmi',
    'nmi_handle',
  ],
  ...[
    'end_repeat_nmi',
    'asm_exc_nmi',
    'exc_nmi',
    'fortify_panic',
    '__fortify_panic',
    'usercopy_abort',
  ],
  ...[
    '__stack_chk_fail',
    'abort',
    'make_task_dead',
    'do_task_dead',
    'notify_die',
    'atomic_notifier_call_chain',
  ],
  ...[
    'add_taint',
    'mce_panic',
    'do_machine_check',
    'el1_abort',
    'el1h_64_sync',
    'el1h_64_sync_handler',
    'do_mem_abort',
  ],
  ...[
    'do_translation_fault',
    '__do_kernel_fault',
    'die_kernel_fault',
    'arm64_notify_die',
    'el1_dbg',
    'brk_handler',
  ],
])
/** Entries of exceptions are many and named alike. */
const MACHINERY_PREFIXES = /^(asm_)?(exc|sysvec)_/

/** Is this function part of dying rather than of what died? Compiler suffixes (`.cold`, `.isra.0`) do not matter. */
export function isPanicMachinery(name: string): boolean {
  const bare = bareName(name)
  return MACHINERY.has(bare) || MACHINERY_PREFIXES.test(bare)
}

/** A function's name without what the compiler appended. */
export function bareName(name: string): string {
  return name.replace(/\.(cold|isra|constprop|part|llvm|lto_priv)(\.\d+)*/g, '')
}
