// SPDX-License-Identifier: GPL-2.0
/*
 * lookup.c: whom a packet finds, of those who are attached.
 */
#include <linux/cpumask.h>
#include <linux/slab.h>
#include <net/net_namespace.h>

#include "kit.h"

#define EXPECT_FOUND(test, text, nr)							\
	KUNIT_EXPECT_EQ_MSG(test, kit_lookup(test, text), (int)(nr), "%s", text)

/* the better match */

#define LOOKUP_RUNGS	16

/**
 * struct lookup_ladder - what may match one packet
 * @desc: which
 * @key: the packet
 * @rung: what may match it, the best first
 */
struct lookup_ladder {
	const char	*desc;
	const char	*key;
	const char	*rung[LOOKUP_RUNGS];
};

static const struct lookup_ladder lookup_ladders[] = {
	{ "IPv4", "10.0.0.1 dev=3 to=192.0.2.1 rport=9", {
		"10.0.0.1 MR dev=3 to=192.0.2.1 rport=9", "10.0.0.1 MR to=192.0.2.1 rport=9",
		"0.0.0.0 MR dev=3 to=192.0.2.1 rport=9", "0.0.0.0 MR to=192.0.2.1 rport=9",
		"10.0.0.1 MR dev=3 to=192.0.2.1", "10.0.0.1 MR to=192.0.2.1",
		"0.0.0.0 MR dev=3 to=192.0.2.1", "0.0.0.0 MR to=192.0.2.1",
		"10.0.0.1 MR dev=3", "10.0.0.1 MR",
		"0.0.0.0 MR dev=3", "* MR dev=3", "0.0.0.0 MR", "* MR" } },
	{ "IPv6", "2001:db8::1 dev=3 to=2001:db8::2 rport=9", {
		"2001:db8::1 MR dev=3 to=2001:db8::2 rport=9",
		"2001:db8::1 MR to=2001:db8::2 rport=9",
		":: MR dev=3 to=2001:db8::2 rport=9", ":: MR to=2001:db8::2 rport=9",
		"2001:db8::1 MR dev=3 to=2001:db8::2", "2001:db8::1 MR to=2001:db8::2",
		":: MR dev=3 to=2001:db8::2", ":: MR to=2001:db8::2",
		"2001:db8::1 MR dev=3", "2001:db8::1 MR",
		":: MR dev=3", "* MR dev=3", ":: MR", "* MR" } },
	{ "IPv4 in IPv6's form", "10.0.0.1 dev=3 to=192.0.2.1 rport=9", {
		"::ffff:10.0.0.1 MR dev=3 to=::ffff:192.0.2.1 rport=9",
		"::ffff:10.0.0.1 MR to=::ffff:192.0.2.1 rport=9",
		"::ffff:0.0.0.0 MR dev=3 to=::ffff:192.0.2.1 rport=9",
		"::ffff:0.0.0.0 MR to=::ffff:192.0.2.1 rport=9",
		"::ffff:10.0.0.1 MR dev=3 to=::ffff:192.0.2.1",
		"::ffff:10.0.0.1 MR to=::ffff:192.0.2.1",
		"::ffff:0.0.0.0 MR dev=3 to=::ffff:192.0.2.1",
		"::ffff:0.0.0.0 MR to=::ffff:192.0.2.1",
		"::ffff:10.0.0.1 MR dev=3", "::ffff:10.0.0.1 MR",
		"::ffff:0.0.0.0 MR dev=3", "* MR dev=3", "::ffff:0.0.0.0 MR", "* MR" } },
	/* A packet without port of its own, or without address. */
	{ "from port 0", "10.0.0.1 dev=3 to=192.0.2.1 rport=0", {
		"10.0.0.1 MR dev=3 to=192.0.2.1", "10.0.0.1 MR to=192.0.2.1",
		"0.0.0.0 MR dev=3 to=192.0.2.1", "0.0.0.0 MR to=192.0.2.1",
		"10.0.0.1 MR dev=3", "10.0.0.1 MR",
		"0.0.0.0 MR dev=3", "* MR dev=3", "0.0.0.0 MR", "* MR" } },
	{ "from no address", "2001:db8::1 dev=3 to=:: rport=9", {
		"2001:db8::1 MR dev=3", "2001:db8::1 MR",
		":: MR dev=3", "* MR dev=3", ":: MR", "* MR" } },
	{ "from neither", "2001:db8::1 dev=3 to=:: rport=0", {
		"2001:db8::1 MR dev=3", "2001:db8::1 MR",
		":: MR dev=3", "* MR dev=3", ":: MR", "* MR" } },
	{ "from no address, IPv4", "10.0.0.1 dev=3 to=0.0.0.0 rport=68", {
		"10.0.0.1 MR dev=3", "10.0.0.1 MR",
		"0.0.0.0 MR dev=3", "* MR dev=3", "0.0.0.0 MR", "* MR" } },
};

