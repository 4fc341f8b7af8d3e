// SPDX-License-Identifier: GPL-2.0
/*
 * wait.c: queues and who is in them, the order in which they are served, how many may wait,
 * and what is left when they don't any more.
 */
#include <linux/ktime.h>
#include <linux/slab.h>
#include <linux/wait.h>

#include "kit.h"

#define WAIT_MAX	100

/**
 * struct wait_wish - a wish of a case
 * @who: whose
 * @id: its name
 */
struct wait_wish {
	enum kit_who	who;
	u64		id;
};

static void wait_request(struct kunit *test, const char *text, struct kit_req *r,
			 struct netport_request *req)
{
	kit_parse(test, text, r);
	memset(req, 0, sizeof(*req));
	req->reserve = r->req;
}

static int wait_try(struct kunit *test, const char *text, struct wait_wish *wish)
{
	struct netport_request req, before;
	int held = kit_held(test), err;
	struct kit_req r;

	wait_request(test, text, &r, &req);
	before = req;
	err = netport_wish(kit_owner(test, r.who), &req, GFP_KERNEL);
	KUNIT_EXPECT_EQ_MSG(test, kit_held(test), held + !err, "%s", text);
	if (!err) {
		KUNIT_EXPECT_NE(test, req.reserve.token, before.reserve.token);
		wish->who = r.who;
		wish->id = req.reserve.token;
	}
	before.reserve.token = req.reserve.token;
	KUNIT_EXPECT_MEMEQ(test, &req, &before, sizeof(req));
	return err;
}

static struct wait_wish wait_wish(struct kunit *test, const char *text)
{
	struct wait_wish wish = {};

	KUNIT_ASSERT_EQ_MSG(test, wait_try(test, text, &wish), 0, "%s", text);
	return wish;
}

/* Fetches it; its token, or 0 if it isn't granted. */
static u64 wait_fetch(struct kunit *test, const struct wait_wish *wish)
{
	struct netport_granted g = { .wish = wish->id };
	int err = netport_granted(kit_owner(test, wish->who), &g);

	if (err) {
		KUNIT_EXPECT_EQ(test, err, -ENOENT);
		return 0;
	}
	KUNIT_EXPECT_EQ(test, g.wish, wish->id);
	KUNIT_EXPECT_NE(test, g.token, 0);
	return g.token;
}

static void wait_release(struct kunit *test, enum kit_who who, u64 token)
{
	KUNIT_EXPECT_EQ(test, netport_release(kit_owner(test, who), token), 0);
}

static void wait_unwish(struct kunit *test, const struct wait_wish *wish)
{
	KUNIT_EXPECT_EQ(test, netport_unwish(kit_owner(test, wish->who), wish->id), 0);
}

/* queues */

/* How many different wishes wait, for ports and for any. */
static unsigned int wait_queues(struct kunit *test)
{
	struct np_net *nn = kit_of(test)->nn;
	unsigned int i, n = 0;

	for (i = 0; i < NP_SHARDS; i++)
		n += nn->shards[i].queues.count;
	return n;
}

static unsigned int wait_any(struct kunit *test)
{
	return kit_of(test)->nn->any_port.count;
}

static unsigned int wait_all(struct kunit *test)
{
	return list_count_nodes(&kit_of(test)->nn->waiters);
}

static void wait_queue__one_per_port(struct kunit *test)
{
	struct wait_wish a, b, c, d;

	kit_hold(test, "* port=80");
	kit_hold(test, "* port=4176");	/* in the same shard */
	a = wait_wish(test, "10.0.0.1 port=80");
	KUNIT_EXPECT_EQ(test, wait_queues(test), 1);
	b = wait_wish(test, "10.0.0.2 port=80 bob");
	KUNIT_EXPECT_EQ(test, wait_queues(test), 1);
	c = wait_wish(test, "10.0.0.1 port=4176");
	KUNIT_EXPECT_EQ(test, wait_queues(test), 2);
	d = wait_wish(test, "10.0.0.1 port=0 low=80 high=80");
	KUNIT_EXPECT_EQ(test, wait_queues(test), 2);
	KUNIT_EXPECT_EQ(test, wait_any(test), 1);
	KUNIT_EXPECT_EQ(test, wait_all(test), 4);
	wait_unwish(test, &a);
	KUNIT_EXPECT_EQ(test, wait_queues(test), 2);
	wait_unwish(test, &b);
	KUNIT_EXPECT_EQ(test, wait_queues(test), 1);
	wait_unwish(test, &d);
	KUNIT_EXPECT_EQ(test, wait_any(test), 0);
	wait_unwish(test, &c);
	KUNIT_EXPECT_EQ(test, wait_queues(test), 0);
	KUNIT_EXPECT_EQ(test, wait_all(test), 0);
}

