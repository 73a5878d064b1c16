/* SPDX-License-Identifier: MIT */
#ifndef SENSORHUB_H
#define SENSORHUB_H

#include "trigger.h"

int trigger_null_argument(void);
int trigger_null_member(void);
int trigger_null_call(void);
int trigger_error_pointer(void);
int trigger_ascii_pointer(void);
int trigger_bit_flip(void);
int trigger_divide(void);
int trigger_write_protected(void);
int trigger_no_execute(void);
int trigger_user_access(void);
int trigger_vfreed(void);

int trigger_use_after_free(void);
int trigger_redzone(void);
int trigger_double_free(void);
int trigger_write_after_free(void);
int frames_init(void);

int trigger_list_corruption(void);
int trigger_list_poison(void);
int trigger_refcount(void);
int trigger_bug(void);
int trigger_warning(void);
int trigger_panic(void);
int trigger_atomic_sleep(void);

int trigger_stack_overflow(void);
int trigger_stack_corruption(void);

int trigger_hrtimer(void);
int trigger_timer(void);
int trigger_timer_freed(void);
int trigger_worker(void);
int trigger_first_oops(void);
int trigger_second_oops(void);
int contexts_init(void);

#endif