KUNIT_ARRAY_PARAM_DESC(lookup_ladder, lookup_ladders, desc);

/* Others on the port, of each kind that there is: none of them is what is looked for. */
static const char * const lookup_others[] = {
	"10.0.0.7 MR to=192.0.2.77 rport=7", "2001:db8::7 MR to=2001:db8::77 rport=7",
	"0.0.0.0 MR to=192.0.2.77 rport=7", ":: MR to=2001:db8::77 rport=7",
	"10.0.0.7 MR to=192.0.2.77", "2001:db8::7 MR to=2001:db8::77",
	"0.0.0.0 MR to=192.0.2.77", ":: MR to=2001:db8::77",
	"10.0.0.7 MR", "2001:db8::7 MR", "0.0.0.0 MR dev=77", ":: MR dev=77",
};

/* Some of them, attached in any order, are found in this one. */
static void lookup__best_match_first(struct kunit *test)
{
	const struct lookup_ladder *l = test->param_value;
	struct netport_owner *alice = kit_owner(test, KIT_ALICE);
	unsigned int order[LOOKUP_RUNGS], round, n = 0, i;
	u64 token[LOOKUP_RUNGS], other[ARRAY_SIZE(lookup_others)];
	struct rnd_state rnd;
	u32 there;

	prandom_seed_state(&rnd, 1);
	for (; n < LOOKUP_RUNGS && l->rung[n]; n++) {
		token[n] = kit_request_hold(test, l->rung[n]);
		order[n] = n;
	}
	EXPECT_FOUND(test, l->key, KIT_NOBODY);
	for (i = 0; i < ARRAY_SIZE(other); i++)
		other[i] = kit_request_hold(test, lookup_others[i]);
	for (round = 0; round < (num_online_cpus() > 1 ? 16 : 32); round++) {
		/* Often, for what may be skipped depends on what there is none of. */
		for (i = 0; i < ARRAY_SIZE(other); i++)
			if (!kit_random(&rnd, 3))
				kit_attach(test, KIT_ALICE, other[i], 900 + i);
			else
				netport_detach(alice, other[i]);
		there = round % 2 ? GENMASK(n - 1, 0) : kit_random(&rnd, 1 << n);
		kit_shuffle(&rnd, order, n);
		for (i = 0; i < n; i++)
			if (there & BIT(order[i]))
				kit_attach(test, KIT_ALICE, token[order[i]], order[i]);
		/* The best goes, then somebody, and so on. */
		while (there) {
			EXPECT_FOUND(test, l->key, __ffs(there));
			i = kit_random(&rnd, n);
			if (!(there & BIT(i)))
				i = __ffs(there);
			KUNIT_EXPECT_EQ(test, netport_detach(alice, token[i]), 0);
			there &= ~BIT(i);
		}
		EXPECT_FOUND(test, l->key, KIT_NOBODY);
	}
}

/* what matches at all */

