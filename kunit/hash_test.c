// SPDX-License-Identifier: GPL-2.0
/*
 * hash.c: an entry is found whatever the table is doing, and the table follows its entries.
 */
#include <linux/slab.h>

#include "kit.h"

#define HASH_ITEMS	5000

/* More steps in one go would be a table's worth under a lock. */
#define HASH_STEP_MAX	4

struct hash_item {
	struct hlist_node	node;
	u32			key;
	bool			in;
};

/**
 * struct hash_lab - a table and what could be in it
 * @h: the table
 * @lock: its lock
 * @held: how many are in
 * @item: they
 */
struct hash_lab {
	struct np_hash		h;
	spinlock_t		lock;	/* @h */
	unsigned int		held;
	struct hash_item	item[HASH_ITEMS];
};

static u32 hash_key(struct hlist_node *node)
{
	return hlist_entry(node, struct hash_item, node)->key;
}

static int hash_test_init(struct kunit *test)
{
	struct hash_lab *lab = kvzalloc(sizeof(*lab), GFP_KERNEL);
	unsigned int i;

	if (!lab)
		return -ENOMEM;
	np_hash_init(&lab->h);
	spin_lock_init(&lab->lock);
	/* Two of each, so that there are equal ones too. */
	for (i = 0; i < HASH_ITEMS; i++)
		lab->item[i].key = i / 2 * 0x9e3779b1;
	test->priv = lab;
	return 0;
}

static void hash_test_exit(struct kunit *test)
{
	struct hash_lab *lab = test->priv;

	if (lab)
		np_hash_destroy(&lab->h);
	kvfree(lab);
}

static bool hash_finds(struct hash_lab *lab, struct hash_item *item)
{
	struct hash_item *i;

	np_hash_for_each_entry(i, &lab->h, item->key, node)
		if (i == item)
			return true;
	return false;
}

/* Nothing may take long under the lock: so many entries, or empty buckets, are moved. */
static unsigned int hash_left(const struct hash_lab *lab)
{
	unsigned int bucket, n = 0;
	struct hlist_node *node;

	for (bucket = 0; lab->h.old && bucket <= lab->h.old->mask; bucket++)
		hlist_for_each(node, &lab->h.old->head[bucket])
			n++;
	return n;
}

static void lab_add(struct hash_lab *lab, unsigned int i)
{
	spin_lock_bh(&lab->lock);
	np_hash_add(&lab->h, &lab->item[i].node, lab->item[i].key, hash_key);
	spin_unlock_bh(&lab->lock);
	lab->item[i].in = true;
	lab->held++;
}

static void lab_del(struct hash_lab *lab, unsigned int i)
{
	spin_lock_bh(&lab->lock);
	np_hash_del(&lab->h, &lab->item[i].node, hash_key);
	spin_unlock_bh(&lab->lock);
	lab->item[i].in = false;
	lab->held--;
}

static void hash_resize(struct hash_lab *lab, gfp_t gfp)
{
	u32 size = np_hash_target(&lab->h);

	if (size)
		np_hash_resize(&lab->h, &lab->lock, size, gfp);
}

static u32 hash_buckets(const struct hash_lab *lab)
{
	return lab->h.tbl->mask + 1;
}

/* What is in is found, what isn't is not. */
static void hash_expect(struct kunit *test, struct hash_lab *lab)
{
	unsigned int i;

	KUNIT_ASSERT_EQ(test, lab->h.count, lab->held);
	for (i = 0; i < HASH_ITEMS; i++)
		KUNIT_ASSERT_EQ_MSG(test, hash_finds(lab, &lab->item[i]), lab->item[i].in,
				    "item %u, %u held, %u buckets, %u moved", i, lab->held,
				    hash_buckets(lab), lab->h.moved);
}

static void hash_fill(struct hash_lab *lab, unsigned int from, unsigned int to)
{
	for (; from < to; from++) {
		lab_add(lab, from);
		hash_resize(lab, GFP_KERNEL);
	}
}

static void hash__empty_finds_nothing(struct kunit *test)
{
	struct hash_lab *lab = test->priv;

	hash_expect(test, lab);
	KUNIT_EXPECT_EQ(test, np_hash_target(&lab->h), 0);
	KUNIT_EXPECT_PTR_EQ(test, lab->h.tbl, &lab->h.first.tbl);
}

static void hash__small_allocates_nothing(struct kunit *test)
{
	struct hash_lab *lab = test->priv;

	hash_fill(lab, 0, NP_HASH_FIRST);
	KUNIT_EXPECT_PTR_EQ(test, lab->h.tbl, &lab->h.first.tbl);
	hash_expect(test, lab);
}

