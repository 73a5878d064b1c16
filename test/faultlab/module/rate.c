// SPDX-License-Identifier: MIT
/* Interrupts, other CPUs, and loops. */
#include <linux/delay.h>
#include <linux/interrupt.h>
#include <linux/irq_work.h>
#include <linux/kthread.h>
#include <linux/list.h>
#include <linux/slab.h>
#include <linux/smp.h>
#include <linux/timer.h>
#include "ledger.h"

struct rate {
	u32 currency;
	u32 value;
	struct list_head link;
	struct rate *base;
};

static struct rate dollar = { .currency = 840, .value = 100 };
static struct irq_work refresh_work;
static struct tasklet_struct recount_tasklet;
static struct timer_list tick_timer;
static DEFINE_SPINLOCK(rate_lock);
static LIST_HEAD(rates);
static u32 rounds;

static void rate_refresh(struct irq_work *work)
{
	dollar.value = dollar.base->value * 2;
}

int trigger_irq_work(void)
{
	irq_work_queue(&refresh_work);
	irq_work_sync(&refresh_work);
	return 0;
}

static void rate_sync_cpu(void *data)
{
	struct rate *rate = data;

	rate->value = rate->base->value;
}

int trigger_other_cpu(void)
{
	return smp_call_function_single(!raw_smp_processor_id(), rate_sync_cpu, &dollar, 1);
}

static int rate_keeper(void *data)
{
	struct rate *rate = data;

	while (!kthread_should_stop()) {
		msleep(20);
		rate = rate->base;
		rounds += rate->currency;
	}
	return 0;
}

int trigger_kthread(void)
{
	struct task_struct *task = kthread_run(rate_keeper, &dollar, "rate-keeper");

	return PTR_ERR_OR_ZERO(task);
}

static void rate_recount(struct tasklet_struct *tasklet)
{
	while (READ_ONCE(dollar.value) < 1000)
		cpu_relax();
}

int trigger_tasklet_loop(void)
{
	tasklet_schedule(&recount_tasklet);
	return 0;
}

static noinline u64 rates_sum(void)
{
	struct rate *rate;
	u64 sum = 0;

	list_for_each_entry(rate, &rates, link)
		sum += rate->value;
	return sum;
}

int trigger_list_loop(void)
{
	struct rate *one = kzalloc(sizeof(*one), GFP_KERNEL);
	struct rate *two = kzalloc(sizeof(*two), GFP_KERNEL);

	list_add_tail(&one->link, &rates);
	list_add_tail(&two->link, &rates);
	/* The second leads back to the first, not to the head. */
	two->link.next = &one->link;
	return rates_sum() == 1;
}

static void rate_tick(struct timer_list *timer)
{
	spin_lock(&rate_lock);
	rounds++;
	spin_unlock(&rate_lock);
}

static noinline void rate_publish(void)
{
	/* Timers take it too. */
	spin_lock(&rate_lock);
	mod_timer(&tick_timer, jiffies + 1);
	mdelay(200);
	spin_unlock(&rate_lock);
}

int trigger_timer_lock(void)
{
	rate_publish();
	return 0;
}

int rates_init(void)
{
	init_irq_work(&refresh_work, rate_refresh);
	tasklet_setup(&recount_tasklet, rate_recount);
	timer_setup(&tick_timer, rate_tick, TIMER_PINNED);
	return 0;
}
