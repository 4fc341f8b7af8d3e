// SPDX-License-Identifier: GPL-2.0
/*
 * netport_request_as(): one owner, and reservations of many uids.
 */
#include <linux/ktime.h>
#include <linux/slab.h>

#include "kit.h"
#include "oracle.h"

/* Uids that no owner has. */
#define AS_UID(n)	KUIDT_INIT(700300 + (n))

static int as_request(struct kunit *test, unsigned int uid, const char *text, u64 *token)
{
	struct kit_request *q = kit_request(test, text);
	int held = kit_held(test), err;

	q->req.reserve.token = KIT_POISON64;
	err = netport_request_as(kit_owner(test, q->who), AS_UID(uid), &q->req, GFP_KERNEL);
	KUNIT_EXPECT_EQ(test, kit_held(test), err ? held : held + (int)kit_request_ports(q));
	if (err)
		KUNIT_EXPECT_EQ(test, q->req.reserve.token, KIT_POISON64);
	else if (token)
		*token = q->req.reserve.token;
	return err;
}

static u64 as_hold(struct kunit *test, unsigned int uid, const char *text)
{
	u64 token = 0;

	KUNIT_ASSERT_EQ_MSG(test, as_request(test, uid, text, &token), 0, "%s", text);
	return token;
}

static void as_expect_uid(struct kunit *test, u64 token, kuid_t uid)
{
	struct np_resv *r = kit_find(test, token);
	struct netport_list list = { .count = 1, .flags = NETPORT_LIST_PORT };
	struct netport_entry e = {};

	KUNIT_ASSERT_NOT_NULL(test, r);
	KUNIT_EXPECT_TRUE(test, uid_eq(np_resv_user(r)->uid, uid));
	list.port = np_resv_bind(r, NULL)->e.port;
	do {
		list.count = 1;
		KUNIT_ASSERT_EQ(test, netport_list(kit_owner(test, KIT_ALICE2), &list, &e), 0);
	} while (list.count && e.token != token);
	KUNIT_EXPECT_EQ_MSG(test, list.count, 1, "it isn't listed");
	KUNIT_EXPECT_EQ(test, e.uid, __kuid_val(uid));
}

/* The references to a uid; 0 if nobody knows it. */
static unsigned int as_refs(struct kunit *test, kuid_t uid)
{
	struct np_user *u = np_user_get(uid, GFP_KERNEL);
	unsigned int refs;

	KUNIT_ASSERT_NOT_NULL(test, u);
	refs = refcount_read(&u->ref) - 1;
	np_user_put(u);
	return refs;
}

static void as_expect_unknown(struct kunit *test)
{
	unsigned int i;

	for (i = 0; i < 4; i++)
		KUNIT_EXPECT_EQ_MSG(test, as_refs(test, AS_UID(i)), 0, "uid %u", i);
}

/* sharing */

/**
 * struct as_pair - two requests as uids, and whether they share
 * @desc: what it shows
 * @a: the first
 * @a_uid: as whose
 * @b: the second
 * @b_uid: as whose
 * @err: how it ends
 */
struct as_pair {
	const char	*desc;
	const char	*a;
	unsigned int	a_uid;
	const char	*b;
	unsigned int	b_uid;
	int		err;
};