/* Growing goes in small steps; at each of them all are found. */
static void hash__finds_all_while_it_grows(struct kunit *test)
{
	struct hash_lab *lab = test->priv;
	unsigned int i, half_moved = 0;

	for (i = 0; i < 600; i++) {
		lab_add(lab, i);
		hash_resize(lab, GFP_KERNEL);
		half_moved += lab->h.old && lab->h.moved;
		if (lab->h.old || i % 50 == 0)
			hash_expect(test, lab);
	}
	KUNIT_EXPECT_GT_MSG(test, half_moved, 50, "no step was seen");
}

static void hash__keeps_chains_short(struct kunit *test)
{
	struct hash_lab *lab = test->priv;
	unsigned int i;

	for (i = 0; i < HASH_ITEMS; i++) {
		lab_add(lab, i);
		hash_resize(lab, GFP_KERNEL);
		KUNIT_ASSERT_LE(test, lab->h.count, 2 * hash_buckets(lab));
		KUNIT_ASSERT_LE(test, hash_buckets(lab), max_t(u32, 8 * lab->h.count,
							       NP_HASH_FIRST));
	}
	hash_expect(test, lab);
}

static void hash__shrinks_with_what_is_in(struct kunit *test)
{
	struct hash_lab *lab = test->priv;
	unsigned int i;

	hash_fill(lab, 0, HASH_ITEMS);
	for (i = HASH_ITEMS; i-- > 1;) {
		lab_del(lab, i);
		hash_resize(lab, GFP_KERNEL);
		if (i % 500 == 0 || i < 16)
			hash_expect(test, lab);
	}
	/* A move goes on with the additions and removals that follow. */
	for (i = 0; i < HASH_ITEMS && (lab->h.old || np_hash_target(&lab->h)); i++) {
		lab_add(lab, 1);
		lab_del(lab, 1);
		hash_resize(lab, GFP_KERNEL);
	}
	KUNIT_EXPECT_NULL(test, lab->h.old);
	KUNIT_EXPECT_LE(test, hash_buckets(lab), NP_HASH_KEEP);
	hash_expect(test, lab);
	lab_del(lab, 0);
}

/* However large it was, and in the middle of a move: the last one out resets it. */
static void hash__empty_is_small(struct kunit *test)
{
	struct hash_lab *lab = test->priv;
	unsigned int i, moving;

	for (moving = 0; moving < 2; moving++) {
		hash_fill(lab, 0, 600);
		for (i = 600; i-- > 20;)
			lab_del(lab, i);
		if (moving)
			hash_resize(lab, GFP_KERNEL);
		KUNIT_EXPECT_EQ(test, !!lab->h.old, moving);
		while (lab->held)
			lab_del(lab, lab->held - 1);
		KUNIT_EXPECT_PTR_EQ(test, lab->h.tbl, &lab->h.first.tbl);
		KUNIT_EXPECT_NULL(test, lab->h.old);
		hash_expect(test, lab);
	}
}

/* What comes and goes, as batches do, doesn't need a new one each time. */
static void hash__empty_keeps_a_small_one(struct kunit *test)
{
	struct hash_lab *lab = test->priv;
	struct np_hash_tbl *tbl;
	unsigned int i;

	hash_fill(lab, 0, NP_HASH_KEEP);
	KUNIT_ASSERT_EQ(test, hash_buckets(lab), NP_HASH_KEEP);
	tbl = lab->h.tbl;
	while (lab->held) {
		lab_del(lab, lab->held - 1);
		KUNIT_ASSERT_EQ(test, np_hash_target(&lab->h), 0);
	}
	KUNIT_EXPECT_PTR_EQ(test, lab->h.tbl, tbl);
	KUNIT_EXPECT_NULL(test, lab->h.old);
	for (i = 0; i < NP_HASH_KEEP; i++) {
		lab_add(lab, i);
		KUNIT_ASSERT_EQ(test, np_hash_target(&lab->h), 0);
	}
	KUNIT_EXPECT_PTR_EQ(test, lab->h.tbl, tbl);
	hash_expect(test, lab);
}

/* A user may choose what is hashed; if all of it falls together, a step is still small. */
static void hash__step_is_bounded(struct kunit *test)
{
	struct hash_lab *lab = test->priv;
	unsigned int i, left, gone, equal;
	u32 moved;

	for (equal = 0; equal < 2; equal++) {
		for (i = 0; i < HASH_ITEMS; i++) {
			if (equal)
				lab->item[i].key = 5;
			lab_add(lab, i);
		}
		hash_resize(lab, GFP_KERNEL);
		KUNIT_ASSERT_NOT_NULL(test, lab->h.old);
		for (i = 0; lab->h.old; i++) {
			left = hash_left(lab);
			moved = lab->h.moved;
			lab_del(lab, i);
			gone = left - hash_left(lab);
			KUNIT_ASSERT_LE_MSG(test, gone, HASH_STEP_MAX + 1, "entries, equal %u",
					    equal);
			KUNIT_ASSERT_LE_MSG(test, lab->h.moved, moved + HASH_STEP_MAX, "buckets");
		}
		hash_expect(test, lab);
		for (; i < HASH_ITEMS; i++)
			lab_del(lab, i);
	}
}

