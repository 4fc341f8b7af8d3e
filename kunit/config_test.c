// SPDX-License-Identifier: GPL-2.0
/*
 * config.c: ranges, floors and reserved ports by protocol.
 */
#include <linux/bitmap.h>
#include <linux/delay.h>
#include <linux/slab.h>
#include <net/net_namespace.h>

#include "kit.h"

/* Protocols of these cases alone. */
#define CONFIG_PROTO	1500
#define CONFIG_OTHER	1501

static void config_reset(void *unused)
{
	netport_set_space(&init_net, CONFIG_PROTO, NULL);
	netport_set_space(&init_net, CONFIG_OTHER, NULL);
}

static void config_set(struct kunit *test, u16 protocol, const struct netport_space *space)
{
	KUNIT_ASSERT_EQ(test, kunit_add_action(test, config_reset, NULL), 0);
	KUNIT_ASSERT_EQ(test, netport_set_space(&init_net, protocol, space), 0);
}

static unsigned long *config_bitmap(struct kunit *test)
{
	unsigned long *bits = kunit_kzalloc(test, 65536 / 8, GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, bits);
	return bits;
}

static void config_expect(struct kunit *test, u16 protocol, u32 flags, u16 low, u16 high,
			  u16 floor)
{
	struct netport_space got;

	memset(&got, KIT_POISON, sizeof(got));
	KUNIT_EXPECT_EQ(test, netport_get_space(&init_net, protocol, &got), 0);
	KUNIT_EXPECT_EQ(test, got.flags, flags);
	KUNIT_EXPECT_EQ(test, got.low, low);
	KUNIT_EXPECT_EQ(test, got.high, high);
	KUNIT_EXPECT_EQ(test, got.floor, floor);
	KUNIT_EXPECT_NULL(test, got.reserved);
}

/* That of the namespace. */
static u16 config_floor(struct kunit *test)
{
	return np_net_floor(kit_of(test)->nn);
}

/* Picks one, and keeps it: the port, or the error. */
static int config_pick(struct kunit *test, const char *text)
{
	struct kit_request *q = kit_request(test, text);
	int err = netport_request(kit_owner(test, q->who), &q->req, GFP_KERNEL);

	return err ?: q->req.reserve.binding.port;
}

/* setting and getting */

static void config_get__what_applies(struct kunit *test)
{
	struct netport_range range = { .low = 20000, .high = 20999 };
	struct netport_range usual = { .low = NP_RANGE_LOW, .high = NP_RANGE_HIGH };
	struct netport_space space = { .flags = NETPORT_SPACE_FLOOR, .floor = 7 };

	config_expect(test, CONFIG_PROTO, 0, NP_RANGE_LOW, NP_RANGE_HIGH, config_floor(test));
	config_set(test, CONFIG_PROTO, &space);
	config_expect(test, CONFIG_PROTO, NETPORT_SPACE_FLOOR, NP_RANGE_LOW, NP_RANGE_HIGH, 7);
	config_expect(test, CONFIG_OTHER, 0, NP_RANGE_LOW, NP_RANGE_HIGH, config_floor(test));
	/* What isn't set goes with the namespace. */
	KUNIT_ASSERT_EQ(test, netport_set_range(&init_net, &range), 0);
	config_expect(test, CONFIG_PROTO, NETPORT_SPACE_FLOOR, 20000, 20999, 7);
	space = (struct netport_space) { .flags = NETPORT_SPACE_RANGE, .low = 5, .high = 5 };
	KUNIT_EXPECT_EQ(test, netport_set_space(&init_net, CONFIG_PROTO, &space), 0);
	config_expect(test, CONFIG_PROTO, NETPORT_SPACE_RANGE, 5, 5, config_floor(test));
	config_expect(test, CONFIG_OTHER, 0, 20000, 20999, config_floor(test));
	KUNIT_ASSERT_EQ(test, netport_set_range(&init_net, &usual), 0);
	config_expect(test, CONFIG_PROTO, NETPORT_SPACE_RANGE, 5, 5, config_floor(test));
	space = (struct netport_space) { .flags = NETPORT_SPACE_RESERVED };
	KUNIT_EXPECT_EQ(test, netport_set_space(&init_net, CONFIG_PROTO, &space), 0);
	config_expect(test, CONFIG_PROTO, NETPORT_SPACE_RESERVED, NP_RANGE_LOW, NP_RANGE_HIGH,
		      config_floor(test));
	space = (struct netport_space) { .flags = 7, .low = 1, .high = 65535, .floor = 65535 };
	KUNIT_EXPECT_EQ(test, netport_set_space(&init_net, CONFIG_PROTO, &space), 0);
	config_expect(test, CONFIG_PROTO, 7, 1, 65535, 65535);
	KUNIT_EXPECT_EQ(test, netport_set_space(&init_net, CONFIG_PROTO, NULL), 0);
	config_expect(test, CONFIG_PROTO, 0, NP_RANGE_LOW, NP_RANGE_HIGH, config_floor(test));
	KUNIT_EXPECT_EQ_MSG(test, netport_set_space(&init_net, CONFIG_PROTO, NULL), 0, "again");
}

