// SPDX-License-Identifier: MIT
/* What the kernel's own checks find: lists, counters, states, contexts. */
#include <linux/delay.h>
#include <linux/list.h>
#include <linux/refcount.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include "sensorhub.h"

enum hub_state { HUB_OFF, HUB_READY, HUB_RUNNING };

struct hub_session {
	struct list_head link;
	refcount_t users;
	u32 id;
	u64 bytes;
};

struct session_table {
	struct list_head sessions;
	spinlock_t lock;
	enum hub_state state;
	int limit;
};

static struct session_table table = {
	.sessions = LIST_HEAD_INIT(table.sessions),
	.lock = __SPIN_LOCK_UNLOCKED(table.lock),
};

static struct hub_session *session_open(u32 id)
{
	struct hub_session *session = kzalloc(sizeof(*session), GFP_KERNEL);

	session->id = id;
	refcount_set(&session->users, 1);
	list_add_tail(&session->link, &table.sessions);
	return session;
}

static kept void session_unlink(struct hub_session *session)
{
	list_del(&session->link);
	session->id = 0;
}

static kept void session_close(struct hub_session *session)
{
	session_unlink(session);
	barrier();
}

int trigger_list_corruption(void)
{
	struct hub_session *session;

	session_open(1);
	session = session_open(2);
	session_open(3);
	session_close(session);
	session_close(session);
	return 0;
}

static kept u64 session_sum_bytes(struct hub_session *first)
{
	struct hub_session *session = first;
	u64 sum = 0;
	int i;

	for (i = 0; i < 3; i++) {
		sum += session->bytes;
		session = list_next_entry(session, link);
	}
	return sum;
}

int trigger_list_poison(void)
{
	struct hub_session *session = session_open(4);

	session_unlink(session);
	return session_sum_bytes(session) == 1;
}

static kept void session_put(struct hub_session *session)
{
	if (refcount_dec_and_test(&session->users))
		session->bytes = 0;
}

static kept void session_abort(struct hub_session *session)
{
	session_put(session);
	barrier();
}

int trigger_refcount(void)
{
	struct hub_session *session = session_open(5);

	session_put(session);
	/* The reference that the table had was put already. */
	session_abort(session);
	return 0;
}

static kept void hub_start(struct session_table *sessions)
{
	BUG_ON(sessions->state != HUB_READY);
	sessions->state = HUB_RUNNING;
}

int trigger_bug(void)
{
	hub_start(&table);
	return 0;
}

static kept int hub_check_limit(struct session_table *sessions, int wanted)
{
	if (WARN_ON(wanted > sessions->limit))
		return -ENOSPC;
	return 0;
}

int trigger_warning(void)
{
	return hub_check_limit(&table, 12);
}

static kept void hub_self_test(u32 expected, u32 found)
{
	if (expected != found)
		panic("sensorhub: self test failed: expected 0x%x, found 0x%x", expected, found);
}

int trigger_panic(void)
{
	hub_self_test(0x5a5a, 0x5a58);
	return 0;
}

static kept void hub_wait_settled(struct session_table *sessions)
{
	while (sessions->state == HUB_OFF)
		msleep(20);
}

static kept void hub_flush(struct session_table *sessions)
{
	spin_lock(&sessions->lock);
	hub_wait_settled(sessions);
	spin_unlock(&sessions->lock);
}

int trigger_atomic_sleep(void)
{
	hub_flush(&table);
	return 0;
}