static const struct as_pair as_pairs[] = {
	{ "one owner, one uid", "10.0.0.1 LB", 1, "10.0.0.1 LB", 1, 0 },
	{ "one owner, two uids", "10.0.0.1 LB", 1, "10.0.0.1 LB", 2, -EADDRINUSE },
	{ "two owners, one uid", "10.0.0.1 LB", 1, "10.0.0.1 LB bob", 1, 0 },
	{ "two owners of a uid, two uids", "10.0.0.1 LB", 1, "10.0.0.1 LB alice2", 2, -EADDRINUSE },
	{ "any and one", "0.0.0.0 LB", 1, "10.0.0.1 LB bob", 1, 0 },
	{ "any and one, two uids", "0.0.0.0 LB", 1, "10.0.0.1 LB", 2, -EADDRINUSE },
	{ "one and any, two uids", "10.0.0.1 LB", 1, "* LB", 2, -EADDRINUSE },
	{ "other flags have no uid", "10.0.0.1 MR", 1, "10.0.0.1 MR", 2, 0 },
	{ "flags beside it", "10.0.0.1 MR LB", 1, "10.0.0.1 MR LB", 2, 0 },
	{ "sets", "10.0.0.1 LB + :: LB", 1, "10.0.0.2 LB + :: LB bob", 1, 0 },
	{ "sets of two uids", "10.0.0.1 LB + :: LB", 1, "10.0.0.2 LB + :: LB", 2, -EADDRINUSE },
	{ "blocks", "10.0.0.1 LB count=4", 1, "10.0.0.1 LB count=4 bob", 1, 0 },
	{ "blocks of two uids", "10.0.0.1 LB count=4", 1, "10.0.0.1 LB count=4", 2, -EADDRINUSE },
	{ "a pick", "10.0.0.1 LB", 1, "10.0.0.1 LB port=0 low=80 high=80", 1, 0 },
	{ "a pick of two uids", "10.0.0.1 LB", 1, "10.0.0.1 LB port=0 low=80 high=80", 2,
	  -EADDRNOTAVAIL },
	{ "tuples", "10.0.0.1 LB to=192.0.2.1 rport=9", 1,
	  "10.0.0.1 LB to=192.0.2.1 rport=9 tuple bob", 1, 0 },
};

KUNIT_ARRAY_PARAM_DESC(as_pair, as_pairs, desc);

static void as__shares_within_a_uid(struct kunit *test)
{
	const struct as_pair *p = test->param_value;
	u64 a = as_hold(test, p->a_uid, p->a), b = 0;

	as_expect_uid(test, a, AS_UID(p->a_uid));
	KUNIT_EXPECT_EQ(test, as_request(test, p->b_uid, p->b, &b), p->err);
	if (!p->err)
		as_expect_uid(test, b, AS_UID(p->b_uid));
	as_expect_uid(test, a, AS_UID(p->a_uid));
	netport_owner_destroy(kit_owner(test, KIT_ALICE));
	kit_of(test)->owner[KIT_ALICE] = NULL;
	netport_owner_destroy(kit_owner(test, KIT_BOB));
	kit_of(test)->owner[KIT_BOB] = NULL;
	as_expect_unknown(test);
}

/* It is another one than the owner's; as the owner's it's like the owner. */
static void as__beside_the_owner(struct kunit *test)
{
	struct kit_request *q = kit_request(test, "10.0.0.1 LB bob");
	u64 token = kit_hold(test, "10.0.0.1 LB");

	KUNIT_EXPECT_EQ(test, as_request(test, 1, "10.0.0.1 LB", NULL), -EADDRINUSE);
	KUNIT_EXPECT_EQ(test, netport_request_as(kit_owner(test, KIT_BOB), kit_uid(KIT_ALICE),
						 &q->req, GFP_KERNEL), 0);
	as_expect_uid(test, q->req.reserve.token, kit_uid(KIT_ALICE));
	KIT_EXPECT_RESERVE(test, "10.0.0.1 LB bob", -EADDRINUSE);
	KIT_EXPECT_RESERVE(test, "10.0.0.1 LB", 0);
	q = kit_request(test, "10.0.0.1 LB");
	KUNIT_EXPECT_EQ(test, netport_request_as(kit_owner(test, KIT_ALICE), kit_uid(KIT_ALICE),
						 &q->req, GFP_KERNEL), 0);
	KUNIT_EXPECT_EQ(test, netport_release(kit_owner(test, KIT_ALICE), token), 0);
	/* Named by what was reserved it is the owner's. */
	KUNIT_EXPECT_EQ(test, netport_release_binding(kit_owner(test, KIT_ALICE),
						      &q->req.reserve.binding, 0), 0);
}

