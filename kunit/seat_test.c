// SPDX-License-Identifier: GPL-2.0
/*
 * lookup.c: which of many that are bound alike a packet finds, in whatever order they come and
 * leave.
 */
#include <linux/slab.h>

#include "kit.h"

#define SEAT_MAX	5

static char seat_privs[1000];

/* Packets of @flows flows: how many find each of @found, by number of seat_privs. */
static void seat_find(struct kunit *test, unsigned int flows, unsigned int *found)
{
	struct netport_key key = { .protocol = IPPROTO_UDP };
	unsigned int i;
	char *priv;

	memset(found, 0, ARRAY_SIZE(seat_privs) * sizeof(*found));
	netport_key_ipv4(&key, htonl(0x0a000001), htons(80), htonl(0xc0000201), htons(9));
	for (i = 0; i < flows; i++) {
		rcu_read_lock();
		priv = netport_lookup(&init_net, &key, (2ULL * i + 1) * BIT_ULL(31) / flows);
		rcu_read_unlock();
		KUNIT_ASSERT_NOT_NULL(test, priv);
		found[priv - seat_privs]++;
	}
}

static u64 seat_take(struct kunit *test, const char *text, unsigned int nr)
{
	struct kit_request *q = kit_request(test, text);
	struct netport_owner *owner = kit_owner(test, q->who);

	KUNIT_ASSERT_EQ_MSG(test, netport_request(owner, &q->req, GFP_KERNEL), 0, "%s", text);
	KUNIT_ASSERT_EQ(test, netport_attach(owner, q->req.reserve.token, &seat_privs[nr],
					     GFP_KERNEL), 0);
	return q->req.reserve.token;
}

/* All of a few come, and all but one leave again, in an order that is number @nr of all. */
static void seat_round(struct kunit *test, const char *text, bool spread, unsigned int nr,
		       unsigned int *found)
{
	struct netport_owner *alice = kit_owner(test, KIT_ALICE);
	unsigned int here[SEAT_MAX], n = SEAT_MAX, i, gone;
	u64 token[SEAT_MAX];

	for (i = 0; i < n; i++) {
		here[i] = i;
		token[i] = seat_take(test, text, i);
	}
	for (; n; n--) {
		seat_find(test, 64, found);
		for (i = 0; i < n; i++)
			if (spread)
				KUNIT_ASSERT_GE(test, found[here[i]], 64 / n);
			else
				KUNIT_ASSERT_EQ(test, found[here[i]], i == n - 1 ? 64 : 0);
		gone = nr % n;
		nr /= n;
		KUNIT_ASSERT_EQ(test, netport_detach(alice, token[here[gone]]), 0);
		memmove(&here[gone], &here[gone + 1], (n - 1 - gone) * sizeof(*here));
	}
	for (i = 0; i < SEAT_MAX; i++)
		KUNIT_ASSERT_EQ(test, netport_release(alice, token[i]), 0);
}

static unsigned int *seat_found(struct kunit *test)
{
	unsigned int *found = kunit_kcalloc(test, ARRAY_SIZE(seat_privs), sizeof(*found),
					    GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, found);
	return found;
}

static void seat__any_order(struct kunit *test)
{
	unsigned int *found = seat_found(test), nr;

	for (nr = 0; nr < 120; nr++) {
		seat_round(test, "10.0.0.1 MR", false, nr, found);
		seat_round(test, "10.0.0.1 LB", true, nr, found);
	}
}

/* It takes each as long to leave as the others, so there may be many. */
static void seat__first_come_first_leave(struct kunit *test)
{
	unsigned int *found = seat_found(test), i, n = ARRAY_SIZE(seat_privs);
	u64 *token = kunit_kcalloc(test, n, sizeof(*token), GFP_KERNEL);
	struct netport_owner *alice = kit_owner(test, KIT_ALICE);

	KUNIT_ASSERT_NOT_NULL(test, token);
	for (i = 0; i < n; i++)
		token[i] = seat_take(test, "10.0.0.1 MR", i);
	for (i = 0; i < n; i++) {
		seat_find(test, 2, found);
		KUNIT_ASSERT_EQ_MSG(test, found[n - 1], 2, "%u left", i);
		KUNIT_ASSERT_EQ(test, netport_release(alice, token[i]), 0);
	}
}

