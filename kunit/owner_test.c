// SPDX-License-Identifier: GPL-2.0
/*
 * owner.c: what an owner holds is its own and goes with it, how much that may be, and
 * which ports it may have.
 *
 * The limits are module parameters; the cases count on their defaults.
 */
#include <linux/capability.h>
#include <linux/user_namespace.h>
#include <net/net_namespace.h>

#include "kit.h"

#define OWNER_MAX	65536
#define OWNER_MAX_UID	262144
#define OWNER_MAX_NETNS	1048576

/* An owner that the limits apply to, like an open file, instead of alice. */
static struct netport_owner *owner_file(struct kunit *test)
{
	struct netport_owner *owner = np_owner_create(&init_net, kit_uid(KIT_ALICE), false);

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, owner);
	KUNIT_ASSERT_NULL(test, kit_of(test)->owner[KIT_ALICE]);
	kit_of(test)->owner[KIT_ALICE] = owner;
	return owner;
}

static void owner_create__is_as_asked(struct kunit *test)
{
	struct netport_owner *file = owner_file(test), *kernel = kit_owner(test, KIT_ALICE2);

	KUNIT_EXPECT_FALSE(test, file->trusted);
	KUNIT_EXPECT_TRUE(test, kernel->trusted);
	KUNIT_EXPECT_PTR_EQ(test, file->user, kernel->user);
	KUNIT_EXPECT_PTR_EQ(test, file->nn, kit_of(test)->nn);
	KUNIT_EXPECT_TRUE(test, uid_eq(file->user->uid, kit_uid(KIT_ALICE)));
	KUNIT_EXPECT_EQ(test, atomic_read(&file->count), 0);
	KUNIT_EXPECT_FALSE(test, kit_owns(file, 0));
}

static void owner_create__holds_what_it_needs(struct kunit *test)
{
	struct np_net *nn = kit_of(test)->nn;
	unsigned int refs = refcount_read(&nn->ref);
	struct netport_owner *owner = owner_file(test);

	KUNIT_EXPECT_EQ(test, refcount_read(&nn->ref), refs + 1);
	netport_owner_destroy(owner);
	kit_of(test)->owner[KIT_ALICE] = NULL;
	KUNIT_EXPECT_EQ(test, refcount_read(&nn->ref), refs);
}

/* destroying */

static const char * const owner_things[] = {
	"0.0.0.0 LB", "10.0.0.1 LB", "10.0.0.1 LB to=192.0.2.1 rport=9", "* tcp", ":: port=1",
	"2001:db8::1 port=65535", "10.0.0.1 port=81 dev=1", "10.0.0.1 port=81 dev=2",
	"10.0.0.1 port=82 to=192.0.2.1 rport=9 tuple", "0.0.0.0 port=0",
};

static void owner_destroy__releases_all(struct kunit *test)
{
	unsigned int i, round;

	for (round = 0; round < 2; round++) {
		for (i = 0; i < ARRAY_SIZE(owner_things); i++)
			KIT_EXPECT_RESERVE(test, owner_things[i], 0);
		KUNIT_EXPECT_EQ(test, kit_held(test), ARRAY_SIZE(owner_things));
		netport_owner_destroy(kit_owner(test, KIT_ALICE));
		kit_of(test)->owner[KIT_ALICE] = NULL;
		KUNIT_EXPECT_EQ(test, kit_held(test), 0);
	}
}

static void owner_destroy__releases_candidates(struct kunit *test)
{
	struct netport_candidate cand = {};
	struct kit_req r;

	kit_parse(test, "0.0.0.0 port=0 low=100 high=100", &r);
	cand.reserve = r.req;
	cand.reserve.token = 0;
	KUNIT_ASSERT_EQ(test, netport_candidate(kit_owner(test, KIT_ALICE), &cand, GFP_KERNEL), 0);
	KIT_EXPECT_RESERVE(test, "0.0.0.0 port=100 bob", -EADDRINUSE);
	netport_owner_destroy(kit_owner(test, KIT_ALICE));
	kit_of(test)->owner[KIT_ALICE] = NULL;
	KIT_EXPECT_RESERVE(test, "0.0.0.0 port=100 bob", 0);
}

