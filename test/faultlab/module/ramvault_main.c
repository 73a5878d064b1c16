// SPDX-License-Identifier: MIT
/* ramvault: a block device that at some point answers no more. */
#include <linux/blk-mq.h>
#include <linux/blkdev.h>
#include <linux/mutex.h>
#include <linux/slab.h>
#include <linux/version.h>
#include "trigger.h"

#define VAULT_SECTORS 4096

struct vault {
	struct blk_mq_tag_set tags;
	struct gendisk *disk;
	struct mutex checkpoint_lock;
	bool is_stalled;
	u64 lost;
};

static struct vault *vault;

static kept blk_status_t vault_queue_rq(struct blk_mq_hw_ctx *hardware,
					const struct blk_mq_queue_data *data)
{
	struct request *request = data->rq;
	struct vault *it = request->q->queuedata;
	struct req_iterator iterator;
	struct bio_vec segment;

	blk_mq_start_request(request);
	if (it->is_stalled) {
		/* Taken, and never heard of again. */
		it->lost++;
		return BLK_STS_OK;
	}
	if (req_op(request) == REQ_OP_READ)
		rq_for_each_segment(segment, request, iterator)
			memzero_bvec(&segment);
	blk_mq_end_request(request, BLK_STS_OK);
	return BLK_STS_OK;
}

static const struct blk_mq_ops vault_mq_ops = { .queue_rq = vault_queue_rq };
static const struct block_device_operations vault_operations = { .owner = THIS_MODULE };

static kept int vault_write_superblock(struct vault *it)
{
	struct page *page = alloc_page(GFP_KERNEL | __GFP_ZERO);
	struct bio *bio = bio_alloc(it->disk->part0, 1, REQ_OP_WRITE | REQ_SYNC, GFP_KERNEL);
	int error;

	__bio_add_page(bio, page, PAGE_SIZE, 0);
	error = submit_bio_wait(bio);
	bio_put(bio);
	__free_page(page);
	return error;
}

static kept int vault_checkpoint(struct vault *it)
{
	int error;

	mutex_lock(&it->checkpoint_lock);
	error = vault_write_superblock(it);
	mutex_unlock(&it->checkpoint_lock);
	return error;
}

static int trigger_checkpoint(void)
{
	return vault_checkpoint(vault);
}

static int trigger_stall(void)
{
	vault->is_stalled = true;
	return 0;
}

static const struct trigger triggers[] = {
	{ "checkpoint", trigger_checkpoint },
	{ "stall", trigger_stall },
};

static ssize_t vault_control_write(struct file *file, const char __user *buffer, size_t size,
				   loff_t *offset)
{
	return run_trigger(triggers, ARRAY_SIZE(triggers), buffer, size);
}

static const struct file_operations vault_control_operations = {
	.owner = THIS_MODULE,
	.write = vault_control_write,
};

static struct miscdevice vault_control = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "ramvault",
	.fops = &vault_control_operations,
};

static struct gendisk *vault_alloc_disk(struct vault *it)
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 9, 0)
	return blk_mq_alloc_disk(&it->tags, NULL, it);
#else
	return blk_mq_alloc_disk(&it->tags, it);
#endif
}

static int __init ramvault_init(void)
{
	int error;

	vault = kzalloc(sizeof(*vault), GFP_KERNEL);
	if (!vault)
		return -ENOMEM;
	mutex_init(&vault->checkpoint_lock);
	vault->tags.ops = &vault_mq_ops;
	vault->tags.nr_hw_queues = 1;
	vault->tags.queue_depth = 16;
	vault->tags.numa_node = NUMA_NO_NODE;
	error = blk_mq_alloc_tag_set(&vault->tags);
	if (error)
		return error;
	vault->disk = vault_alloc_disk(vault);
	if (IS_ERR(vault->disk))
		return PTR_ERR(vault->disk);
	vault->disk->fops = &vault_operations;
	vault->disk->flags |= GENHD_FL_NO_PART;
	strscpy(vault->disk->disk_name, "ramvault0", DISK_NAME_LEN);
	set_capacity(vault->disk, VAULT_SECTORS);
	error = add_disk(vault->disk);
	if (!error)
		error = misc_register(&vault_control);
	return error;
}

module_init(ramvault_init);
MODULE_DESCRIPTION("A block device that loses requests, for tests");
MODULE_LICENSE("Dual MIT/GPL");