static const unsigned long config_some[1];

struct config_bad {
	const char		*desc;
	struct netport_space	space;
};

static const struct config_bad config_bads[] = {
	{ "nothing", { } },
	{ "an unknown flag", { .flags = 8, .low = 1, .high = 2 } },
	{ "unknown flags beside others",
	  { .flags = NETPORT_SPACE_RANGE | 0x80000000, .low = 1, .high = 2 } },
	{ "a range from 0", { .flags = NETPORT_SPACE_RANGE, .low = 0, .high = 10 } },
	{ "an empty range", { .flags = NETPORT_SPACE_RANGE } },
	{ "a range to 0", { .flags = NETPORT_SPACE_RANGE, .low = 10 } },
	{ "a range that is upside down", { .flags = NETPORT_SPACE_RANGE, .low = 11, .high = 10 } },
	{ "a low end without its flag", { .flags = NETPORT_SPACE_FLOOR, .low = 1 } },
	{ "a high end without its flag", { .flags = NETPORT_SPACE_FLOOR, .high = 1 } },
	{ "a floor without its flag",
	  { .flags = NETPORT_SPACE_RANGE, .low = 1, .high = 2, .floor = 1 } },
	{ "reserved ports without their flag",
	  { .flags = NETPORT_SPACE_FLOOR, .floor = 1, .reserved = config_some } },
	{ "a range without its flag, and reserved ports",
	  { .flags = NETPORT_SPACE_RESERVED, .low = 1, .high = 2 } },
};

KUNIT_ARRAY_PARAM_DESC(config_bad, config_bads, desc);

/* What is malformed leaves what there is, and what there isn't. */
static void config_set__malformed(struct kunit *test)
{
	const struct config_bad *b = test->param_value;
	struct netport_space space = { .flags = NETPORT_SPACE_RANGE | NETPORT_SPACE_FLOOR,
				       .low = 100, .high = 200, .floor = 50 };

	KUNIT_EXPECT_EQ(test, netport_set_space(&init_net, CONFIG_PROTO, &b->space), -EINVAL);
	config_expect(test, CONFIG_PROTO, 0, NP_RANGE_LOW, NP_RANGE_HIGH, config_floor(test));
	config_set(test, CONFIG_PROTO, &space);
	KUNIT_EXPECT_EQ(test, netport_set_space(&init_net, CONFIG_PROTO, &b->space), -EINVAL);
	config_expect(test, CONFIG_PROTO, space.flags, 100, 200, 50);
}

/* picks */

