// SPDX-License-Identifier: GPL-2.0
/*
 * net.c, wait.c, keep.c, request.c: the end of a network namespace, whatever is there and
 * goes on in it.
 */
#include <linux/delay.h>
#include <linux/ktime.h>
#include <linux/slab.h>
#include <net/net_namespace.h>

#include "churn.h"
#include "kit.h"

/* Owners of a namespace that is to go, in the place of those of the first. */
static struct np_net *gone_owners(struct kunit *test, struct kit_netns *ns)
{
	struct netport_owner *owner;
	unsigned int i;

	for (i = 0; i < KIT_NWHO; i++) {
		owner = np_owner_create(ns->net, kit_uid(i), false);
		KUNIT_ASSERT_NOT_ERR_OR_NULL(test, owner);
		kit_of(test)->owner[i] = owner;
	}
	return np_net_get(ns->net);
}

/* All is given back, and of the tables only the case's reference is left. */
static void gone_end(struct kunit *test, struct np_net *nn)
{
	struct kit *k = kit_of(test);
	unsigned int i;

	KUNIT_EXPECT_EQ(test, atomic_read(&nn->count), 0);
	kit_expect_empty(test, nn);
	for (i = 0; i < KIT_NWHO; i++) {
		if (!k->owner[i])
			continue;
		KUNIT_EXPECT_EQ_MSG(test, atomic_read(&k->owner[i]->count), 0, "owner %u", i);
		KUNIT_EXPECT_EQ_MSG(test, atomic_read(&k->owner[i]->user->count), 0, "owner %u", i);
		netport_owner_destroy(k->owner[i]);
		k->owner[i] = NULL;
	}
	KUNIT_EXPECT_TRUE_MSG(test, kit_netns_gone(nn, 1), "%u references",
			      refcount_read(&nn->ref));
	np_net_put(nn);
}

static u64 gone_request(struct kunit *test, const char *text, u32 options)
{
	struct kit_request *q = kit_request(test, text);

	q->req.reserve.options |= options;
	KUNIT_ASSERT_EQ_MSG(test, netport_request(kit_owner(test, q->who), &q->req, GFP_KERNEL), 0,
			    "%s", text);
	return q->req.reserve.token;
}

static u64 gone_wish(struct kunit *test, const char *text)
{
	struct kit_request *q = kit_request(test, text);

	KUNIT_ASSERT_EQ_MSG(test, netport_wish(kit_owner(test, q->who), &q->req, GFP_KERNEL), 0,
			    "%s", text);
	return q->req.reserve.token;
}

static void gone_release(struct kunit *test, u64 token, u32 hold, u32 options, u16 port)
{
	struct netport_release rel = {
		.token = token, .hold = hold, .options = options, .port = port, .count = !!port,
	};

	KUNIT_ASSERT_EQ(test, netport_release_request(kit_owner(test, KIT_ALICE), &rel, GFP_KERNEL),
			0);
}

