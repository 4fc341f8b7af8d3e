// SPDX-License-Identifier: GPL-2.0
/*
 * Each allocation fails in turn: the call fails and changes nothing, and once there is
 * memory again it succeeds.
 */
#include "kit.h"

#define FAULT_HELD	10

/**
 * struct fault_case - a request that needs memory
 * @desc: for what
 * @held: what is there before
 * @asked: the request, with %u for what makes each attempt new
 */
struct fault_case {
	const char	*desc;
	const char	*held[FAULT_HELD];
	const char	*asked;
};

static const struct fault_case fault_cases[] = {
	{ "a protocol's space, and an address", { }, "10.0.0.1 proto=%u" },
	{ "a protocol's space, for any", { }, "* proto=%u" },
	{ "an address", { "* proto=1000" }, "10.0.0.%u proto=1000 port=81" },
	{ "a chunk of any's ports", { "* proto=1001 port=1" }, "* proto=1001 port=%u0000" },
	{ "the second binding on a port", { "10.0.0.1 proto=1002", "10.9.9.9 proto=1002 port=81" },
	  "10.9.9.9 proto=1002 dev=%u" },
	{ "the second binding on an address",
	  { "10.0.0.1 proto=1003 dev=999", "10.0.0.2 proto=1003" }, "10.0.0.1 proto=1003 dev=%u" },
	{ "the second binding on any", { "* proto=1004 LB" }, "* proto=1004 LB dev=%u" },
	{ "the ninth port of an address",
	  { "10.0.0.1 proto=1005 port=1", "10.0.0.1 proto=1005 port=2",
	    "10.0.0.1 proto=1005 port=5000",
	    "10.0.0.1 proto=1005 port=10000", "10.0.0.1 proto=1005 port=15000",
	    "10.0.0.1 proto=1005 port=20000", "10.0.0.1 proto=1005 port=25000",
	    "10.0.0.1 proto=1005 port=30000" },
	  "10.0.0.1 proto=1005 port=4000%u" },
	{ "a pick", { "10.0.0.1 proto=1006 port=100", "10.0.0.2 proto=1006 port=101" },
	  "0.0.0.0 proto=1006 port=0 low=102 high=10%u" },
	{ "a pick beside another device's", { "10.0.0.1 proto=1007 port=100 dev=9999" },
	  "10.0.0.1 proto=1007 port=0 low=100 high=100 dev=%u" },
};

KUNIT_ARRAY_PARAM_DESC(fault, fault_cases, desc);

static void fault_hold(struct kunit *test, const struct fault_case *c)
{
	unsigned int i;

	for (i = 0; i < FAULT_HELD && c->held[i]; i++)
		kit_hold(test, c->held[i]);
}

static void fault_start_again(struct kunit *test)
{
	netport_owner_destroy(kit_owner(test, KIT_ALICE));
	kit_of(test)->owner[KIT_ALICE] = NULL;
}

/* The request, with the @nth allocation failing; whether there was one. */
static bool fault_try(struct kunit *test, unsigned int nth, unsigned int new, unsigned int *failed)
{
	const struct fault_case *c = test->param_value;
	struct kit_req r;
	char text[64];
	bool more;
	int err;

	snprintf(text, sizeof(text), c->asked, new);
	kit_parse(test, text, &r);
	kit_owner(test, KIT_ALICE);
	fault_hold(test, c);
	kit_fail(nth);
	err = kit_reserve(test, &r, GFP_NOWAIT);
	more = kit_failed();
	kit_fail(0);
	if (err) {
		++*failed;
		KUNIT_EXPECT_EQ_MSG(test, err, -ENOMEM, "allocation %u", nth);
		KUNIT_EXPECT_EQ(test, kit_available(test, &r), 0);
		KUNIT_EXPECT_EQ_MSG(test, kit_reserve(test, &r, GFP_NOWAIT), 0,
				    "with memory again");
	}
	fault_start_again(test);
	KUNIT_EXPECT_EQ(test, kit_held(test), 0);
	return more;
}