static void as__release_by_binding(struct kunit *test)
{
	struct kit_request *q = kit_request(test, "10.0.0.1 LB");

	as_hold(test, 1, "10.0.0.1 LB");
	as_hold(test, 1, "10.0.0.1 LB bob");
	KUNIT_EXPECT_EQ(test, netport_release_binding(kit_owner(test, KIT_ALICE2),
						      &q->req.reserve.binding, 0), -ENOENT);
	KUNIT_EXPECT_EQ(test, netport_release_binding(kit_owner(test, KIT_ALICE),
						      &q->req.reserve.binding, 0), 0);
	KUNIT_EXPECT_EQ(test, netport_release_binding(kit_owner(test, KIT_ALICE),
						      &q->req.reserve.binding, 0), -ENOENT);
	KUNIT_EXPECT_EQ(test, as_request(test, 1, "10.0.0.1 LB", NULL), 0);
}

static void as__refuses_no_uid(struct kunit *test)
{
	struct kit_request *q = kit_request(test, "10.0.0.1");
	struct netport_request before = q->req;

	KUNIT_EXPECT_EQ(test, netport_request_as(kit_owner(test, KIT_ALICE), INVALID_UID, &q->req,
						 GFP_KERNEL), -EINVAL);
	KUNIT_EXPECT_MEMEQ(test, &q->req, &before, sizeof(before));
	KUNIT_EXPECT_EQ(test, kit_held(test), 0);
	/* What else is wrong is told as ever, and leaves no uid behind. */
	q->req.reserve.binding.share = 0x100;
	KUNIT_EXPECT_EQ(test, netport_request_as(kit_owner(test, KIT_ALICE), AS_UID(1), &q->req,
						 GFP_KERNEL), -EINVAL);
	q->req = before;
	q->req.terms.deadline = 1;
	KUNIT_EXPECT_EQ(test, netport_request_as(kit_owner(test, KIT_ALICE), AS_UID(1), &q->req,
						 GFP_ATOMIC), -EINVAL);
	kit_hold(test, "10.0.0.1 bob");
	KUNIT_EXPECT_EQ(test, netport_request_as(kit_owner(test, KIT_ALICE), AS_UID(1), &q->req,
						 GFP_KERNEL), -ETIMEDOUT);
	as_expect_unknown(test);
}

/* changes */

static void as__changes_keep_it(struct kunit *test)
{
	u64 token = as_hold(test, 1, "10.0.0.1 LB"), other = as_hold(test, 2, "10.0.0.2 LB");

	as_hold(test, 1, "10.0.0.3 LB bob");
	KUNIT_EXPECT_EQ(test, kit_extend_text(test, token, "10.0.0.2 LB"), -EADDRINUSE);
	KUNIT_EXPECT_EQ(test, kit_extend_text(test, token, "10.0.0.3 LB"), 0);
	as_expect_uid(test, token, AS_UID(1));
	KUNIT_EXPECT_EQ(test, kit_rebind_text(test, token, "10.0.0.2 LB"), -EADDRINUSE);
	KUNIT_EXPECT_EQ(test, kit_rebind_text(test, token, "0.0.0.0 LB port=81"), 0);
	as_expect_uid(test, token, AS_UID(1));
	KUNIT_EXPECT_EQ(test, as_request(test, 1, "10.0.0.1 LB port=81", NULL), 0);
	KUNIT_EXPECT_EQ(test, as_request(test, 2, "10.0.0.1 LB port=81", NULL), -EADDRINUSE);
	KUNIT_EXPECT_EQ(test, kit_rebind_text(test, token, "10.0.0.3 LB"), 0);
	KUNIT_EXPECT_EQ(test, netport_set_state(kit_owner(test, KIT_ALICE), other,
						NETPORT_LISTENING), 0);
	as_expect_uid(test, other, AS_UID(2));
	KUNIT_EXPECT_EQ(test, netport_release(kit_owner(test, KIT_ALICE), token), 0);
	KUNIT_EXPECT_EQ(test, as_refs(test, AS_UID(1)), 2);
}