/* Each call says so afterwards, and changes nothing. */
static void gone_expect_refused(struct kunit *test, u64 token, u64 wish, u64 granted)
{
	struct netport_owner *alice = kit_owner(test, KIT_ALICE), *bob = kit_owner(test, KIT_BOB);
	struct netport_release rel = { .token = token, .hold = 1 };
	struct netport_label label = { .token = token, .label = "x" };
	struct netport_granted got = { .wish = granted };
	struct netport_list list = { .count = 1 };
	struct kit_request *q = kit_request(test, "10.7.0.1 label=x + ::");
	struct netport_entry entry;

	KUNIT_EXPECT_EQ(test, netport_release(alice, token), -ENOENT);
	KUNIT_EXPECT_EQ(test, netport_release_request(alice, &rel, GFP_KERNEL), -ENOENT);
	rel.options = NETPORT_RELEASE_PORT;
	KUNIT_EXPECT_EQ(test, netport_release_request(alice, &rel, GFP_KERNEL), -ENOENT);
	KUNIT_EXPECT_EQ(test, netport_accept(alice, token), -ENOENT);
	KUNIT_EXPECT_EQ(test, netport_label(alice, &label, GFP_KERNEL), -ENOENT);
	KUNIT_EXPECT_EQ(test, netport_transfer(alice, token, bob), -ENETDOWN);
	KUNIT_EXPECT_EQ(test, netport_adopt(alice, token), -ENETDOWN);
	KUNIT_EXPECT_EQ(test, netport_list(alice, &list, &entry), -ENETDOWN);
	KUNIT_EXPECT_EQ(test, netport_request(alice, &q->req, GFP_KERNEL), -ENETDOWN);
	KUNIT_EXPECT_EQ(test, netport_wish(alice, &q->req, GFP_KERNEL), -ENETDOWN);
	KUNIT_EXPECT_EQ(test, netport_request_available(alice, &q->req, GFP_KERNEL), -ENETDOWN);
	KUNIT_EXPECT_EQ(test, netport_batch(alice, &q->req, NULL, 1, 0, GFP_KERNEL), -ENETDOWN);
	q->req.terms.deadline = KTIME_MAX;
	KUNIT_EXPECT_EQ(test, netport_request(alice, &q->req, GFP_KERNEL), -ENETDOWN);
	q = kit_request(test, "10.7.0.1 port=0 + ::");
	KUNIT_EXPECT_EQ(test, netport_request(alice, &q->req, GFP_KERNEL), -ENETDOWN);
	q->req.reserve.token = token;
	KUNIT_EXPECT_EQ(test, netport_extend(alice, &q->req, GFP_KERNEL), -ENOENT);
	KUNIT_EXPECT_EQ(test, netport_rebind(alice, &q->req, GFP_KERNEL), -ENOENT);
	q->req.terms.deadline = KTIME_MAX;
	KUNIT_EXPECT_EQ(test, netport_request(alice, &q->req, GFP_KERNEL), -ENETDOWN);
	KUNIT_EXPECT_EQ_MSG(test, netport_unwish(bob, wish), 0, "a wish is still one");
	KUNIT_EXPECT_EQ(test, netport_granted(bob, &got), 0);
	KUNIT_EXPECT_EQ_MSG(test, netport_release(bob, got.token), -ENOENT, "what it was is gone");
}

/* Everything that there can be, and whatever it's for, nobody is asked. */
static void gone__takes_all(struct kunit *test)
{
	struct kit_netns *ns = kit_netns_start(test);
	struct np_net *nn = gone_owners(test, ns);
	struct netport_candidate cand = {};
	struct kit_request *q;
	u64 token, wish, granted;

	gone_request(test, "10.0.0.1 label=x + 2001:db8::1 + 10.0.0.2 tcp", 0);
	token = gone_request(test, "10.0.0.1 port=4000 count=200 + ::", 0);
	gone_release(test, token, 0, 0, 4096);
	token = gone_request(test, "10.0.0.1 port=100 count=4", 0);
	gone_release(test, token, NETPORT_HOLD_MAX, NETPORT_RELEASE_PORT, 0);
	token = gone_request(test, "10.0.0.1 port=200", 0);
	gone_release(test, token, 100000, 0, 0);
	token = gone_request(test, "10.0.0.1 port=201", 0);
	gone_release(test, token, 1, 0, 0);
	gone_request(test, "0.0.0.0 port=300 tcp", NETPORT_OPT_HOST_HOLD);
	gone_request(test, ":: port=301 count=3", NETPORT_OPT_HOST_HOLD);
	gone_request(test, "10.0.0.1 port=400 persistent + ::", 0);
	gone_request(test, "10.0.0.1 port=401 persistent alice2", 0);
	token = gone_request(test, "10.0.0.1 port=500", 0);
	KUNIT_ASSERT_EQ(test, kit_rebind_text(test, token, "10.0.0.1 port=5000 + ::"), 0);
	q = kit_request(test, "10.0.0.9 port=0 align=2 + 10.0.0.8");
	cand.reserve = q->req.reserve;
	cand.terms = q->req.terms;
	cand.reserve.token = 0;
	KUNIT_ASSERT_EQ(test, netport_candidate(kit_owner(test, KIT_ALICE), &cand, GFP_KERNEL), 0);
	/* Wishes: for a port, for any, and one that has come true. */
	wish = gone_wish(test, "10.0.0.1 port=5000 bob + 10.0.0.2");
	gone_wish(test, "10.0.0.1 port=0 low=200 high=200 bob");
	gone_wish(test, "10.0.0.1 port=0 low=200 high=200 bob");
	granted = gone_wish(test, "10.0.0.77 port=600 bob");
	/* An orphan. */
	netport_owner_destroy(kit_owner(test, KIT_ALICE2));
	kit_of(test)->owner[KIT_ALICE2] = NULL;
	KUNIT_EXPECT_GT(test, atomic_read(&nn->count), 400);

	kit_netns_end(ns);
	KUNIT_ASSERT_TRUE_MSG(test, kit_netns_gone(nn, 3), "%u references",
			      refcount_read(&nn->ref));
	KUNIT_EXPECT_EQ_MSG(test, atomic_read(&nn->count), 4, "what the wishes ask for");
	gone_expect_refused(test, token, wish, granted);
	netport_owner_destroy(kit_owner(test, KIT_BOB));
	kit_of(test)->owner[KIT_BOB] = NULL;
	gone_end(test, nn);
}