static void wait_queue__none_for_who_neednt_wait(struct kunit *test)
{
	struct wait_wish a = wait_wish(test, "10.0.0.1");
	struct wait_wish b = wait_wish(test, "10.0.0.1 port=0 low=81 high=81");

	KUNIT_EXPECT_EQ(test, wait_all(test), 0);
	KUNIT_EXPECT_EQ(test, wait_queues(test), 0);
	KUNIT_EXPECT_EQ(test, wait_any(test), 0);
	KUNIT_EXPECT_NE(test, wait_fetch(test, &a), 0);
	wait_unwish(test, &b);
	KUNIT_EXPECT_EQ(test, kit_held(test), 1);
}

/**
 * struct wait_pair - two requests
 * @a: one
 * @b: the other
 * @same: whether each can be had exactly when the other can
 */
struct wait_pair {
	const char	*a, *b;
	bool		same;
};

static const struct wait_pair wait_pairs[] = {
	{ "10.0.0.1", "10.0.0.1", true },
	{ "10.0.0.1", "10.0.0.1 bob", true },
	{ "10.0.0.1 LB", "10.0.0.1 LB alice2", true },
	{ "10.0.0.1 LB", "10.0.0.1 LB bob" },
	{ "10.0.0.1 MR", "10.0.0.1 MR bob", true },
	{ "10.0.0.1", "::ffff:10.0.0.1", true },
	{ "10.0.0.1", "10.0.0.2" },
	{ "10.0.0.1", "0.0.0.0" },
	{ "0.0.0.0", "*" },
	{ "::", "*" },
	{ "10.0.0.1", "10.0.0.1 proto=1000" },
	{ "10.0.0.1", "10.0.0.1 MR" },
	{ "10.0.0.1 dev=1", "10.0.0.1 dev=2" },
	{ "10.0.0.1 to=1.1.1.1", "10.0.0.1 to=1.1.1.2" },
	{ "10.0.0.1 to=1.1.1.1 rport=1", "10.0.0.1 to=1.1.1.1 rport=1", true },
	{ "10.0.0.1 to=1.1.1.1 rport=1", "10.0.0.1 to=1.1.1.1 rport=2" },
	{ "10.0.0.1 port=0 low=80 high=80", "10.0.0.1 port=0 low=80 high=80", true },
	{ "10.0.0.1 port=0 low=80 high=80", "10.0.0.1 port=0 low=80 high=81" },
};

static void wait_pair_desc(const struct wait_pair *p, char *desc)
{
	snprintf(desc, KUNIT_PARAM_DESC_SIZE, "%s, %s", p->a, p->b);
}

KUNIT_ARRAY_PARAM(wait_pair, wait_pairs, wait_pair_desc);

static unsigned int wait_different(struct kunit *test)
{
	struct np_net *nn = kit_of(test)->nn;
	struct np_queue *q;
	unsigned int n = nn->any_port.count;

	spin_lock_bh(&np_shard_of(nn, 80)->lock);
	/* All tests here wait for port 80, which has index 16. */
	np_hash_for_each_entry(q, &np_shard_of(nn, 80)->queues, 80 % NP_WORD_PORTS, node)
		n += q->port == 80 ? q->count : 0;
	spin_unlock_bh(&np_shard_of(nn, 80)->lock);
	return n;
}

/* Equal requests are one wish: only the first of them is looked at. */
static void wait_enter__equal_ones_are_one_wish(struct kunit *test)
{
	const struct wait_pair *p = test->param_value;
	struct wait_wish a, b;

	kit_hold(test, "* bob");
	kit_hold(test, "* bob proto=1000");
	kit_hold(test, "* bob port=81");
	a = wait_wish(test, p->a);
	b = wait_wish(test, p->b);
	KUNIT_EXPECT_EQ(test, wait_all(test), 2);
	KUNIT_EXPECT_EQ(test, wait_different(test), p->same ? 1 : 2);
	/* The rest of the wish stays when its first goes. */
	wait_unwish(test, &a);
	KUNIT_EXPECT_EQ(test, wait_all(test), 1);
	KUNIT_EXPECT_EQ(test, wait_different(test), 1);
	wait_unwish(test, &b);
	KUNIT_EXPECT_EQ(test, wait_different(test), 0);
}