static const struct lookup_match {
	const char	*desc;
	const char	*text;
	const char	*yes[5];
	const char	*no[10];
} lookup_matches[] = {
	{ "an address", "10.0.0.1",
	  { "10.0.0.1", "10.0.0.1 dev=5", "10.0.0.1 to=10.0.0.1 rport=80",
	    "::ffff:10.0.0.1 to=::ffff:10.0.0.3" },
	  { "10.0.0.2", "10.0.0.1 port=81", "10.0.0.1 port=4176", "10.0.0.1 tcp", "::", "0.0.0.0",
	    "::10.0.0.1", "10.0.0.1 proto=65535", "10.0.0.1 port=80 proto=273" } },
	{ "an address of IPv6", "2001:db8::1",
	  { "2001:db8::1", "2001:db8::1 dev=5", "2001:db8::1 to=fe80::1" },
	  { "2001:db8::2", "2001:db8::1 port=81", "2001:db8::1 tcp", "10.0.0.1", "::",
	    "3001:db8::1" } },
	{ "any of IPv4", "0.0.0.0",
	  { "10.0.0.1", "10.255.255.1 dev=5", "::ffff:10.0.0.1", "255.255.255.255" },
	  { "2001:db8::1", "10.0.0.1 port=81", "10.0.0.1 tcp", "::1" } },
	{ "any of IPv6", "::",
	  { "2001:db8::1", "2001:db8::1 dev=5", "ff02::1" },
	  { "10.0.0.1", "::ffff:10.0.0.1", "2001:db8::1 port=81", "2001:db8::1 tcp" } },
	{ "any of both", "*",
	  { "10.0.0.1", "2001:db8::1", "10.0.0.1 dev=5", "2001:db8::1 dev=5",
	    "::ffff:10.0.0.1" },
	  { "10.0.0.1 port=81", "2001:db8::1 port=81", "10.0.0.1 tcp", "2001:db8::1 tcp" } },
	{ "a device", "10.0.0.1 dev=3", { "10.0.0.1 dev=3" },
	  { "10.0.0.1", "10.0.0.1 dev=4", "10.0.0.2 dev=3" } },
	{ "a device, any", "* dev=3", { "10.0.0.1 dev=3", "2001:db8::1 dev=3" },
	  { "10.0.0.1", "10.0.0.1 dev=4", "2001:db8::1", "2001:db8::1 dev=4" } },
	{ "a remote", "10.0.0.1 to=192.0.2.1",
	  { "10.0.0.1 to=192.0.2.1 rport=1", "10.0.0.1 to=192.0.2.1 rport=65535 dev=3",
	    "10.0.0.1 to=192.0.2.1 rport=0" },
	  { "10.0.0.1", "10.0.0.1 to=192.0.2.2 rport=1", "10.0.0.2 to=192.0.2.1",
	    "192.0.2.1 to=10.0.0.1" } },
	{ "a remote, any", "0.0.0.0 to=192.0.2.1",
	  { "10.0.0.1 to=192.0.2.1 rport=1", "10.0.0.2 to=192.0.2.1" },
	  { "10.0.0.1", "10.0.0.1 to=192.0.2.2 rport=1", "192.0.2.1 to=10.0.0.1" } },
	{ "a remote and its port", "10.0.0.1 to=192.0.2.1 rport=9",
	  { "10.0.0.1 to=192.0.2.1 rport=9", "10.0.0.1 to=192.0.2.1 rport=9 dev=4" },
	  { "10.0.0.1 to=192.0.2.1 rport=10", "10.0.0.1 to=192.0.2.1 rport=0",
	    "10.0.0.1 to=192.0.2.2 rport=9", "10.0.0.2 to=192.0.2.1 rport=9",
	    "10.0.0.1 to=192.0.2.1 rport=9 port=81", "10.0.0.1 to=192.0.2.1 rport=9 tcp",
	    "10.0.0.1 port=9 to=192.0.2.1 rport=80" } },
	{ "a remote and its port, any", ":: to=2001:db8::2 rport=9",
	  { "2001:db8::1 to=2001:db8::2 rport=9", "2001:db8::3 to=2001:db8::2 rport=9 dev=4" },
	  { "2001:db8::1 to=2001:db8::2 rport=10", "2001:db8::1 to=2001:db8::3 rport=9",
	    "2001:db8::1 to=2001:db8::2 rport=0", "2001:db8::1 to=:: rport=9" } },
	{ "a link-local address", "fe80::1 dev=3 to=fe80::2",
	  { "fe80::1 dev=3 to=fe80::2" },
	  { "fe80::1 dev=4 to=fe80::2", "fe80::1 to=fe80::2", "fe80::1 dev=3" } },
	{ "the last port", "10.0.0.1 port=65535", { "10.0.0.1 port=65535" },
	  { "10.0.0.1 port=65534", "10.0.0.1 port=0" } },
	{ "the last protocol", "10.0.0.1 proto=65535", { "10.0.0.1 proto=65535" },
	  { "10.0.0.1", "10.0.0.1 proto=0" } },
	{ "a set", "10.0.0.1 + 2001:db8::1 + 10.0.0.2 tcp dev=3 + 0.0.0.0 to=192.0.2.1 proto=200",
	  { "10.0.0.1", "2001:db8::1", "10.0.0.2 tcp dev=3",
	    "10.0.0.9 to=192.0.2.1 proto=200" },
	  { "10.0.0.2", "10.0.0.1 tcp", "10.0.0.2 tcp", "10.0.0.9 proto=200", "2001:db8::2" } },
	{ "a block", "10.0.0.1 port=4090 count=12",
	  { "10.0.0.1 port=4090", "10.0.0.1 port=4095", "10.0.0.1 port=4096",
	    "10.0.0.1 port=4101" },
	  { "10.0.0.1 port=4089", "10.0.0.1 port=4102", "10.0.0.2 port=4096",
	    "10.0.0.1 port=4096 tcp" } },
	{ "a block on two bindings", "10.0.0.1 port=4095 count=2 + ::",
	  { "10.0.0.1 port=4095", "10.0.0.1 port=4096", "2001:db8::1 port=4095",
	    "2001:db8::1 port=4096" },
	  { "10.0.0.1 port=4097", "2001:db8::1 port=4094", "10.0.0.2 port=4095" } },
};