/* The first table is part of the structure, and used again. */
static void hash__grows_again(struct kunit *test)
{
	struct hash_lab *lab = test->priv;
	unsigned int round, i;

	for (round = 0; round < 4; round++) {
		hash_fill(lab, 0, 200);
		hash_expect(test, lab);
		for (i = 0; i < 200; i++) {
			lab_del(lab, i);
			hash_resize(lab, GFP_KERNEL);
		}
		hash_expect(test, lab);
	}
}

static void hash__random_walk(struct kunit *test)
{
	struct hash_lab *lab = test->priv;
	unsigned int step, i, target = 0;
	struct rnd_state rnd;

	prandom_seed_state(&rnd, 1);
	for (step = 0; step < 20000; step++) {
		if (step % 1000 == 0) {
			target = kit_random(&rnd, 1000);
			hash_expect(test, lab);
		}
		/* More come than go while there are too few, and the other way round. */
		i = kit_random(&rnd, 1000);
		if (lab->item[i].in && (lab->held > target || kit_random(&rnd, 4) == 0))
			lab_del(lab, i);
		else if (!lab->item[i].in && (lab->held < target || kit_random(&rnd, 4) == 0))
			lab_add(lab, i);
		if (kit_random(&rnd, 3) == 0)
			hash_resize(lab, kit_random(&rnd, 2) ? GFP_KERNEL : GFP_ATOMIC);
	}
	hash_expect(test, lab);
}

/* A walk by np_hash_peek() that removes what it sees ends, also where a move is under way. */
static void hash__peek_finds_all(struct kunit *test)
{
	struct hash_lab *lab = test->priv;
	unsigned int n, left, buckets;
	struct hlist_node *node;
	u32 bucket;

	for (n = 1; n < 80; n++) {
		/* A table for many, in which a move to a small one has begun. */
		hash_fill(lab, 0, 600);
		for (left = 600; left-- > n;)
			lab_del(lab, left);
		hash_resize(lab, GFP_KERNEL);
		buckets = max(hash_buckets(lab), lab->h.old ? lab->h.old->mask + 1 : 0);
		for (bucket = 0; lab->h.count && bucket < 4 * buckets;) {
			node = np_hash_peek(&lab->h, bucket);
			if (node)
				lab_del(lab, hlist_entry(node, struct hash_item,
							 node) - lab->item);
			else
				bucket++;
		}
		KUNIT_ASSERT_EQ_MSG(test, lab->h.count, 0, "with %u", n);
	}
}

/* All buckets, as somebody would who looks at one after the other. */
static void hash_chains(const struct hash_lab *lab, u64 *chains, u64 *buckets, u64 *entries)
{
	unsigned int length;
	u32 bucket = 0;

	memset(chains, 0, (NP_CHAIN_LONG + 1) * sizeof(*chains));
	while (np_hash_chains(&lab->h, bucket, chains))
		bucket++;
	*buckets = 0;
	*entries = 0;
	for (length = 0; length <= NP_CHAIN_LONG; length++) {
		*buckets += chains[length];
		*entries += chains[length] * length;
	}
}

/* Each entry and each bucket in use is in there once, during a move too. */
static void hash__chains_have_all(struct kunit *test)
{
	u64 chains[NP_CHAIN_LONG + 1], buckets, entries, there;
	struct hash_lab *lab = test->priv;
	unsigned int i, moving = 0;

	for (i = 0; i < 600; i++) {
		lab_add(lab, i);
		hash_resize(lab, GFP_KERNEL);
		hash_chains(lab, chains, &buckets, &entries);
		there = hash_buckets(lab);
		if (lab->h.old)
			there += lab->h.old->mask + 1 - lab->h.moved;
		KUNIT_ASSERT_EQ(test, buckets, there);
		KUNIT_ASSERT_EQ(test, entries, lab->held);
		moving += lab->h.old && lab->h.moved;
	}
	KUNIT_EXPECT_GT(test, moving, 50);
}