/* Who sleeps until a port is free is told that there is none any more. */

#define GONE_WAITERS	(KIT_THREADS - 1)

struct gone_waiters {
	struct kit_netns	*ns;
	struct np_net		*nn;
	struct netport_owner	*owner;
	struct kit_request	*q[GONE_WAITERS];
	int			err[GONE_WAITERS];
	bool			all;
};

static unsigned int gone_waiting(struct np_net *nn)
{
	struct list_head *pos;
	unsigned int n = 0;

	spin_lock_bh(&nn->wait_lock);
	list_for_each(pos, &nn->waiters)
		n++;
	spin_unlock_bh(&nn->wait_lock);
	return n;
}

static void gone_waiter(void *arg, unsigned int nr)
{
	struct gone_waiters *w = arg;
	unsigned int i;

	if (nr) {
		w->err[nr - 1] = netport_request(w->owner, &w->q[nr - 1]->req, GFP_KERNEL);
		return;
	}
	for (i = 0; i < 500 && gone_waiting(w->nn) < GONE_WAITERS; i++)
		msleep(20);
	w->all = gone_waiting(w->nn) == GONE_WAITERS;
	kit_netns_end(w->ns);
}

static void gone__wakes_who_waits(struct kunit *test)
{
	static const char * const texts[GONE_WAITERS] = {
		"10.0.0.1 bob", "10.0.0.1 bob", "10.0.0.1 bob + ::",
		"10.0.0.1 port=0 low=80 high=81 bob",
		"0.0.0.0 port=0 low=80 high=80 bob", "10.0.0.1 port=81 bob label=x",
		"10.0.0.1 port=0 low=80 high=81 bob",
	};
	struct gone_waiters *w = kunit_kzalloc(test, sizeof(*w), GFP_KERNEL);
	unsigned int i;

	KUNIT_ASSERT_NOT_NULL(test, w);
	w->ns = kit_netns_start(test);
	w->nn = gone_owners(test, w->ns);
	w->owner = kit_owner(test, KIT_BOB);
	gone_request(test, "10.0.0.1 port=80 count=2", 0);
	for (i = 0; i < GONE_WAITERS; i++) {
		w->q[i] = kit_request(test, texts[i]);
		w->q[i]->req.terms.deadline = KTIME_MAX;
		w->err[i] = 1;
	}
	kit_threads(test, gone_waiter, w, KIT_THREADS);
	KUNIT_EXPECT_TRUE_MSG(test, w->all, "not all were waiting");
	for (i = 0; i < GONE_WAITERS; i++)
		KUNIT_EXPECT_EQ_MSG(test, w->err[i], -ENETDOWN, "%s", texts[i]);
	KUNIT_EXPECT_EQ(test, gone_waiting(w->nn), 0);
	KUNIT_ASSERT_TRUE(test, kit_netns_gone(w->nn, 1 + KIT_NWHO));
	gone_end(test, w->nn);
}

/* Threads that do everything, all the while. */

struct gone_churn {
	struct kit_netns	*ns;
	struct churn		*c;
};

static void gone_churn(void *arg, unsigned int nr)
{
	struct gone_churn *g = arg;
	unsigned int i;

	if (nr) {
		churn_run(g->c, nr);
		return;
	}
	for (i = 0; i < 100 && atomic_read(&g->c->done) < 300; i++)
		msleep(20);
	kit_netns_end(g->ns);
}