static void fault_reserve__each_allocation(struct kunit *test)
{
	unsigned int nth, try, failed = 0;
	bool more = true;

	kit_need_faults(test);
	/* Slabs' own allocations come in between now and then: so more than once. */
	for (nth = 1; more; nth++)
		for (try = 0; try < 3; try++)
			more = fault_try(test, nth, nth * 3 + try, &failed);
	KUNIT_EXPECT_GT(test, failed, 2);
}

/* A candidate turned down stays when there is no memory for the next. */
static void fault_candidate__each_allocation(struct kunit *test)
{
	struct netport_candidate cand = {}, before;
	unsigned int nth, failed = 0;
	struct kit_req r;
	bool more = true;
	int err;

	kit_need_faults(test);
	kit_parse(test, "10.0.0.1 port=0", &r);
	cand.reserve = r.req;
	cand.reserve.token = 0;
	KUNIT_ASSERT_EQ(test, netport_candidate(kit_owner(test, KIT_ALICE), &cand, GFP_KERNEL), 0);
	for (nth = 1; more; nth++) {
		before = cand;
		kit_fail(nth);
		err = netport_candidate(kit_owner(test, KIT_ALICE), &cand, GFP_NOWAIT);
		more = kit_failed();
		kit_fail(0);
		KUNIT_EXPECT_EQ(test, kit_held(test), 1);
		KUNIT_EXPECT_TRUE(test, kit_alive(test, KIT_ALICE, cand.reserve.token));
		if (!err)
			continue;
		failed++;
		KUNIT_EXPECT_EQ(test, err, -ENOMEM);
		KUNIT_EXPECT_MEMEQ(test, &cand, &before, sizeof(cand));
	}
	KUNIT_EXPECT_GT(test, failed, 0);
}

/* What is there doesn't need memory to go. */
static void fault_release__needs_none(struct kunit *test)
{
	static const char * const texts[] = {
		"10.0.0.1 LB", "10.0.0.1 LB", "10.0.0.2", "0.0.0.0 port=81", "* port=82 LB",
		"* port=82 LB",
	};
	u64 token[ARRAY_SIZE(texts)];
	unsigned int i;

	kit_need_faults(test);
	for (i = 0; i < ARRAY_SIZE(texts); i++)
		token[i] = kit_hold(test, texts[i]);
	for (i = 0; i < ARRAY_SIZE(texts); i++) {
		kit_fail(1);
		KUNIT_EXPECT_EQ(test, netport_release(kit_owner(test, KIT_ALICE), token[i]), 0);
		kit_fail(0);
	}
	KUNIT_EXPECT_EQ(test, kit_held(test), 0);
}

/* reservations that change */

#define FAULT_OTHERS	6

/**
 * struct fault_change - a change that needs memory
 * @desc: what it shows
 * @others: what is there
 * @text: what is changed; the protocol is new in each attempt, which makes it %u
 * @by: to what
 */
struct fault_change {
	const char	*desc;
	const char	*others[FAULT_OTHERS];
	const char	*text;
	const char	*by;
};

static const struct fault_change fault_changes[] = {
	{ "alone", { }, "10.0.0.1 proto=%u", "10.0.0.2 proto=%u port=0" },
	{ "a set", { }, "10.0.0.1 proto=%u + :: proto=%u", "10.0.0.2 proto=%u port=0" },
	{ "two more", { }, "10.0.0.1 MR proto=%u", "10.0.0.1 MR proto=%u port=0 + :: proto=%u" },
	{ "among others", { "10.0.0.1 dev=3 proto=%u", "10.0.0.2 dev=3 proto=%u" },
	  "10.0.0.1 dev=1 proto=%u", "10.0.0.2 dev=1 proto=%u port=0 + 10.0.0.3 proto=%u" },
	{ "beside another", { "10.0.0.2 MR proto=%u" }, "10.0.0.1 MR proto=%u",
	  "10.0.0.2 MR proto=%u port=0" },
	{ "any", { "* MR proto=%u" }, "0.0.0.0 MR proto=%u", ":: MR proto=%u port=0" },
};

KUNIT_ARRAY_PARAM_DESC(fault_change, fault_changes, desc);

static struct kit_request *fault_request(struct kunit *test, const char *format, u32 proto)
{
	char text[192];

	snprintf(text, sizeof(text), format, proto, proto, proto);
	return kit_request(test, text);
}