/* order */

/* Wishes by their texts; each is granted when the one before is released. */
static void wait_expect_order(struct kunit *test, const char *const *texts, unsigned int n)
{
	u64 token = kit_hold(test, "*");
	struct wait_wish wish[WAIT_MAX];
	unsigned int i, j;

	for (i = 0; i < n; i++)
		wish[i] = wait_wish(test, texts[i]);
	KUNIT_EXPECT_EQ(test, wait_all(test), n);
	wait_release(test, KIT_ALICE, token);
	for (i = 0; i < n; i++) {
		for (j = i + 1; j < n; j++)
			KUNIT_EXPECT_EQ_MSG(test, wait_fetch(test, &wish[j]), 0,
					    "%u, in turn is %u", j, i);
		token = wait_fetch(test, &wish[i]);
		KUNIT_ASSERT_NE_MSG(test, token, 0, "%u", i);
		wait_release(test, wish[i].who, token);
	}
	KUNIT_EXPECT_EQ(test, kit_held(test), 0);
}

static void wait_serve__in_the_order_of_tickets(struct kunit *test)
{
	static const char *const texts[] = {
		"10.0.0.1", "10.0.0.1 bob", "0.0.0.0", "10.0.0.1", "10.0.0.1 port=0 low=80 high=80",
		"0.0.0.0 alice2", "10.0.0.1 dev=3", "*", "* port=0 low=80 high=80 bob", "10.0.0.1",
		"0.0.0.0", "10.0.0.1 port=0 low=80 high=80", "10.0.0.1 dev=3 bob",
	};

	wait_expect_order(test, texts, ARRAY_SIZE(texts));
}

static void wait_serve__place_after_the_first_has_left(struct kunit *test)
{
	u64 token = kit_hold(test, "*");
	struct wait_wish a[3], b[2];

	a[0] = wait_wish(test, "10.0.0.1");
	b[0] = wait_wish(test, "0.0.0.0");
	a[1] = wait_wish(test, "10.0.0.1");
	b[1] = wait_wish(test, "0.0.0.0");
	a[2] = wait_wish(test, "10.0.0.1");
	/* With its first, the wish of a loses its place before that of b. */
	wait_unwish(test, &a[0]);
	wait_release(test, KIT_ALICE, token);
	token = wait_fetch(test, &b[0]);
	KUNIT_EXPECT_NE(test, token, 0);
	/* Who isn't its first may leave without a change. */
	wait_unwish(test, &b[1]);
	wait_release(test, KIT_ALICE, token);
	token = wait_fetch(test, &a[1]);
	KUNIT_EXPECT_NE(test, token, 0);
	wait_release(test, KIT_ALICE, token);
	KUNIT_EXPECT_NE(test, wait_fetch(test, &a[2]), 0);
}

static void wait_serve__passes_over_who_doesnt_fit(struct kunit *test)
{
	u64 token = kit_hold(test, "10.0.0.1");
	struct wait_wish any, one, two, far;

	kit_hold(test, "10.0.0.2");
	any = wait_wish(test, "0.0.0.0");
	far = wait_wish(test, "10.0.0.1 port=0 low=80 high=80 proto=1000");
	one = wait_wish(test, "10.0.0.1");
	two = wait_wish(test, "10.0.0.1");
	KUNIT_EXPECT_NE(test, wait_fetch(test, &far), 0);
	wait_release(test, KIT_ALICE, token);
	KUNIT_EXPECT_EQ(test, wait_fetch(test, &any), 0);
	KUNIT_EXPECT_EQ(test, wait_fetch(test, &two), 0);
	KUNIT_EXPECT_NE(test, wait_fetch(test, &one), 0);
}

