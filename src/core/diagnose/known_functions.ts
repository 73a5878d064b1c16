// Functions of the kernel itself that are seldom to blame: helpers, which do what their caller asked for, and dispatchers,
// which call what they are given. Names are written without leading underscores; `*` stands for the rest of a word.
// Source of the idea: syzkaller's and satyr's lists of functions to skip.
import { bareName, isPanicMachinery } from './panic_machinery.ts'

/** A fault in one of these is its caller's. */
const HELPERS = namesOf(`
  memcpy* memset* memmove* memcmp* memchr* memscan* strlen* strnlen* strcpy* strncpy* strscpy* strlcpy*
  strcmp* strncmp* strcasecmp* strchr* strrchr* strstr* strcat* strncat* strsep strim rep_movs* rep_stos* clear_page* copy_page*
  x86_indirect_thunk* x86_return_thunk
  copy_to_user* copy_from_user* copy_user* raw_copy_* get_user* put_user* clear_user*

  list_add* list_del* plist_* rb_* rbt_* hlist_* llist_* refcount_* kref_* kobject_get kobject_put

  raw_spin_* spin_lock* spin_unlock* raw_read_* raw_write_* read_lock* read_unlock* write_lock* write_unlock*
  native_queued_* queued_*lock_slowpath spin_bug spin_dump do_raw_* osq_lock lock_acquire* lockdep_*
  mutex_* ww_mutex_* rt_mutex_* rtlock_* down down_* up up_* rwsem_* rwbase_* percpu_*

  schedule schedule_* io_schedule* preempt_schedule* cond_resched context_switch switch_to* finish_task_switch* schedule_bug
  schedule_debug might_* do_nanosleep hrtimer_nanosleep common_nsleep* msleep* ssleep usleep_range* fsleep
  wait_for_*completion* wait_for_common complete complete_all prepare_to_wait* wake_up* try_to_wake_up
  default_wake_function autoremove_wake_function wait_on_* folio_wait_* out_of_line_wait_on_bit* bit_wait*
  flush_work flush_workqueue flush_delayed_work cancel_work_sync cancel_delayed_work_sync drain_workqueue
  destroy_workqueue kthread_stop* synchronize_rcu* synchronize_srcu* synchronize_irq synchronize_net wait_rcu_gp*
  rcu_barrier* rcu_*_stall* smp_call_function* on_each_cpu* stop_machine*
  delay_* delay const_udelay udelay ndelay cpu_relax native_halt native_safe_halt default_idle* acpi_*idle*
  mwait_* cpuidle_*

  kfree* kvfree* vfree vunmap kmem_cache_alloc* kmem_cache_free* kmalloc* kzalloc* kcalloc* kvmalloc* kvzalloc* kvcalloc*
  krealloc* vmalloc* vzalloc* kmemdup* kstrdup* ksize do_kmalloc* slab_* do_slab_free allocate_slab new_slab
  alloc_slab_page free_to_partial_list free_debug_processing alloc_debug_processing check_object check_slab
  check_bytes_and_report object_err print_trailer set_freepointer devm_kmalloc* devm_kzalloc* devm_kcalloc*
  out_of_memory oom_kill_process mem_cgroup_out_of_memory mem_cgroup_oom try_charge* alloc_pages* alloc_frozen_pages*
  get_free_pages* get_zeroed_page* get_page_from_freelist folio_alloc* vma_alloc_* mempool_alloc* dma_alloc_*
  dma_direct_alloc page_frag_alloc*

  sprintf snprintf vsnprintf vsprintf scnprintf vscnprintf printk* vprintk* console_unlock format_decode number string*
  pointer
  ubsan_* kasan_* kfence_* asan_* kcsan_* kmsan_* check_memory_region print_report* print_address_description* end_report
  debug_* stack_chk_fail
`)

/** Who reaches one of these has found nobody nearer to blame. */
const DISPATCHERS = namesOf(`
  do_syscall_* x64_sys_call ia32_sys_call x64_sys_* ia32_sys_* se_sys_* do_sys_* arm64_sys_* invoke_syscall do_el0_svc
  el0* el1* asm_* sysvec_* common_interrupt handle_irq_event* generic_handle_irq* generic_handle_domain_irq*
  handle_edge_irq handle_level_irq handle_fasteoi_irq handle_percpu_*irq handle_simple_irq irq_exit* irq_thread*
  do_softirq handle_softirqs run_ksoftirqd tasklet_action* rcu_do_batch rcu_core rcu_core_si call_timer_fn run_timer*
  hrtimer_run_queues hrtimer_interrupt hrtimer_run_softirq flush_smp_call_function*
  ret_from_fork* kthread kthread_worker_fn smpboot_thread_fn worker_thread process_one_work process_scheduled_works
  do_idle cpu_startup_entry start_secondary secondary_startup* rest_init start_kernel
`)

/** The kernel is entered through `entry_SYSCALL_64`; `entry_touch()` is somebody's own. */
const ENTRY = /^entry_[A-Z]/

/** A function, as frames, symbols and printed traces have it. */
export interface NamedFunction {
  readonly name: string | null
  /** '' for the kernel itself. */
  readonly module: string
}

/** Does this function do what its caller asked for? A fault in it is the caller's. A module's never is one: who knows. */
export function isHelper({ name, module }: NamedFunction): boolean {
  return name !== null && module === '' && HELPERS.test(plainName(name))
}

/** Does this function only call what it is given? */
export function isDispatcher({ name, module }: NamedFunction): boolean {
  if (name === null || module !== '') return false
  const plain = plainName(name)
  return DISPATCHERS.test(plain) || ENTRY.test(plain)
}

/** Can this function be to blame: is it no part of dying, no helper and no dispatcher? */
export function isBlamable(function_: NamedFunction): boolean {
  const { name } = function_
  return (
    name !== null && !isPanicMachinery(name) && !isHelper(function_) && !isDispatcher(function_)
  )
}

function plainName(name: string): string {
  return bareName(name).replace(/^_+/, '')
}

function namesOf(words: string): RegExp {
  const patterns = words
    .trim()
    .split(/\s+/)
    .map((word) => word.replaceAll('*', '\\w*'))
  return new RegExp(`^(?:${patterns.join('|')})$`)
}
