// SPDX-License-Identifier: GPL-2.0
/*
 * resv.c: tokens, what is picked, releases, and the end of all of them.
 */
#include <linux/slab.h>
#include <linux/sort.h>
#include <net/net_namespace.h>

#include "kit.h"

/* tokens */

static int resv_cmp(const void *a, const void *b)
{
	const u64 *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

#define RESV_TOKENS	3000

/* Of ports of one shard and of others, held and released: no token comes twice. */
static void resv_token__is_never_used_again(struct kunit *test)
{
	u64 *token = kunit_kcalloc(test, RESV_TOKENS, sizeof(*token), GFP_KERNEL);
	static const u16 ports[] = { 80, 81, 4176, 5000, 65535 };
	struct kit_req r;
	unsigned int i;

	KUNIT_ASSERT_NOT_NULL(test, token);
	kit_parse(test, "0.0.0.0 LB", &r);
	for (i = 0; i < RESV_TOKENS; i++) {
		r.req.binding.port = ports[i % ARRAY_SIZE(ports)];
		KUNIT_ASSERT_EQ(test, kit_reserve(test, &r, GFP_KERNEL), 0);
		token[i] = r.req.token;
		if (i % 3)
			kit_release(test, &r);
	}
	sort(token, RESV_TOKENS, sizeof(*token), resv_cmp, NULL);
	KUNIT_EXPECT_NE(test, token[0], 0);
	for (i = 1; i < RESV_TOKENS; i++)
		KUNIT_ASSERT_NE(test, token[i - 1], token[i]);
}

static void resv_token__is_new_for_another_owner(struct kunit *test)
{
	u64 first = kit_hold(test, "0.0.0.0");

	netport_owner_destroy(kit_owner(test, KIT_ALICE));
	kit_of(test)->owner[KIT_ALICE] = NULL;
	KUNIT_EXPECT_NE(test, kit_hold(test, "0.0.0.0"), first);
	KUNIT_EXPECT_EQ(test, netport_release(kit_owner(test, KIT_ALICE), first), -ENOENT);
	KUNIT_EXPECT_EQ(test, kit_held(test), 1);
}

/* release by token */

static void resv_release__twice(struct kunit *test)
{
	u64 token = kit_hold(test, "0.0.0.0");

	KUNIT_EXPECT_EQ(test, netport_release(kit_owner(test, KIT_ALICE), token), 0);
	KUNIT_EXPECT_EQ(test, netport_release(kit_owner(test, KIT_ALICE), token), -ENOENT);
	KIT_EXPECT_RESERVE(test, "0.0.0.0", 0);
	KUNIT_EXPECT_EQ(test, netport_release(kit_owner(test, KIT_ALICE), token), -ENOENT);
	KUNIT_EXPECT_EQ(test, kit_held(test), 1);
}

static void resv_release__needs_the_token(struct kunit *test)
{
	struct netport_owner *alice = kit_owner(test, KIT_ALICE);
	u64 token = kit_hold(test, "0.0.0.0");
	unsigned int bit;

	KUNIT_EXPECT_EQ(test, netport_release(alice, 0), -ENOENT);
	KUNIT_EXPECT_EQ(test, netport_release(alice, U64_MAX), -ENOENT);
	for (bit = 0; bit < 64; bit++)
		KUNIT_EXPECT_EQ_MSG(test, netport_release(alice, token ^ BIT_ULL(bit)), -ENOENT,
				    "bit %u", bit);
	KUNIT_EXPECT_EQ(test, kit_held(test), 1);
	KUNIT_EXPECT_EQ(test, netport_release(alice, token), 0);
}

static void resv_release__needs_the_owner(struct kunit *test)
{
	u64 token = kit_hold(test, "0.0.0.0 LB");

	KUNIT_EXPECT_EQ(test, netport_release(kit_owner(test, KIT_ALICE2), token), -ENOENT);
	KUNIT_EXPECT_EQ(test, netport_release(kit_owner(test, KIT_BOB), token), -ENOENT);
	KUNIT_EXPECT_EQ(test, kit_held(test), 1);
	KIT_EXPECT_RESERVE(test, "0.0.0.0 alice2", -EADDRINUSE);
}

/* release by what was reserved */

static int resv_release_text(struct kunit *test, const char *text)
{
	struct kit_req r;

	kit_parse(test, text, &r);
	return netport_release_binding(kit_owner(test, r.who), &r.req.binding, r.req.options);
}

/**
 * struct resv_key - what is held, and a release that names it or doesn't
 * @desc: what it shows
 * @held: what is held
 * @named: what is released
 * @err: how that ends
 */
struct resv_key {
	const char	*desc;
	const char	*held;
	const char	*named;
	int		err;
};

static const struct resv_key resv_keys[] = {
	{ "as it was reserved", "10.0.0.1 LB dev=1", "10.0.0.1 LB dev=1", 0 },
	{ "any of both families", "* LB", "* LB", 0 },
	{ "IPv4-mapped, named as IPv4", "::ffff:10.0.0.1", "10.0.0.1", 0 },
	{ "IPv4, named as IPv4-mapped", "10.0.0.1", "::ffff:10.0.0.1", 0 },
	{ "IPv4's any, named as IPv4-mapped", "0.0.0.0", "::ffff:0.0.0.0", 0 },
	{ "with a remote", "10.0.0.1 to=192.0.2.1 rport=9", "10.0.0.1 to=192.0.2.1 rport=9", 0 },
	{ "a tuple", "10.0.0.1 to=192.0.2.1 rport=9 tuple", "10.0.0.1 to=192.0.2.1 rport=9 tuple",
	  0 },
	{ "a tuple, named as none", "10.0.0.1 to=192.0.2.1 rport=9 tuple",
	  "10.0.0.1 to=192.0.2.1 rport=9", -ENOENT },
	{ "none, named as a tuple", "10.0.0.1 to=192.0.2.1 rport=9",
	  "10.0.0.1 to=192.0.2.1 rport=9 tuple", -ENOENT },
	{ "fewer flags", "0.0.0.0 LB MR", "0.0.0.0 LB", -ENOENT },
	{ "more flags", "0.0.0.0 LB", "0.0.0.0 LB MR", -ENOENT },
	{ "no flags", "0.0.0.0 LB", "0.0.0.0", -ENOENT },
	{ "flags where there are none", "0.0.0.0", "0.0.0.0 LB", -ENOENT },
	{ "one family of both", "*", "0.0.0.0", -ENOENT },
	{ "the other family of both", "*", "::", -ENOENT },
	{ "both families of one", "0.0.0.0", "*", -ENOENT },
	{ "any instead of an address", "10.0.0.1", "0.0.0.0", -ENOENT },
	{ "an address below any", "0.0.0.0", "10.0.0.1", -ENOENT },
	{ "another address", "10.0.0.1", "10.0.0.2", -ENOENT },
	{ "another port", "10.0.0.1", "10.0.0.1 port=81", -ENOENT },
	{ "another protocol", "10.0.0.1", "10.0.0.1 tcp", -ENOENT },
	{ "another device", "10.0.0.1 dev=1", "10.0.0.1 dev=2", -ENOENT },
	{ "every device", "10.0.0.1 dev=1", "10.0.0.1", -ENOENT },
	{ "another remote", "10.0.0.1 to=192.0.2.1 rport=9", "10.0.0.1 to=192.0.2.2 rport=9",
	  -ENOENT },
	{ "another remote port", "10.0.0.1 to=192.0.2.1 rport=9", "10.0.0.1 to=192.0.2.1 rport=8",
	  -ENOENT },
	{ "every remote port", "10.0.0.1 to=192.0.2.1 rport=9", "10.0.0.1 to=192.0.2.1", -ENOENT },
	{ "another owner", "10.0.0.1", "10.0.0.1 alice2", -ENOENT },
	{ "another owner of another uid", "10.0.0.1", "10.0.0.1 bob", -ENOENT },
	{ "no port", "10.0.0.1", "10.0.0.1 port=0", -EINVAL },
};

KUNIT_ARRAY_PARAM_DESC(resv_key, resv_keys, desc);

static void resv_release_binding__needs_all(struct kunit *test)
{
	const struct resv_key *k = test->param_value;
	u64 token = kit_hold(test, k->held);

	KUNIT_EXPECT_EQ(test, resv_release_text(test, k->named), k->err);
	KUNIT_EXPECT_EQ(test, kit_held(test), !!k->err);
	KUNIT_EXPECT_EQ(test, kit_alive(test, KIT_ALICE, token), !!k->err);
	KUNIT_EXPECT_EQ_MSG(test, resv_release_text(test, k->held), k->err ? 0 : -ENOENT,
			    "what it is called");
}

/* One goes for each release, and the others are still there. */
static void resv_release_binding__of_equals(struct kunit *test)
{
	u64 token[3];
	unsigned int i, n, alive;

	for (i = 0; i < ARRAY_SIZE(token); i++)
		token[i] = kit_hold(test, "0.0.0.0 LB");
	for (n = ARRAY_SIZE(token); n-- > 0;) {
		KUNIT_EXPECT_EQ(test, resv_release_text(test, "0.0.0.0 LB"), 0);
		for (alive = 0, i = 0; i < ARRAY_SIZE(token); i++)
			alive += kit_alive(test, KIT_ALICE, token[i]);
		KUNIT_EXPECT_EQ(test, alive, n);
		KUNIT_EXPECT_EQ(test, kit_held(test), n);
	}
	KUNIT_EXPECT_EQ(test, resv_release_text(test, "0.0.0.0 LB"), -ENOENT);
}

static void resv_release_binding__of_another_owners_equal(struct kunit *test)
{
	u64 mine = kit_hold(test, "0.0.0.0 LB"), other = kit_hold(test, "0.0.0.0 LB alice2");

	KUNIT_EXPECT_EQ(test, resv_release_text(test, "0.0.0.0 LB alice2"), 0);
	KUNIT_EXPECT_TRUE(test, kit_alive(test, KIT_ALICE, mine));
	KUNIT_EXPECT_FALSE(test, kit_alive(test, KIT_ALICE2, other));
	KUNIT_EXPECT_EQ(test, resv_release_text(test, "0.0.0.0 LB alice2"), -ENOENT);
}

/* picking */

static const struct resv_range {
	u16	low;
	u16	high;
} resv_ranges[] = {
	{ 1, 1 }, { 1, 3 }, { 60, 70 }, { 4090, 4100 }, { 65535, 65535 }, { 65500, 65535 }, { 20000,
	  20150 },
};

static void resv_range_desc(const struct resv_range *r, char *desc)
{
	snprintf(desc, KUNIT_PARAM_DESC_SIZE, "%u to %u", r->low, r->high);
}

KUNIT_ARRAY_PARAM(resv_range, resv_ranges, resv_range_desc);

/* All of them, each once; then none; and what is released is the next. */
static void resv_pick__takes_every_port(struct kunit *test)
{
	const struct resv_range *range = test->param_value;
	unsigned int size = range->high - range->low + 1, i;
	u64 *token = kunit_kcalloc(test, size, sizeof(*token), GFP_KERNEL);
	struct kit_req r;

	KUNIT_ASSERT_NOT_NULL(test, token);
	for (i = 0; i < size; i++) {
		kit_parse(test, "10.0.0.1 port=0", &r);
		r.req.low = range->low;
		r.req.high = range->high;
		KUNIT_ASSERT_EQ(test, kit_available(test, &r), 0);
		KUNIT_ASSERT_EQ(test, kit_reserve(test, &r, GFP_KERNEL), 0);
		KUNIT_ASSERT_GE(test, r.req.binding.port, range->low);
		KUNIT_ASSERT_LE(test, r.req.binding.port, range->high);
		KUNIT_ASSERT_EQ(test, token[r.req.binding.port - range->low], 0);
		token[r.req.binding.port - range->low] = r.req.token;
	}
	r.req.binding.port = 0;
	KUNIT_EXPECT_EQ(test, kit_available(test, &r), -EADDRNOTAVAIL);
	KUNIT_EXPECT_EQ(test, kit_reserve(test, &r, GFP_KERNEL), -EADDRNOTAVAIL);

	for (i = 0; i < size; i += 1 + size / 8) {
		KUNIT_ASSERT_EQ(test, netport_release(kit_owner(test, KIT_ALICE), token[i]), 0);
		r.req.binding.port = 0;
		KUNIT_ASSERT_EQ(test, kit_reserve(test, &r, GFP_KERNEL), 0);
		KUNIT_EXPECT_EQ(test, r.req.binding.port, range->low + i);
	}
}

/**
 * struct resv_choice - two ports, what is on each, and which one is picked
 * @desc: what it shows
 * @on: what is on port 100, and on 101
 * @who: who picks of these two; without the rest of the request
 * @port: 100, 101, 0 for either, or an error
 */
struct resv_choice {
	const char	*desc;
	const char	*on[2];
	const char	*who;
	int		port;
};

static const struct resv_choice resv_choices[] = {
	{ "free before shared", { "0.0.0.0 LB" }, "0.0.0.0 LB", 101 },
	{ "free before another device's", { NULL, "0.0.0.0 dev=1" }, "0.0.0.0 dev=2", 100 },
	{ "another device's before shared", { "0.0.0.0 dev=1 LB", "0.0.0.0 dev=2 LB" },
	  "0.0.0.0 dev=2 LB", 100 },
	{ "shared as the last resort", { "0.0.0.0 LB", "0.0.0.0" }, "0.0.0.0 LB", 100 },
	{ "either, if both can be shared", { "0.0.0.0 MR", "0.0.0.0 MR" }, "0.0.0.0 MR", 0 },
	{ "not shared without a flag", { "0.0.0.0 LB", "0.0.0.0 LB" }, "0.0.0.0", -EADDRNOTAVAIL },
	{ "not shared with another flag", { "0.0.0.0 LB", "0.0.0.0 TO" }, "0.0.0.0 MR",
	  -EADDRNOTAVAIL },
	{ "not shared with another uid", { "0.0.0.0 LB", "0.0.0.0 LB" }, "0.0.0.0 LB bob",
	  -EADDRNOTAVAIL },
	{ "never shared by TCP", { "0.0.0.0 tcp LB", "0.0.0.0 tcp MR" }, "0.0.0.0 tcp LB MR TO",
	  -EADDRNOTAVAIL },
	{ "free for TCP", { "0.0.0.0 tcp LB" }, "0.0.0.0 tcp LB", 101 },
	{ "shared by MPTCP", { "0.0.0.0 proto=262 LB", "0.0.0.0 proto=262" },
	  "0.0.0.0 proto=262 LB",
	  100 },
	{ "other full remotes of TCP don't matter", { "10.0.0.1 tcp to=192.0.2.1 rport=9",
	  "0.0.0.0 tcp" },
	  "10.0.0.1 tcp to=192.0.2.2 rport=9", 100 },
	{ "other ports of a remote of TCP don't matter",
	  { "10.0.0.1 tcp", "10.0.0.1 tcp to=192.0.2.1 rport=9" },
	  "10.0.0.1 tcp to=192.0.2.1 rport=10", 101 },
	{ "the same full remote of TCP does, whatever the flags",
	  { "10.0.0.1 tcp LB to=192.0.2.1 rport=9", "10.0.0.1 tcp LB to=192.0.2.1 rport=9" },
	  "10.0.0.1 tcp LB to=192.0.2.1 rport=9", -EADDRNOTAVAIL },
	{ "other addresses don't matter", { "10.0.0.2", "0.0.0.0" }, "10.0.0.1", 100 },
	{ "other protocols don't matter", { "* tcp", "*" }, "*", 100 },
	{ "the other family doesn't matter", { "::", "0.0.0.0" }, "10.0.0.1", 100 },
	{ "any needs every address", { "10.0.0.2", NULL }, "0.0.0.0", 101 },
	{ "both families need each", { "2001:db8::1", NULL }, "*", 101 },
	{ "both families, none for both", { "2001:db8::1", "10.0.0.1" }, "*", -EADDRNOTAVAIL },
	{ "any shares with each of several", { "10.0.0.1 LB", "10.0.0.1 MR" }, "0.0.0.0 LB", 100 },
};

KUNIT_ARRAY_PARAM_DESC(resv_choice, resv_choices, desc);

static void resv_pick__chooses(struct kunit *test)
{
	const struct resv_choice *c = test->param_value;
	int err = c->port < 0 ? c->port : 0;
	struct kit_req r;
	unsigned int i;
	char text[96];

	for (i = 0; i < 2; i++) {
		if (!c->on[i])
			continue;
		snprintf(text, sizeof(text), "%s port=%u", c->on[i], 100 + i);
		kit_hold(test, text);
	}
	/* From whichever of the two it starts. */
	for (i = 0; i < 12; i++) {
		snprintf(text, sizeof(text), "%s port=0 low=100 high=101", c->who);
		kit_parse(test, text, &r);
		KUNIT_EXPECT_EQ(test, kit_available(test, &r), err);
		KUNIT_ASSERT_EQ(test, kit_reserve(test, &r, i % 2 ? GFP_KERNEL : GFP_ATOMIC), err);
		if (err)
			continue;
		if (c->port)
			KUNIT_EXPECT_EQ(test, r.req.binding.port, c->port);
		kit_release(test, &r);
	}
}

static const struct resv_limits {
	const char	*desc;
	const char	*text;
	int		err;
	u16		low;
	u16		high;
} resv_limits[] = {
	{ "a range", "0.0.0.0 port=0 low=300 high=302", 0, 300, 302 },
	{ "an open low end", "0.0.0.0 port=0 high=2", 0, 1, 2 },
	{ "an open high end", "0.0.0.0 port=0 low=65534", 0, 65534, 65535 },
	{ "the namespace's", "0.0.0.0 port=0", 0, 16000, 65535 },
	{ "low above high", "0.0.0.0 port=0 low=302 high=300", -EINVAL, 0, 0 },
	{ "a range, with a port", "0.0.0.0 port=300 low=300 high=302", -EINVAL, 0, 0 },
	{ "a low end, with a port", "0.0.0.0 port=300 low=300", -EINVAL, 0, 0 },
	{ "a high end, with a port", "0.0.0.0 port=300 high=300", -EINVAL, 0, 0 },
};

KUNIT_ARRAY_PARAM_DESC(resv_limit, resv_limits, desc);

static void resv_pick__range(struct kunit *test)
{
	const struct resv_limits *l = test->param_value;
	struct kit_req r;

	kit_parse(test, l->text, &r);
	KUNIT_EXPECT_EQ(test, kit_available(test, &r), l->err);
	KUNIT_ASSERT_EQ(test, kit_reserve(test, &r, GFP_KERNEL), l->err);
	if (l->err)
		return;
	KUNIT_EXPECT_GE(test, r.req.binding.port, l->low);
	KUNIT_EXPECT_LE(test, r.req.binding.port, l->high);
}

static void resv_range_reset(void *unused)
{
	struct netport_range range = { .low = NP_RANGE_LOW, .high = NP_RANGE_HIGH };

	netport_set_range(&init_net, &range);
}

static void resv_pick__namespace_range(struct kunit *test)
{
	struct netport_range range = { .low = 700, .high = 702 };
	struct kit_req r;
	unsigned int i;

	KUNIT_ASSERT_EQ(test, kunit_add_action(test, resv_range_reset, NULL), 0);
	KUNIT_ASSERT_EQ(test, netport_set_range(&init_net, &range), 0);
	for (i = 0; i < 3; i++) {
		kit_parse(test, "0.0.0.0 port=0", &r);
		KUNIT_ASSERT_EQ(test, kit_reserve(test, &r, GFP_KERNEL), 0);
		KUNIT_EXPECT_GE(test, r.req.binding.port, 700);
		KUNIT_EXPECT_LE(test, r.req.binding.port, 702);
	}
	KIT_EXPECT_RESERVE(test, "0.0.0.0 port=0", -EADDRNOTAVAIL);
	KIT_EXPECT_RESERVE(test, "0.0.0.0 port=0 low=703 high=703", 0);
}

/* Those of the real sysctl; by number they can be had. */
static void resv_pick__reserved_ports(struct kunit *test)
{
	unsigned long *bits = init_net.ipv4.sysctl_local_reserved_ports;
	struct kit_req r;
	unsigned int i;

	if (!bits)
		kunit_skip(test, "the kernel has no list of reserved ports");
	KUNIT_ASSERT_FALSE(test, test_bit(501, bits));
	for (i = 0; i < 6; i++) {
		kit_parse(test, "0.0.0.0 port=0 low=500 high=502 LB", &r);
		/* Nothing in here may end the case. */
		set_bit(501, bits);
		KUNIT_EXPECT_EQ(test, kit_reserve(test, &r, GFP_KERNEL), 0);
		clear_bit(501, bits);
		KUNIT_EXPECT_NE(test, r.req.binding.port, 501);
	}
	set_bit(501, bits);
	KIT_EXPECT_RESERVE(test, "0.0.0.0 port=501", 0);
	clear_bit(501, bits);
}

/* A pick isn't ended by a port that can't be compared. */
static void resv_pick__goes_on_after_a_limit(struct kunit *test)
{
	struct kit_req r;
	unsigned int i;
	char text[64];

	for (i = 0; i <= NP_COMPARE_MAX; i++) {
		snprintf(text, sizeof(text), "10.0.0.1 port=100 to=192.0.%u.%u rport=9", i / 256,
			 i % 256);
		kit_parse(test, text, &r);
		KUNIT_ASSERT_EQ(test, kit_reserve(test, &r, GFP_KERNEL), 0);
	}
	kit_hold(test, "10.0.0.1 port=101 dev=9");
	KIT_EXPECT_RESERVE(test, "10.0.0.1 port=100 to=192.1.0.1", -EDQUOT);
	KIT_EXPECT_RESERVE(test, "10.0.0.1 port=0 low=100 high=100 to=192.1.0.1", -EADDRNOTAVAIL);
	for (i = 0; i < 4; i++) {
		snprintf(text, sizeof(text), "10.0.0.1 port=0 low=100 high=101 dev=1 to=192.1.0.%u",
			 i);
		kit_parse(test, text, &r);
		KUNIT_ASSERT_EQ(test, kit_reserve(test, &r, GFP_KERNEL), 0);
		KUNIT_EXPECT_EQ(test, r.req.binding.port, 101);
	}
}

/* What has to be done again for want of memory has the whole limit again. */
static void resv_reserve__limit_is_whole_again(struct kunit *test)
{
	struct kit_req r;
	unsigned int i;
	char text[64];

	for (i = 0; i < NP_COMPARE_MAX * 3 / 4; i++) {
		snprintf(text, sizeof(text), "0.0.0.0 to=192.0.%u.%u rport=9", i / 256, i % 256);
		kit_parse(test, text, &r);
		KUNIT_ASSERT_EQ(test, kit_reserve(test, &r, GFP_KERNEL), 0);
	}
	KIT_EXPECT_RESERVE(test, "10.0.0.1 to=192.1.0.1", 0);
	KIT_EXPECT_RESERVE(test, "10.0.0.1 to=192.1.0.2", 0);
	KIT_EXPECT_RESERVE(test, "10.0.0.1 to=192.1.0.3", 0);
}

/* tables that grow */

static void resv_reserve__tables_grow(struct kunit *test)
{
	struct np_shard *shard = np_shard_of(kit_of(test)->nn, 80);
	struct kit_req r;
	unsigned int i;
	char text[32];

	for (i = 0; i < 2000; i++) {
		snprintf(text, sizeof(text), "10.0.%u.%u", i / 256, i % 256);
		kit_parse(test, text, &r);
		KUNIT_ASSERT_EQ(test, kit_reserve(test, &r, GFP_KERNEL), 0);
	}
	KUNIT_EXPECT_EQ(test, shard->tokens.count, 2000);
	KUNIT_EXPECT_GE(test, shard->tokens.tbl->mask + 1, 2000);
	KUNIT_EXPECT_GE(test, shard->table.tbl->mask + 1, 2000);
}

/* the end of a namespace */

static void resv_drain__takes_all(struct kunit *test)
{
	static const char * const texts[] = {
		"* port=%u", "10.0.0.1 port=%u LB", "10.0.0.1 port=%u LB bob", "10.0.0.2 port=%u",
		":: port=%u alice2", "10.0.0.1 port=%u to=192.0.2.1 rport=9",
		"0.0.0.0 tcp port=%u LB",
	};
	struct netport_candidate cand = {};
	struct kit_req r;
	unsigned int port, i;
	char text[64];

	for (port = 1; port < 65000; port += 1500) {
		for (i = 0; i < ARRAY_SIZE(texts); i++) {
			snprintf(text, sizeof(text), texts[i], port);
			kit_try(test, text);
		}
	}
	kit_parse(test, "10.0.0.1 port=0", &r);
	cand.reserve = r.req;
	cand.reserve.token = 0;
	KUNIT_ASSERT_EQ(test, netport_candidate(kit_owner(test, KIT_ALICE), &cand, GFP_KERNEL), 0);
	KUNIT_ASSERT_GT(test, kit_held(test), 80);

	np_resv_drain(kit_of(test)->nn);
	KUNIT_EXPECT_EQ(test, kit_held(test), 0);
	KUNIT_EXPECT_EQ(test, netport_release(kit_owner(test, KIT_ALICE), cand.reserve.token),
			-ENOENT);
	KUNIT_EXPECT_FALSE(test, kit_owns(kit_owner(test, KIT_ALICE), 0));
	kit_expect_empty(test, kit_of(test)->nn);
}

/* Also while a table of tokens shrinks, however few are left in it. */
static void resv_drain__while_tables_shrink(struct kunit *test)
{
	static const unsigned int lefts[] = { 1, 2, 3, 5, 8, 13, 21, 34, 55 };
	const unsigned int many = 300;
	u64 *token = kunit_kcalloc(test, many, sizeof(*token), GFP_KERNEL);
	unsigned int n, left, i;
	struct kit_req r;

	KUNIT_ASSERT_NOT_NULL(test, token);
	kit_parse(test, "0.0.0.0 LB", &r);
	for (n = 0; n < ARRAY_SIZE(lefts); n++) {
		left = lefts[n];
		for (i = 0; i < many; i++) {
			KUNIT_ASSERT_EQ(test, kit_reserve(test, &r, GFP_KERNEL), 0);
			token[i] = r.req.token;
		}
		/* Some of the first, some of the last are left. */
		for (i = left / 2; i < many - left / 2; i++)
			KUNIT_ASSERT_EQ(test, netport_release(kit_owner(test, KIT_ALICE), token[i]),
					0);
		KUNIT_ASSERT_EQ(test, kit_reserve(test, &r, GFP_KERNEL), 0);
		np_resv_drain(kit_of(test)->nn);
		KUNIT_ASSERT_EQ(test, kit_held(test), 0);
	}
}

static struct kunit_case resv_test_cases[] = {
	KUNIT_CASE(resv_token__is_never_used_again),
	KUNIT_CASE(resv_token__is_new_for_another_owner),
	KUNIT_CASE(resv_release__twice),
	KUNIT_CASE(resv_release__needs_the_token),
	KUNIT_CASE(resv_release__needs_the_owner),
	KUNIT_CASE_PARAM(resv_release_binding__needs_all, resv_key_gen_params),
	KUNIT_CASE(resv_release_binding__of_equals),
	KUNIT_CASE(resv_release_binding__of_another_owners_equal),
	KUNIT_CASE_PARAM(resv_pick__takes_every_port, resv_range_gen_params),
	KUNIT_CASE_PARAM(resv_pick__chooses, resv_choice_gen_params),
	KUNIT_CASE_PARAM(resv_pick__range, resv_limit_gen_params),
	KUNIT_CASE(resv_pick__namespace_range),
	KUNIT_CASE(resv_pick__reserved_ports),
	KUNIT_CASE(resv_pick__goes_on_after_a_limit),
	KUNIT_CASE(resv_reserve__limit_is_whole_again),
	KUNIT_CASE(resv_reserve__tables_grow),
	KUNIT_CASE(resv_drain__takes_all),
	KUNIT_CASE(resv_drain__while_tables_shrink),
	{}
};

static struct kunit_suite resv_test_suite = {
	.name = "netport_resv",
	.init = kit_init,
	.exit = kit_exit,
	.test_cases = resv_test_cases,
};

kunit_test_suite(resv_test_suite);
