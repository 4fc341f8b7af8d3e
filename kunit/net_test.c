// SPDX-License-Identifier: GPL-2.0
/*
 * net.c: each network namespace has tables, range and sysctls of its own, and takes its
 * tables along when it goes.
 */
#include <linux/delay.h>
#include <linux/slab.h>
#include <net/net_namespace.h>

#include "kit.h"

static struct np_net *net_tables(struct kunit *test)
{
	return kit_of(test)->nn;
}

/* the range */

static void net_range__default(struct kunit *test)
{
	u16 low = 0xcccc, high = 0xcccc;

	np_net_range(net_tables(test), &low, &high);
	KUNIT_EXPECT_EQ(test, low, 16000);
	KUNIT_EXPECT_EQ(test, high, 65535);
}

static const struct net_range {
	const char		*desc;
	struct netport_range	range;
	bool			allowed;
	bool			dead;
	int			err;
} net_ranges[] = {
	{ "a range", { 1000, 2000 }, true, false, 0 },
	{ "all ports", { 1, 65535 }, true, false, 0 },
	{ "one port", { 7, 7 }, true, false, 0 },
	{ "the last port", { 65535, 65535 }, true, false, 0 },
	{ "from port 0", { 0, 65535 }, true, false, -EINVAL },
	{ "only port 0", { 0, 0 }, true, false, -EINVAL },
	{ "up to port 0", { 1, 0 }, true, false, -EINVAL },
	{ "low above high", { 2000, 1999 }, true, false, -EINVAL },
	{ "padding", { 1000, 2000, 1 }, true, false, -EINVAL },
	{ "without the capability", { 1000, 2000 }, false, false, -EPERM },
	{ "malformed, without the capability", { 0, 2000 }, false, false, -EINVAL },
	{ "of a namespace that is gone", { 1000, 2000 }, true, true, -ENETDOWN },
};

KUNIT_ARRAY_PARAM_DESC(net_range, net_ranges, desc);

static void net_set_range__checks(struct kunit *test)
{
	const struct net_range *r = test->param_value;
	u16 low, high;

	net_tables(test)->dead = r->dead;
	KUNIT_EXPECT_EQ(test, np_net_set_range(net_tables(test), &r->range, r->allowed), r->err);
	np_net_range(net_tables(test), &low, &high);
	KUNIT_EXPECT_EQ(test, low, r->err ? 16000 : r->range.low);
	KUNIT_EXPECT_EQ(test, high, r->err ? 65535 : r->range.high);
}

/* the sysctls */

static void net_floor__is_the_sysctl(struct kunit *test)
{
	struct net *net = kit_of(test)->net;

	net->ipv4.sysctl_ip_prot_sock = 1024;
	KUNIT_EXPECT_EQ(test, np_net_floor(net_tables(test)), 1024);
	net->ipv4.sysctl_ip_prot_sock = 0;
	KUNIT_EXPECT_EQ(test, np_net_floor(net_tables(test)), 0);
	net->ipv4.sysctl_ip_prot_sock = 65535;
	KUNIT_EXPECT_EQ(test, np_net_floor(net_tables(test)), 65535);
	net_tables(test)->dead = true;
	net_tables(test)->net = NULL;
	KUNIT_EXPECT_EQ_MSG(test, np_net_floor(net_tables(test)), 0, "the namespace is gone");
}

static void net_reserved__is_the_sysctl(struct kunit *test)
{
	static const u16 ports[] = { 0, 63, 64, 4095, 4096, 65472, 65535 };
	unsigned long *bits = kunit_kcalloc(test, BITS_TO_LONGS(65536), sizeof(*bits), GFP_KERNEL);
	unsigned int i, word;
	u64 reserved;

	KUNIT_ASSERT_NOT_NULL(test, bits);
	rcu_read_lock();
	reserved = np_net_reserved(net_tables(test), 5);
	rcu_read_unlock();
	KUNIT_EXPECT_EQ_MSG(test, reserved, 0, "no list at all");

	kit_of(test)->net->ipv4.sysctl_local_reserved_ports = bits;
	for (i = 0; i < ARRAY_SIZE(ports); i++) {
		__set_bit(ports[i], bits);
		for (word = 0; word < NP_WORDS; word++) {
			rcu_read_lock();
			reserved = np_net_reserved(net_tables(test), word);
			rcu_read_unlock();
			KUNIT_ASSERT_EQ(test, reserved, word == ports[i] / 64 ?
					BIT_ULL(ports[i] % 64) : 0);
		}
		__clear_bit(ports[i], bits);
	}
}

