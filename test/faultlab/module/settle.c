// SPDX-License-Identifier: MIT
/* Who waits. */
#include <linux/mutex.h>
#include <linux/rwsem.h>
#include <linux/wait.h>
#include <linux/workqueue.h>
#include "ledger.h"

static DEFINE_MUTEX(order_lock);
static DEFINE_MUTEX(report_lock);
static DEFINE_MUTEX(settle_lock);
static DECLARE_RWSEM(table_sem);
static DECLARE_WAIT_QUEUE_HEAD(clearing);
static struct work_struct report_work;
static u32 cleared, reports, rows;

static noinline int order_validate(u32 amount)
{
	mutex_lock(&order_lock);
	rows += amount;
	mutex_unlock(&order_lock);
	return rows;
}

static noinline int order_submit(u32 amount)
{
	int error;

	mutex_lock(&order_lock);
	error = order_validate(amount);
	mutex_unlock(&order_lock);
	return error;
}

int trigger_lock_twice(void)
{
	return order_submit(3) < 0;
}

static void report_write(struct work_struct *work)
{
	mutex_lock(&report_lock);
	reports++;
	mutex_unlock(&report_lock);
}

int trigger_report_start(void)
{
	schedule_work(&report_work);
	return 0;
}

static noinline void report_stop(void)
{
	mutex_lock(&report_lock);
	schedule_work(&report_work);
	flush_work(&report_work);
	mutex_unlock(&report_lock);
}

int trigger_report_stop(void)
{
	report_stop();
	return 0;
}

static noinline void table_scan(void)
{
	down_read(&table_sem);
	wait_event(clearing, READ_ONCE(cleared));
	up_read(&table_sem);
}

int trigger_table_scan(void)
{
	table_scan();
	return 0;
}

static noinline void table_resize(void)
{
	down_write(&table_sem);
	rows *= 2;
	up_write(&table_sem);
}

int trigger_table_resize(void)
{
	table_resize();
	return 0;
}

static noinline void settle_day(void)
{
	mutex_lock(&settle_lock);
	wait_event(clearing, READ_ONCE(cleared) > 1);
	mutex_unlock(&settle_lock);
}

int trigger_settle(void)
{
	settle_day();
	return 0;
}

static noinline void settle_night(void)
{
	mutex_lock(&settle_lock);
	rows++;
	mutex_unlock(&settle_lock);
}

int trigger_settle_next(void)
{
	settle_night();
	return 0;
}

int settle_init(void)
{
	INIT_WORK(&report_work, report_write);
	return 0;
}
