// SPDX-License-Identifier: MIT
/* sensorhub: a device that crashes its machine in the ways of pointers, heap, stack and context. */
#include "sensorhub.h"

static const struct trigger triggers[] = {
	{ "null-argument", trigger_null_argument },
	{ "null-member", trigger_null_member },
	{ "null-call", trigger_null_call },
	{ "error-pointer", trigger_error_pointer },
	{ "ascii-pointer", trigger_ascii_pointer },
	{ "bit-flip", trigger_bit_flip },
	{ "divide", trigger_divide },
	{ "write-protected", trigger_write_protected },
	{ "no-execute", trigger_no_execute },
	{ "user-access", trigger_user_access },
	{ "vfreed", trigger_vfreed },
	{ "use-after-free", trigger_use_after_free },
	{ "redzone", trigger_redzone },
	{ "double-free", trigger_double_free },
	{ "write-after-free", trigger_write_after_free },
	{ "list-corruption", trigger_list_corruption },
	{ "list-poison", trigger_list_poison },
	{ "refcount", trigger_refcount },
	{ "bug", trigger_bug },
	{ "warning", trigger_warning },
	{ "panic", trigger_panic },
	{ "atomic-sleep", trigger_atomic_sleep },
	{ "stack-overflow", trigger_stack_overflow },
	{ "stack-corruption", trigger_stack_corruption },
	{ "hrtimer", trigger_hrtimer },
	{ "timer", trigger_timer },
	{ "timer-freed", trigger_timer_freed },
	{ "worker", trigger_worker },
	{ "first-oops", trigger_first_oops },
	{ "second-oops", trigger_second_oops },
};

static ssize_t sensorhub_write(struct file *file, const char __user *buffer, size_t size,
			       loff_t *offset)
{
	return run_trigger(triggers, ARRAY_SIZE(triggers), buffer, size);
}

static const struct file_operations sensorhub_operations = {
	.owner = THIS_MODULE,
	.write = sensorhub_write,
};

static struct miscdevice sensorhub_device = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "sensorhub",
	.fops = &sensorhub_operations,
};

static int __init sensorhub_init(void)
{
	int error = frames_init();

	if (error)
		return error;
	error = contexts_init();
	if (!error)
		error = misc_register(&sensorhub_device);
	return error;
}

module_init(sensorhub_init);
MODULE_DESCRIPTION("Crashes of pointers, heap, stack and context, for tests");
MODULE_LICENSE("Dual MIT/GPL");