static void hash__chains_tell_lengths(struct kunit *test)
{
	u64 chains[NP_CHAIN_LONG + 1], buckets, entries;
	struct hash_lab *lab = test->priv;
	unsigned int i;

	lab->item[0].key = 1;
	lab_add(lab, 0);
	for (i = 1; i < 4; i++) {
		lab->item[i].key = 5;
		lab_add(lab, i);
	}
	hash_chains(lab, chains, &buckets, &entries);
	KUNIT_EXPECT_EQ(test, chains[0], NP_HASH_FIRST - 2);
	KUNIT_EXPECT_EQ(test, chains[1], 1);
	KUNIT_EXPECT_EQ(test, chains[3], 1);
	/* Nobody counts further than that, under a lock. */
	for (; i < 2 * NP_CHAIN_LONG; i++) {
		lab->item[i].key = 5;
		lab_add(lab, i);
	}
	hash_chains(lab, chains, &buckets, &entries);
	KUNIT_EXPECT_EQ(test, buckets, NP_HASH_FIRST);
	KUNIT_EXPECT_EQ(test, chains[1], 1);
	KUNIT_EXPECT_EQ(test, chains[3], 0);
	KUNIT_EXPECT_EQ(test, chains[NP_CHAIN_LONG], 1);
}

/* Where it can't sleep, a table of more than a page isn't asked for. */
static void hash__atomic_stays_small(struct kunit *test)
{
	struct hash_lab *lab = test->priv;
	unsigned int i;

	for (i = 0; i < HASH_ITEMS; i++) {
		lab_add(lab, i);
		hash_resize(lab, GFP_ATOMIC);
	}
	KUNIT_EXPECT_LE(test, hash_buckets(lab), PAGE_SIZE / sizeof(struct hlist_head));
	KUNIT_EXPECT_GT(test, hash_buckets(lab), NP_HASH_FIRST);
	hash_expect(test, lab);

	hash_resize(lab, GFP_KERNEL);
	KUNIT_EXPECT_GE(test, hash_buckets(lab), HASH_ITEMS);
	hash_expect(test, lab);
}

static void hash__no_memory_changes_nothing(struct kunit *test)
{
	struct hash_lab *lab = test->priv;
	unsigned int i;
	u32 size;

	kit_need_faults(test);
	for (i = 0; i < 100; i++) {
		lab_add(lab, i);
		size = np_hash_target(&lab->h);
		if (!size)
			continue;
		kit_fail(1);
		KUNIT_EXPECT_FALSE(test, np_hash_resize(&lab->h, &lab->lock, size, GFP_NOWAIT));
		kit_fail(0);
	}
	KUNIT_EXPECT_PTR_EQ(test, lab->h.tbl, &lab->h.first.tbl);
	KUNIT_EXPECT_NULL(test, lab->h.old);
	hash_expect(test, lab);
}

/* What was right a moment ago need not be when the memory is there. */
static void hash__stale_size_changes_nothing(struct kunit *test)
{
	struct hash_lab *lab = test->priv;
	u32 size;

	hash_fill(lab, 0, 8);
	lab_add(lab, 8);
	size = np_hash_target(&lab->h);
	KUNIT_ASSERT_NE(test, size, 0);
	lab_del(lab, 8);
	KUNIT_EXPECT_TRUE(test, np_hash_resize(&lab->h, &lab->lock, size, GFP_KERNEL));
	KUNIT_EXPECT_PTR_EQ(test, lab->h.tbl, &lab->h.first.tbl);
	KUNIT_EXPECT_NULL(test, lab->h.old);
	hash_expect(test, lab);
}

static struct kunit_case hash_test_cases[] = {
	KUNIT_CASE(hash__empty_finds_nothing),
	KUNIT_CASE(hash__small_allocates_nothing),
	KUNIT_CASE(hash__finds_all_while_it_grows),
	KUNIT_CASE(hash__keeps_chains_short),
	KUNIT_CASE(hash__shrinks_with_what_is_in),
	KUNIT_CASE(hash__empty_is_small),
	KUNIT_CASE(hash__empty_keeps_a_small_one),
	KUNIT_CASE(hash__step_is_bounded),
	KUNIT_CASE(hash__grows_again),
	KUNIT_CASE(hash__random_walk),
	KUNIT_CASE(hash__peek_finds_all),
	KUNIT_CASE(hash__chains_have_all),
	KUNIT_CASE(hash__chains_tell_lengths),
	KUNIT_CASE(hash__atomic_stays_small),
	KUNIT_CASE(hash__no_memory_changes_nothing),
	KUNIT_CASE(hash__stale_size_changes_nothing),
	{}
};

static struct kunit_suite hash_test_suite = {
	.name = "netport_hash",
	.init = hash_test_init,
	.exit = hash_test_exit,
	.test_cases = hash_test_cases,
};

kunit_test_suite(hash_test_suite);
