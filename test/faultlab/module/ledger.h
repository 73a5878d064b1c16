/* SPDX-License-Identifier: MIT */
/* ledger: a device of plain code. No function is kept apart from where the compiler wants it but by `noinline`. */
#ifndef FAULTLAB_LEDGER_H
#define FAULTLAB_LEDGER_H

#include "trigger.h"

/* account.c: pointers and arithmetic. */
int trigger_lookup_null(void);
int trigger_null_slot(void);
int trigger_null_global(void);
int trigger_copy_null(void);
int trigger_compare_null(void);
int trigger_clear_tail(void);
int trigger_fill_over(void);
int trigger_wild_index(void);
int trigger_lock_null(void);
int trigger_mutex_null(void);
int trigger_error_member(void);
int trigger_text_call(void);
int trigger_divide_64(void);

/* order.c: lists, references and memory given back. */
int trigger_list_zeroed(void);
int trigger_list_twice(void);
int trigger_list_reused(void);
int trigger_free_static(void);
int trigger_free_both(void);
int trigger_get_dead(void);
int trigger_assert(void);
int trigger_recursion(void);
int trigger_fail_work(void);

/* rate.c: interrupts, other CPUs, and loops. */
int rates_init(void);
int trigger_irq_work(void);
int trigger_other_cpu(void);
int trigger_kthread(void);
int trigger_tasklet_loop(void);
int trigger_list_loop(void);
int trigger_timer_lock(void);

/* settle.c: who waits. */
int settle_init(void);
int trigger_lock_twice(void);
int trigger_report_start(void);
int trigger_report_stop(void);
int trigger_table_scan(void);
int trigger_table_resize(void);
int trigger_settle(void);
int trigger_settle_next(void);

#endif
