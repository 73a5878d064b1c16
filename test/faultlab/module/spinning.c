// SPDX-License-Identifier: MIT
/* CPUs that do not come back. */
#include <linux/rcupdate.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include "lockstep.h"

struct ring {
	spinlock_t lock;
	u32 head;
	u32 tail;
};

static struct ring ring = { .lock = __SPIN_LOCK_UNLOCKED(ring.lock), .head = 4 };

/* Nobody moves the tail. */
static kept void ring_drain(struct ring *it)
{
	spin_lock(&it->lock);
	while (READ_ONCE(it->head) != READ_ONCE(it->tail))
		cpu_relax();
	spin_unlock(&it->lock);
}

int trigger_soft_lockup(void)
{
	ring_drain(&ring);
	return 0;
}

static kept u32 fifo_poll_ready(struct ring *it)
{
	unsigned long flags;
	u32 spins = 0;

	local_irq_save(flags);
	while (READ_ONCE(it->head) != READ_ONCE(it->tail))
		spins++;
	local_irq_restore(flags);
	return spins;
}

int trigger_hard_lockup(void)
{
	return fifo_poll_ready(&ring) == 1;
}

struct route {
	struct route *next;
	u32 prefix;
};

static kept struct route *route_lookup(struct route *first, u32 prefix)
{
	struct route *route;

	rcu_read_lock();
	/* A chain that closes on itself. */
	for (route = READ_ONCE(first); route; route = READ_ONCE(route->next))
		if (route->prefix == prefix)
			break;
	rcu_read_unlock();
	return route;
}

int trigger_rcu_stall(void)
{
	struct route *route = kzalloc(sizeof(*route), GFP_KERNEL);

	route->next = route;
	return route_lookup(route, 24) == NULL;
}

static DEFINE_SPINLOCK(stats_lock);

static kept void stats_reset(void)
{
	spin_lock(&stats_lock);
	spin_unlock(&stats_lock);
}

static kept void stats_update(void)
{
	spin_lock(&stats_lock);
	/* Takes the same lock. */
	stats_reset();
	spin_unlock(&stats_lock);
}

int trigger_spin_twice(void)
{
	stats_update();
	return 0;
}

static DEFINE_SPINLOCK(port_lock);
static DEFINE_SPINLOCK(link_lock);

/* Not asleep: with a spinlock held nobody may. */
static void wait_for_the_other_cpu(void)
{
	mdelay(500);
}

static kept void port_disable(void)
{
	spin_lock(&port_lock);
	wait_for_the_other_cpu();
	spin_lock(&link_lock);
	spin_unlock(&link_lock);
	spin_unlock(&port_lock);
}

static kept void link_reset(void)
{
	spin_lock(&link_lock);
	wait_for_the_other_cpu();
	spin_lock(&port_lock);
	spin_unlock(&port_lock);
	spin_unlock(&link_lock);
}

int trigger_port(void)
{
	port_disable();
	return 0;
}

int trigger_link(void)
{
	link_reset();
	return 0;
}
