// SPDX-License-Identifier: MIT
/* The heap: freed, overrun, freed twice. */
#include <linux/slab.h>
#include "sensorhub.h"

struct frame_owner {
	u64 id;
	u64 frames;
};

struct sensor_frame {
	u32 sequence;
	u32 count;
	struct frame_owner *owner;
	u16 samples[40];
};

struct profile {
	u32 points;
	u32 *curve;
};

struct journal_entry {
	u64 stamp;
	u64 words[15];
};

static struct kmem_cache *frame_cache;

/* As if booted with slub_debug=FZPU for this cache. */
int frames_init(void)
{
	frame_cache = kmem_cache_create("sensor_frame", sizeof(struct sensor_frame), 0,
					SLAB_CONSISTENCY_CHECKS | SLAB_RED_ZONE | SLAB_POISON |
						SLAB_STORE_USER,
					NULL);
	return frame_cache ? 0 : -ENOMEM;
}

static kept struct sensor_frame *frame_alloc(u32 sequence)
{
	struct sensor_frame *frame = kmem_cache_alloc(frame_cache, GFP_KERNEL);

	memset(frame, 0, sizeof(*frame));
	frame->sequence = sequence;
	frame->owner = kzalloc(sizeof(*frame->owner), GFP_KERNEL);
	return frame;
}

static kept void frame_release(struct sensor_frame *frame)
{
	kmem_cache_free(frame_cache, frame);
}

static kept u64 frame_complete(struct sensor_frame *frame)
{
	frame->owner->frames++;
	return frame->owner->id;
}

int trigger_use_after_free(void)
{
	struct sensor_frame *frame = frame_alloc(1);

	frame_release(frame);
	return frame_complete(frame) == 1;
}

static kept void frame_append(struct sensor_frame *frame, u16 sample)
{
	/* Should be <. */
	if (frame->count <= ARRAY_SIZE(frame->samples))
		((volatile u16 *)frame->samples)[frame->count++] = sample;
}

int trigger_redzone(void)
{
	struct sensor_frame *frame = frame_alloc(2);
	u16 i;

	for (i = 0; i < 60; i++)
		frame_append(frame, i);
	frame_release(frame);
	return 0;
}

static kept void profile_drop_curve(struct profile *profile)
{
	kfree(profile->curve);
	barrier();
}

static kept void profile_unload(struct profile *profile)
{
	profile_drop_curve(profile);
	kfree(profile);
}

int trigger_double_free(void)
{
	struct profile *profile = kzalloc(sizeof(*profile), GFP_KERNEL);

	profile->curve = kmalloc_array(48, sizeof(u32), GFP_KERNEL);
	/* An error path frees it, and forgets to say so. */
	profile_drop_curve(profile);
	profile_unload(profile);
	return 0;
}

static kept void journal_late_update(struct journal_entry *entry, u64 stamp)
{
	int i;

	entry->stamp = stamp;
	for (i = 0; i < ARRAY_SIZE(entry->words); i++)
		((volatile u64 *)entry->words)[i] = stamp + i;
}

static kept struct journal_entry *journal_reserve(void)
{
	struct journal_entry *entry = kmalloc(sizeof(*entry), GFP_KERNEL);

	if (entry)
		entry->stamp = 0;
	return entry;
}

int trigger_write_after_free(void)
{
	struct journal_entry *entry = journal_reserve();
	int i;

	kfree(entry);
	journal_late_update(entry, 0x1122334455667788);
	for (i = 0; i < 64; i++)
		if (!journal_reserve())
			return -ENOMEM;
	return 0;
}