static void config_range__of_picks(struct kunit *test)
{
	struct netport_space space = { .flags = NETPORT_SPACE_RANGE, .low = 100, .high = 109 };
	u64 seen = 0;
	unsigned int i;
	int port;

	config_set(test, CONFIG_PROTO, &space);
	KUNIT_EXPECT_GE(test, config_pick(test, "10.0.0.1 port=0 proto=1501"), NP_RANGE_LOW);
	for (i = 0; i < 10; i++) {
		port = config_pick(test, "10.0.0.1 port=0 proto=1500");
		KUNIT_ASSERT_GE(test, port, 100);
		KUNIT_ASSERT_LE(test, port, 109);
		seen |= BIT_ULL(port - 100);
	}
	KUNIT_EXPECT_EQ(test, seen, 0x3ff);
	KUNIT_EXPECT_EQ(test, config_pick(test, "10.0.0.1 port=0 proto=1500"), -EADDRNOTAVAIL);
	/* It is for those who name none, and for picks. */
	KUNIT_EXPECT_EQ(test, config_pick(test, "10.0.0.1 port=0 proto=1500 low=7 high=7"), 7);
	KIT_EXPECT_RESERVE(test, "10.0.0.1 port=110 proto=1500", 0);
	/* With terms, and for a block. */
	KUNIT_EXPECT_GE(test, config_pick(test, "10.0.0.2 port=0 proto=1500 align=2 offset=1"),
			100);
	KUNIT_EXPECT_EQ(test, config_pick(test, "10.0.0.3 port=0 proto=1500 count=10"), 100);
	KUNIT_EXPECT_EQ(test, config_pick(test, "10.0.0.4 port=0 proto=1500 count=11"),
			-EADDRNOTAVAIL);
	/* What was reserved before stays. */
	i = kit_held(test);
	space.low = 30000;
	space.high = 30000;
	config_set(test, CONFIG_PROTO, &space);
	KUNIT_EXPECT_EQ(test, kit_held(test), i);
	KUNIT_EXPECT_EQ(test, config_pick(test, "10.0.0.1 port=0 proto=1500"), 30000);
	config_set(test, CONFIG_PROTO, NULL);
	KUNIT_EXPECT_GE(test, config_pick(test, "10.0.0.1 port=0 proto=1500"), NP_RANGE_LOW);
}

/* Every one but two of a range, some over the edge of a word; reserving by number is no pick. */
static void config_reserved__of_picks(struct kunit *test)
{
	unsigned long *bits = config_bitmap(test);
	struct netport_space space = { .flags = NETPORT_SPACE_RESERVED, .reserved = bits };
	int a, b;

	bitmap_set(bits, 1000, 200);
	clear_bit(1023, bits);
	clear_bit(1088, bits);
	config_set(test, CONFIG_PROTO, &space);
	/* It is the caller's no more. */
	bitmap_fill(bits, 65536);
	a = config_pick(test, "10.0.0.1 port=0 proto=1500 low=1000 high=1199");
	b = config_pick(test, "10.0.0.1 port=0 proto=1500 low=1000 high=1199");
	KUNIT_EXPECT_TRUE(test, (a == 1023 && b == 1088) || (a == 1088 && b == 1023));
	KUNIT_EXPECT_EQ(test, config_pick(test, "10.0.0.1 port=0 proto=1500 low=1000 high=1199"),
			-EADDRNOTAVAIL);
	KUNIT_EXPECT_EQ(test, config_pick(test, ":: port=0 proto=1500 low=1000 high=1199 count=2"),
			-EADDRNOTAVAIL);
	KUNIT_EXPECT_EQ(test, config_pick(test, "10.0.0.1 port=0 proto=1501 low=1000 high=1000"),
			1000);
	KIT_EXPECT_RESERVE(test, "10.0.0.1 port=1000 proto=1500", 0);
	KIT_EXPECT_RESERVE(test, "10.0.0.1 port=0 proto=1500 low=1200 high=1200", 0);
	KIT_EXPECT_RESERVE(test, "10.0.0.1 port=0 proto=1500 low=999 high=999", 0);
	config_set(test, CONFIG_PROTO, NULL);
	KIT_EXPECT_RESERVE(test, "10.0.0.1 port=0 proto=1500 low=1001 high=1001", 0);
}

#ifdef CONFIG_SYSCTL
static void config_unreserve(void *port)
{
	clear_bit((uintptr_t)port, init_net.ipv4.sysctl_local_reserved_ports);
}

