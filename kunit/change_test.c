// SPDX-License-Identifier: GPL-2.0
/*
 * table.c: bindings that change where they are, and who is in the way; over tables made
 * at random, against the oracle.
 */
#include <linux/slab.h>

#include "kit.h"
#include "oracle.h"

#define CHANGE_MAX	14

static const char * const change_pool[] = {
	"10.0.0.1", "10.0.0.1 LB", "10.0.0.1 LB", "10.0.0.1 LB MR bob",
	"10.0.0.1 dev=1 MR", "10.0.0.1 dev=2 LB bob", "10.0.0.1 to=192.0.2.1 rport=9 LB",
	"10.0.0.1 to=192.0.2.1 rport=9 MR bob", "10.0.0.1 to=192.0.2.1 LB MR",
	"10.0.0.2 LB", "10.0.0.2 MR bob", "10.0.0.2 dev=1", "2001:db8::1 LB MR",
	"2001:db8::1 LB bob", "0.0.0.0 LB", "0.0.0.0 MR bob", "0.0.0.0 dev=1 LB", ":: LB",
	":: dev=2 MR", "* LB MR", "* MR bob", "* dev=1 LB", "10.0.0.3 LB MR TO alice2",
	"10.0.0.1 to=192.0.2.1 rport=9 LB tuple", "10.0.0.2 tcp",
};

/**
 * struct change_lab - a table made at random
 * @n: how many bindings
 * @r: the bindings
 * @req: what they were made of
 * @o: likewise
 */
struct change_lab {
	unsigned int	n;
	struct np_resv	*r[CHANGE_MAX];
	struct kit_req	req[CHANGE_MAX];
	struct oracle	o;
};

static unsigned int change_uid(enum kit_who who)
{
	return who == KIT_BOB;
}

/* Whether they fit together is nobody's concern here. */
static void change_fill(struct kunit *test, struct change_lab *lab, struct rnd_state *rnd)
{
	const char *text;

	memset(lab, 0, sizeof(*lab));
	lab->n = 1 + kit_random(rnd, CHANGE_MAX);
	for (; lab->o.n < lab->n; ) {
		text = change_pool[kit_random(rnd, ARRAY_SIZE(change_pool))];
		kit_parse(test, text, &lab->req[lab->o.n]);
		lab->r[lab->o.n] = kit_bind(test, text);
		oracle_add(&lab->o, &lab->req[lab->o.n].req,
			   change_uid(lab->req[lab->o.n].who));
	}
}

static void change_empty(struct kunit *test, struct change_lab *lab)
{
	while (lab->n)
		kit_unbind(test, lab->r[--lab->n]);
}

/* np_table_check() of a request, and who is in its way. */
static int change_check(struct kunit *test, const char *text, struct np_bind **blocker)
{
	struct np_shard *shard = np_shard_of(kit_of(test)->nn, 80);
	struct np_want w;
	int fit;

	kit_want(test, text, &w);
	np_addr_find(kit_of(test)->nn, &w);
	spin_lock_bh(&shard->lock);
	fit = np_table_check(shard, &w, true);
	*blocker = fit == -EADDRINUSE ? np_table_blocker(shard, &w) : NULL;
	spin_unlock_bh(&shard->lock);
	np_addr_unfind(&w);
	return fit;
}

/* All requests of the pool end as the oracle says. */
static void change_expect(struct kunit *test, const struct change_lab *lab)
{
	struct np_bind *blocker;
	unsigned int i;
	struct kit_req r;
	bool free;
	int err;

	for (i = 0; i < ARRAY_SIZE(change_pool); i++) {
		kit_parse(test, change_pool[i], &r);
		err = oracle_verdict(&lab->o, &r.req, change_uid(r.who), &free);
		KUNIT_ASSERT_EQ_MSG(test, change_check(test, change_pool[i], &blocker),
				    err ?: free ? NP_FIT_FREE : NP_FIT_SHARED, "%s, of %u",
				    change_pool[i], lab->n);
	}
}

/* who is in the way */

/*
 * It overlaps, and on its local address there's no flag left that all share.  An
 * any-address is one for each family.
 */
static void change_expect_blocker(struct kunit *test, const struct change_lab *lab,
				  const char *text, const struct np_bind *blocker)
{
	struct oracle *some = kunit_kzalloc(test, sizeof(*some), GFP_KERNEL);
	const struct oracle_entry *e, *found = NULL;
	struct kit_req r;
	unsigned int i;
	bool free;

	KUNIT_ASSERT_NOT_NULL(test, some);
	for (i = 0; i < lab->n; i++)
		if (blocker == &lab->r[i]->bind)
			found = &lab->o.held[i];
	KUNIT_ASSERT_NOT_NULL_MSG(test, found, "%s", text);
	kit_parse(test, text, &r);
	some->held[some->n++] = *found;
	oracle_verdict(some, &r.req, change_uid(r.who), &free);
	KUNIT_ASSERT_FALSE_MSG(test, free, "%s", text);
	for (i = 0; i < lab->n; i++) {
		e = &lab->o.held[i];
		if (e != found && (e->b.families & found->b.families) &&
		    !memcmp(e->b.addr, found->b.addr, sizeof(e->b.addr)))
			some->held[some->n++] = *e;
	}
	KUNIT_ASSERT_EQ_MSG(test, oracle_verdict(some, &r.req, change_uid(r.who), &free),
			    -EADDRINUSE, "%s", text);
	kunit_kfree(test, some);
}