KUNIT_ARRAY_PARAM_DESC(lookup_match, lookup_matches, desc);

static void lookup_match_expect(struct kunit *test, const struct lookup_match *m, int nr)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(m->yes) && m->yes[i]; i++)
		EXPECT_FOUND(test, m->yes[i], nr);
	for (i = 0; i < ARRAY_SIZE(m->no) && m->no[i]; i++)
		EXPECT_FOUND(test, m->no[i], KIT_NOBODY);
}

static void lookup__what_matches(struct kunit *test)
{
	const struct lookup_match *m = test->param_value;
	u64 token = kit_request_hold(test, m->text);

	lookup_match_expect(test, m, KIT_NOBODY);
	kit_attach(test, KIT_ALICE, token, 5);
	lookup_match_expect(test, m, 5);
	kit_attach(test, KIT_ALICE, token, 6);
	lookup_match_expect(test, m, 6);
	KUNIT_EXPECT_EQ(test, netport_detach(kit_owner(test, KIT_ALICE), token), 0);
	lookup_match_expect(test, m, KIT_NOBODY);
	kit_attach(test, KIT_ALICE, token, 7);
	lookup_match_expect(test, m, 7);
	KUNIT_EXPECT_EQ(test, netport_release(kit_owner(test, KIT_ALICE), token), 0);
	lookup_match_expect(test, m, KIT_NOBODY);
	KUNIT_EXPECT_EQ(test, kit_held(test), 0);
}

/* What was never attached is in nobody's way. */
static void lookup__only_what_is_attached(struct kunit *test)
{
	kit_request_hold(test, "10.0.0.1 MR dev=3 to=192.0.2.1 rport=9");
	kit_request_hold(test, "10.0.0.1 MR");
	kit_attached(test, "* MR", 1);
	kit_request_hold(test, "0.0.0.0 MR");
	EXPECT_FOUND(test, "10.0.0.1 dev=3 to=192.0.2.1 rport=9", 1);
}

/* many in one place */

/**
 * struct lookup_crowd - many who share a place
 * @token: of each
 * @n: how many
 */
struct lookup_crowd {
	u64		token[KIT_PRIVS];
	unsigned int	n;
};