/* Who shares by something else is found as if it weren't LOAD_BALANCED. */
static void seat__balanced_within_a_uid(struct kunit *test)
{
	unsigned int *found = seat_found(test);
	u64 bob;

	seat_take(test, "10.0.0.1 LB MR", 0);
	seat_take(test, "10.0.0.1 LB MR alice2", 1);
	seat_find(test, 64, found);
	KUNIT_EXPECT_EQ(test, found[0], 32);
	bob = seat_take(test, "10.0.0.1 LB MR bob", 2);
	seat_find(test, 64, found);
	KUNIT_EXPECT_EQ(test, found[2], 64);

	/* It is alice's now, and bob's again. */
	KUNIT_ASSERT_EQ(test, netport_transfer(kit_owner(test, KIT_BOB), bob,
					       kit_owner(test, KIT_ALICE)), 0);
	seat_find(test, 63, found);
	KUNIT_EXPECT_EQ(test, found[0], 21);
	KUNIT_EXPECT_EQ(test, found[2], 21);
	KUNIT_ASSERT_EQ(test, netport_transfer(kit_owner(test, KIT_ALICE), bob,
					       kit_owner(test, KIT_BOB)), 0);
	seat_find(test, 64, found);
	KUNIT_EXPECT_EQ(test, found[2], 64);
	KUNIT_ASSERT_EQ(test, netport_detach(kit_owner(test, KIT_BOB), bob), 0);
	seat_find(test, 64, found);
	KUNIT_EXPECT_EQ(test, found[1], 32);
}

/* Another pointer for one doesn't make it the newest. */
static void seat__again(struct kunit *test)
{
	unsigned int *found = seat_found(test);
	u64 first = seat_take(test, "10.0.0.1 MR", 0);
	u64 second = seat_take(test, "10.0.0.1 MR", 1);
	struct netport_owner *alice = kit_owner(test, KIT_ALICE);

	KUNIT_ASSERT_EQ(test, netport_attach(alice, first, &seat_privs[2], GFP_KERNEL), 0);
	seat_find(test, 4, found);
	KUNIT_EXPECT_EQ(test, found[1], 4);
	KUNIT_ASSERT_EQ(test, netport_attach(alice, second, &seat_privs[3], GFP_KERNEL), 0);
	seat_find(test, 4, found);
	KUNIT_EXPECT_EQ(test, found[3], 4);
	KUNIT_ASSERT_EQ(test, netport_release(alice, second), 0);
	seat_find(test, 4, found);
	KUNIT_EXPECT_EQ(test, found[2], 4);
}

/* Parts of a block leave, and others that were made as another uid stay balanced. */
static void seat__part_of_a_block(struct kunit *test)
{
	struct netport_owner *alice = kit_owner(test, KIT_ALICE);
	struct netport_release rel = { .port = 80, .count = 1 };
	unsigned int *found = seat_found(test), i;
	struct kit_request *q;
	u64 token[3];

	for (i = 0; i < ARRAY_SIZE(token); i++) {
		q = kit_request(test, "10.0.0.1 LB count=2");
		KUNIT_ASSERT_EQ(test, netport_request_as(alice, kit_uid(KIT_BOB), &q->req,
							 GFP_KERNEL), 0);
		token[i] = q->req.reserve.token;
		KUNIT_ASSERT_EQ(test, netport_attach(alice, token[i], &seat_privs[i],
						     GFP_KERNEL), 0);
	}
	seat_find(test, 63, found);
	KUNIT_EXPECT_EQ(test, found[0], 21);
	rel.token = token[0];
	KUNIT_ASSERT_EQ(test, netport_release_request(alice, &rel, GFP_KERNEL), 0);
	seat_find(test, 64, found);
	KUNIT_EXPECT_EQ(test, found[1], 32);
	KUNIT_EXPECT_EQ(test, found[2], 32);
}

static struct kunit_case seat_cases[] = {
	KUNIT_CASE(seat__any_order),
	KUNIT_CASE(seat__first_come_first_leave),
	KUNIT_CASE(seat__balanced_within_a_uid),
	KUNIT_CASE(seat__again),
	KUNIT_CASE(seat__part_of_a_block),
	{}
};

static struct kunit_suite seat_suite = {
	.name = "netport_seat",
	.init = kit_init,
	.exit = kit_exit,
	.test_cases = seat_cases,
};

kunit_test_suite(seat_suite);