/* What a block gives back was that uid's, and what is left shares as before. */
static void as__part_of_a_block(struct kunit *test)
{
	u64 block = as_hold(test, 1, "10.0.0.1 LB count=8");
	struct netport_release part = { .token = block, .port = 82, .count = 2 };
	unsigned int i;

	/* Groups, which count their bindings by uid. */
	as_hold(test, 1, "10.0.0.1 LB count=8 bob");
	as_hold(test, 1, "10.0.0.1 LB count=8 bob");
	for (i = 0; i < 4; i++) {
		part.port = 80 + i * 2;
		KUNIT_EXPECT_EQ(test, netport_release_request(kit_owner(test, KIT_ALICE), &part,
							      GFP_KERNEL), 0);
		KUNIT_EXPECT_EQ(test, as_request(test, 1, "10.0.0.1 LB count=8 bob", NULL), 0);
		KUNIT_EXPECT_EQ(test, as_request(test, 2, "10.0.0.1 LB port=82", NULL),
				-EADDRINUSE);
		KIT_EXPECT_RESERVE(test, "10.0.0.1 LB port=82", -EADDRINUSE);
	}
	KUNIT_EXPECT_EQ(test, kit_held(test), 8 * 6);
	netport_owner_destroy(kit_owner(test, KIT_BOB));
	kit_of(test)->owner[KIT_BOB] = NULL;
	KUNIT_EXPECT_EQ(test, kit_held(test), 0);
	as_expect_unknown(test);
}

static void as__label_and_hold_keep_it(struct kunit *test)
{
	struct netport_label label = { .label = "x" };
	struct netport_release rel = { .hold = NETPORT_HOLD_MAX };
	struct netport_owner *alice = kit_owner(test, KIT_ALICE);

	label.token = as_hold(test, 1, "10.0.0.1 LB");
	KUNIT_EXPECT_EQ(test, netport_label(alice, &label, GFP_KERNEL), 0);
	as_expect_uid(test, label.token, AS_UID(1));
	rel.token = label.token;
	KUNIT_EXPECT_EQ(test, netport_release_request(alice, &rel, GFP_KERNEL), 0);
	as_expect_uid(test, rel.token, AS_UID(1));
	KUNIT_EXPECT_EQ(test, as_refs(test, AS_UID(1)), 1);
	rel.hold = 0;
	KUNIT_EXPECT_EQ(test, netport_release_request(alice, &rel, GFP_KERNEL), 0);
	as_expect_unknown(test);
}

/* other owners */

static void as_transfer__counts_as_the_new_owners(struct kunit *test)
{
	struct netport_owner *alice = kit_owner(test, KIT_ALICE), *bob = kit_owner(test, KIT_BOB);
	u64 a = as_hold(test, 1, "10.0.0.1 LB"), b = as_hold(test, 1, "10.0.0.1 LB");

	/* The other one is still that uid's, so it doesn't fit. */
	KUNIT_EXPECT_EQ(test, netport_transfer(alice, a, bob), -EADDRINUSE);
	as_expect_uid(test, a, AS_UID(1));
	KUNIT_EXPECT_TRUE(test, kit_alive(test, KIT_ALICE, a));
	KUNIT_EXPECT_EQ(test, as_request(test, 1, "10.0.0.1 LB", NULL), 0);
	KUNIT_EXPECT_EQ(test, as_request(test, 2, "10.0.0.1 LB", NULL), -EADDRINUSE);
	KUNIT_EXPECT_EQ(test, kit_held(test), 3);

	netport_owner_destroy(alice);
	kit_of(test)->owner[KIT_ALICE] = NULL;
	alice = kit_owner(test, KIT_ALICE);
	a = as_hold(test, 1, "10.0.0.1 LB");
	KUNIT_EXPECT_EQ(test, netport_transfer(alice, a, bob), 0);
	as_expect_uid(test, a, kit_uid(KIT_BOB));
	KUNIT_EXPECT_EQ(test, as_refs(test, AS_UID(1)), 0);
	KUNIT_EXPECT_EQ(test, as_request(test, 1, "10.0.0.1 LB", NULL), -EADDRINUSE);
	KIT_EXPECT_RESERVE(test, "10.0.0.1 LB bob", 0);
	/* And back: alice's then. */
	KUNIT_EXPECT_EQ(test, netport_transfer(bob, a, alice), -EADDRINUSE);
	as_expect_uid(test, a, kit_uid(KIT_BOB));
	/* To whose it counts as, with others of that uid beside it. */
	b = as_hold(test, 1, "10.0.0.2 LB");
	KUNIT_EXPECT_EQ(test, netport_release(alice, b), 0);
	as_expect_unknown(test);
}