static void owner_destroy__leaves_others_alone(struct kunit *test)
{
	u64 mine = kit_hold(test, "0.0.0.0 LB alice2"), bobs = kit_hold(test,
									"0.0.0.0 port=81 bob");

	kit_hold(test, "0.0.0.0 LB");
	kit_hold(test, "10.0.0.1 LB");
	netport_owner_destroy(kit_owner(test, KIT_ALICE));
	kit_of(test)->owner[KIT_ALICE] = NULL;
	KUNIT_EXPECT_EQ(test, kit_held(test), 2);
	KUNIT_EXPECT_EQ(test, netport_release(kit_owner(test, KIT_ALICE2), mine), 0);
	KUNIT_EXPECT_EQ(test, netport_release(kit_owner(test, KIT_BOB), bobs), 0);
}

/* What there may be many of, each on a port of its own or on one together; the last two rarely. */
static const char * const owner_kinds[] = {
	"10.0.0.1 port=%u", "10.0.0.2 port=%u", "* tcp port=%u", "10.0.0.3 LB port=%u",
	"10.0.0.4 proto=9 LB", "10.0.0.5 proto=9 LB to=192.0.2.1 rport=9",
	"10.0.0.6 port=%u + 10.0.0.7", "10.0.0.8 port=%u persistent",
};

#define OWNER_KINDS_COMMON	6
#define OWNER_MANY		200

/**
 * struct owner_lot - many reservations of an open file
 * @kept: those that outlive it
 * @nkept: how many
 * @ports: for how many ports all of them count
 */
struct owner_lot {
	u64		kept[OWNER_MANY];
	unsigned int	nkept;
	unsigned int	ports;
};

/* @step: from one port to the next. */
static void owner_hold_many(struct kunit *test, struct owner_lot *lot, struct rnd_state *rnd,
			    unsigned int n, unsigned int step)
{
	unsigned int i, kind = 0;
	char text[64];
	u64 token;

	memset(lot, 0, sizeof(*lot));
	for (i = 0; i < n; i++) {
		/* Some alike in a row. */
		if (kind >= OWNER_KINDS_COMMON || kit_random(rnd, 6) == 0)
			kind = kit_random(rnd, kit_random(rnd, 4) ? OWNER_KINDS_COMMON :
								    ARRAY_SIZE(owner_kinds));
		snprintf(text, sizeof(text), owner_kinds[kind], 1000 + i * step % 50000);
		token = kit_request_hold(test, text);
		lot->ports += 1 + !!strchr(text, '+');
		if (strstr(text, "persistent"))
			lot->kept[lot->nkept++] = token;
	}
}

/* They go many at once, whatever is among them. */
static void owner_destroy__releases_many(struct kunit *test)
{
	static const unsigned int steps[] = { 1, 4099, 17 };
	struct netport_owner *file, *other = kit_owner(test, KIT_ALICE2);
	struct owner_lot *lot = kunit_kzalloc(test, sizeof(*lot), GFP_KERNEL);
	unsigned int round, n;
	struct rnd_state rnd;

	KUNIT_ASSERT_NOT_NULL(test, lot);
	prandom_seed_state(&rnd, 7);
	for (round = 0; round < 12; round++) {
		file = owner_file(test);
		n = round < 3 ? 31 + round : 1 + kit_random(&rnd, OWNER_MANY);
		owner_hold_many(test, lot, &rnd, n, steps[round % ARRAY_SIZE(steps)]);
		KUNIT_EXPECT_EQ(test, kit_held(test), lot->ports);
		KUNIT_EXPECT_EQ(test, atomic_read(&file->count), lot->ports);
		KUNIT_EXPECT_EQ(test, atomic_read(&other->user->count), lot->ports);
		netport_owner_destroy(file);
		kit_of(test)->owner[KIT_ALICE] = NULL;
		KUNIT_EXPECT_EQ(test, kit_held(test), lot->nkept);
		KUNIT_EXPECT_EQ(test, atomic_read(&other->user->count), lot->nkept);
		while (lot->nkept) {
			struct netport_release rel = { .token = lot->kept[--lot->nkept] };

			KUNIT_EXPECT_EQ(test, netport_release_request(other, &rel, GFP_KERNEL), 0);
		}
		KUNIT_EXPECT_EQ(test, kit_held(test), 0);
	}
}