static void change_blocker__is_in_the_way(struct kunit *test)
{
	struct change_lab *lab = kunit_kzalloc(test, sizeof(*lab), GFP_KERNEL);
	unsigned int round, i, refused = 0;
	struct np_bind *blocker;
	struct rnd_state rnd;

	KUNIT_ASSERT_NOT_NULL(test, lab);
	prandom_seed_state(&rnd, 1);
	for (round = 0; round < 150; round++) {
		change_fill(test, lab, &rnd);
		for (i = 0; i < ARRAY_SIZE(change_pool); i++) {
			if (change_check(test, change_pool[i], &blocker) != -EADDRINUSE)
				continue;
			refused++;
			change_expect_blocker(test, lab, change_pool[i], blocker);
		}
		change_empty(test, lab);
	}
	KUNIT_EXPECT_GT(test, refused, 500);
}

/* other owners and flags, where they are */

/* Some of them get other flags or another owner, all at once, as a hold or a transfer does. */
static void change_some(struct kunit *test, struct change_lab *lab, struct rnd_state *rnd)
{
	struct np_shard *shard = np_shard_of(kit_of(test)->nn, 80);
	unsigned long some = prandom_u32_state(rnd) & prandom_u32_state(rnd);
	unsigned int i, how = kit_random(rnd, 4);
	struct oracle_entry *e;

	spin_lock_bh(&shard->lock);
	for (i = 0; i < lab->n; i++)
		if (test_bit(i, &some))
			np_table_suspend(shard, &lab->r[i]->bind);
	for (i = 0; i < lab->n; i++) {
		if (!test_bit(i, &some))
			continue;
		e = &lab->o.held[i];
		if (how & 1) {
			e->b.share = kit_random(rnd, NP_SHARE_ALL + 1);
			lab->r[i]->bind.e.share = e->b.share;
		}
		if (how & 2) {
			e->uid = kit_random(rnd, 2);
			lab->r[i]->owner = &kit_of(test)->bare[e->uid ? KIT_BOB : KIT_ALICE2];
		}
	}
	for (i = 0; i < lab->n; i++)
		if (test_bit(i, &some))
			np_table_resume(shard, &lab->r[i]->bind);
	spin_unlock_bh(&shard->lock);
}

static void change_suspend__while_it_changes(struct kunit *test)
{
	struct change_lab *lab = kunit_kzalloc(test, sizeof(*lab), GFP_KERNEL);
	struct rnd_state rnd;
	unsigned int round;

	KUNIT_ASSERT_NOT_NULL(test, lab);
	prandom_seed_state(&rnd, 2);
	for (round = 0; round < 200; round++) {
		change_fill(test, lab, &rnd);
		change_some(test, lab, &rnd);
		change_expect(test, lab);
		change_some(test, lab, &rnd);
		change_expect(test, lab);
		change_empty(test, lab);
		KUNIT_ASSERT_EQ(test, np_shard_of(kit_of(test)->nn, 80)->table.count, 0);
	}
}

/* something else in its place */

static struct np_resv *change_replace(struct kunit *test, struct np_resv *old)
{
	struct np_shard *shard = np_shard_of(kit_of(test)->nn, 80);
	struct np_resv *new = kmemdup(old, sizeof(*old), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, new);
	spin_lock_bh(&shard->lock);
	np_table_replace(shard, &old->bind, &new->bind);
	spin_unlock_bh(&shard->lock);
	KUNIT_EXPECT_EQ(test, old->bind.e.kind, NP_UNBOUND);
	/* Who still finds it there finds nothing. */
	memset(old, KIT_POISON, sizeof(*old));
	kfree(old);
	return new;
}

static void change_replace__is_what_was_there(struct kunit *test)
{
	struct change_lab *lab = kunit_kzalloc(test, sizeof(*lab), GFP_KERNEL);
	struct np_shard *shard = np_shard_of(kit_of(test)->nn, 80);
	struct rnd_state rnd;
	unsigned int round, i;
	u32 count;

	KUNIT_ASSERT_NOT_NULL(test, lab);
	prandom_seed_state(&rnd, 3);
	for (round = 0; round < 100; round++) {
		change_fill(test, lab, &rnd);
		count = shard->table.count;
		for (i = 0; i < lab->n; i++) {
			if (kit_random(&rnd, 2))
				continue;
			lab->r[i] = change_replace(test, lab->r[i]);
			KUNIT_ASSERT_EQ(test, shard->table.count, count);
		}
		change_expect(test, lab);
		change_some(test, lab, &rnd);
		change_expect(test, lab);
		change_empty(test, lab);
	}
}

static struct kunit_case change_test_cases[] = {
	KUNIT_CASE(change_blocker__is_in_the_way),
	KUNIT_CASE(change_suspend__while_it_changes),
	KUNIT_CASE(change_replace__is_what_was_there),
	{}
};

static struct kunit_suite change_test_suite = {
	.name = "netport_change",
	.init = kit_bare_init,
	.exit = kit_bare_exit,
	.test_cases = change_test_cases,
};

kunit_test_suite(change_test_suite);
