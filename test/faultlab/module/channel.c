// SPDX-License-Identifier: MIT
/* Pointers that are not what they should be. */
#include <linux/err.h>
#include <linux/list.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>
#include "sensorhub.h"

struct channel_config {
	char label[24];
	u32 flags;
	u32 sample_rate;
	u64 window;
};

struct sensor_channel;

struct channel_ops {
	int (*open)(struct sensor_channel *channel);
	int (*calibrate)(struct sensor_channel *channel, int reference);
};

struct sensor_channel {
	struct list_head link;
	const struct channel_ops *ops;
	struct channel_config *config;
	u32 id;
	u32 period_ms;
	/* Behind the name, so that a name too long ends up there. */
	char name[8];
	struct sensor_channel *peer;
	u64 readings;
};

struct event_log {
	u32 head;
	u32 size;
	u64 entries[1022];
};

static kept int channel_open(struct sensor_channel *channel)
{
	channel->period_ms = 100;
	return 0;
}

/* Never filled in: ->calibrate. */
static const struct channel_ops passive_ops = { .open = channel_open };

static const u32 gain_table[] = { 1, 2, 4, 8, 16, 32, 64, 128 };

static struct sensor_channel *channel_create(u32 id)
{
	struct sensor_channel *channel = kzalloc(sizeof(*channel), GFP_KERNEL);

	if (channel) {
		INIT_LIST_HEAD(&channel->link);
		channel->id = id;
		channel->ops = &passive_ops;
	}
	return channel;
}

/* The caller does not check that there is a configuration. */
static kept int channel_apply_config(struct sensor_channel *channel, struct channel_config *config)
{
	channel->period_ms = config->sample_rate + 1;
	return 0;
}

static kept int hub_configure(struct sensor_channel *channel)
{
	int error = channel_apply_config(channel, channel->config);

	return error ? error : (int)channel->period_ms;
}

int trigger_null_argument(void)
{
	return hub_configure(channel_create(1)) < 0;
}

static kept u64 channel_window(struct sensor_channel *channel)
{
	return channel->config->window + channel->readings;
}

static kept u64 hub_total_window(struct sensor_channel *channel)
{
	return channel_window(channel) + 1;
}

int trigger_null_member(void)
{
	return hub_total_window(channel_create(2)) == 0;
}

static kept int channel_calibrate(struct sensor_channel *channel, int reference)
{
	int error = channel->ops->calibrate(channel, reference);

	return error ? error : (int)channel->period_ms;
}

int trigger_null_call(void)
{
	return channel_calibrate(channel_create(3), 42) < 0;
}

static kept struct sensor_channel *hub_find_channel(u32 id)
{
	return ERR_PTR(id > 4 ? -ENODEV : -EINVAL);
}

static kept int channel_enable(struct sensor_channel *channel)
{
	channel->readings = 0;
	return channel->period_ms;
}

int trigger_error_pointer(void)
{
	return channel_enable(hub_find_channel(17)) < 0;
}

static kept void channel_rename(struct sensor_channel *channel, const char *name)
{
	char *to = channel->name;

	while ((*to++ = *name++))
		barrier();
}

static kept u64 channel_peer_readings(struct sensor_channel *channel)
{
	return channel->peer->readings + channel->readings;
}

int trigger_ascii_pointer(void)
{
	struct sensor_channel *channel = channel_create(4);

	channel->peer = channel_create(5);
	channel_rename(channel, "temperature-rear");
	return channel_peer_readings(channel) == 1;
}

static kept u64 channel_follow_peer(struct sensor_channel *channel)
{
	return channel->peer->readings + channel->id;
}

int trigger_bit_flip(void)
{
	struct sensor_channel *channel = channel_create(6);

	/* What a bad memory cell does. */
	channel->peer = (struct sensor_channel *)((unsigned long)channel_create(7) ^ BIT(41));
	return channel_follow_peer(channel) == 1;
}

static kept u32 channel_interval(struct sensor_channel *channel, u32 ticks)
{
	return ticks / channel->period_ms;
}

int trigger_divide(void)
{
	return channel_interval(channel_create(8), 48000) == 1;
}

static kept void channel_tune_gain(const u32 *gain, u32 step)
{
	u32 *writable = (u32 *)gain;

	writable[step] = step * 3;
}

int trigger_write_protected(void)
{
	channel_tune_gain(gain_table, 2);
	return gain_table[2] == 1;
}

static kept int hub_run_firmware(int (*entry)(u32 id), u32 id)
{
	int error = entry(id);

	return error ? error : 1;
}

int trigger_no_execute(void)
{
	u8 *image = kmalloc(256, GFP_KERNEL);

	memset(image, 0xc3, 256);
	return hub_run_firmware((int (*)(u32))image, 9) < 0;
}

static kept u32 channel_copy_label(struct sensor_channel *channel, const char *label)
{
	/* A pointer from user space, without copy_from_user(). */
	channel->name[0] = *(const volatile char *)label;
	return channel->id;
}

int trigger_user_access(void)
{
	return channel_copy_label(channel_create(10), (const char *)current->mm->arg_start) == 0;
}

static kept void event_log_append(struct event_log *log, u64 entry)
{
	log->entries[log->head++] = entry;
}

int trigger_vfreed(void)
{
	struct event_log *log = vzalloc(sizeof(*log));

	event_log_append(log, 1);
	vfree(log);
	/* Areas that were freed are unmapped lazily. */
	vm_unmap_aliases();
	event_log_append(log, 2);
	return 0;
}