/* So many are granted with one release, and more than that in a while. */
static void wait_serve__many_who_share(struct kunit *test)
{
	u64 token = kit_hold(test, "10.0.0.1");
	struct wait_wish wish[WAIT_MAX];
	unsigned int i, tries, granted = 0;

	for (i = 0; i < WAIT_MAX; i++)
		wish[i] = wait_wish(test, i % 3 ? "10.0.0.1 LB" :
				    "10.0.0.1 LB port=0 low=80 high=80");
	wait_release(test, KIT_ALICE, token);
	for (i = 0, tries = 0; i < WAIT_MAX && tries < 500; tries++) {
		if (wait_fetch(test, &wish[i])) {
			granted++;
			i++;
		} else {
			schedule_timeout_idle(1);
		}
	}
	KUNIT_EXPECT_EQ(test, granted, WAIT_MAX);
	KUNIT_EXPECT_EQ(test, wait_all(test), 0);
}

/* limits */

static void wait_enter__so_many_different(struct kunit *test)
{
	struct wait_wish wish[NETPORT_WISHES_MAX], more, other;
	char text[32];
	unsigned int i;

	kit_hold(test, "*");
	kit_hold(test, "* port=81");
	for (i = 0; i < NETPORT_WISHES_MAX; i++) {
		snprintf(text, sizeof(text), "10.0.0.1 dev=%u", i + 1);
		wish[i] = wait_wish(test, text);
	}
	KUNIT_EXPECT_EQ(test, wait_try(test, "10.0.0.1", &more), -EDQUOT);
	KUNIT_EXPECT_EQ(test, wait_all(test), NETPORT_WISHES_MAX);
	more = wait_wish(test, "10.0.0.1 dev=7 bob");
	other = wait_wish(test, "10.0.0.1 port=81");
	wait_unwish(test, &other);
	/* What is left of it is bob's alone now, and he isn't kept out by alice. */
	wait_unwish(test, &wish[6]);
	wish[6] = wait_wish(test, "10.0.0.1");
	KUNIT_EXPECT_EQ(test, wait_try(test, "10.0.0.1 dev=200", &other), -EDQUOT);
	other = wait_wish(test, "10.0.0.1 dev=200 bob");
	wait_unwish(test, &other);
	wait_unwish(test, &more);
	KUNIT_EXPECT_EQ(test, wait_all(test), NETPORT_WISHES_MAX);
}

static void wait_wish__so_many_of_an_owner(struct kunit *test)
{
	struct wait_wish more, first;
	unsigned int i;

	kit_hold(test, "*");
	first = wait_wish(test, "10.0.0.1");
	for (i = 1; i < NETPORT_BATCH_MAX; i++)
		wait_wish(test, "10.0.0.1");
	KUNIT_EXPECT_EQ(test, wait_try(test, "10.0.0.1", &more), -EDQUOT);
	KUNIT_EXPECT_EQ(test, wait_all(test), NETPORT_BATCH_MAX);
	more = wait_wish(test, "10.0.0.1 alice2");
	wait_unwish(test, &more);
	wait_unwish(test, &first);
	wait_wish(test, "10.0.0.1");
	KUNIT_EXPECT_EQ(test, wait_try(test, "10.0.0.1", &more), -EDQUOT);
}

/*
 * Looks that take long: each wish is to be compared with some thousand others.  One that
 * can be had is behind more of them than one hold of the lock has time for.
 */
static void wait_serve__looks_that_take_long(struct kunit *test)
{
	u64 token = kit_hold(test, "10.0.0.9 MR");
	struct wait_wish wish;
	unsigned int i, tries;
	char text[64];
	u64 got = 0;

	for (i = 0; i < 1500; i++) {
		snprintf(text, sizeof(text), "10.0.0.1 to=10.1.%u.%u MR bob", i / 250, i % 250);
		kit_hold(test, text);
	}
	for (i = 0; i < 8; i++) {
		snprintf(text, sizeof(text), "10.0.0.1 dev=%u", i + 1);
		wait_wish(test, text);
	}
	wish = wait_wish(test, "10.0.0.9");
	wait_release(test, KIT_ALICE, token);
	for (tries = 0; !got && tries < 500; tries++) {
		got = wait_fetch(test, &wish);
		if (!got)
			schedule_timeout_idle(1);
	}
	KUNIT_EXPECT_NE(test, got, 0);
	KUNIT_EXPECT_EQ(test, wait_all(test), 8);
}