static struct kunit_case net_test_cases[] = {
	KUNIT_CASE(net_range__default),
	KUNIT_CASE_PARAM(net_set_range__checks, net_range_gen_params),
	KUNIT_CASE(net_floor__is_the_sysctl),
	KUNIT_CASE(net_reserved__is_the_sysctl),
	{}
};

static struct kunit_suite net_test_suite = {
	.name = "netport_net",
	.init = kit_bare_init,
	.exit = kit_bare_exit,
	.test_cases = net_test_cases,
};

/* real namespaces */

static void netns_get__same_tables(struct kunit *test)
{
	unsigned int refs = refcount_read(&kit_of(test)->nn->ref);
	struct np_net *nn = np_net_get(&init_net);

	KUNIT_EXPECT_PTR_EQ(test, nn, kit_of(test)->nn);
	KUNIT_EXPECT_EQ(test, refcount_read(&nn->ref), refs + 1);
	np_net_put(nn);
	KUNIT_EXPECT_EQ(test, refcount_read(&nn->ref), refs);
}

static struct netport_owner *netns_owner(struct kunit *test, struct kit_netns *ns)
{
	struct netport_owner *owner = netport_owner_create(ns->net, kit_uid(KIT_ALICE));

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, owner);
	return owner;
}

static int netns_reserve(struct kunit *test, struct netport_owner *owner, const char *text,
			 u64 *token)
{
	struct kit_req r;
	int err;

	kit_parse(test, text, &r);
	err = netport_reserve(owner, &r.req, GFP_KERNEL);
	if (!err && token)
		*token = r.req.token;
	return err;
}

static void netns__tables_are_apart(struct kunit *test)
{
	struct kit_netns *ns = kit_netns_start(test);
	struct netport_owner *owner = netns_owner(test, ns);
	u64 here = kit_hold(test, "*"), there;

	KUNIT_EXPECT_PTR_NE(test, owner->nn, kit_of(test)->nn);
	KUNIT_EXPECT_EQ(test, netns_reserve(test, owner, "*", &there), 0);
	KUNIT_EXPECT_EQ(test, netns_reserve(test, owner, "10.0.0.1", NULL), -EADDRINUSE);
	KUNIT_EXPECT_EQ(test, kit_held(test), 1);
	KUNIT_EXPECT_EQ(test, atomic_read(&owner->nn->count), 1);
	KUNIT_EXPECT_EQ(test, netport_release(kit_owner(test, KIT_ALICE), here), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&owner->nn->count), 1);
	KUNIT_EXPECT_EQ(test, netport_release(owner, there), 0);
	netport_owner_destroy(owner);
}

static void netns__range_is_apart(struct kunit *test)
{
	struct netport_range range = { .low = 5, .high = 6 }, got;
	struct kit_netns *ns = kit_netns_start(test);

	KUNIT_EXPECT_EQ(test, netport_set_range(ns->net, &range), 0);
	KUNIT_EXPECT_EQ(test, netport_get_range(&init_net, &got), 0);
	KUNIT_EXPECT_EQ(test, got.low, 16000);
	memset(&got, KIT_POISON, sizeof(got));
	KUNIT_EXPECT_EQ(test, netport_get_range(ns->net, &got), 0);
	KUNIT_EXPECT_MEMEQ(test, &got, &range, sizeof(got));
}