static void as_transfer__to_whose_it_counts_as(struct kunit *test)
{
	struct netport_owner *alice = kit_owner(test, KIT_ALICE), *bob = kit_owner(test, KIT_BOB);
	struct kit_request *q = kit_request(test, "10.0.0.1 LB");

	KUNIT_ASSERT_EQ(test, netport_request_as(alice, kit_uid(KIT_BOB), &q->req, GFP_KERNEL), 0);
	KIT_EXPECT_RESERVE(test, "10.0.0.1 LB bob", 0);
	KUNIT_EXPECT_EQ(test, netport_transfer(alice, q->req.reserve.token, bob), 0);
	as_expect_uid(test, q->req.reserve.token, kit_uid(KIT_BOB));
	KIT_EXPECT_RESERVE(test, "10.0.0.1 LB bob", 0);
	KIT_EXPECT_RESERVE(test, "10.0.0.1 LB", -EADDRINUSE);
}

static void as_adopt__counts_as_the_new_owners(struct kunit *test)
{
	u64 token = as_hold(test, 1, "10.0.0.1 LB persistent");

	netport_owner_destroy(kit_owner(test, KIT_ALICE));
	kit_of(test)->owner[KIT_ALICE] = NULL;
	as_expect_uid(test, token, AS_UID(1));
	KUNIT_EXPECT_EQ(test, as_request(test, 1, "10.0.0.1 LB", NULL), 0);
	KUNIT_EXPECT_EQ(test, netport_adopt(kit_owner(test, KIT_BOB), token), -EADDRINUSE);
	as_expect_uid(test, token, AS_UID(1));
	netport_owner_destroy(kit_owner(test, KIT_ALICE));
	kit_of(test)->owner[KIT_ALICE] = NULL;
	KUNIT_EXPECT_EQ(test, netport_adopt(kit_owner(test, KIT_BOB), token), 0);
	as_expect_uid(test, token, kit_uid(KIT_BOB));
	as_expect_unknown(test);
	KUNIT_EXPECT_EQ(test, netport_release(kit_owner(test, KIT_BOB), token), 0);
}

/* Waiting counts as it, too. */
static void as_wait__as_that_uid(struct kunit *test)
{
	struct kit_request *q = kit_request(test, "10.0.0.1 LB");

	as_hold(test, 1, "10.0.0.1 LB");
	q->req.terms.deadline = KTIME_MAX;
	KUNIT_EXPECT_EQ(test, netport_request_as(kit_owner(test, KIT_BOB), AS_UID(1), &q->req,
						 GFP_KERNEL), 0);
	as_expect_uid(test, q->req.reserve.token, AS_UID(1));
	q->req.terms.deadline = 1;
	KUNIT_EXPECT_EQ(test, netport_request_as(kit_owner(test, KIT_BOB), AS_UID(2), &q->req,
						 GFP_KERNEL), -ETIMEDOUT);
	KUNIT_EXPECT_EQ(test, as_refs(test, AS_UID(2)), 0);
}

