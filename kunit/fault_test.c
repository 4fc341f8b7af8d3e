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

static struct kunit_case fault_test_cases[] = {
	KUNIT_CASE_PARAM(fault_reserve__each_allocation, fault_gen_params),
	KUNIT_CASE(fault_candidate__each_allocation),
	KUNIT_CASE(fault_release__needs_none),
	{}
};

static struct kunit_suite fault_test_suite = {
	.name = "netport_fault",
	.init = kit_init,
	.exit = kit_exit,
	.test_cases = fault_test_cases,
};

kunit_test_suite(fault_test_suite);