static void wait_enter__so_many_different_ranges(struct kunit *test)
{
	struct wait_wish more;
	char text[48];
	unsigned int i;

	kit_hold(test, "*");
	for (i = 0; i < NETPORT_WISHES_MAX; i++) {
		snprintf(text, sizeof(text), "10.0.0.%u port=0 low=80 high=80", i + 1);
		wait_wish(test, text);
	}
	KUNIT_EXPECT_EQ(test, wait_try(test, "* port=0 low=80 high=80", &more), -EDQUOT);
	KUNIT_EXPECT_EQ(test, wait_all(test), NETPORT_WISHES_MAX);
	/* Only for who has to wait. */
	wait_wish(test, "* port=0 low=81 high=81");
	KUNIT_EXPECT_EQ(test, wait_all(test), NETPORT_WISHES_MAX);
}

/* ends */

static void wait_owner__destroyed(struct kunit *test)
{
	u64 token = kit_hold(test, "10.0.0.1");
	struct wait_wish last;

	wait_wish(test, "10.0.0.1 bob");
	wait_wish(test, "10.0.0.1 bob");
	wait_wish(test, "0.0.0.0 bob");
	wait_wish(test, "0.0.0.0 port=81 bob");
	last = wait_wish(test, "10.0.0.1");
	wait_release(test, KIT_ALICE, token);
	KUNIT_EXPECT_EQ(test, wait_fetch(test, &last), 0);
	/* What is granted is handed on, and not to those that go with it. */
	netport_owner_destroy(kit_owner(test, KIT_BOB));
	kit_of(test)->owner[KIT_BOB] = NULL;
	KUNIT_EXPECT_NE(test, wait_fetch(test, &last), 0);
	KUNIT_EXPECT_EQ(test, wait_all(test), 0);
	KUNIT_EXPECT_EQ(test, kit_held(test), 1);
}

/* An owner of many releases several at once, but none past those who wait. */
static void wait_owner__destroyed_with_many(struct kunit *test)
{
	struct wait_wish of_port, of_range;
	unsigned int port;
	char text[32];

	for (port = 1000; port < 1200; port++) {
		snprintf(text, sizeof(text), "10.0.0.1 port=%u", port);
		kit_hold(test, text);
	}
	of_port = wait_wish(test, "10.0.0.1 port=1050 bob");
	netport_owner_destroy(kit_owner(test, KIT_ALICE));
	kit_of(test)->owner[KIT_ALICE] = NULL;
	KUNIT_EXPECT_NE(test, wait_fetch(test, &of_port), 0);
	KUNIT_EXPECT_EQ(test, kit_held(test), 1);

	of_range = wait_wish(test, "10.0.0.1 port=0 low=1050 high=1050");
	for (port = 1000; port < 1200; port++) {
		snprintf(text, sizeof(text), "10.0.0.2 port=%u bob", port);
		kit_hold(test, text);
	}
	netport_owner_destroy(kit_owner(test, KIT_BOB));
	kit_of(test)->owner[KIT_BOB] = NULL;
	KUNIT_EXPECT_NE(test, wait_fetch(test, &of_range), 0);
	KUNIT_EXPECT_EQ(test, wait_all(test), 0);
	KUNIT_EXPECT_EQ(test, kit_held(test), 1);
}

static void wait_wake__queue_of_the_owner(struct kunit *test)
{
	struct wait_queue_head *queue = netport_wish_queue(kit_owner(test, KIT_ALICE));
	u64 token = kit_hold(test, "10.0.0.1 bob");
	DEFINE_WAIT_FUNC(entry, woken_wake_function);

	wait_wish(test, "10.0.0.1");
	add_wait_queue(queue, &entry);
	wait_release(test, KIT_BOB, token);
	KUNIT_EXPECT_TRUE(test, entry.flags & WQ_FLAG_WOKEN);
	remove_wait_queue(queue, &entry);
}

/* The caller's memory isn't touched any more once the wish is made. */
static void wait_wish__tells_nobody(struct kunit *test)
{
	struct netport_entry conflict, before;
	struct netport_request req;
	struct kit_req r;
	u64 token;

	memset(&conflict, KIT_POISON, sizeof(conflict));
	before = conflict;
	token = kit_hold(test, "10.0.0.1");
	kit_hold(test, "10.0.0.2");
	wait_request(test, "0.0.0.0", &r, &req);
	req.terms.conflict = (uintptr_t)&conflict;
	KUNIT_ASSERT_EQ(test, netport_wish(kit_owner(test, r.who), &req, GFP_KERNEL), 0);
	/* It still doesn't fit. */
	wait_release(test, KIT_ALICE, token);
	KUNIT_EXPECT_EQ(test, wait_all(test), 1);
	KUNIT_EXPECT_MEMEQ(test, &conflict, &before, sizeof(before));
}