static void netns_exit__takes_all(struct kunit *test)
{
	struct kit_netns *ns = kit_netns_start(test);
	struct netport_owner *owner = netns_owner(test, ns), *idle = netns_owner(test, ns);
	struct netport_candidate cand = {};
	struct netport_range range;
	struct kit_req r;
	unsigned int i;
	char text[32];
	u64 token;

	for (i = 0; i < 500; i++) {
		snprintf(text, sizeof(text), "10.0.0.%u port=%u", i % 16, 100 + i * 17);
		KUNIT_ASSERT_EQ(test, netns_reserve(test, owner, text, &token), 0);
	}
	kit_parse(test, "* port=0", &r);
	cand.reserve = r.req;
	cand.reserve.token = 0;
	KUNIT_ASSERT_EQ(test, netport_candidate(owner, &cand, GFP_KERNEL), 0);
	KUNIT_ASSERT_EQ(test, atomic_read(&owner->nn->count), 501);

	kit_netns_end(ns);
	KUNIT_ASSERT_TRUE(test, kit_netns_gone(owner->nn, 2));
	KUNIT_EXPECT_EQ(test, netport_release(owner, token), -ENOENT);
	KUNIT_EXPECT_EQ(test, netport_accept(owner, cand.reserve.token), -ENOENT);
	KUNIT_EXPECT_EQ(test, netns_reserve(test, owner, "*", NULL), -ENETDOWN);
	KUNIT_EXPECT_EQ(test, netns_reserve(test, owner, "* port=0", NULL), -ENETDOWN);
	KUNIT_EXPECT_EQ(test, netns_reserve(test, idle, "10.0.0.1 port=100", NULL), -ENETDOWN);
	KUNIT_EXPECT_EQ(test, netport_available(owner, &r.req), -ENETDOWN);
	cand.reserve.token = 0;
	KUNIT_EXPECT_EQ(test, netport_candidate(owner, &cand, GFP_KERNEL), -ENETDOWN);
	kit_parse(test, "10.0.0.0 port=100", &r);
	KUNIT_EXPECT_EQ(test, netport_release_binding(owner, &r.req.binding, 0), -ENOENT);
	KUNIT_EXPECT_EQ(test, atomic_read(&owner->nn->count), 0);
	range = (struct netport_range) { .low = 1, .high = 2 };
	KUNIT_EXPECT_EQ(test, np_net_set_range(owner->nn, &range, true), -ENETDOWN);
	kit_expect_empty(test, owner->nn);
	netport_owner_destroy(owner);
	netport_owner_destroy(idle);
}

static void netns_exit__without_owners(struct kunit *test)
{
	struct kit_netns *ns = kit_netns_start(test);
	struct netport_owner *owner = netns_owner(test, ns);
	struct np_net *nn = np_net_get(ns->net);

	KUNIT_ASSERT_EQ(test, netns_reserve(test, owner, "*", NULL), 0);
	netport_owner_destroy(owner);
	kit_netns_end(ns);
	KUNIT_EXPECT_TRUE(test, kit_netns_gone(nn, 1));
	np_net_put(nn);
}

/* An owner doesn't keep a namespace alive. */
static void netns_exit__is_not_held_up(struct kunit *test)
{
	struct kit_netns *ns = kit_netns_start(test);
	struct netport_owner *owner = netns_owner(test, ns);
	struct np_net *nn = owner->nn;

	KUNIT_ASSERT_EQ(test, netns_reserve(test, owner, "*", NULL), 0);
	kit_netns_end(ns);
	KUNIT_EXPECT_TRUE(test, kit_netns_gone(nn, 1));
	netport_owner_destroy(owner);
}

/* Threads that reserve, pick and release all the while. */

struct netns_race {
	struct netport_owner	*owner[2];
	struct netport_reserve	req[4];
	atomic_t		strange;
	atomic_t		made;
};

static void netns_race(void *arg, unsigned int nr)
{
	struct netns_race *race = arg;
	struct netport_owner *owner = race->owner[nr % 2];
	struct netport_reserve req;
	struct rnd_state rnd;
	int err;

	prandom_seed_state(&rnd, nr);
	for (;;) {
		req = race->req[kit_random(&rnd, ARRAY_SIZE(race->req))];
		if (req.binding.port)
			req.binding.port += kit_random(&rnd, 200);
		err = netport_reserve(owner, &req, nr % 3 ? GFP_KERNEL : GFP_ATOMIC);
		if (err == -ENETDOWN)
			return;
		if (err && err != -EADDRINUSE && err != -EADDRNOTAVAIL)
			atomic_inc(&race->strange);
		if (!err) {
			atomic_inc(&race->made);
			if (kit_random(&rnd, 8))
				netport_release(owner, req.token);
		}
		kit_yield(&rnd);
	}
}

