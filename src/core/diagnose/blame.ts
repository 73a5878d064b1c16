// Which frame is to blame: the first that is neither part of dying nor a helper that everybody calls and that does what
// it is told. Source of the idea: syzkaller's and satyr's lists of functions to skip.
import { attempt } from '../base/errors.ts'
import { findBug } from '../kernel/bug.ts'
import { forEachModule, type Module } from '../kernel/module.ts'
import { taintFlags, taintLetters } from '../kernel/taint.ts'
import type { KernelSymbol } from '../debuginfo/symbol_index.ts'
import type { Program } from '../program/program.ts'
import { findTailCaller } from '../program/tail_call.ts'
import type { NamedFrame } from './named_frame.ts'
import { bareName, isPanicMachinery } from './panic_machinery.ts'
import type { Culprit } from './rule.ts'

/** Functions that do what their caller asked for: a fault in them is the caller's. */
const HELPERS: readonly RegExp[] = [
  /^_?_?(?:mem(?:cpy|set|move|cmp|chr|scan)|str[a-z]+)(?:_erms|_orig|_safe)?$/,
  /^(?:rep_movs_alternative|rep_stos_alternative|clear_page_\w+|copy_page\w*|__x86_indirect_thunk\w*|__x86_return_thunk)$/,
  /^_?(?:copy_(?:to|from)_user|copy_user\w*|raw_copy_\w+|__(?:get|put)_user\w*|clear_user\w*)$/,
  /^(?:__)?(?:list_(?:add|del)\w*|plist_\w+|rb_\w+|rbt_\w+|hlist_\w+|llist_\w+)(?:_valid\w*|_valid_or_report)?$/,
  /^(?:refcount_\w+|kref_\w+|kobject_(?:get|put)|__refcount_\w+)$/,
  /^(?:_raw_|__raw_)?(?:spin|read|write)_\w*(?:lock|unlock)\w*$/,
  /^(?:native_)?queued_\w*lock_slowpath$/,
  /^(?:__)?(?:mutex|ww_mutex|rt_mutex|rtlock|down|up|rwsem|percpu_down|percpu_up|percpu_rwsem)(?:_\w+)?$/,
  /^(?:osq_lock|rwbase_\w+|__down_\w+|__rt_mutex_\w+|__percpu_\w+)$/,
  /^(?:schedule|__schedule|preempt_schedule\w*|io_schedule\w*|schedule_\w+|__cond_resched|do_nanosleep|hrtimer_nanosleep|common_nsleep\w*|folio_wait_\w+|wait_on_page_\w+|msleep\w*|ssleep|usleep_range\w*|fsleep|context_switch|__switch_to\w*|wait_for_\w*completion\w*|_*flush_(?:work|workqueue|delayed_work)|cancel_(?:delayed_)?work_sync|__wait_for_common|__wait_on_bit\w*|wait_on_bit\w*|out_of_line_wait_on_bit\w*|bit_wait\w*|finish_task_switch|prepare_to_wait\w*|__wake_up\w*|wake_up_\w+|try_to_wake_up|default_wake_function|autoremove_wake_function|complete(?:_all)?)$/,
  /^(?:__)?(?:drain_workqueue|destroy_workqueue|kthread_stop\w*|synchronize_(?:s?rcu|irq|net)\w*|wait_rcu_gp\w*|rcu_barrier\w*|wait_on_(?:folio|buffer)\w*|smp_call_function\w*|on_each_cpu\w*|stop_machine\w*)$/,
  /^(?:kfree|kvfree|vfree|__vunmap|(?:__)?kmem_cache_(?:alloc|free)\w*|(?:__do_|_{1,3})?k[vz]?malloc\w*|kmemdup\w*|kstrdup\w*|___slab_alloc|__slab_(?:alloc|free)\w*|slab_\w+|do_slab_free|free_to_partial_list|free_debug_processing|alloc_debug_processing|check_object|check_slab|check_bytes_and_report|object_err|slab_err|slab_bug|print_trailer|set_freepointer|krealloc\w*|__ksize|ksize|kfree_rcu\w*)$/,
  /^(?:out_of_memory|oom_kill_process|mem_cgroup_out_of_memory|mem_cgroup_oom|try_charge(?:_memcg)?|__alloc_(?:frozen_)?pages\w*|alloc_(?:frozen_)?pages\w*|__?get_free_pages\w*|get_zeroed_page\w*|get_page_from_freelist|allocate_slab|new_slab|alloc_slab_page|_*kmalloc\w*|kv?[mzc]alloc\w*|__kv[mzc]alloc\w*|kmemdup\w*|k?strdup|__vmalloc\w*|v[mz]alloc\w*|(?:__)?folio_alloc\w*|vma_alloc_\w+|mempool_alloc\w*|dma_alloc_\w+|dma_direct_alloc|devm_k[mzc]alloc\w*|page_frag_alloc\w*)$/,
  /^(?:v?s[nc]*printf|vscnprintf|_?printk\w*|vprintk\w*|console_unlock|format_decode|number|string\w*|pointer)$/,
  /^(?:__ubsan_\w+|__kasan_\w+|kasan_\w+|kfence_\w+|__asan_\w+|__kcsan_\w+|__kmsan_\w+|check_memory_region|print_(?:report|address_description)\w*|end_report)$/,
  /^(?:__might_\w+|__schedule_bug|schedule_debug|debug_\w+|do_raw_\w+|spin_bug|spin_dump|__stack_chk_fail|rcu_\w+_stall\w*|lockdep_\w+|lock_acquire\w*|delay_\w+|__delay|__const_udelay|__udelay|__ndelay|cpu_relax|native_halt|native_safe_halt|default_idle\w*|acpi_\w*idle\w*|mwait_\w+|cpuidle_\w+)$/,
]