static struct lookup_crowd *lookup_crowd(struct kunit *test, const char *text, unsigned int n)
{
	struct lookup_crowd *c = kunit_kzalloc(test, sizeof(*c), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, c);
	for (c->n = 0; c->n < n; c->n++)
		c->token[c->n] = kit_attached(test, text, c->n);
	return c;
}

/* How often each is found, by @rounds hashes; false if one was somebody else's. */
static bool lookup_count(struct kunit *test, const char *text, unsigned int *count,
			 unsigned int rounds)
{
	struct netport_key key;
	struct rnd_state rnd;
	int nr;

	prandom_seed_state(&rnd, 7);
	memset(count, 0, KIT_PRIVS * sizeof(*count));
	kit_key(test, text, &key);
	while (rounds--) {
		nr = kit_lookup_key(&init_net, &key, prandom_u32_state(&rnd));
		if (nr < 0)
			return false;
		count[nr]++;
	}
	return true;
}

static void lookup_lb__spread(struct kunit *test)
{
	static const unsigned int sizes[] = { 1, 2, 3, 5, 8, 17, 33 };
	unsigned int *count = kunit_kcalloc(test, KIT_PRIVS, sizeof(*count), GFP_KERNEL);
	struct lookup_crowd *c;
	unsigned int i, j;

	KUNIT_ASSERT_NOT_NULL(test, count);
	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		c = lookup_crowd(test, "0.0.0.0 LB", sizes[i]);
		KUNIT_ASSERT_TRUE(test, lookup_count(test, "10.0.0.1", count, 256 * c->n));
		for (j = 0; j < c->n; j++) {
			KUNIT_EXPECT_GE_MSG(test, count[j], 192, "%u of %u", j, c->n);
			KUNIT_EXPECT_LE_MSG(test, count[j], 320, "%u of %u", j, c->n);
		}
		for (j = 0; j < c->n; j++)
			KUNIT_EXPECT_EQ(test, netport_release(kit_owner(test, KIT_ALICE),
							      c->token[j]), 0);
		EXPECT_FOUND(test, "10.0.0.1", KIT_NOBODY);
	}
}

/* A flow stays where it is, as long as nobody comes or goes there. */
static void lookup_lb__same_hash_same_member(struct kunit *test)
{
	struct netport_key key;
	unsigned int i, round;
	int was[256], nr;
	u64 other;

	lookup_crowd(test, "10.0.0.1 LB", 7);
	kit_key(test, "10.0.0.1", &key);
	for (round = 0; round < 4; round++) {
		for (i = 0; i < ARRAY_SIZE(was); i++) {
			nr = kit_lookup_key(&init_net, &key, i * 0x9e3779b9);
			KUNIT_EXPECT_EQ(test, nr, round ? was[i] : nr);
			was[i] = nr;
		}
		/* Neighbours don't count; nor does one that isn't attached. */
		other = kit_attached(test, round % 2 ? "10.0.0.2 LB" : "0.0.0.0 LB", 100);
		kit_request_hold(test, "10.0.0.1 LB");
		if (round)
			KUNIT_EXPECT_EQ(test, netport_release(kit_owner(test, KIT_ALICE),
							      other), 0);
	}
}