/* What has to be held again after it failed: nothing can be had twice. */
static void fault_expect_held(struct kunit *test, struct kit_request *q, u64 token)
{
	unsigned int i;
	struct kit_req r = { .who = KIT_BOB, .req = q->req.reserve };

	KUNIT_EXPECT_TRUE(test, kit_alive(test, KIT_ALICE, token));
	for (i = 0; i <= q->req.terms.nbindings; i++) {
		r.req.binding = i ? q->more[i - 1] : q->req.reserve.binding;
		r.req.binding.port = 80;
		r.req.binding.share = 0;
		KUNIT_EXPECT_EQ_MSG(test, kit_available(test, &r), -EADDRINUSE, "binding %u", i);
	}
}

/* With one allocation failing; false if there was none. */
static bool fault_change_try(struct kunit *test, unsigned int nth, bool rebind,
			     unsigned int *failed)
{
	int (*fn)(struct kunit *, u64, struct kit_request *, gfp_t) =
		rebind ? kit_rebind : kit_extend;
	const struct fault_change *c = test->param_value;
	u32 proto = 10000 + (c - fault_changes) * 256 + nth + (rebind ? 10000 : 0);
	struct kit_request *was, *by;
	unsigned int i, others = 0;
	bool more;
	u64 token;
	int err;

	for (i = 0; i < FAULT_OTHERS && c->others[i]; i++) {
		was = fault_request(test, c->others[i], proto);
		KUNIT_ASSERT_EQ(test, kit_request_try(test, was, GFP_KERNEL), 0);
		others++;
	}
	was = fault_request(test, c->text, proto);
	KUNIT_ASSERT_EQ(test, kit_request_try(test, was, GFP_KERNEL), 0);
	token = was->req.reserve.token;
	by = fault_request(test, c->by, proto);
	if (rebind)
		by->req.reserve.binding.port = 80 + nth % 2 * 4000;
	kit_fail(nth);
	err = fn(test, token, by, GFP_NOWAIT);
	more = kit_failed();
	kit_fail(0);
	if (err) {
		++*failed;
		KUNIT_EXPECT_EQ_MSG(test, err, -ENOMEM, "allocation %u", nth);
		KUNIT_EXPECT_EQ_MSG(test, kit_held(test), others + kit_request_ports(was),
				    "allocation %u", nth);
		fault_expect_held(test, was, token);
		KUNIT_EXPECT_EQ_MSG(test, fn(test, token, by, GFP_NOWAIT), 0, "with memory again");
	}
	KUNIT_EXPECT_EQ(test, kit_held(test), others + kit_request_ports(by) +
			(rebind ? 0 : kit_request_ports(was)));
	KUNIT_EXPECT_EQ(test, netport_release(kit_owner(test, KIT_ALICE), token), 0);
	fault_start_again(test);
	KUNIT_EXPECT_EQ(test, kit_held(test), 0);
	return more;
}

static void fault_extend__each_allocation(struct kunit *test)
{
	unsigned int nth, failed = 0;

	kit_need_faults(test);
	for (nth = 1; fault_change_try(test, nth, false, &failed); nth++)
		;
	KUNIT_EXPECT_GE(test, failed, 2);
}

static void fault_rebind__each_allocation(struct kunit *test)
{
	unsigned int nth, failed = 0;

	kit_need_faults(test);
	for (nth = 1; fault_change_try(test, nth, true, &failed); nth++)
		;
	KUNIT_EXPECT_GE(test, failed, 3);
}

/* Calls that name a block by its token, and need memory. */

static int fault_label(struct netport_owner *owner, u64 token)
{
	struct netport_label label = { .token = token, .label = "x" };

	return netport_label(owner, &label, GFP_NOWAIT);
}

static int fault_part(struct netport_owner *owner, u64 token)
{
	struct netport_release rel = { .token = token, .port = 101, .count = 2 };

	return netport_release_request(owner, &rel, GFP_NOWAIT);
}

static int fault_hold_port(struct netport_owner *owner, u64 token)
{
	struct netport_release rel = {
		.token = token, .hold = 1, .options = NETPORT_RELEASE_PORT,
	};

	return netport_release_request(owner, &rel, GFP_NOWAIT);
}