/* limits */

static const struct owner_quota {
	const char		*desc;
	enum np_limit		which;
	unsigned int		max;
	bool			trusted;
	bool			applies;
	unsigned int		own;	/* the namespace's, or 0 for none */
} owner_quotas[] = {
	{ "an open file's", NP_PER_OWNER, OWNER_MAX, false, true },
	{ "a uid's", NP_PER_UID, OWNER_MAX_UID, false, true },
	{ "a namespace's", NP_PER_NETNS, OWNER_MAX_NETNS, false, true },
	{ "an open file's, of a kernel-resident stack", NP_PER_OWNER, OWNER_MAX, true, false },
	{ "a uid's, of a kernel-resident stack", NP_PER_UID, OWNER_MAX_UID, true, false },
	{ "a namespace's, of a kernel-resident stack", NP_PER_NETNS, OWNER_MAX_NETNS, true, true },
	{ "an open file's, less in the namespace", NP_PER_OWNER, 1000, false, true, 1000 },
	{ "a uid's, less in the namespace", NP_PER_UID, 1000, false, true, 1000 },
	{ "a namespace's own", NP_PER_NETNS, 1000, true, true, 1000 },
	{ "an open file's, more in the namespace", NP_PER_OWNER, OWNER_MAX, false, true,
	  OWNER_MAX + 1 },
	{ "a uid's, more in the namespace", NP_PER_UID, OWNER_MAX_UID, false, true,
	  OWNER_MAX_UID + 1 },
	{ "a namespace's own, beyond the module's", NP_PER_NETNS, OWNER_MAX_NETNS, true, true,
	  OWNER_MAX_NETNS + 1 },
	{ "an open file's, less, of a kernel-resident stack", NP_PER_OWNER, 1000, true, false,
	  1000 },
};

KUNIT_ARRAY_PARAM_DESC(owner_quota, owner_quotas, desc);

static atomic_t *owner_counter(struct netport_owner *owner, enum np_limit which)
{
	switch (which) {
	case NP_PER_OWNER:
		return &owner->count;
	case NP_PER_UID:
		return &owner->user->count;
	default:
		return &owner->nn->count;
	}
}

