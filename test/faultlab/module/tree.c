// SPDX-License-Identifier: MIT
/* The stack: too deep, or written over. */
#include <linux/slab.h>
#include "sensorhub.h"

struct filter_node {
	struct filter_node *left;
	struct filter_node *right;
	u32 weight;
};

/* A node that is its own child. */
static kept u32 filter_walk(struct filter_node *node, u32 depth)
{
	char path[256];
	u32 sum;

	if (!node)
		return 0;
	snprintf(path, sizeof(path), "%u", depth);
	sum = filter_walk(node->left, depth + 1) + node->weight;
	return sum + path[depth % 4];
}

int trigger_stack_overflow(void)
{
	struct filter_node *node = kzalloc(sizeof(*node), GFP_KERNEL);

	node->left = node;
	return filter_walk(node, 0) == 1;
}

/* Trusts the length that the message claims. */
static kept u32 label_parse(const u8 *message, u32 size)
{
	u8 label[32];
	volatile u8 *to = label;
	u32 i;

	for (i = 0; i < size; i++)
		to[i] = message[i];
	return label[0] + label[31];
}

int trigger_stack_corruption(void)
{
	u8 *message = kmalloc(128, GFP_KERNEL);

	memset(message, 'A', 128);
	return label_parse(message, 72) == 1;
}