static const struct fault_call {
	const char	*desc;
	const char	*text;
	int		(*call)(struct netport_owner *owner, u64 token);
	unsigned int	least;
} fault_calls[] = {
	{ "a label", "10.0.0.1 port=100", fault_label, 1 },
	{ "a part of a block", "10.0.0.1 port=100 count=5 + ::", fault_part, 1 },
	{ "a hold of a port", "10.0.0.1 port=100", fault_hold_port, 1 },
	{ "a hold of a block's ports", "10.0.0.1 port=100 count=5 + ::", fault_hold_port, 4 },
};

KUNIT_ARRAY_PARAM_DESC(fault_call, fault_calls, desc);

static void fault_call__each_allocation(struct kunit *test)
{
	const struct fault_call *c = test->param_value;
	struct kit_request *q = kit_request(test, c->text);
	unsigned int nth, failed = 0;
	bool more = true;
	int err;

	kit_need_faults(test);
	for (nth = 1; more; nth++) {
		KUNIT_ASSERT_EQ(test, kit_request_try(test, q, GFP_KERNEL), 0);
		kit_fail(nth);
		err = c->call(kit_owner(test, KIT_ALICE), q->req.reserve.token);
		more = kit_failed();
		kit_fail(0);
		if (err) {
			failed++;
			KUNIT_EXPECT_EQ_MSG(test, err, -ENOMEM, "allocation %u", nth);
			KUNIT_EXPECT_EQ(test, kit_held(test), kit_request_ports(q));
			KUNIT_EXPECT_TRUE(test, kit_alive(test, KIT_ALICE, q->req.reserve.token));
			KUNIT_EXPECT_EQ(test, c->call(kit_owner(test, KIT_ALICE),
						      q->req.reserve.token), 0);
		}
		fault_start_again(test);
		/* What is held outlives its owner. */
		np_resv_drain(kit_of(test)->nn);
		KUNIT_ASSERT_EQ(test, kit_held(test), 0);
	}
	KUNIT_EXPECT_GE(test, failed, c->least);
}

/* All or none of a batch, wherever there is no memory. */
static void fault_batch__each_allocation(struct kunit *test)
{
	struct kit_request *q[3];
	struct netport_request req[3];
	unsigned int nth, i, failed = 0;
	bool more = true;
	int err;

	kit_need_faults(test);
	for (nth = 1; more; nth++) {
		q[0] = fault_request(test, "10.0.0.1 proto=%u", 6000 + nth);
		q[1] = fault_request(test, "10.0.0.2 port=0 proto=%u + :: proto=%u", 6000 + nth);
		q[2] = fault_request(test, "10.0.0.3 port=0 count=2 proto=%u", 6000 + nth);
		for (i = 0; i < 3; i++)
			req[i] = q[i]->req;
		kit_fail(nth);
		err = netport_batch(kit_owner(test, KIT_ALICE), req, NULL, 3, 0, GFP_NOWAIT);
		more = kit_failed();
		kit_fail(0);
		KUNIT_EXPECT_TRUE_MSG(test, err == 3 || err == -ENOMEM, "allocation %u: %d", nth,
				      err);
		KUNIT_EXPECT_EQ_MSG(test, kit_held(test), err == 3 ? 5 : 0, "allocation %u", nth);
		failed += err != 3;
		fault_start_again(test);
	}
	KUNIT_EXPECT_GT(test, failed, 4);
}

static struct kunit_case fault_test_cases[] = {
	KUNIT_CASE_PARAM(fault_reserve__each_allocation, fault_gen_params),
	KUNIT_CASE(fault_candidate__each_allocation),
	KUNIT_CASE(fault_release__needs_none),
	KUNIT_CASE_PARAM(fault_extend__each_allocation, fault_change_gen_params),
	KUNIT_CASE_PARAM(fault_rebind__each_allocation, fault_change_gen_params),
	KUNIT_CASE_PARAM(fault_call__each_allocation, fault_call_gen_params),
	KUNIT_CASE(fault_batch__each_allocation),
	{}
};

static struct kunit_suite fault_test_suite = {
	.name = "netport_fault",
	.init = kit_init,
	.exit = kit_exit,
	.test_cases = fault_test_cases,
};

kunit_test_suite(fault_test_suite);
