// SPDX-License-Identifier: MIT
/* Waits that nobody ends, and memory that nobody frees. */
#include <linux/completion.h>
#include <linux/kthread.h>
#include <linux/mm.h>
#include <linux/mutex.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/workqueue.h>
#include "lockstep.h"

struct command {
	u32 opcode;
	struct completion done;
};

static kept int command_submit_wait(struct command *command)
{
	/* The interrupt that would complete it is lost. */
	wait_for_completion(&command->done);
	return command->opcode;
}

int trigger_command(void)
{
	struct command command = { .opcode = 0x12 };

	init_completion(&command.done);
	return command_submit_wait(&command);
}

/* An error path that forgets to unlock: the owner is long back in user space. */
static DEFINE_MUTEX(settings_lock);
static int setting;

static kept int settings_store(int value)
{
	mutex_lock(&settings_lock);
	if (value < 0)
		return -EINVAL;
	setting = value;
	mutex_unlock(&settings_lock);
	return 0;
}

int trigger_settings_store(void)
{
	return settings_store(-1) == -EINVAL ? 0 : 1;
}

static kept int settings_show(void)
{
	int value;

	mutex_lock(&settings_lock);
	value = setting;
	mutex_unlock(&settings_lock);
	return value;
}

int trigger_settings_show(void)
{
	return settings_show();
}

/* A work item that sleeps for ever, and who flushes it. */
struct mirror {
	struct work_struct sync_work;
	wait_queue_head_t acknowledged;
	bool is_acknowledged;
};

static struct mirror mirror;

static kept void mirror_sync_work(struct work_struct *work)
{
	struct mirror *it = container_of(work, struct mirror, sync_work);

	wait_event(it->acknowledged, READ_ONCE(it->is_acknowledged));
}

int trigger_sync_start(void)
{
	INIT_WORK(&mirror.sync_work, mirror_sync_work);
	init_waitqueue_head(&mirror.acknowledged);
	schedule_work(&mirror.sync_work);
	return 0;
}

static kept int mirror_sync_wait(struct mirror *it)
{
	flush_work(&it->sync_work);
	return 0;
}

int trigger_sync_wait(void)
{
	return mirror_sync_wait(&mirror);
}

/* Dies with the spinlock that others want. */
struct catalog_entry {
	u64 key;
	u32 version;
	u32 flags;
};

static DEFINE_SPINLOCK(catalog_lock);

static kept struct catalog_entry *catalog_find(u64 key)
{
	return key == 1 ? ZERO_SIZE_PTR : NULL;
}

static kept void entry_touch(struct catalog_entry *entry)
{
	entry->version++;
}

static kept int catalog_update(u64 key)
{
	spin_lock(&catalog_lock);
	entry_touch(catalog_find(key));
	spin_unlock(&catalog_lock);
	return 0;
}

int trigger_catalog_update(void)
{
	return catalog_update(7);
}

static kept int catalog_read(void)
{
	spin_lock(&catalog_lock);
	spin_unlock(&catalog_lock);
	return 0;
}

int trigger_catalog_read(void)
{
	return catalog_read();
}

/* Takes memory until there is none; no process to kill would give it back. */
struct prefetch_page {
	struct prefetch_page *next;
	u64 index;
};

static struct prefetch_page *prefetched;

static kept void prefetch_fill(u64 index)
{
	struct prefetch_page *page = kmalloc(2048, GFP_KERNEL);

	if (!page)
		return;
	page->index = index;
	page->next = prefetched;
	prefetched = page;
}

static int prefetch_thread(void *unused)
{
	u64 index = 0;

	while (!kthread_should_stop())
		prefetch_fill(index++);
	return 0;
}

int trigger_prefetch(void)
{
	struct task_struct *task = kthread_run(prefetch_thread, NULL, "prefetchd");

	return PTR_ERR_OR_ZERO(task);
}