/* The namespace's apply where a protocol has none of its own, and only there. */
static void config_reserved__of_the_namespace(struct kunit *test)
{
	struct netport_space none = { .flags = NETPORT_SPACE_RESERVED };
	struct netport_space floor = { .flags = NETPORT_SPACE_FLOOR };

	KUNIT_ASSERT_EQ(test, kunit_add_action(test, config_unreserve, (void *)3000), 0);
	set_bit(3000, init_net.ipv4.sysctl_local_reserved_ports);
	KIT_EXPECT_RESERVE(test, "10.0.0.1 port=0 proto=1500 low=3000 high=3000", -EADDRNOTAVAIL);
	config_set(test, CONFIG_PROTO, &floor);
	KIT_EXPECT_RESERVE(test, "10.0.0.1 port=0 proto=1500 low=3000 high=3000", -EADDRNOTAVAIL);
	config_set(test, CONFIG_PROTO, &none);
	KIT_EXPECT_RESERVE(test, "10.0.0.1 port=0 proto=1500 low=3000 high=3000", 0);
	KIT_EXPECT_RESERVE(test, "10.0.0.1 port=0 proto=1501 low=3000 high=3000", -EADDRNOTAVAIL);
}
#endif

/* What is reserved for one of a set's protocols isn't picked for the set. */
static void config_reserved__of_a_set(struct kunit *test)
{
	static const char * const texts[] = {
		"10.0.0.1 port=0 proto=1500 low=2000 high=2001 + 10.0.0.1 proto=1501",
		"10.0.0.2 port=0 proto=1501 low=2000 high=2001 + 10.0.0.2 proto=1500",
		"10.0.0.3 port=0 proto=1502 low=2000 high=2001 + 10.0.0.4 proto=1502 + 10.0.0.3 proto=1500",
	};
	unsigned long *bits = config_bitmap(test);
	struct netport_space space = { .flags = NETPORT_SPACE_RESERVED, .reserved = bits };
	unsigned int i;
	struct kit_request *q;
	u64 token;

	set_bit(2000, bits);
	config_set(test, CONFIG_PROTO, &space);
	for (i = 0; i < ARRAY_SIZE(texts); i++) {
		KUNIT_EXPECT_EQ(test, config_pick(test, texts[i]), 2001);
		KUNIT_EXPECT_EQ(test, config_pick(test, texts[i]), -EADDRNOTAVAIL);
	}
	/* Nor by a rebind. */
	token = kit_hold(test, "10.0.0.9 proto=1501 port=2000");
	q = kit_request(test, "10.0.0.9 port=0 proto=1501 low=2000 high=2000 + :: proto=1500");
	KUNIT_EXPECT_EQ(test, kit_rebind(test, token, q, GFP_KERNEL), -EADDRNOTAVAIL);
	q = kit_request(test, "10.0.0.9 port=0 proto=1501 low=2000 high=2000 + :: proto=1502");
	KUNIT_EXPECT_EQ(test, kit_rebind(test, token, q, GFP_KERNEL), 0);
}

/* The range of a set is that of its first protocol. */
static void config_range__of_a_set(struct kunit *test)
{
	struct netport_space a = { .flags = NETPORT_SPACE_RANGE, .low = 100, .high = 100 };
	struct netport_space b = { .flags = NETPORT_SPACE_RANGE, .low = 200, .high = 200 };

	config_set(test, CONFIG_PROTO, &a);
	config_set(test, CONFIG_OTHER, &b);
	KUNIT_EXPECT_EQ(test, config_pick(test, "10.0.0.1 port=0 proto=1500 + 10.0.0.1 proto=1501"),
			100);
	KUNIT_EXPECT_EQ(test, config_pick(test, "10.0.0.1 port=0 proto=1501 + 10.0.0.1 proto=1500"),
			200);
}

/* floors */

/* One like an open file, for a process without any capability until the case ends. */
static struct netport_owner *config_file(struct kunit *test)
{
	struct netport_owner *owner = np_owner_create(&init_net, kit_uid(KIT_ALICE), false);

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, owner);
	kit_of(test)->owner[KIT_ALICE] = owner;
	return owner;
}

/* A request as somebody with no capability, or with all: the port, or the error. */
static int config_as(struct kunit *test, bool capable, struct kit_request *q,
		     int (*fn)(struct netport_owner *, struct netport_request *, gfp_t))
{
	const struct cred *before = kit_become(test, capable);
	int err = fn(kit_owner(test, KIT_ALICE), &q->req, GFP_KERNEL);

	kit_be_again(before);
	return err ?: q->req.reserve.binding.port;
}