/* One below the limit, by what the counter says: one more fits, and then none. */
static void owner_charge__up_to_the_limit(struct kunit *test)
{
	const struct owner_quota *q = test->param_value;
	struct netport_owner *owner = q->trusted ? kit_owner(test, KIT_ALICE) : owner_file(test);
	atomic_t *counter = owner_counter(owner, q->which);
	int before = atomic_read(counter), add = q->max - 1 - before;
	int owner_count = atomic_read(&owner->count);
	int err = q->applies ? -EDQUOT : 0;
	struct netport_info info;

	if (q->own)
		owner->nn->max[q->which] = q->own;
	np_owner_limits(owner->nn, &info);
	if (q->applies)
		KUNIT_EXPECT_EQ(test, q->max,
				q->which == NP_PER_OWNER ? info.max_per_owner :
				q->which == NP_PER_UID ? info.max_per_uid : info.max_per_netns);
	atomic_add(add, counter);
	KUNIT_EXPECT_EQ(test, np_owner_has_room(owner, 1), 0);
	KUNIT_EXPECT_EQ(test, np_owner_charge(owner, 1), 0);
	KUNIT_EXPECT_EQ(test, np_owner_has_room(owner, 1), err);
	KUNIT_EXPECT_EQ(test, np_owner_charge(owner, 1), err);
	KUNIT_EXPECT_EQ(test, np_owner_charge(owner, 1), err);
	if (!err) {
		np_owner_uncharge(owner, 1);
		np_owner_uncharge(owner, 1);
	}
	np_owner_uncharge(owner, 1);
	KUNIT_EXPECT_EQ(test, np_owner_has_room(owner, 1), 0);
	KUNIT_EXPECT_EQ_MSG(test, atomic_read(counter), before + add, "refusals count nothing");
	atomic_sub(add, counter);
	owner->nn->max[q->which] = NP_LIMIT_NONE;
	KUNIT_EXPECT_EQ(test, atomic_read(&owner->count), owner_count);
	KUNIT_EXPECT_EQ(test, atomic_read(&owner->user->count), 0);
	KUNIT_EXPECT_EQ(test, kit_held(test), 0);
}

/* Brings alice one below her limit; in steps of one from there it is real. */
static void owner_near_limit(struct kunit *test, int left)
{
	atomic_add(OWNER_MAX - left, &owner_file(test)->count);
}

static void owner_far_from_limit(struct kunit *test, int left)
{
	atomic_sub(OWNER_MAX - left, &kit_owner(test, KIT_ALICE)->count);
}

static void owner_limit__of_requests(struct kunit *test)
{
	struct kit_req r;
	u64 token;

	owner_near_limit(test, 2);
	token = kit_hold(test, "0.0.0.0 LB");
	KIT_EXPECT_RESERVE(test, "0.0.0.0 LB", 0);
	KIT_EXPECT_RESERVE(test, "0.0.0.0 LB", -EDQUOT);
	KIT_EXPECT_RESERVE(test, "0.0.0.0 port=0", -EDQUOT);
	KIT_EXPECT_RESERVE(test, "0.0.0.0 port=81 alice2", 0);
	KUNIT_EXPECT_EQ(test, netport_release(kit_owner(test, KIT_ALICE), token), 0);
	kit_parse(test, "0.0.0.0 LB", &r);
	KUNIT_EXPECT_EQ(test, kit_reserve(test, &r, GFP_KERNEL), 0);
	KUNIT_EXPECT_EQ(test, netport_release_binding(kit_owner(test, KIT_ALICE), &r.req.binding,
						      0), 0);
	KIT_EXPECT_RESERVE(test, "0.0.0.0 port=0", 0);
	owner_far_from_limit(test, 2);
}

/* What is refused or fails costs nothing. */
static void owner_limit__is_given_back(struct kunit *test)
{
	unsigned int i;

	owner_near_limit(test, 1);
	kit_hold(test, "0.0.0.0 port=80 alice2");
	for (i = 0; i < 3; i++) {
		KIT_EXPECT_RESERVE(test, "10.0.0.1 port=80", -EADDRINUSE);
		KIT_EXPECT_RESERVE(test, "10.0.0.1 port=0 low=80 high=80", -EADDRNOTAVAIL);
		KIT_EXPECT_RESERVE(test, "fe80::1", -EINVAL);
	}
	KIT_EXPECT_RESERVE(test, "10.0.0.1 port=81", 0);
	KIT_EXPECT_RESERVE(test, "10.0.0.1 port=82", -EDQUOT);
	owner_far_from_limit(test, 1);
}

