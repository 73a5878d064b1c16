// SPDX-License-Identifier: MIT
/* lockstep: a device whose users wait for each other, or for ever. */
#include "lockstep.h"

static const struct trigger triggers[] = {
	{ "routes", trigger_routes },
	{ "policies", trigger_policies },
	{ "lane-out", trigger_lane_out },
	{ "lane-in", trigger_lane_in },
	{ "ingest", trigger_ingest },
	{ "parse", trigger_parse },
	{ "store", trigger_store },
	{ "index", trigger_index },
	{ "cache", trigger_cache },
	{ "job-start", trigger_job_start },
	{ "job-reap", trigger_job_reap },
	{ "fan", trigger_fan },
	{ "pump", trigger_pump },
	{ "volume-grow", trigger_volume_grow },
	{ "volume-map", trigger_volume_map },
	{ "command", trigger_command },
	{ "settings-store", trigger_settings_store },
	{ "settings-show", trigger_settings_show },
	{ "sync-start", trigger_sync_start },
	{ "sync-wait", trigger_sync_wait },
	{ "catalog-update", trigger_catalog_update },
	{ "catalog-read", trigger_catalog_read },
	{ "prefetch", trigger_prefetch },
	{ "soft-lockup", trigger_soft_lockup },
	{ "hard-lockup", trigger_hard_lockup },
	{ "rcu-stall", trigger_rcu_stall },
	{ "spin-twice", trigger_spin_twice },
	{ "port", trigger_port },
	{ "link", trigger_link },
};

static ssize_t lockstep_write(struct file *file, const char __user *buffer, size_t size,
			      loff_t *offset)
{
	return run_trigger(triggers, ARRAY_SIZE(triggers), buffer, size);
}

static const struct file_operations lockstep_operations = {
	.owner = THIS_MODULE,
	.write = lockstep_write,
};

static struct miscdevice lockstep_device = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "lockstep",
	.fops = &lockstep_operations,
};

static int __init lockstep_init(void)
{
	int error = lock_order_init();

	return error ? error : misc_register(&lockstep_device);
}

module_init(lockstep_init);
MODULE_DESCRIPTION("Deadlocks, lockups and waits without end, for tests");
MODULE_LICENSE("Dual MIT/GPL");