struct config_access {
	const char	*text;
	int		got;	/* without the capability */
	int		all;	/* with it */
};

/* 1500 has its floor at 2000, 1501 at 0; 1502 has the namespace's. */
static const struct config_access config_accesses[] = {
	{ "10.0.0.1 proto=1500 port=1999", -EACCES, 1999 },
	{ "10.0.0.1 proto=1500 port=2000", 2000, 2000 },
	{ "10.0.0.1 proto=1501 port=1", 1, 1 },
	{ "10.0.0.1 proto=1502 port=1", -EACCES, 1 },
	{ "10.0.0.1 proto=1500 port=1999 + 10.0.0.1 proto=1501", -EACCES, 1999 },
	{ "10.0.0.1 proto=1501 port=1999 + 10.0.0.1 proto=1500", -EACCES, 1999 },
	{ "10.0.0.1 proto=1501 port=1999 + 10.0.0.1 proto=1502", 1999, 1999 },
	{ "10.0.0.1 proto=1501 port=2000 + 10.0.0.1 proto=1500", 2000, 2000 },
	{ "10.0.0.1 proto=1500 port=0 low=1999 high=2000", -EACCES, 0 },
	{ "10.0.0.1 proto=1500 port=0 high=2000", 2000, 0 },
	{ "10.0.0.1 proto=1500 port=0 high=1999", -EACCES, 0 },
	{ "10.0.0.1 proto=1501 port=0 high=1", 1, 1 },
	{ "10.0.0.1 proto=1501 port=0 high=2000 + 10.0.0.1 proto=1500", 2000, 0 },
	{ "10.0.0.1 proto=1501 port=0 low=1999 high=1999 + 10.0.0.1 proto=1500", -EACCES, 1999 },
	{ "10.0.0.1 proto=1501 port=0 low=2000 high=2000 + 10.0.0.1 proto=1500", 2000, 2000 },
};

static void config_access_desc(const struct config_access *a, char *desc)
{
	snprintf(desc, KUNIT_PARAM_DESC_SIZE, "%s", a->text);
}

KUNIT_ARRAY_PARAM(config_access, config_accesses, config_access_desc);

static void config_floors(struct kunit *test)
{
	struct netport_space high = { .flags = NETPORT_SPACE_FLOOR, .floor = 2000 };
	struct netport_space none = { .flags = NETPORT_SPACE_FLOOR };

	if (!config_floor(test))
		kunit_skip(test, "the namespace has no floor");
	config_file(test);
	config_set(test, CONFIG_PROTO, &high);
	config_set(test, CONFIG_OTHER, &none);
}

static void config_floor__by_capability(struct kunit *test)
{
	const struct config_access *a = test->param_value;
	struct kit_request *q = kit_request(test, a->text);
	struct netport_request req = q->req;
	int got;

	config_floors(test);
	got = config_as(test, false, q, netport_request);
	KUNIT_EXPECT_EQ(test, got, a->got);
	if (got > 0)
		KUNIT_ASSERT_EQ(test, netport_release(kit_owner(test, KIT_ALICE),
						      q->req.reserve.token), 0);
	KUNIT_EXPECT_EQ(test, kit_held(test), 0);
	q->req = req;
	got = config_as(test, true, q, netport_request);
	if (a->all)
		KUNIT_EXPECT_EQ(test, got, a->all);
	else
		KUNIT_EXPECT_GT(test, got, 0);
}

/* A stack needs none, whatever the floor. */
static void config_floor__is_none_for_stacks(struct kunit *test)
{
	struct netport_space high = { .flags = NETPORT_SPACE_FLOOR, .floor = 65535 };

	config_set(test, CONFIG_PROTO, &high);
	KIT_EXPECT_RESERVE(test, "10.0.0.1 proto=1500 port=1", 0);
	KIT_EXPECT_RESERVE(test, "10.0.0.1 proto=1500 port=0 high=2", 0);
	KIT_EXPECT_RESERVE(test, "10.0.0.2 proto=1500 port=0", 0);
}