/* The last place under the limit is enough for a search of any length. */
static void owner_limit__of_candidates(struct kunit *test)
{
	struct netport_candidate cand = {}, other;
	struct kit_req r;
	unsigned int i;

	owner_near_limit(test, 1);
	kit_parse(test, "0.0.0.0 port=0 low=100 high=104", &r);
	cand.reserve = r.req;
	cand.reserve.token = 0;
	other = cand;
	for (i = 0; i < 5; i++)
		KUNIT_EXPECT_EQ(test, netport_candidate(kit_owner(test, KIT_ALICE), &cand,
							GFP_KERNEL), 0);
	KUNIT_EXPECT_EQ(test, netport_candidate(kit_owner(test, KIT_ALICE), &other, GFP_KERNEL),
			-EDQUOT);
	KUNIT_EXPECT_EQ(test, netport_release(kit_owner(test, KIT_ALICE), cand.reserve.token), 0);
	KUNIT_EXPECT_EQ(test, netport_candidate(kit_owner(test, KIT_ALICE), &other, GFP_KERNEL), 0);
	owner_far_from_limit(test, 1);
}

static void owner_limit__comes_after_the_form(struct kunit *test)
{
	owner_near_limit(test, 0);
	kit_hold(test, "0.0.0.0 alice2");
	KIT_EXPECT_RESERVE(test, "fe80::1", -EINVAL);
	KIT_EXPECT_RESERVE(test, "0.0.0.0 port=0 low=2 high=1", -EINVAL);
	KIT_EXPECT_RESERVE(test, "0.0.0.0", -EDQUOT);
	owner_far_from_limit(test, 0);
}

/* which ports */

/**
 * struct owner_ports - a request for ports, of one who may have all and of one who may not
 * @desc: what it shows
 * @port: asked for
 * @low: likewise
 * @high: likewise
 * @err: for one without CAP_NET_BIND_SERVICE
 * @got_low: the range for that one
 * @got_high: likewise
 * @all_err: for one with it
 * @all_low: the range for that one
 * @all_high: likewise
 *
 * The namespace's range is 500 to 2000, and 1024 the first port for everybody.
 */
struct owner_ports {
	const char	*desc;
	u16		port, low, high;
	int		err;
	u16		got_low, got_high;
	int		all_err;
	u16		all_low, all_high;
};

static const struct owner_ports owner_port_cases[] = {
	{ "the last low port", 1023, 0, 0, -EACCES, 0, 0, 0, 0, 0 },
	{ "the first of all", 1, 0, 0, -EACCES, 0, 0, 0, 0, 0 },
	{ "the first port for everybody", 1024, 0, 0, 0, 0, 0, 0, 0, 0 },
	{ "the last port", 65535, 0, 0, 0, 0, 0, 0, 0, 0 },
	{ "the namespace's range", 0, 0, 0, 0, 1024, 2000, 0, 500, 2000 },
	{ "a range above", 0, 1024, 1030, 0, 1024, 1030, 0, 1024, 1030 },
	{ "a range that begins below", 0, 1023, 1030, -EACCES, 0, 0, 0, 1023, 1030 },
	{ "a range below", 0, 10, 20, -EACCES, 0, 0, 0, 10, 20 },
	{ "an open low end", 0, 0, 1030, 0, 1024, 1030, 0, 1, 1030 },
	{ "an open low end up to the first", 0, 0, 1024, 0, 1024, 1024, 0, 1, 1024 },
	{ "an open low end, all of it below", 0, 0, 1023, -EACCES, 0, 0, 0, 1, 1023 },
	{ "an open high end", 0, 1024, 0, 0, 1024, 65535, 0, 1024, 65535 },
	{ "an open high end from below", 0, 1000, 0, -EACCES, 0, 0, 0, 1000, 65535 },
	{ "all ports", 0, 1, 65535, -EACCES, 0, 0, 0, 1, 65535 },
	{ "low above high", 0, 2000, 1999, -EINVAL, 0, 0, -EINVAL, 0, 0 },
	{ "low above high, below", 0, 20, 10, -EINVAL, 0, 0, -EINVAL, 0, 0 },
	{ "a port and a low end", 2000, 2000, 0, -EINVAL, 0, 0, -EINVAL, 0, 0 },
	{ "a port and a high end", 2000, 0, 2000, -EINVAL, 0, 0, -EINVAL, 0, 0 },
	{ "a low port and a range", 80, 80, 80, -EINVAL, 0, 0, -EINVAL, 0, 0 },
};