struct netns_race_all {
	struct netns_race	race;
	struct kit_netns	*ns;
};

static void netns_race_all(void *arg, unsigned int nr)
{
	struct netns_race_all *all = arg;
	unsigned int i;

	if (nr) {
		netns_race(&all->race, nr);
		return;
	}
	/* Once the others are at it, however slow the machine is. */
	for (i = 0; i < 500 && atomic_read(&all->race.made) <= 200; i++)
		msleep(20);
	kit_netns_end(all->ns);
}

static void netns_exit__while_others_reserve(struct kunit *test)
{
	static const char * const texts[] = { "10.0.0.1 port=100", "* port=100 LB",
	"10.0.0.2 port=0", "* port=0 LB" };
	struct netns_race_all *all = kunit_kzalloc(test, sizeof(*all), GFP_KERNEL);
	struct kit_netns *ns = kit_netns_start(test);
	struct np_net *nn = np_net_get(ns->net);
	struct kit_req r;
	unsigned int i;

	KUNIT_ASSERT_NOT_NULL(test, all);
	all->ns = ns;
	for (i = 0; i < ARRAY_SIZE(texts); i++) {
		kit_parse(test, texts[i], &r);
		all->race.req[i] = r.req;
	}
	for (i = 0; i < 2; i++)
		all->race.owner[i] = netns_owner(test, ns);
	kit_threads(test, netns_race_all, all, 5);
	KUNIT_EXPECT_TRUE(test, kit_netns_gone(nn, 3));
	KUNIT_EXPECT_GT(test, atomic_read(&all->race.made), 100);
	KUNIT_EXPECT_EQ(test, atomic_read(&all->race.strange), 0);
	for (i = 0; i < 2; i++)
		netport_owner_destroy(all->race.owner[i]);
	KUNIT_EXPECT_EQ(test, atomic_read(&nn->count), 0);
	kit_expect_empty(test, nn);
	np_net_put(nn);
}

/* The owner goes at the same time as its namespace. */
static void netns_exit__while_owners_go(struct kunit *test)
{
	struct netport_owner *owner[4];
	struct kit_netns *ns = kit_netns_start(test);
	struct np_net *nn = np_net_get(ns->net);
	unsigned int i, j;
	char text[32];

	for (i = 0; i < ARRAY_SIZE(owner); i++) {
		owner[i] = netns_owner(test, ns);
		for (j = 0; j < 300; j++) {
			snprintf(text, sizeof(text), "10.0.0.%u port=%u", i, 100 + j * 17);
			KUNIT_ASSERT_EQ(test, netns_reserve(test, owner[i], text, NULL), 0);
		}
	}
	kit_netns_end(ns);
	for (i = 0; i < ARRAY_SIZE(owner); i++) {
		while (i == 1 && !READ_ONCE(nn->dead))
			msleep(20);
		netport_owner_destroy(owner[i]);
	}
	KUNIT_EXPECT_TRUE(test, kit_netns_gone(nn, 1));
	kit_expect_empty(test, nn);
	np_net_put(nn);
}

static struct kunit_case netns_test_cases[] = {
	KUNIT_CASE(netns_get__same_tables),
	KUNIT_CASE(netns__tables_are_apart),
	KUNIT_CASE(netns__range_is_apart),
	KUNIT_CASE(netns_exit__takes_all),
	KUNIT_CASE(netns_exit__without_owners),
	KUNIT_CASE(netns_exit__is_not_held_up),
	KUNIT_CASE_SLOW(netns_exit__while_others_reserve),
	KUNIT_CASE_SLOW(netns_exit__while_owners_go),
	{}
};

static struct kunit_suite netns_test_suite = {
	.name = "netport_netns",
	.init = kit_init,
	.exit = kit_exit,
	.test_cases = netns_test_cases,
};

kunit_test_suites(&net_test_suite, &netns_test_suite);
