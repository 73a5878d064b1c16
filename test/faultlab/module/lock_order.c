// SPDX-License-Identifier: MIT
/* Locks of every kind, taken in two orders. */
#include <linux/mutex.h>
#include <linux/rtmutex.h>
#include <linux/rwsem.h>
#include <linux/semaphore.h>
#include <linux/slab.h>
#include "lockstep.h"

/* Two mutexes with names. */
static DEFINE_MUTEX(routes_lock);
static DEFINE_MUTEX(policies_lock);

static kept int routes_update(void)
{
	mutex_lock(&routes_lock);
	let_others_run();
	mutex_lock(&policies_lock);
	mutex_unlock(&policies_lock);
	mutex_unlock(&routes_lock);
	return 0;
}

static kept int policies_update(void)
{
	mutex_lock(&policies_lock);
	let_others_run();
	mutex_lock(&routes_lock);
	mutex_unlock(&routes_lock);
	mutex_unlock(&policies_lock);
	return 0;
}

int trigger_routes(void)
{
	return routes_update();
}

int trigger_policies(void)
{
	return policies_update();
}

/* Two mutexes in objects of the heap. */
struct lane {
	u32 id;
	u32 balance;
	struct mutex lock;
};

static struct lane *lanes[2];

static kept int lane_transfer(struct lane *from, struct lane *to, u32 amount)
{
	mutex_lock(&from->lock);
	let_others_run();
	mutex_lock(&to->lock);
	from->balance -= amount;
	to->balance += amount;
	mutex_unlock(&to->lock);
	mutex_unlock(&from->lock);
	return 0;
}

int trigger_lane_out(void)
{
	return lane_transfer(lanes[0], lanes[1], 5);
}

int trigger_lane_in(void)
{
	return lane_transfer(lanes[1], lanes[0], 7);
}

/* Three mutexes, three orders. */
static DEFINE_MUTEX(ingest_lock);
static DEFINE_MUTEX(parse_lock);
static DEFINE_MUTEX(store_lock);

static kept int stage_forward(struct mutex *own, struct mutex *next)
{
	mutex_lock(own);
	let_others_run();
	mutex_lock(next);
	mutex_unlock(next);
	mutex_unlock(own);
	return 0;
}

int trigger_ingest(void)
{
	return stage_forward(&ingest_lock, &parse_lock);
}

int trigger_parse(void)
{
	return stage_forward(&parse_lock, &store_lock);
}

int trigger_store(void)
{
	return stage_forward(&store_lock, &ingest_lock);
}

/* Readers that become writers of each other's semaphore. */
static DECLARE_RWSEM(index_sem);
static DECLARE_RWSEM(cache_sem);

static kept int index_rebuild(void)
{
	down_read(&index_sem);
	let_others_run();
	down_write(&cache_sem);
	up_write(&cache_sem);
	up_read(&index_sem);
	return 0;
}

static kept int cache_shrink(void)
{
	down_write(&cache_sem);
	let_others_run();
	down_write(&index_sem);
	up_write(&index_sem);
	up_write(&cache_sem);
	return 0;
}

int trigger_index(void)
{
	return index_rebuild();
}

int trigger_cache(void)
{
	return cache_shrink();
}

/* A counting semaphore, which knows no owner, and a mutex. */
static struct semaphore job_slots;
static DEFINE_MUTEX(jobs_lock);

static kept int job_start(void)
{
	down(&job_slots);
	let_others_run();
	mutex_lock(&jobs_lock);
	mutex_unlock(&jobs_lock);
	up(&job_slots);
	return 0;
}

static kept int job_reap(void)
{
	mutex_lock(&jobs_lock);
	let_others_run();
	down(&job_slots);
	up(&job_slots);
	mutex_unlock(&jobs_lock);
	return 0;
}

int trigger_job_start(void)
{
	return job_start();
}

int trigger_job_reap(void)
{
	return job_reap();
}

static DEFINE_RT_MUTEX(fan_lock);
static DEFINE_RT_MUTEX(pump_lock);

static kept int fan_adjust(void)
{
	rt_mutex_lock(&fan_lock);
	let_others_run();
	rt_mutex_lock(&pump_lock);
	rt_mutex_unlock(&pump_lock);
	rt_mutex_unlock(&fan_lock);
	return 0;
}

static kept int pump_adjust(void)
{
	rt_mutex_lock(&pump_lock);
	let_others_run();
	rt_mutex_lock(&fan_lock);
	rt_mutex_unlock(&fan_lock);
	rt_mutex_unlock(&pump_lock);
	return 0;
}

int trigger_fan(void)
{
	return fan_adjust();
}

int trigger_pump(void)
{
	return pump_adjust();
}

/* A mutex and a rwsem in one object. */
struct volume {
	char name[16];
	struct mutex resize_lock;
	struct rw_semaphore map_sem;
};

static struct volume *volume;

static kept int volume_grow(struct volume *it)
{
	mutex_lock(&it->resize_lock);
	let_others_run();
	down_write(&it->map_sem);
	up_write(&it->map_sem);
	mutex_unlock(&it->resize_lock);
	return 0;
}

static kept int volume_map(struct volume *it)
{
	down_write(&it->map_sem);
	let_others_run();
	mutex_lock(&it->resize_lock);
	mutex_unlock(&it->resize_lock);
	up_write(&it->map_sem);
	return 0;
}

int trigger_volume_grow(void)
{
	return volume_grow(volume);
}

int trigger_volume_map(void)
{
	return volume_map(volume);
}

int lock_order_init(void)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(lanes); i++) {
		lanes[i] = kzalloc(sizeof(*lanes[i]), GFP_KERNEL);
		if (!lanes[i])
			return -ENOMEM;
		lanes[i]->id = i;
		mutex_init(&lanes[i]->lock);
	}
	volume = kzalloc(sizeof(*volume), GFP_KERNEL);
	if (!volume)
		return -ENOMEM;
	mutex_init(&volume->resize_lock);
	init_rwsem(&volume->map_sem);
	sema_init(&job_slots, 1);
	return 0;
}