/** Does this function do what its caller asked for? A fault in it is the caller's. */
export function isHelper(name: string): boolean {
  const bare = bareName(name)
  return HELPERS.some((pattern) => pattern.test(bare))
}

/** Dispatchers: what calls others without knowing them. Reaching one, nobody nearer was to blame. */
const DISPATCHERS =
  /^(?:entry_[A-Z]\w*|do_syscall_\w+|x64_sys_call|ia32_sys_call|__(?:x64|ia32|se|do|arm64)_sys_\w+|ret_from_fork\w*|kthread|worker_thread|process_(?:one_work|scheduled_works)|call_timer_fn|__?run_timers?\w*|run_timer_\w+|__?do_softirq|handle_softirqs|_*irq_exit\w*|common_interrupt|asm_\w+|sysvec_\w+|do_idle|cpu_startup_entry|start_secondary|secondary_startup\w*|rest_init|start_kernel|smpboot_thread_fn|run_ksoftirqd|rcu_(?:do_batch|core|core_si)|tasklet_action\w*|__hrtimer_run_queues|hrtimer_(?:interrupt|run_softirq)|__(?:sysvec_\w+|common_interrupt|handle_irq_event\w*)|handle_irq_event\w*|handle_\w+_irq|generic_handle_(?:domain_)?irq\w*|(?:__)?flush_smp_call_function\w*|kthread_worker_fn|irq_thread(?:_fn)?|invoke_syscall|el0\w*|el1\w*|do_el0_svc)$/

/** Does this function only call what it is given? */
export function isDispatcher(name: string): boolean {
  return DISPATCHERS.test(bareName(name))
}

/**
 * The frame to blame; undefined if every one is part of dying, a helper or a dispatcher. Guessed frames count only when
 * there is no better.
 */
export function blamedFrame(frames: readonly NamedFrame[]): NamedFrame | undefined {
  return (
    frames.find(({ name, quality }) => isBlamable(name) && quality !== 'guess') ??
    frames.find(({ name }) => isBlamable(name)) ??
    frames.find(({ name }) => name !== null && !isPanicMachinery(name))
  )
}

/** Can this function be to blame: is it no part of dying, no helper and no dispatcher? */
export function isBlamable(name: string | null): boolean {
  return name !== null && !isPanicMachinery(name) && !isHelper(name) && !isDispatcher(name)
}

/**
 * Blame the first frame that may be; null if none may. A function that ended in a jump has no frame, and is blamed too: `void
 * f(x) { kfree(x); }` is not on the stack while kfree() runs.
 */
export function blame(program: Program, frames: readonly NamedFrame[]): Culprit | null {
  const frame = blamedFrame(frames)
  if (!frame) return null
  const jumped = tailCaller(program, frames, frame)
  return jumped ? symbolCulprit(program, jumped) : culpritOf(program, frame)
}

/** A function as the culprit, by its name; the parts that a compiler cut off it are the function. */
export function symbolCulprit(
  program: Program,
  { name, module }: { readonly name: string; readonly module: string },
): Culprit {
  return {
    ...{ function: bareName(name), module, taints: moduleTaints(program, module) },
    ...{ source: '', unit: '' },
  }
}

function tailCaller(
  program: Program,
  frames: readonly NamedFrame[],
  frame: NamedFrame,
): KernelSymbol | undefined {
  const callee = frames[frames.indexOf(frame) - 1]
  if (!callee || frame.interrupted || callee.ip === 0n || frame.ip === 0n) return undefined
  const address = callee.interrupted ? callee.ip : callee.ip - 1n
  const jumped = attempt(() => findTailCaller(program, frame.ip, address))
  return jumped && isBlamable(jumped.name) ? jumped : undefined
}

/** A frame's function as the culprit. */
export function culpritOf(program: Program, frame: NamedFrame): Culprit {
  const bug = frame.interrupted ? attempt(() => findBug(program, frame.ip)) : undefined
  return {
    function: frame.name && bareName(frame.name),
    module: frame.module,
    taints: moduleTaints(program, frame.module),
    source: bug && bug.file !== '' ? `${bug.file}:${bug.line}` : '',
    unit: '',
  }
}

/** What is to blame besides code. */
export function unitCulprit(unit: string): Culprit {
  return { function: null, module: '', taints: '', source: '', unit }
}

/** Letters of a module's own taints; '' for the kernel, a module without any, or one that is gone. */
export function moduleTaints(program: Program, name: string): string {
  if (name === '') return ''
  return (
    attempt(() => {
      const module = findModule(program, name)
      return module?.has('taints') ? taintLetters(taintFlags(program), module.bigint('taints')) : ''
    }) ?? ''
  )
}

function findModule(program: Program, name: string): Module | undefined {
  for (const module of forEachModule(program)) if (module.string('name') === name) return module
  return undefined
}
