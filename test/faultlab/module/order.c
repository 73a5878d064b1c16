// SPDX-License-Identifier: MIT
/* Lists, references and memory given back. */
#include <linux/list.h>
#include <linux/refcount.h>
#include <linux/slab.h>
#include <linux/workqueue.h>
#include "ledger.h"

struct order {
	struct list_head link;
	refcount_t users;
	u64 amount;
	void *note;
	char place[32];
};

struct book {
	u32 count;
	struct list_head orders;
	struct work_struct fail;
};

static char budget[256];

static struct order *order_create(u64 amount)
{
	struct order *order = kzalloc(sizeof(*order), GFP_KERNEL);

	refcount_set(&order->users, 1);
	order->amount = amount;
	return order;
}

static noinline void book_queue(struct book *book, struct order *order)
{
	list_add_tail(&order->link, &book->orders);
	book->count++;
}

int trigger_list_zeroed(void)
{
	book_queue(kzalloc(sizeof(struct book), GFP_KERNEL), order_create(1));
	return 0;
}

static noinline void book_remove(struct book *book, struct order *order)
{
	list_del(&order->link);
	book->count--;
}

static struct book *book_create(void)
{
	struct book *book = kzalloc(sizeof(*book), GFP_KERNEL);

	INIT_LIST_HEAD(&book->orders);
	return book;
}

int trigger_list_twice(void)
{
	struct book *book = book_create();
	struct order *order = order_create(2);

	book_queue(book, order);
	book_remove(book, order);
	book_remove(book, order);
	return 0;
}

static noinline u64 book_total(struct book *book)
{
	struct order *order;
	u64 total = 0;

	list_for_each_entry(order, &book->orders, link)
		total += order->amount;
	return total;
}

static noinline void order_drop(struct order *order)
{
	/* Left in the list. */
	kfree(order);
}

int trigger_list_reused(void)
{
	struct book *book = book_create();
	struct order *order = order_create(3);
	int i;

	book_queue(book, order);
	order_drop(order);
	for (i = 0; i < 64; i++)
		memset(kmalloc(sizeof(*order), GFP_KERNEL), 0x5c, sizeof(*order));
	return book_total(book) == 1;
}

static noinline void budget_release(char *memory)
{
	memory[0] = 0;
	kfree(memory);
}

int trigger_free_static(void)
{
	budget_release(budget + 64);
	return 0;
}

static noinline void order_cancel(struct order *order)
{
	kfree(order->note);
	kfree(order);
}

static noinline void order_reject(struct order *order)
{
	kfree(order->note);
}

int trigger_free_both(void)
{
	struct order *order = order_create(4);

	order->note = kmalloc(96, GFP_KERNEL);
	order_reject(order);
	order_cancel(order);
	return 0;
}

static noinline struct order *order_get(struct order *order)
{
	refcount_inc(&order->users);
	return order;
}

int trigger_get_dead(void)
{
	struct order *order = order_create(5);

	if (refcount_dec_and_test(&order->users))
		order_get(order);
	return 0;
}

static inline void order_check(const struct order *order)
{
	BUG_ON(order->amount > 1000000);
}

static noinline u64 order_price(const struct order *order)
{
	order_check(order);
	return order->amount * 3;
}

int trigger_assert(void)
{
	return order_price(order_create(5000000)) == 1;
}

static noinline u64 tally_left(u64 low, u64 high);

static noinline u64 tally_right(u64 low, u64 high)
{
	volatile u64 seen[8] = { low, high };

	return tally_left(low + 1, high) + seen[low & 7];
}

static noinline u64 tally_left(u64 low, u64 high)
{
	volatile u64 seen[8] = { high, low };

	if (low == high)
		return seen[0];
	return tally_right(low, high + 1) + seen[high & 7];
}

int trigger_recursion(void)
{
	return tally_left(1, 2) == 1;
}

static void ledger_fail_work(struct work_struct *work)
{
	struct book *book = container_of(work, struct book, fail);

	panic("ledger: book of %u orders does not balance", book->count);
}

int trigger_fail_work(void)
{
	struct book *book = book_create();

	INIT_WORK(&book->fail, ledger_fail_work);
	schedule_work(&book->fail);
	flush_work(&book->fail);
	return 0;
}