/**
 * struct as_waiter - somebody who sleeps until a port is given back
 * @owner: who has it, and who waits
 * @q: what for
 * @token: the port
 * @waited: somebody was seen waiting
 * @err: how it ended
 */
struct as_waiter {
	struct netport_owner	*owner[2];
	struct kit_request	*q;
	u64			token;
	bool			waited;
	int			err[2];
};

static void as_waiter(void *arg, unsigned int nr)
{
	struct as_waiter *w = arg;

	if (nr) {
		w->err[1] = netport_request_as(w->owner[1], AS_UID(1), &w->q->req, GFP_KERNEL);
		return;
	}
	w->waited = kit_await_waiter(w->owner[0]->nn);
	w->err[0] = netport_release(w->owner[0], w->token);
}

static void as_wait__granted_as_that_uid(struct kunit *test)
{
	struct as_waiter *w = kunit_kzalloc(test, sizeof(*w), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, w);
	w->owner[0] = kit_owner(test, KIT_ALICE);
	w->owner[1] = kit_owner(test, KIT_BOB);
	w->token = as_hold(test, 2, "10.0.0.1 LB");
	w->q = kit_request(test, "10.0.0.1 LB");
	w->q->req.terms.deadline = ktime_get_ns() + 60 * NSEC_PER_SEC;
	kit_threads(test, as_waiter, w, 2);
	KUNIT_EXPECT_TRUE(test, w->waited);
	KUNIT_EXPECT_EQ(test, w->err[0], 0);
	KUNIT_ASSERT_EQ(test, w->err[1], 0);
	as_expect_uid(test, w->q->req.reserve.token, AS_UID(1));
	KUNIT_EXPECT_EQ(test, as_request(test, 1, "10.0.0.1 LB", NULL), 0);
	KIT_EXPECT_RESERVE(test, "10.0.0.1 LB bob", -EADDRINUSE);
}

/* memory */

static void as__each_allocation(struct kunit *test)
{
	static const char * const texts[] = { "10.0.0.1 LB", "10.0.0.1 LB + :: LB",
					      "10.0.0.1 LB port=0" };
	unsigned int i, nth, failed;
	struct netport_request before;
	struct kit_request *q;
	bool more;
	int err;

	kit_need_faults(test);
	for (i = 0; i < ARRAY_SIZE(texts); i++) {
		q = kit_request(test, texts[i]);
		before = q->req;
		failed = 0;
		for (nth = 1, more = true; more; nth++) {
			q->req = before;
			kit_owner(test, KIT_ALICE);
			kit_fail(nth);
			err = netport_request_as(kit_owner(test, KIT_ALICE), AS_UID(i), &q->req,
						 GFP_NOWAIT);
			more = kit_failed();
			kit_fail(0);
			if (err) {
				failed++;
				KUNIT_EXPECT_EQ(test, err, -ENOMEM);
				KUNIT_EXPECT_MEMEQ(test, &q->req, &before, sizeof(before));
			} else {
				KUNIT_EXPECT_EQ(test, netport_release(kit_owner(test, KIT_ALICE),
								      q->req.reserve.token), 0);
			}
			KUNIT_EXPECT_EQ(test, kit_held(test), 0);
			KUNIT_EXPECT_EQ(test, as_refs(test, AS_UID(i)), 0);
		}
		KUNIT_EXPECT_GE(test, failed, 3);
	}
}

/* at random, against the oracle, which knows uids and no owners */

#define AS_WALK	1000

struct as_walk {
	struct rnd_state	rnd;
	struct oracle		o;
};

