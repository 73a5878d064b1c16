/* SPDX-License-Identifier: MIT */
/* A device that runs what is written to it by name: `echo divide > /dev/sensorhub`. */
#ifndef FAULTLAB_TRIGGER_H
#define FAULTLAB_TRIGGER_H

#include <linux/module.h>
#include <linux/fs.h>
#include <linux/miscdevice.h>
#include <linux/string.h>
#include <linux/uaccess.h>

/* A function that shows up on the stack under its own name, with all of its arguments. */
#define kept noinline __attribute__((noipa))

struct trigger {
	const char *name;
	int (*run)(void);
};

static inline ssize_t run_trigger(const struct trigger *triggers, size_t count,
				  const char __user *buffer, size_t size)
{
	char name[32];
	size_t i;

	if (size == 0 || size >= sizeof(name))
		return -EINVAL;
	if (copy_from_user(name, buffer, size))
		return -EFAULT;
	name[size] = '\0';
	strim(name);
	for (i = 0; i < count; i++) {
		if (!strcmp(triggers[i].name, name)) {
			int error = triggers[i].run();

			return error ? error : size;
		}
	}
	return -ENOENT;
}

#endif
