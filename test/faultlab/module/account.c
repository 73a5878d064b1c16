// SPDX-License-Identifier: MIT
/* Pointers and arithmetic. */
#include <linux/err.h>
#include <linux/hashtable.h>
#include <linux/math64.h>
#include <linux/mutex.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/vmalloc.h>
#include "ledger.h"

struct owner {
	char name[16];
	u32 uid;
	char *mail;
};

struct account {
	struct hlist_node node;
	u64 id;
	struct owner *owner;
	s64 balance;
	u32 entries;
	u32 closed;
};

struct branch {
	u64 code;
	u32 open_count;
	spinlock_t lock;
	struct mutex audit_lock;
	u64 total;
};

struct statement {
	u64 account;
	u32 used;
	u32 room;
	u64 *lines;
	char title[24];
};

struct journal {
	u64 first;
	u64 written;
	struct account *last;
};

struct handler {
	char name[16];
	int (*run)(struct handler *handler);
	u64 calls;
};

static DEFINE_HASHTABLE(accounts, 4);
static struct branch *branches[8];
static struct journal *open_journal;
static u32 buckets[16];

static struct account *account_find(u64 id)
{
	struct account *account;

	hash_for_each_possible(accounts, account, node, id)
		if (account->id == id)
			return account;
	return NULL;
}

static noinline int ledger_charge(u64 id, s64 amount)
{
	struct account *account = account_find(id);

	account->balance -= amount;
	account->entries++;
	return account->closed;
}

int trigger_lookup_null(void)
{
	struct account *account = kzalloc(sizeof(*account), GFP_KERNEL);

	account->id = 7;
	hash_add(accounts, &account->node, account->id);
	return ledger_charge(7, 10) + ledger_charge(8, 10);
}

static noinline void branch_close(unsigned int index)
{
	struct branch *branch = branches[index & 7];

	if (--branch->open_count == 0)
		pr_info("branch %llu is closed\n", branch->code);
}

int trigger_null_slot(void)
{
	branches[0] = kzalloc(sizeof(struct branch), GFP_KERNEL);
	branches[0]->open_count = 2;
	branch_close(0);
	branch_close(3);
	return 0;
}

static noinline u64 journal_append(u64 entry)
{
	open_journal->written += entry;
	return open_journal->first;
}

static noinline void journal_close(void)
{
	struct journal *journal = xchg(&open_journal, NULL);

	kfree(journal);
}

int trigger_null_global(void)
{
	open_journal = kzalloc(sizeof(*open_journal), GFP_KERNEL);
	journal_append(3);
	journal_close();
	return journal_append(12) == 1;
}

static noinline void statement_copy(struct statement *to, const struct statement *from)
{
	to->used = from->used;
	memcpy(to->lines, from->lines, from->used * sizeof(u64));
}

static struct statement *statement_create(u32 room)
{
	struct statement *statement = kzalloc(sizeof(*statement), GFP_KERNEL);

	statement->room = room;
	statement->lines = room ? vzalloc(room * sizeof(u64)) : NULL;
	return statement;
}

int trigger_copy_null(void)
{
	struct statement *from = statement_create(512);

	from->used = 100;
	statement_copy(statement_create(0), from);
	return 0;
}

static noinline bool owner_has_mail(const struct owner *owner, const char *mail)
{
	return strcmp(owner->mail, mail) == 0;
}

int trigger_compare_null(void)
{
	struct owner *owner = kzalloc(sizeof(*owner), GFP_KERNEL);

	owner->uid = 1000;
	return owner_has_mail(owner, "clerk@example.org");
}

static noinline void statement_clear_tail(struct statement *statement, size_t keep)
{
	/* More to keep than there is: the size wraps around. */
	memset(statement->lines + keep, 0, (statement->used - keep) * sizeof(u64));
}

int trigger_clear_tail(void)
{
	struct statement *statement = statement_create(1024);

	statement->used = 16;
	statement_clear_tail(statement, 24);
	return 0;
}

static noinline u64 statement_fill(struct statement *statement, u32 count)
{
	u32 i;

	for (i = 0; i < count; i++)
		statement->lines[i] = statement->account * i;
	statement->used = count;
	return statement->lines[0];
}

int trigger_fill_over(void)
{
	struct statement *statement = statement_create(512);

	statement->account = 3;
	return statement_fill(statement, 700) == 1;
}

static noinline void bucket_count(s64 amount)
{
	buckets[amount / 100]++;
}

int trigger_wild_index(void)
{
	bucket_count(250);
	bucket_count(-912345678901ll);
	return 0;
}

static noinline u64 branch_audit(struct branch *branch)
{
	u64 total;

	spin_lock(&branch->lock);
	total = branch->total;
	spin_unlock(&branch->lock);
	return total;
}

int trigger_lock_null(void)
{
	return branch_audit(branches[5]) == 1;
}

static noinline u64 branch_review(struct branch *branch)
{
	u64 total;

	mutex_lock(&branch->audit_lock);
	total = branch->total;
	mutex_unlock(&branch->audit_lock);
	return total;
}

int trigger_mutex_null(void)
{
	return branch_review(branches[6]) == 1;
}

static noinline struct journal *journal_open(u32 year)
{
	return year < 2000 ? ERR_PTR(-ESTALE) : kzalloc(sizeof(struct journal), GFP_KERNEL);
}

static noinline s64 journal_last_balance(u32 year)
{
	struct journal *journal = journal_open(year);

	if (!journal)
		return -ENOMEM;
	return journal->last ? journal->last->balance : 0;
}

int trigger_error_member(void)
{
	return journal_last_balance(1999) == 1;
}

static int handler_nothing(struct handler *handler)
{
	return 0;
}

static noinline void handler_rename(struct handler *handler, const char *name)
{
	char *to = handler->name;

	while (*name)
		*(volatile char *)to++ = *name++;
}

static noinline int handler_dispatch(struct handler *handler)
{
	int error = handler->run(handler);

	handler->calls++;
	return error;
}

int trigger_text_call(void)
{
	struct handler *handler = kzalloc(sizeof(*handler), GFP_KERNEL);

	handler->run = handler_nothing;
	handler_rename(handler, "quarterly-summary-east");
	return handler_dispatch(handler);
}

static noinline u64 average_balance(u64 total, const u64 *count)
{
	return div64_u64(total, *count) + 1;
}

int trigger_divide_64(void)
{
	struct branch *branch = kzalloc(sizeof(*branch), GFP_KERNEL);

	return average_balance(12345678901234ull, &branch->total) == 1;
}