static void as_walk_reserve(struct kunit *test, struct as_walk *w)
{
	static const char * const locals[] = { "0.0.0.0", "10.0.0.1", "10.0.0.2", "*" };
	static const char * const shares[] = { "LB", "LB", "LB MR", "MR", "" };
	unsigned int uid = kit_random(&w->rnd, 3), who = kit_random(&w->rnd, KIT_NWHO);
	struct kit_request *q;
	char text[64];
	bool free;
	int err;

	scnprintf(text, sizeof(text), "%s port=%u %s", locals[kit_random(&w->rnd, 4)],
		  80 + kit_random(&w->rnd, 2), shares[kit_random(&w->rnd, ARRAY_SIZE(shares))]);
	q = kit_request(test, text);
	err = oracle_verdict(&w->o, &q->req.reserve, uid, &free);
	KUNIT_ASSERT_EQ_MSG(test, netport_request_as(kit_owner(test, who), AS_UID(uid), &q->req,
						     GFP_KERNEL), err, "%s uid %u", text, uid);
	if (!err)
		oracle_add(&w->o, &q->req.reserve, uid)->who = who;
	kunit_kfree(test, q);
}

static void as__random_walk(struct kunit *test)
{
	struct as_walk *w = kunit_kzalloc(test, sizeof(*w), GFP_KERNEL);
	unsigned int step, i;

	KUNIT_ASSERT_NOT_NULL(test, w);
	prandom_seed_state(&w->rnd, 1);
	for (step = 0; step < AS_WALK; step++) {
		if (w->o.n < ORACLE_MAX && (!w->o.n || kit_random(&w->rnd, 100) < 65)) {
			as_walk_reserve(test, w);
			continue;
		}
		i = kit_random(&w->rnd, w->o.n);
		KUNIT_ASSERT_EQ(test, netport_release(kit_owner(test, w->o.held[i].who),
						      w->o.held[i].token), 0);
		oracle_del(&w->o, i);
	}
	KUNIT_EXPECT_EQ(test, kit_held(test), w->o.n);
}

/* A change under way has the uid, although the reservation has lost it meanwhile. */
static void as_plan__holds_the_uid(struct kunit *test)
{
	struct netport_owner *alice = kit_owner(test, KIT_ALICE), *bob = kit_owner(test, KIT_BOB);
	struct kit_request *q = kit_request(test, "10.0.0.2 LB");
	u64 token = as_hold(test, 1, "10.0.0.1 LB");
	struct np_plan *p;

	p = np_plan_make(alice, NULL, &q->req, np_resv_wide(kit_find(test, token)),
			 NP_PLAN_CHARGED, GFP_KERNEL);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, p);
	KUNIT_EXPECT_TRUE(test, uid_eq(p->user->uid, AS_UID(1)));
	KUNIT_EXPECT_EQ(test, netport_transfer(alice, token, bob), 0);
	KUNIT_EXPECT_EQ(test, as_refs(test, AS_UID(1)), 1);
	KUNIT_EXPECT_TRUE(test, uid_eq(p->user->uid, AS_UID(1)));
	np_plan_free(p);
	as_expect_unknown(test);
	/* One that is made now has it as its owner's. */
	p = np_plan_make(bob, NULL, &q->req, np_resv_wide(kit_find(test, token)),
			 NP_PLAN_CHARGED, GFP_KERNEL);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, p);
	KUNIT_EXPECT_TRUE(test, uid_eq(p->user->uid, kit_uid(KIT_BOB)));
	np_plan_free(p);
}

/* all at once */

#define AS_ROUNDS	400

/**
 * struct as_race - reservations of uids that are given away and back while they change
 * @owner: the two who have them
 * @token: their names
 * @more: by what they are extended
 * @to: to what they are rebound
 * @strange: calls that ended as they can't
 */
struct as_race {
	struct netport_owner	*owner[2];
	u64			token[KIT_THREADS];
	struct netport_request	more;
	struct netport_request	to[2];
	atomic_t		strange;
};

static void as_race_expect(struct as_race *r, int err)
{
	if (err && err != -ENOENT && err != -EADDRINUSE && err != -EINVAL)
		atomic_inc(&r->strange);
}

