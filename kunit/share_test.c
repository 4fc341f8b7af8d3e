// SPDX-License-Identifier: GPL-2.0
/*
 * share.c: what the sums say is what a look at each would say.
 */
#include <linux/slab.h>

#include "kit.h"

#define SHARE_USERS	2
#define SHARE_KINDS	((NP_SHARE_ALL + 1) * SHARE_USERS)

/* Secret and random in real life; here so that small sums of one are those of the other. */
static const struct np_user share_users[SHARE_USERS] = {
	{ .id = 0x123456789abcdef1 },
	{ .id = 0xfedcba9876543213 },
};

/* One kind: flags and user. */
static u8 share_flags(unsigned int kind)
{
	return kind / SHARE_USERS;
}

static const struct np_user *share_user(unsigned int kind)
{
	return &share_users[kind % SHARE_USERS];
}

static void share_add(struct np_sum *s, unsigned int kind)
{
	np_sum_add(s, share_flags(kind), share_user(kind));
}

static void share_sub(struct np_sum *s, unsigned int kind)
{
	np_sum_sub(s, share_flags(kind), share_user(kind));
}

/* The flags of one, as a user sees them. */
static u8 share_seen(unsigned int kind, const struct np_user *u)
{
	return share_user(kind) == u ? share_flags(kind) :
				       share_flags(kind) & ~NETPORT_SHARE_LOAD_BALANCED;
}

static void share_expect(struct kunit *test, const struct np_sum *s, const unsigned int *kinds,
			 unsigned int n)
{
	const struct np_user *u;
	unsigned int i;
	u8 share, common;
	bool each;

	for (u = share_users; u < share_users + SHARE_USERS; u++) {
		common = NP_SHARE_ALL;
		for (i = 0; i < n; i++)
			common &= share_seen(kinds[i], u);
		KUNIT_ASSERT_EQ_MSG(test, np_sum_common(s, u), common, "%u kinds: %u %u %u", n,
				    kinds[0], kinds[1], kinds[2]);
		for (share = 0; share <= NP_SHARE_ALL; share++) {
			each = true;
			for (i = 0; i < n; i++)
				each &= !!(share_seen(kinds[i], u) & share);
			KUNIT_ASSERT_EQ_MSG(test, np_sum_each(s, share, u), each,
					    "flags %u, %u kinds: %u %u %u", share, n, kinds[0],
					    kinds[1], kinds[2]);
		}
	}
}

static void share__of_none(struct kunit *test)
{
	struct np_sum s = {};

	share_expect(test, &s, (const unsigned int [3]) {}, 0);
}

/* Up to three, of all flags and users: each combination. */
static void share__of_all_small_sets(struct kunit *test)
{
	struct np_sum s = {};
	unsigned int k[3];

	for (k[0] = 0; k[0] < SHARE_KINDS; k[0]++) {
		share_add(&s, k[0]);
		share_expect(test, &s, k, 1);
		for (k[1] = 0; k[1] < SHARE_KINDS; k[1]++) {
			share_add(&s, k[1]);
			share_expect(test, &s, k, 2);
			for (k[2] = k[1]; k[2] < SHARE_KINDS; k[2]++) {
				share_add(&s, k[2]);
				share_expect(test, &s, k, 3);
				share_sub(&s, k[2]);
			}
			share_sub(&s, k[1]);
		}
		share_sub(&s, k[0]);
	}
}

static void share__of_many_comes_back_to_none(struct kunit *test)
{
	const struct np_sum none = {};
	unsigned int kind[200], i;
	struct np_sum s = {};
	struct rnd_state rnd;

	prandom_seed_state(&rnd, 1);
	for (i = 0; i < ARRAY_SIZE(kind); i++) {
		kind[i] = kit_random(&rnd, SHARE_KINDS);
		share_add(&s, kind[i]);
	}
	share_expect(test, &s, kind, ARRAY_SIZE(kind));
	kit_shuffle(&rnd, kind, ARRAY_SIZE(kind));
	for (i = ARRAY_SIZE(kind); i-- > 0;) {
		share_sub(&s, kind[i]);
		share_expect(test, &s, kind, i);
	}
	KUNIT_EXPECT_MEMEQ(test, &s, &none, sizeof(s));
}

static struct kunit_case share_test_cases[] = {
	KUNIT_CASE(share__of_none),
	KUNIT_CASE(share__of_all_small_sets),
	KUNIT_CASE(share__of_many_comes_back_to_none),
	{}
};

static struct kunit_suite share_test_suite = {
	.name = "netport_share",
	.test_cases = share_test_cases,
};

kunit_test_suite(share_test_suite);
