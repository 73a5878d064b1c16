// SPDX-License-Identifier: MIT
/* The same mistakes where there is no process to blame: interrupts, timers, workers; and oopses behind oopses. */
#include <linux/delay.h>
#include <linux/hrtimer.h>
#include <linux/slab.h>
#include <linux/timer.h>
#include <linux/workqueue.h>
#include "sensorhub.h"

struct beat_target {
	u64 beats;
	char label[72];
};

struct pacer {
	struct hrtimer timer;
	struct beat_target *target;
};

struct watch {
	struct timer_list timer;
	struct beat_target *target;
};

struct uplink {
	struct work_struct work;
	struct beat_target *target;
};

static struct pacer pacer;
static struct watch watch;
static struct uplink uplink;
static struct workqueue_struct *uplink_queue;
static struct kmem_cache *target_cache;

static kept void target_beat(struct beat_target *target)
{
	target->beats++;
}

static kept enum hrtimer_restart pacer_tick(struct hrtimer *timer)
{
	struct pacer *it = container_of(timer, struct pacer, timer);

	target_beat(it->target);
	return HRTIMER_NORESTART;
}

int trigger_hrtimer(void)
{
	hrtimer_init(&pacer.timer, CLOCK_MONOTONIC, HRTIMER_MODE_REL);
	pacer.timer.function = pacer_tick;
	hrtimer_start(&pacer.timer, ms_to_ktime(50), HRTIMER_MODE_REL);
	return 0;
}

static kept void watch_expired(struct timer_list *timer)
{
	struct watch *it = from_timer(it, timer, timer);

	it->target->beats++;
}

int trigger_timer(void)
{
	timer_setup(&watch.timer, watch_expired, 0);
	mod_timer(&watch.timer, jiffies + msecs_to_jiffies(50));
	return 0;
}

static kept void watch_report(struct timer_list *timer)
{
	struct watch *it = from_timer(it, timer, timer);
	struct beat_target **next = (struct beat_target **)it->target->label;

	next[0]->beats++;
}

static kept void target_destroy(struct beat_target *target)
{
	/* The watch that looks at it still runs. */
	kmem_cache_free(target_cache, target);
}

int trigger_timer_freed(void)
{
	watch.target = kmem_cache_zalloc(target_cache, GFP_KERNEL);
	timer_setup(&watch.timer, watch_report, 0);
	mod_timer(&watch.timer, jiffies + msecs_to_jiffies(80));
	target_destroy(watch.target);
	return 0;
}

static kept void uplink_send(struct uplink *link)
{
	link->target->beats++;
}

static kept void uplink_work(struct work_struct *work)
{
	uplink_send(container_of(work, struct uplink, work));
}

int trigger_worker(void)
{
	INIT_WORK(&uplink.work, uplink_work);
	queue_work(uplink_queue, &uplink.work);
	return 0;
}

/* The first oops is the cause; the counters it leaves half made are only met by the second. */
struct meter {
	u64 total;
	struct meter_page {
		u64 slots[8];
		u32 used;
	} *page;
	u64 *cursor;
};

static struct meter meter;

static kept void meter_sample(struct meter *it, struct meter_page *page)
{
	it->total++;
	it->cursor = &page->slots[page->used];
}

int trigger_first_oops(void)
{
	meter_sample(&meter, meter.page);
	return 0;
}

static kept u64 meter_read(struct meter *it)
{
	return *it->cursor + it->total;
}

int trigger_second_oops(void)
{
	return meter_read(&meter) == 1;
}

int contexts_init(void)
{
	uplink_queue = alloc_workqueue("sensorhub_uplink", 0, 0);
	target_cache = kmem_cache_create("beat_target", sizeof(struct beat_target), 0,
					 SLAB_CONSISTENCY_CHECKS | SLAB_POISON | SLAB_STORE_USER, NULL);
	return uplink_queue && target_cache ? 0 : -ENOMEM;
}