KUNIT_ARRAY_PARAM_DESC(owner_port, owner_port_cases, desc);

/* np_owner_access(), as somebody with no capability at all, or with all. */
static int owner_access(struct kunit *test, const struct netport_owner *owner, bool capable,
			struct np_want *w, const struct owner_ports *p)
{
	const struct cred *before = kit_become(test, capable);
	int err;

	memset(w, KIT_POISON, sizeof(*w));
	w->port = p->port;
	err = np_owner_access(owner, w, 1, p->low, p->high);
	kit_be_again(before);
	return err;
}

static void owner_expect_ports(struct kunit *test, const struct np_want *w, u16 low, u16 high)
{
	if (w->port)
		return;
	KUNIT_EXPECT_EQ(test, w->low, low);
	KUNIT_EXPECT_EQ(test, w->high, high);
}

static void owner_access__by_capability(struct kunit *test)
{
	const struct owner_ports *p = test->param_value;
	struct kit *k = kit_of(test);
	struct netport_owner *owner = &k->bare[KIT_ALICE];
	struct np_want w;

	k->nn->user_ns = &init_user_ns;
	k->nn->range = 500 | 2000 << 16;
	k->net->ipv4.sysctl_ip_prot_sock = 1024;
	KUNIT_EXPECT_EQ(test, owner_access(test, owner, false, &w, p), p->err);
	if (!p->err)
		owner_expect_ports(test, &w, p->got_low, p->got_high);
	KUNIT_EXPECT_EQ(test, owner_access(test, owner, true, &w, p), p->all_err);
	if (!p->all_err)
		owner_expect_ports(test, &w, p->all_low, p->all_high);

	owner->trusted = true;
	KUNIT_EXPECT_EQ_MSG(test, owner_access(test, owner, false, &w, p), p->all_err,
			    "a kernel-resident stack needs no capability");
	if (!p->all_err)
		owner_expect_ports(test, &w, p->all_low, p->all_high);

	owner->trusted = false;
	k->net->ipv4.sysctl_ip_prot_sock = 0;
	KUNIT_EXPECT_EQ_MSG(test, owner_access(test, owner, false, &w, p), p->all_err,
			    "nor anybody where the sysctl is 0");
}

static struct kunit_case owner_test_cases[] = {
	KUNIT_CASE(owner_create__is_as_asked),
	KUNIT_CASE(owner_create__holds_what_it_needs),
	KUNIT_CASE(owner_destroy__releases_all),
	KUNIT_CASE(owner_destroy__releases_candidates),
	KUNIT_CASE(owner_destroy__leaves_others_alone),
	KUNIT_CASE(owner_destroy__releases_many),
	KUNIT_CASE_PARAM(owner_charge__up_to_the_limit, owner_quota_gen_params),
	KUNIT_CASE(owner_limit__of_requests),
	KUNIT_CASE(owner_limit__is_given_back),
	KUNIT_CASE(owner_limit__of_candidates),
	KUNIT_CASE(owner_limit__comes_after_the_form),
	{}
};

static struct kunit_suite owner_test_suite = {
	.name = "netport_owner",
	.init = kit_init,
	.exit = kit_exit,
	.test_cases = owner_test_cases,
};

static struct kunit_case owner_access_test_cases[] = {
	KUNIT_CASE_PARAM(owner_access__by_capability, owner_port_gen_params),
	{}
};

static struct kunit_suite owner_access_test_suite = {
	.name = "netport_owner_access",
	.init = kit_bare_init,
	.exit = kit_bare_exit,
	.test_cases = owner_access_test_cases,
};

kunit_test_suites(&owner_test_suite, &owner_access_test_suite);