/* Also where a reservation gets a binding of another protocol, or another port. */
static void config_floor__of_changes(struct kunit *test)
{
	struct kit_request *q = kit_request(test, "10.0.0.1 proto=1501 port=1999");
	struct kit_request *more = kit_request(test, "10.0.0.1 proto=1500 port=0");
	struct kit_request *move = kit_request(test, "10.0.0.1 proto=1500 port=1999");
	u64 token;

	config_floors(test);
	KUNIT_ASSERT_EQ(test, config_as(test, false, q, netport_request), 1999);
	token = q->req.reserve.token;
	more->req.reserve.token = token;
	move->req.reserve.token = token;
	KUNIT_EXPECT_EQ(test, config_as(test, false, more, netport_extend), -EACCES);
	KUNIT_EXPECT_EQ(test, config_as(test, false, move, netport_rebind), -EACCES);
	KUNIT_EXPECT_EQ(test, kit_held(test), 1);
	KUNIT_EXPECT_EQ(test, config_as(test, true, more, netport_extend), 1999);
	KUNIT_EXPECT_EQ(test, config_as(test, true, move, netport_rebind), 1999);
	move->req.reserve.binding.port = 2000;
	KUNIT_EXPECT_EQ(test, config_as(test, false, move, netport_rebind), 2000);
}

static struct netport_candidate config_cand;

static int config_candidate(struct netport_owner *owner, struct netport_request *req, gfp_t gfp)
{
	return netport_candidate(owner, &config_cand, gfp);
}

/* The cursor is the caller's to change, and the range that it gets by that isn't its own. */
static void config_floor__of_a_search_that_goes_on(struct kunit *test)
{
	struct netport_candidate before;
	struct kit_request *q;

	q = kit_request(test, "10.0.0.1 proto=1501 port=0 high=3000 + 10.0.0.1 proto=1500");
	config_floors(test);
	config_cand = (struct netport_candidate) { .reserve = q->req.reserve,
						   .terms = q->req.terms };
	config_cand.reserve.token = 0;
	KUNIT_ASSERT_EQ(test, config_as(test, false, q, config_candidate), 0);
	KUNIT_EXPECT_GE(test, config_cand.reserve.binding.port, 2000);
	KUNIT_EXPECT_EQ(test, (u16)config_cand.cursor, 2000);
	before = config_cand;
	config_cand.cursor = (before.cursor & ~0xffffULL) | 1;
	KUNIT_EXPECT_EQ(test, config_as(test, false, q, config_candidate), -EACCES);
	config_cand.cursor = before.cursor;
	KUNIT_EXPECT_EQ(test, config_as(test, false, q, config_candidate), 0);
	KUNIT_EXPECT_GE(test, config_cand.reserve.binding.port, 2000);
	KUNIT_EXPECT_EQ(test, kit_held(test), 2);
}

/* all at once */

#define CONFIG_ROUNDS	300

struct config_churn {
	struct netport_owner	*owner;
	unsigned long		*bits;
	atomic_t		strange;
	atomic_t		picked;
};

static bool config_churn_ok(int err, u16 port)
{
	if (err)
		return err == -EADDRNOTAVAIL;
	return (port >= 1000 && port < 1100) || (port >= 2000 && port < 2100) ||
	       port >= NP_RANGE_LOW;
}

static void config_churn(void *arg, unsigned int nr)
{
	struct netport_space space = { .flags = 7 }, got;
	struct config_churn *c = arg;
	struct rnd_state rnd;
	unsigned int i;
	int err;

	prandom_seed_state(&rnd, nr);
	for (i = 0; i < CONFIG_ROUNDS; i++) {
		struct netport_reserve req = {
			.binding = { .families = NETPORT_FAMILY_IPV4, .protocol = CONFIG_PROTO },
		};

		kit_yield(&rnd);
		if (nr < 2) {
			space.low = nr ? 1000 : 2000;
			space.high = space.low + 99;
			space.reserved = kit_random(&rnd, 2) ? c->bits : NULL;
			err = netport_set_space(&init_net, CONFIG_PROTO,
						kit_random(&rnd, 3) ? &space : NULL);
			if (err || netport_get_space(&init_net, CONFIG_PROTO, &got) ||
			    !config_churn_ok(0, got.low))
				atomic_inc(&c->strange);
			continue;
		}
		err = netport_reserve(c->owner, &req, nr % 2 ? GFP_KERNEL : GFP_ATOMIC);
		if (!config_churn_ok(err, req.binding.port))
			atomic_inc(&c->strange);
		if (err)
			continue;
		atomic_inc(&c->picked);
		netport_release(c->owner, req.token);
	}
}