/* Not if one of them isn't LOAD_BALANCED: then it's whoever came last, LOAD_BALANCED or not. */
static void lookup_lb__only_if_all_are(struct kunit *test)
{
	unsigned int *count = kunit_kcalloc(test, KIT_PRIVS, sizeof(*count), GFP_KERNEL);
	struct netport_owner *alice = kit_owner(test, KIT_ALICE);
	u64 plain, token[5];
	unsigned int i;

	KUNIT_ASSERT_NOT_NULL(test, count);
	for (i = 0; i < 3; i++)
		token[i] = kit_attached(test, "10.0.0.1 LB MR", i);
	plain = kit_attached(test, "10.0.0.1 MR", 50);
	KUNIT_ASSERT_TRUE(test, lookup_count(test, "10.0.0.1", count, 64));
	KUNIT_EXPECT_EQ(test, count[50], 64);
	for (; i < 5; i++)
		token[i] = kit_attached(test, "10.0.0.1 LB MR", i);
	KUNIT_ASSERT_TRUE(test, lookup_count(test, "10.0.0.1", count, 64));
	KUNIT_EXPECT_EQ(test, count[4], 64);
	KUNIT_EXPECT_EQ(test, netport_release(alice, token[4]), 0);
	KUNIT_ASSERT_TRUE(test, lookup_count(test, "10.0.0.1", count, 64));
	KUNIT_EXPECT_EQ(test, count[3], 64);
	KUNIT_EXPECT_EQ(test, netport_detach(alice, plain), 0);
	KUNIT_ASSERT_TRUE(test, lookup_count(test, "10.0.0.1", count, 512));
	for (i = 0; i < 4; i++)
		KUNIT_EXPECT_GT_MSG(test, count[i], 64, "%u", i);
}

/* And when they leave, the one before. */
static void lookup__last_attached(struct kunit *test)
{
	struct netport_owner *alice = kit_owner(test, KIT_ALICE);
	static const unsigned int leave[] = { 2, 5, 0, 4, 3, 1 };
	u64 token[ARRAY_SIZE(leave)];
	u32 there = 0;
	unsigned int i;

	/* Not in the order in which they were reserved. */
	for (i = 0; i < ARRAY_SIZE(leave); i++)
		token[i] = kit_request_hold(test, i % 2 ? "10.0.0.1 MR" : "10.0.0.1 MR LB");
	for (i = ARRAY_SIZE(leave); i--; ) {
		kit_attach(test, KIT_ALICE, token[i], i);
		EXPECT_FOUND(test, "10.0.0.1", i);
		there |= BIT(i);
	}
	/* Another pointer is no other place. */
	kit_attach(test, KIT_ALICE, token[3], 3);
	EXPECT_FOUND(test, "10.0.0.1", 0);
	for (i = 0; i < ARRAY_SIZE(leave); i++) {
		KUNIT_EXPECT_EQ(test, netport_detach(alice, token[leave[i]]), 0);
		there &= ~BIT(leave[i]);
		EXPECT_FOUND(test, "10.0.0.1", there ? (int)__ffs(there) : KIT_NOBODY);
	}
	/* Who comes back is last. */
	kit_attach(test, KIT_ALICE, token[1], 1);
	kit_attach(test, KIT_ALICE, token[3], 3);
	KUNIT_EXPECT_EQ(test, netport_detach(alice, token[1]), 0);
	EXPECT_FOUND(test, "10.0.0.1", 3);
	kit_attach(test, KIT_ALICE, token[1], 11);
	EXPECT_FOUND(test, "10.0.0.1", 11);
}

static const struct lookup_growth {
	const char	*desc;
	const char	*text;
	unsigned int	n;
	bool		spread;
} lookup_growths[] = {
	{ "LOAD_BALANCED", "10.0.0.1 LB", 400, true },
	{ "LOAD_BALANCED and MOST_RECENT", "10.0.0.1 LB MR", 100, true },
	{ "MOST_RECENT", "10.0.0.1 MR", 400, false },
};

KUNIT_ARRAY_PARAM_DESC(lookup_growth, lookup_growths, desc);

/* Those of a crowd that are there are found, and nobody else. */
static void lookup_crowd_expect(struct kunit *test, const unsigned long *there, unsigned int n,
				bool spread, unsigned int *count)
{
	unsigned int i, left = bitmap_weight(there, n);

	if (!spread || !left) {
		EXPECT_FOUND(test, "10.0.0.1",
			     left ? (int)find_last_bit(there, n) : KIT_NOBODY);
		return;
	}
	if (left % 8 && left > 8)
		return;
	KUNIT_ASSERT_TRUE(test, lookup_count(test, "10.0.0.1", count, 24 * left));
	for (i = 0; i < n; i++)
		KUNIT_EXPECT_EQ_MSG(test, !!count[i], test_bit(i, there), "%u of %u", i, left);
}