static void as_race(void *arg, unsigned int nr)
{
	struct as_race *r = arg;
	struct netport_request req;
	struct rnd_state rnd;
	unsigned int i, k;
	u64 token;
	int err;

	prandom_seed_state(&rnd, nr);
	for (i = 0; i < AS_ROUNDS; i++) {
		k = kit_random(&rnd, 2);
		token = READ_ONCE(r->token[kit_random(&rnd, 2)]);
		kit_yield(&rnd);
		if (nr < 3) {
			as_race_expect(r, netport_transfer(r->owner[k], token, r->owner[!k]));
		} else if (nr < 5) {
			req = r->to[kit_random(&rnd, 2)];
			req.reserve.token = token;
			as_race_expect(r, netport_rebind(r->owner[k], &req, GFP_KERNEL));
		} else if (nr < 7) {
			req = r->more;
			req.reserve.token = token;
			as_race_expect(r, netport_extend(r->owner[k], &req, GFP_KERNEL));
		} else {
			/* A new one for the first, of a uid that nobody else has. */
			req = r->to[0];
			err = netport_request_as(r->owner[k], AS_UID(i), &req, GFP_KERNEL);
			as_race_expect(r, err);
			if (err)
				continue;
			k = kit_random(&rnd, 2);
			token = r->token[k];
			WRITE_ONCE(r->token[k], req.reserve.token);
			netport_release(r->owner[0], token);
			netport_release(r->owner[1], token);
		}
	}
}

static void as__given_away_while_it_changes(struct kunit *test)
{
	struct as_race *r = kunit_kzalloc(test, sizeof(*r), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, r);
	r->owner[0] = kit_owner(test, KIT_ALICE);
	r->owner[1] = kit_owner(test, KIT_BOB);
	r->token[0] = as_hold(test, 1, "10.0.0.1 LB");
	r->token[1] = as_hold(test, 2, "10.0.0.2 LB");
	r->more = kit_request(test, "10.0.0.3 LB port=0 dev=1")->req;
	r->to[0] = kit_request(test, "10.0.0.4 LB port=0 + 10.0.0.5 LB")->req;
	r->to[1] = kit_request(test, "10.0.0.4 LB MR port=90")->req;
	kit_threads(test, as_race, r, KIT_THREADS);
	KUNIT_EXPECT_EQ(test, atomic_read(&r->strange), 0);
	KUNIT_EXPECT_GT(test, kit_held(test), 0);
	netport_owner_destroy(r->owner[0]);
	netport_owner_destroy(r->owner[1]);
	kit_of(test)->owner[KIT_ALICE] = NULL;
	kit_of(test)->owner[KIT_BOB] = NULL;
	KUNIT_EXPECT_EQ(test, kit_held(test), 0);
	as_expect_unknown(test);
}

static struct kunit_case as_test_cases[] = {
	KUNIT_CASE_PARAM(as__shares_within_a_uid, as_pair_gen_params),
	KUNIT_CASE(as__beside_the_owner),
	KUNIT_CASE(as__release_by_binding),
	KUNIT_CASE(as__refuses_no_uid),
	KUNIT_CASE(as__changes_keep_it),
	KUNIT_CASE(as__part_of_a_block),
	KUNIT_CASE(as__label_and_hold_keep_it),
	KUNIT_CASE(as_transfer__counts_as_the_new_owners),
	KUNIT_CASE(as_transfer__to_whose_it_counts_as),
	KUNIT_CASE(as_adopt__counts_as_the_new_owners),
	KUNIT_CASE(as_wait__as_that_uid),
	KUNIT_CASE(as_wait__granted_as_that_uid),
	KUNIT_CASE(as__each_allocation),
	KUNIT_CASE(as__random_walk),
	KUNIT_CASE(as_plan__holds_the_uid),
	KUNIT_CASE(as__given_away_while_it_changes),
	{}
};

static struct kunit_suite as_test_suite = {
	.name = "netport_state_as",
	.init = kit_init,
	.exit = kit_exit,
	.test_cases = as_test_cases,
};

kunit_test_suite(as_test_suite);