static void config_set__while_ports_are_picked(struct kunit *test)
{
	struct config_churn c = {
		.owner = kit_owner(test, KIT_ALICE), .bits = config_bitmap(test),
	};
	struct netport_space space = { .flags = NETPORT_SPACE_RANGE, .low = 9, .high = 9 };
	unsigned int i;

	for (i = 0; i < 65536; i += 2)
		set_bit(i, c.bits);
	config_set(test, CONFIG_PROTO, NULL);
	kit_threads(test, config_churn, &c, KIT_THREADS);
	KUNIT_EXPECT_EQ(test, atomic_read(&c.strange), 0);
	KUNIT_EXPECT_GT(test, atomic_read(&c.picked), CONFIG_ROUNDS);
	config_set(test, CONFIG_PROTO, &space);
	KUNIT_EXPECT_EQ(test, config_pick(test, "10.0.0.1 port=0 proto=1500"), 9);
}

/* A namespace takes its own along, and what comes then is refused. */
static void config_gone__with_the_namespace(struct kunit *test)
{
	struct kit_netns *ns = kit_netns_start(test);
	struct netport_space space = { .flags = 7, .low = 100, .high = 199, .floor = 150 };
	struct np_net *nn = np_net_get(ns->net);
	unsigned int i;

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, nn);
	space.reserved = config_bitmap(test);
	for (i = 0; i < 5; i++)
		KUNIT_EXPECT_EQ(test, netport_set_space(ns->net, 1500 + i, &space), 0);
	KUNIT_EXPECT_EQ(test, netport_set_space(ns->net, 1501, NULL), 0);
	config_expect(test, CONFIG_PROTO, 0, NP_RANGE_LOW, NP_RANGE_HIGH, config_floor(test));
	kit_netns_end(ns);
	for (i = 0; i < 1000 && !(READ_ONCE(nn->dead) && refcount_read(&nn->ref) == 1); i++)
		msleep(20);
	KUNIT_EXPECT_EQ(test, refcount_read(&nn->ref), 1);
	KUNIT_EXPECT_EQ(test, np_config_set(nn, CONFIG_PROTO, &space), -ENETDOWN);
	KUNIT_EXPECT_EQ(test, np_config_set(nn, CONFIG_PROTO, NULL), -ENETDOWN);
	KUNIT_EXPECT_EQ(test, np_config_floor(nn, CONFIG_PROTO), 150);
	np_net_put(nn);
}

static struct kunit_case config_test_cases[] = {
	KUNIT_CASE(config_get__what_applies),
	KUNIT_CASE_PARAM(config_set__malformed, config_bad_gen_params),
	KUNIT_CASE(config_range__of_picks),
	KUNIT_CASE(config_range__of_a_set),
	KUNIT_CASE(config_reserved__of_picks),
#ifdef CONFIG_SYSCTL
	KUNIT_CASE(config_reserved__of_the_namespace),
#endif
	KUNIT_CASE(config_reserved__of_a_set),
	KUNIT_CASE_PARAM(config_floor__by_capability, config_access_gen_params),
	KUNIT_CASE(config_floor__is_none_for_stacks),
	KUNIT_CASE(config_floor__of_changes),
	KUNIT_CASE(config_floor__of_a_search_that_goes_on),
	KUNIT_CASE(config_set__while_ports_are_picked),
	KUNIT_CASE(config_gone__with_the_namespace),
	{}
};

static struct kunit_suite config_test_suite = {
	.name = "netport_config",
	.init = kit_init,
	.exit = kit_exit,
	.test_cases = config_test_cases,
};

kunit_test_suite(config_test_suite);