/* sleeping */

static void wait_sleep__past_deadline(struct kunit *test)
{
	struct netport_request req;
	struct kit_req r;
	unsigned int i;
	static const char *const texts[] = { "10.0.0.1", "10.0.0.1 port=0 low=80 high=80" };

	kit_hold(test, "*");
	for (i = 0; i < ARRAY_SIZE(texts); i++) {
		wait_request(test, texts[i], &r, &req);
		req.terms.deadline = 1;
		KUNIT_EXPECT_EQ(test, netport_request(kit_owner(test, r.who), &req, GFP_KERNEL),
				-ETIMEDOUT);
		/* It sleeps, so it can't be asked for where that isn't possible. */
		KUNIT_EXPECT_EQ(test, netport_request(kit_owner(test, r.who), &req, GFP_ATOMIC),
				-EINVAL);
		KUNIT_EXPECT_EQ(test, kit_held(test), 1);
		KUNIT_EXPECT_EQ(test, wait_all(test), 0);
	}
}

struct wait_crowd {
	struct netport_owner	*owner;
	struct netport_request	req[3];
	atomic_t		inside;
	atomic_t		wrong;
};

/* Has the port alone, for a while, again and again. */
static void wait_crowd(void *arg, unsigned int nr)
{
	struct wait_crowd *c = arg;
	struct netport_request req;
	struct rnd_state rnd;
	unsigned int i;

	prandom_seed_state(&rnd, nr + 1);
	for (i = 0; i < 100; i++) {
		req = c->req[kit_random(&rnd, ARRAY_SIZE(c->req))];
		req.terms.deadline = KTIME_MAX;
		if (netport_request(c->owner, &req, GFP_KERNEL)) {
			atomic_inc(&c->wrong);
			continue;
		}
		if (atomic_inc_return(&c->inside) != 1)
			atomic_inc(&c->wrong);
		kit_yield(&rnd);
		atomic_dec(&c->inside);
		if (netport_release(c->owner, req.reserve.token))
			atomic_inc(&c->wrong);
	}
}

static void wait_sleep__one_at_a_time(struct kunit *test)
{
	struct wait_crowd *c = kunit_kzalloc(test, sizeof(*c), GFP_KERNEL);
	struct kit_req r;

	KUNIT_ASSERT_NOT_NULL(test, c);
	c->owner = kit_owner(test, KIT_ALICE);
	wait_request(test, "10.0.0.1", &r, &c->req[0]);
	wait_request(test, "0.0.0.0", &r, &c->req[1]);
	wait_request(test, "10.0.0.1 port=0 low=80 high=80", &r, &c->req[2]);
	kit_threads(test, wait_crowd, c, KIT_THREADS);
	KUNIT_EXPECT_EQ(test, atomic_read(&c->wrong), 0);
	KUNIT_EXPECT_EQ(test, kit_held(test), 0);
	KUNIT_EXPECT_EQ(test, wait_all(test), 0);
}

/* memory */

static const char *const wait_fault_texts[] = {
	"10.0.0.1", "10.0.0.1 port=0 low=80 high=80", "* dev=5", "10.0.0.7 LB",
	"* port=0 low=80 high=80 dev=9",
};

