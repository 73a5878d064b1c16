/* SPDX-License-Identifier: MIT */
#ifndef LOCKSTEP_H
#define LOCKSTEP_H

#include <linux/delay.h>
#include "trigger.h"

/* Long enough for the other side to take its first lock. */
static inline void let_others_run(void)
{
	msleep(300);
}

int trigger_routes(void);
int trigger_policies(void);
int trigger_lane_out(void);
int trigger_lane_in(void);
int trigger_ingest(void);
int trigger_parse(void);
int trigger_store(void);
int trigger_index(void);
int trigger_cache(void);
int trigger_job_start(void);
int trigger_job_reap(void);
int trigger_fan(void);
int trigger_pump(void);
int trigger_volume_grow(void);
int trigger_volume_map(void);
int lock_order_init(void);

int trigger_command(void);
int trigger_settings_store(void);
int trigger_settings_show(void);
int trigger_sync_start(void);
int trigger_sync_wait(void);
int trigger_catalog_update(void);
int trigger_catalog_read(void);
int trigger_prefetch(void);

int trigger_soft_lockup(void);
int trigger_hard_lockup(void);
int trigger_rcu_stall(void);
int trigger_spin_twice(void);
int trigger_port(void);
int trigger_link(void);

#endif