static void gone__while_everything_goes_on(struct kunit *test)
{
	struct gone_churn *g = kunit_kzalloc(test, sizeof(*g), GFP_KERNEL);
	unsigned int round;
	struct np_net *nn;

	KUNIT_ASSERT_NOT_NULL(test, g);
	for (round = 0; round < kit_rounds(2, 1); round++) {
		g->ns = kit_netns_start(test);
		nn = np_net_get(g->ns->net);
		KUNIT_ASSERT_NOT_ERR_OR_NULL(test, nn);
		g->c = churn_init(test, g->ns->net);
		g->c->steps = U32_MAX;
		kit_threads(test, gone_churn, g, KIT_THREADS);
		KUNIT_ASSERT_TRUE(test, kit_netns_gone(nn, 1 + KIT_NWHO));
		KUNIT_EXPECT_GE(test, atomic_read(&g->c->done), 300);
		churn_expect(test, g->c);
		gone_end(test, nn);
	}
}

/* Blocks in the making and sockets of the host, as fast as can be. */

struct gone_makers {
	struct kit_netns	*ns;
	struct netport_owner	*owner[2];
	struct kit_request	*q[4];
	atomic_t		made;
	atomic_t		strange;
};

static void gone_maker(void *arg, unsigned int nr)
{
	struct gone_makers *m = arg;
	struct netport_request req;
	unsigned int i;
	int err = 0;

	if (!nr) {
		for (i = 0; i < 200 && atomic_read(&m->made) < 40; i++)
			msleep(20);
		kit_netns_end(m->ns);
		return;
	}
	for (i = nr; err != -ENETDOWN; i++) {
		req = m->q[i % ARRAY_SIZE(m->q)]->req;
		err = netport_request(m->owner[nr % 2], &req, GFP_KERNEL);
		if (!err) {
			atomic_inc(&m->made);
			if (i % 3)
				netport_release(m->owner[nr % 2], req.reserve.token);
		} else if (err != -EADDRINUSE && err != -EADDRNOTAVAIL && err != -ENETDOWN) {
			atomic_inc(&m->strange);
		}
		if (i % 4 == 0)
			usleep_range(1, 10);
	}
}

static void gone__while_blocks_are_made(struct kunit *test)
{
	struct gone_makers *m = kunit_kzalloc(test, sizeof(*m), GFP_KERNEL);
	struct np_net *nn;

	KUNIT_ASSERT_NOT_NULL(test, m);
	m->ns = kit_netns_start(test);
	nn = gone_owners(test, m->ns);
	m->owner[0] = kit_owner(test, KIT_ALICE);
	m->owner[1] = kit_owner(test, KIT_BOB);
	m->q[0] = kit_request(test, "10.0.0.1 port=0 count=200");
	m->q[1] = kit_request(test, "10.0.0.1 port=4000 count=100 + ::");
	m->q[2] = kit_request(test, "0.0.0.0 port=0 count=4 + :: + 0.0.0.0 tcp");
	m->q[2]->req.reserve.options = NETPORT_OPT_HOST_HOLD;
	m->q[3] = kit_request(test, "0.0.0.0 port=0 persistent proto=200");
	kit_threads(test, gone_maker, m, 6);
	KUNIT_EXPECT_GE(test, atomic_read(&m->made), 40);
	KUNIT_EXPECT_EQ(test, atomic_read(&m->strange), 0);
	KUNIT_ASSERT_TRUE(test, kit_netns_gone(nn, 1 + KIT_NWHO));
	gone_end(test, nn);
}

static struct kunit_case gone_test_cases[] = {
	KUNIT_CASE_SLOW(gone__takes_all),
	KUNIT_CASE_SLOW(gone__wakes_who_waits),
	KUNIT_CASE_SLOW(gone__while_everything_goes_on),
	KUNIT_CASE_SLOW(gone__while_blocks_are_made),
	{}
};

static struct kunit_suite gone_test_suite = {
	.name = "netport_gone",
	.init = kit_init,
	.exit = kit_exit,
	.test_cases = gone_test_cases,
};

kunit_test_suite(gone_test_suite);