/* Hundreds come, and go in any order. */
static void lookup__grows_and_shrinks(struct kunit *test)
{
	const struct lookup_growth *g = test->param_value;
	unsigned int *count = kunit_kcalloc(test, 2 * KIT_PRIVS, sizeof(*count), GFP_KERNEL);
	unsigned int *order, i, round;
	DECLARE_BITMAP(there, KIT_PRIVS);
	struct lookup_crowd *c;
	struct rnd_state rnd;

	KUNIT_ASSERT_NOT_NULL(test, count);
	order = count + KIT_PRIVS;
	prandom_seed_state(&rnd, 3);
	c = lookup_crowd(test, g->text, g->n);
	bitmap_zero(there, KIT_PRIVS);
	bitmap_set(there, 0, g->n);
	lookup_crowd_expect(test, there, g->n, g->spread, count);
	for (i = 0; i < g->n; i++)
		order[i] = i;
	for (round = 0; round < (num_online_cpus() > 1 ? 1 : 2); round++) {
		kit_shuffle(&rnd, order, g->n);
		for (i = 0; i < g->n; i++) {
			KUNIT_EXPECT_EQ(test, netport_detach(kit_owner(test, KIT_ALICE),
							     c->token[order[i]]), 0);
			__clear_bit(order[i], there);
			lookup_crowd_expect(test, there, g->n, g->spread, count);
		}
		/* And again. */
		for (i = 0; i < g->n; i++) {
			kit_attach(test, KIT_ALICE, c->token[i], i);
			__set_bit(i, there);
		}
		lookup_crowd_expect(test, there, g->n, g->spread, count);
	}
}

/* Spots of one port, more than the first table has room for. */
static void lookup__many_spots(struct kunit *test)
{
	struct netport_owner *alice = kit_owner(test, KIT_ALICE);
	struct lookup_crowd *c = lookup_crowd(test, "10.0.0.1 MR", 0);
	unsigned int i, bad = 0;
	char text[64];

	for (i = 0; i < KIT_PRIVS; i++) {
		snprintf(text, sizeof(text), "10.0.%u.%u MR to=192.0.2.1 rport=%u", i / 256,
			 i % 256, i + 1);
		c->token[i] = kit_attached(test, text, i);
	}
	for (i = 0; i < KIT_PRIVS; i++) {
		snprintf(text, sizeof(text), "10.0.%u.%u MR to=192.0.2.1 rport=%u", i / 256,
			 i % 256, i + 1);
		bad += kit_lookup(test, text) != (int)i;
	}
	KUNIT_EXPECT_EQ(test, bad, 0);
	for (i = 0; i < KIT_PRIVS; i += 2)
		KUNIT_EXPECT_EQ(test, netport_release(alice, c->token[i]), 0);
	for (i = 0; i < KIT_PRIVS; i++) {
		snprintf(text, sizeof(text), "10.0.%u.%u MR to=192.0.2.1 rport=%u", i / 256,
			 i % 256, i + 1);
		bad += kit_lookup(test, text) != (i % 2 ? (int)i : KIT_NOBODY);
	}
	KUNIT_EXPECT_EQ(test, bad, 0);
}

static struct kunit_case lookup_test_cases[] = {
	KUNIT_CASE_PARAM(lookup__best_match_first, lookup_ladder_gen_params),
	KUNIT_CASE_PARAM(lookup__what_matches, lookup_match_gen_params),
	KUNIT_CASE(lookup__only_what_is_attached),
	KUNIT_CASE(lookup_lb__spread),
	KUNIT_CASE(lookup_lb__same_hash_same_member),
	KUNIT_CASE(lookup_lb__only_if_all_are),
	KUNIT_CASE(lookup__last_attached),
	KUNIT_CASE_PARAM(lookup__grows_and_shrinks, lookup_growth_gen_params),
	KUNIT_CASE(lookup__many_spots),
	{}
};

static struct kunit_suite lookup_test_suite = {
	.name = "netport_lookup",
	.init = kit_init,
	.exit = kit_exit,
	.test_cases = lookup_test_cases,
};

kunit_test_suite(lookup_test_suite);