static void wait_fault_desc(const char *const *text, char *desc)
{
	strscpy(desc, *text, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(wait_fault, wait_fault_texts, wait_fault_desc);

/* Each allocation of a wish fails in turn: then it isn't there, nor counted. */
static void wait_wish__each_allocation(struct kunit *test)
{
	const char *const *text = test->param_value;
	unsigned int nth, failed = 0;
	struct netport_request req;
	struct wait_wish wish;
	struct kit_req r;
	bool more = true;
	int err;

	kit_need_faults(test);
	kit_hold(test, "*");
	for (nth = 1; more; nth++) {
		wait_request(test, *text, &r, &req);
		kit_fail(nth);
		err = netport_wish(kit_owner(test, r.who), &req, GFP_NOWAIT);
		more = kit_failed();
		kit_fail(0);
		KUNIT_EXPECT_EQ(test, wait_all(test), !err);
		KUNIT_EXPECT_EQ(test, kit_held(test), 1 + !err);
		if (err) {
			failed++;
			KUNIT_EXPECT_EQ(test, err, -ENOMEM);
			continue;
		}
		wish.who = r.who;
		wish.id = req.reserve.token;
		wait_unwish(test, &wish);
	}
	KUNIT_EXPECT_GT(test, failed, 4);
}

/* Likewise of a request that sleeps; only its sleep can't go without. */
static void wait_request__each_allocation(struct kunit *test)
{
	const char *const *text = test->param_value;
	unsigned int nth, failed = 0;
	struct netport_request req;
	struct np_plan *p;
	struct kit_req r;
	bool more = true;
	int err;

	kit_need_faults(test);
	kit_hold(test, "*");
	for (nth = 1; more; nth++) {
		wait_request(test, *text, &r, &req);
		kit_fail(nth);
		p = np_plan_make(kit_owner(test, r.who), NULL, &req, NULL, NP_PLAN_WAIT,
				 GFP_NOWAIT);
		err = IS_ERR(p) ? PTR_ERR(p) : np_wait(p, 1, GFP_NOWAIT);
		more = kit_failed();
		kit_fail(0);
		if (!IS_ERR(p))
			np_plan_free(p);
		KUNIT_EXPECT_EQ(test, wait_all(test), 0);
		KUNIT_EXPECT_EQ(test, kit_held(test), 1);
		failed += err == -ENOMEM;
		if (err != -ENOMEM)
			KUNIT_EXPECT_EQ(test, err, -ETIMEDOUT);
	}
	KUNIT_EXPECT_GT(test, failed, 4);
}

/* Whoever serves a waiter needs none: all of it was there before. */
static void wait_serve__needs_no_memory(struct kunit *test)
{
	const char *const *text = test->param_value;
	u64 token = kit_hold(test, "*");
	struct wait_wish wish;

	kit_need_faults(test);
	/* A neighbour, beside which linking needs most. */
	kit_hold(test, "10.0.0.1 port=81 dev=77");
	wish = wait_wish(test, *text);
	kit_fail(1);
	wait_release(test, KIT_ALICE, token);
	KUNIT_EXPECT_FALSE(test, kit_failed());
	kit_fail(0);
	KUNIT_EXPECT_NE(test, wait_fetch(test, &wish), 0);
}

static struct kunit_case wait_test_cases[] = {
	KUNIT_CASE(wait_queue__one_per_port),
	KUNIT_CASE(wait_queue__none_for_who_neednt_wait),
	KUNIT_CASE_PARAM(wait_enter__equal_ones_are_one_wish, wait_pair_gen_params),
	KUNIT_CASE(wait_enter__so_many_different),
	KUNIT_CASE(wait_enter__so_many_different_ranges),
	KUNIT_CASE(wait_wish__so_many_of_an_owner),
	KUNIT_CASE(wait_serve__looks_that_take_long),
	KUNIT_CASE(wait_serve__in_the_order_of_tickets),
	KUNIT_CASE(wait_serve__place_after_the_first_has_left),
	KUNIT_CASE(wait_serve__passes_over_who_doesnt_fit),
	KUNIT_CASE(wait_serve__many_who_share),
	KUNIT_CASE(wait_wish__tells_nobody),
	KUNIT_CASE(wait_owner__destroyed),
	KUNIT_CASE(wait_owner__destroyed_with_many),
	KUNIT_CASE(wait_wake__queue_of_the_owner),
	KUNIT_CASE(wait_sleep__past_deadline),
	KUNIT_CASE_SLOW(wait_sleep__one_at_a_time),
	KUNIT_CASE_PARAM(wait_wish__each_allocation, wait_fault_gen_params),
	KUNIT_CASE_PARAM(wait_request__each_allocation, wait_fault_gen_params),
	KUNIT_CASE_PARAM(wait_serve__needs_no_memory, wait_fault_gen_params),
	{}
};

static struct kunit_suite wait_test_suite = {
	.name = "netport_wait",
	.init = kit_init,
	.exit = kit_exit,
	.test_cases = wait_test_cases,
};

kunit_test_suite(wait_test_suite);
