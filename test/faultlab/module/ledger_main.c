// SPDX-License-Identifier: MIT
/* ledger: a device that crashes its machine with bugs written as they are written, for a test of rules that did not see it. */
#include "ledger.h"

static const struct trigger triggers[] = {
	{ "lookup-null", trigger_lookup_null },
	{ "null-slot", trigger_null_slot },
	{ "null-global", trigger_null_global },
	{ "copy-null", trigger_copy_null },
	{ "compare-null", trigger_compare_null },
	{ "clear-tail", trigger_clear_tail },
	{ "fill-over", trigger_fill_over },
	{ "wild-index", trigger_wild_index },
	{ "lock-null", trigger_lock_null },
	{ "mutex-null", trigger_mutex_null },
	{ "error-member", trigger_error_member },
	{ "text-call", trigger_text_call },
	{ "divide-wide", trigger_divide_64 },
	{ "list-zeroed", trigger_list_zeroed },
	{ "list-twice", trigger_list_twice },
	{ "list-reused", trigger_list_reused },
	{ "free-static", trigger_free_static },
	{ "free-both", trigger_free_both },
	{ "get-dead", trigger_get_dead },
	{ "assert", trigger_assert },
	{ "recursion", trigger_recursion },
	{ "fail-work", trigger_fail_work },
	{ "irq-work", trigger_irq_work },
	{ "other-cpu", trigger_other_cpu },
	{ "kthread", trigger_kthread },
	{ "tasklet-loop", trigger_tasklet_loop },
	{ "list-loop", trigger_list_loop },
	{ "timer-lock", trigger_timer_lock },
	{ "lock-twice", trigger_lock_twice },
	{ "report-start", trigger_report_start },
	{ "report-stop", trigger_report_stop },
	{ "table-scan", trigger_table_scan },
	{ "table-resize", trigger_table_resize },
	{ "settle", trigger_settle },
	{ "settle-next", trigger_settle_next },
};

static ssize_t ledger_write(struct file *file, const char __user *buffer, size_t size,
			    loff_t *offset)
{
	return run_trigger(triggers, ARRAY_SIZE(triggers), buffer, size);
}

static const struct file_operations ledger_operations = {
	.owner = THIS_MODULE,
	.write = ledger_write,
};

static struct miscdevice ledger_device = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "ledger",
	.fops = &ledger_operations,
};

static int __init ledger_init(void)
{
	int error = rates_init();

	if (!error)
		error = settle_init();
	return error ? error : misc_register(&ledger_device);
}

module_init(ledger_init);
MODULE_DESCRIPTION("Crashes of plain code, for tests");
MODULE_LICENSE("Dual MIT/GPL");
