// SPDX-License-Identifier: GPL-2.0
/*
 * attach.c, and what else changes who is found: wide.c, keep.c, net.c.
 */
#include <linux/delay.h>
#include <net/net_namespace.h>

#include "kit.h"

#define EXPECT_FOUND(test, text, nr)							\
	KUNIT_EXPECT_EQ_MSG(test, kit_lookup(test, text), (int)(nr), "%s", text)

static void attach_owner_ends(struct kunit *test, enum kit_who who)
{
	netport_owner_destroy(kit_owner(test, who));
	kit_of(test)->owner[who] = NULL;
}

/* what is refused */

static void attach__refused(struct kunit *test)
{
	struct netport_owner *alice = kit_owner(test, KIT_ALICE), *bob = kit_owner(test, KIT_BOB);
	u64 token = kit_request_hold(test, "10.0.0.1");

	KUNIT_EXPECT_EQ(test, netport_detach(alice, token), -ENOENT);
	KUNIT_EXPECT_EQ(test, netport_attach(alice, token, NULL, GFP_KERNEL), -EINVAL);
	KUNIT_EXPECT_EQ(test, netport_attach(alice, token + 0x10000, kit_priv(1), GFP_KERNEL),
			-ENOENT);
	KUNIT_EXPECT_EQ(test, netport_attach(alice, 0, kit_priv(1), GFP_KERNEL), -ENOENT);
	KUNIT_EXPECT_EQ(test, netport_attach(bob, token, kit_priv(1), GFP_KERNEL), -ENOENT);
	EXPECT_FOUND(test, "10.0.0.1", KIT_NOBODY);
	kit_attach(test, KIT_ALICE, token, 2);
	KUNIT_EXPECT_EQ(test, netport_attach(alice, token, NULL, GFP_KERNEL), -EINVAL);
	KUNIT_EXPECT_EQ(test, netport_attach(bob, token, kit_priv(1), GFP_KERNEL), -ENOENT);
	KUNIT_EXPECT_EQ(test, netport_detach(bob, token), -ENOENT);
	KUNIT_EXPECT_EQ(test, netport_detach(alice, token + 0x10000), -ENOENT);
	EXPECT_FOUND(test, "10.0.0.1", 2);
	KUNIT_EXPECT_EQ(test, netport_detach(alice, token), 0);
	KUNIT_EXPECT_EQ(test, netport_detach(alice, token), -ENOENT);
	EXPECT_FOUND(test, "10.0.0.1", KIT_NOBODY);
	KUNIT_EXPECT_EQ(test, netport_release(alice, token), 0);
	KUNIT_EXPECT_EQ(test, netport_attach(alice, token, kit_priv(1), GFP_KERNEL), -ENOENT);
	KUNIT_EXPECT_EQ(test, netport_detach(alice, token), -ENOENT);
}

/* A candidate isn't, until it's accepted; and is as good a candidate as before. */
static void attach__no_candidate(struct kunit *test)
{
	static const char * const texts[] = {
		"10.0.0.1 port=0 low=100 high=102", "10.0.0.1 port=0 low=100 high=102 + ::",
	};
	struct netport_owner *alice = kit_owner(test, KIT_ALICE);
	struct netport_candidate cand;
	struct kit_request *q;
	unsigned int i, n;
	char key[32];

	for (i = 0; i < ARRAY_SIZE(texts); i++) {
		q = kit_request(test, texts[i]);
		cand = (struct netport_candidate) { .reserve = q->req.reserve,
						    .terms = q->req.terms };
		cand.reserve.token = 0;
		for (n = 0; n < 3; n++) {
			KUNIT_ASSERT_EQ(test, netport_candidate(alice, &cand, GFP_KERNEL), 0);
			snprintf(key, sizeof(key), "10.0.0.1 port=%u", cand.reserve.binding.port);
			KUNIT_EXPECT_EQ(test, netport_attach(alice, cand.reserve.token, kit_priv(1),
							     GFP_KERNEL), -EINVAL);
			KUNIT_EXPECT_EQ(test, netport_detach(alice, cand.reserve.token), -ENOENT);
			EXPECT_FOUND(test, key, KIT_NOBODY);
		}
		KUNIT_EXPECT_EQ(test, netport_accept(alice, cand.reserve.token), 0);
		kit_attach(test, KIT_ALICE, cand.reserve.token, 1);
		EXPECT_FOUND(test, key, 1);
		KUNIT_EXPECT_EQ(test, netport_release(alice, cand.reserve.token), 0);
		EXPECT_FOUND(test, key, KIT_NOBODY);
		KUNIT_EXPECT_EQ(test, kit_held(test), 0);
	}
}

/* ends */

static void attach_end_detach(struct kunit *test, u64 token)
{
	KUNIT_EXPECT_EQ(test, netport_detach(kit_owner(test, KIT_ALICE), token), 0);
}

static void attach_end_release(struct kunit *test, u64 token)
{
	KUNIT_EXPECT_EQ(test, netport_release(kit_owner(test, KIT_ALICE), token), 0);
}

static void attach_end_request(struct kunit *test, u64 token, u32 hold, u32 options)
{
	struct netport_release rel = { .token = token, .hold = hold, .options = options };

	KUNIT_EXPECT_EQ(test, netport_release_request(kit_owner(test, KIT_ALICE), &rel,
						      GFP_KERNEL), 0);
}

static void attach_end_hold(struct kunit *test, u64 token)
{
	attach_end_request(test, token, 100000, 0);
}

static void attach_end_hold_port(struct kunit *test, u64 token)
{
	attach_end_request(test, token, 100000, NETPORT_RELEASE_PORT);
}

static void attach_end_owner(struct kunit *test, u64 token)
{
	attach_owner_ends(test, KIT_ALICE);
}

static void attach_end_given_and_released(struct kunit *test, u64 token)
{
	KUNIT_ASSERT_EQ(test, netport_transfer(kit_owner(test, KIT_ALICE), token,
					       kit_owner(test, KIT_ALICE2)), 0);
	KUNIT_EXPECT_EQ(test, netport_detach(kit_owner(test, KIT_ALICE), token), -ENOENT);
	KUNIT_EXPECT_EQ(test, netport_release(kit_owner(test, KIT_ALICE2), token), 0);
}

static void attach_end_given_and_owner(struct kunit *test, u64 token)
{
	KUNIT_ASSERT_EQ(test, netport_transfer(kit_owner(test, KIT_ALICE), token,
					       kit_owner(test, KIT_ALICE2)), 0);
	attach_owner_ends(test, KIT_ALICE2);
}

static const struct attach_end {
	const char	*desc;
	void		(*end)(struct kunit *test, u64 token);
} attach_ends[] = {
	{ "detach", attach_end_detach },
	{ "release", attach_end_release },
	{ "a hold", attach_end_hold },
	{ "a hold of the port", attach_end_hold_port },
	{ "its owner's end", attach_end_owner },
	{ "released by whom it was given", attach_end_given_and_released },
	{ "the end of whom it was given", attach_end_given_and_owner },
};

KUNIT_ARRAY_PARAM_DESC(attach_end, attach_ends, desc);

static const struct attach_what {
	const char	*text;
	const char	*key[3];
} attach_whats[] = {
	{ "10.0.0.1", { "10.0.0.1" } },
	{ "*", { "10.0.0.1", "::1" } },
	{ "10.0.0.1 dev=3 to=192.0.2.1 rport=9", { "10.0.0.1 dev=3 to=192.0.2.1 rport=9" } },
	{ "10.0.0.1 + 2001:db8::1 + 0.0.0.0 tcp", { "10.0.0.1", "2001:db8::1", "10.0.0.9 tcp" } },
	{ "10.0.0.1 port=4095 count=3 + ::",
	  { "10.0.0.1 port=4095", "::1 port=4096", "10.0.0.1 port=4097" } },
	{ "10.0.0.1 label=x", { "10.0.0.1" } },
};

static void attach__ends(struct kunit *test)
{
	const struct attach_end *e = test->param_value;
	const struct attach_what *w;
	unsigned int i, j;
	u64 token;

	for (i = 0; i < ARRAY_SIZE(attach_whats); i++) {
		w = &attach_whats[i];
		token = kit_attached(test, w->text, i);
		for (j = 0; j < ARRAY_SIZE(w->key) && w->key[j]; j++)
			EXPECT_FOUND(test, w->key[j], i);
		e->end(test, token);
		for (j = 0; j < ARRAY_SIZE(w->key) && w->key[j]; j++)
			EXPECT_FOUND(test, w->key[j], KIT_NOBODY);
		np_resv_drain(kit_of(test)->nn);
		KUNIT_ASSERT_EQ(test, kit_held(test), 0);
	}
}

/* Those who shared with it go on as they would without it. */
static void attach__ends_among_others(struct kunit *test)
{
	const struct attach_end *e = test->param_value;
	unsigned int i, n[4] = {}, hash;
	struct netport_key key;
	u64 token[4];
	int nr;

	kit_key(test, "10.0.0.1", &key);
	/* LOAD_BALANCED: the others are spread over. */
	token[0] = kit_attached(test, "10.0.0.1 LB", 0);
	token[1] = kit_attached(test, "10.0.0.1 LB alice2", 1);
	token[2] = kit_attached(test, "10.0.0.1 LB", 2);
	kit_attached(test, "10.0.0.1 LB alice2", 3);
	if (e->end == attach_end_owner)
		KUNIT_ASSERT_EQ(test, netport_transfer(kit_owner(test, KIT_ALICE), token[2],
						       kit_owner(test, KIT_ALICE2)), 0);
	if (e->end == attach_end_given_and_owner)
		token[1] = 0;
	e->end(test, token[0]);
	for (hash = 0; hash < 256; hash++) {
		nr = kit_lookup_key(&init_net, &key, hash << 24);
		KUNIT_ASSERT_GE(test, nr, token[1] ? 0 : KIT_NOBODY);
		if (nr >= 0)
			n[nr]++;
	}
	KUNIT_EXPECT_EQ(test, n[0], 0);
	for (i = 1; i < 4; i++)
		KUNIT_EXPECT_EQ_MSG(test, n[i] > 64, token[1] || i == 2, "%u", i);
	np_resv_drain(kit_of(test)->nn);
	KUNIT_ASSERT_EQ(test, kit_held(test), 0);

	/* Others: the one before is found. */
	EXPECT_FOUND(test, "10.0.0.1", KIT_NOBODY);
	token[0] = kit_attached(test, "10.0.0.1 MR bob", 0);
	kit_attached(test, "10.0.0.1 MR bob", 1);
	token[2] = kit_attached(test, "10.0.0.1 MR", 2);
	EXPECT_FOUND(test, "10.0.0.1", 2);
	e->end(test, token[2]);
	EXPECT_FOUND(test, "10.0.0.1", 1);
	KUNIT_EXPECT_EQ(test, netport_detach(kit_owner(test, KIT_BOB), token[0]), 0);
	EXPECT_FOUND(test, "10.0.0.1", 1);
}

static void attach__part_of_a_block(struct kunit *test)
{
	struct netport_release rel = { .port = 4095, .count = 2 };
	char key[2][32];
	unsigned int port;
	bool there;

	rel.token = kit_attached(test, "10.0.0.1 port=4093 count=6 + :: + 10.0.0.2 tcp", 1);
	KUNIT_ASSERT_EQ(test, netport_release_request(kit_owner(test, KIT_ALICE), &rel,
						      GFP_KERNEL), 0);
	for (port = 4092; port <= 4099; port++) {
		snprintf(key[0], sizeof(key[0]), "10.0.0.1 port=%u", port);
		snprintf(key[1], sizeof(key[1]), "::1 port=%u", port);
		there = port >= 4093 && port < 4099 && port != 4095 && port != 4096;
		EXPECT_FOUND(test, key[0], there ? 1 : KIT_NOBODY);
		EXPECT_FOUND(test, key[1], there ? 1 : KIT_NOBODY);
	}
	/* Somebody else has these then. */
	kit_attached(test, "10.0.0.1 port=4096 bob", 2);
	kit_attach(test, KIT_ALICE, rel.token, 3);
	EXPECT_FOUND(test, "10.0.0.1 port=4096", 2);
	EXPECT_FOUND(test, "10.0.0.1 port=4097", 3);
	EXPECT_FOUND(test, "10.0.0.2 port=4098 tcp", 3);
	rel.port = 4093;
	KUNIT_ASSERT_EQ(test, netport_release_request(kit_owner(test, KIT_ALICE), &rel,
						      GFP_KERNEL), 0);
	rel.port = 4097;
	KUNIT_ASSERT_EQ(test, netport_release_request(kit_owner(test, KIT_ALICE), &rel,
						      GFP_KERNEL), 0);
	EXPECT_FOUND(test, "10.0.0.1 port=4097", KIT_NOBODY);
	KUNIT_EXPECT_EQ(test, netport_detach(kit_owner(test, KIT_ALICE), rel.token), -ENOENT);
	KUNIT_EXPECT_EQ(test, kit_held(test), 1);
}

static void attach__survives_a_transfer(struct kunit *test)
{
	struct netport_owner *alice = kit_owner(test, KIT_ALICE), *bob = kit_owner(test, KIT_BOB);
	u64 token = kit_attached(test, "10.0.0.1 + ::", 1);

	KUNIT_ASSERT_EQ(test, netport_transfer(alice, token, bob), 0);
	EXPECT_FOUND(test, "10.0.0.1", 1);
	EXPECT_FOUND(test, "::1", 1);
	attach_owner_ends(test, KIT_ALICE);
	EXPECT_FOUND(test, "::1", 1);
	kit_attach(test, KIT_BOB, token, 2);
	EXPECT_FOUND(test, "::1", 2);
	/* One that fails, too: bob can't be LOAD_BALANCED with alice. */
	token = kit_attached(test, "10.0.0.2 LB", 3);
	kit_hold(test, "10.0.0.2 LB alice2");
	KUNIT_EXPECT_EQ(test, netport_transfer(kit_owner(test, KIT_ALICE), token, bob),
			-EADDRINUSE);
	EXPECT_FOUND(test, "10.0.0.2", 3);
}

/* What has lost its owner is found when who adopts it says so, and not before. */
static void attach__not_without_owner(struct kunit *test)
{
	u64 token[2];
	unsigned int i;

	token[0] = kit_attached(test, "10.0.0.1 persistent + ::", 1);
	token[1] = kit_attached(test, "10.0.0.2 persistent", 2);
	EXPECT_FOUND(test, "::1", 1);
	attach_owner_ends(test, KIT_ALICE);
	KUNIT_EXPECT_EQ(test, kit_held(test), 3);
	EXPECT_FOUND(test, "10.0.0.1", KIT_NOBODY);
	EXPECT_FOUND(test, "10.0.0.2", KIT_NOBODY);
	for (i = 0; i < 2; i++) {
		KUNIT_EXPECT_EQ(test, netport_attach(kit_owner(test, KIT_BOB), token[i],
						     kit_priv(1), GFP_KERNEL), -ENOENT);
		KUNIT_ASSERT_EQ(test, netport_adopt(kit_owner(test, KIT_BOB), token[i]), 0);
		KUNIT_EXPECT_EQ(test, netport_detach(kit_owner(test, KIT_BOB), token[i]), -ENOENT);
	}
	EXPECT_FOUND(test, "::1", KIT_NOBODY);
	kit_attach(test, KIT_BOB, token[0], 3);
	kit_attach(test, KIT_BOB, token[1], 4);
	EXPECT_FOUND(test, "10.0.0.1", 3);
	EXPECT_FOUND(test, "::1", 3);
	EXPECT_FOUND(test, "10.0.0.2", 4);
}

/* changes */

#define ATTACH_KEYS	6

/**
 * struct attach_change - a reservation that gets other bindings
 * @desc: what it shows
 * @text: what it has
 * @by: what it gets
 * @extend: in addition
 * @other: somebody because of whom it can't
 * @key: packets
 * @before: which of these find it before, a bit for each
 * @after: and after
 */
struct attach_change {
	const char	*desc;
	const char	*text;
	const char	*by;
	bool		extend;
	const char	*other;
	const char	*key[ATTACH_KEYS];
	u32		before;
	u32		after;
};

static const struct attach_change attach_changes[] = {
	{ "to the same", "10.0.0.1", "10.0.0.1", false, NULL, { "10.0.0.1" }, 1, 1 },
	{ "to another port", "10.0.0.1", "10.0.0.1 port=5000", false,
	  "10.0.0.1 port=5000 dev=1 bob",
	  { "10.0.0.1", "10.0.0.1 port=5000" }, 1, 2 },
	{ "to another port of the shard", "10.0.0.1", "10.0.0.1 port=81", false, "* port=81 bob",
	  { "10.0.0.1", "10.0.0.1 port=81" }, 1, 2 },
	{ "to another address", "10.0.0.1", "10.0.0.2", false, "10.0.0.2 bob",
	  { "10.0.0.1", "10.0.0.2" }, 1, 2 },
	{ "to any", "10.0.0.1", "* port=5000", false, ":: port=5000 bob",
	  { "10.0.0.1", "10.0.0.1 port=5000", "::1 port=5000", "10.0.0.2 port=5000" }, 1, 14 },
	{ "from any", "*", "10.0.0.1", false, NULL,
	  { "10.0.0.1", "10.0.0.2", "::1" }, 7, 1 },
	{ "to a device", "10.0.0.1", "10.0.0.1 dev=3", false, NULL,
	  { "10.0.0.1", "10.0.0.1 dev=3" }, 3, 2 },
	{ "to one remote", "0.0.0.0", "10.0.0.1 to=192.0.2.1 rport=9", false,
	  NULL,
	  { "10.0.0.1", "10.0.0.1 to=192.0.2.1 rport=9", "10.0.0.2 to=192.0.2.1 rport=9",
	    "10.0.0.1 to=192.0.2.1 rport=10" }, 15, 2 },
	{ "to one remote of a port in use", "0.0.0.0", "10.0.0.1 port=5000 to=192.0.2.1 rport=9",
	  false, "10.0.0.1 port=5000 to=192.0.2.1 bob",
	  { "10.0.0.1", "10.0.0.1 port=5000 to=192.0.2.1 rport=9" }, 1, 2 },
	{ "to another remote", "0.0.0.0 to=192.0.2.1", "0.0.0.0 to=192.0.2.2", false, NULL,
	  { "10.0.0.1 to=192.0.2.1", "10.0.0.1 to=192.0.2.2" }, 1, 2 },
	{ "to another protocol", "10.0.0.1", "10.0.0.1 tcp", false, "10.0.0.1 tcp bob",
	  { "10.0.0.1", "10.0.0.1 tcp" }, 1, 2 },
	{ "to a set", "10.0.0.1", "10.0.0.1 port=5000 + :: + 10.0.0.2 tcp", false,
	  "10.0.0.2 tcp port=5000 bob",
	  { "10.0.0.1", "10.0.0.1 port=5000", "::1 port=5000", "10.0.0.2 port=5000 tcp" }, 1, 14 },
	{ "a set to less", "10.0.0.1 + :: + 10.0.0.2 tcp", ":: port=0 low=5000 high=5000", false,
	  "::1 port=5000 bob",
	  { "10.0.0.1", "::1", "10.0.0.2 tcp", "::1 port=5000" }, 7, 8 },
	{ "one more", "10.0.0.1", "10.0.0.2 port=0", true, "10.0.0.2 bob",
	  { "10.0.0.1", "10.0.0.2", "10.0.0.3" }, 1, 3 },
	{ "several more", "10.0.0.1 + 10.0.0.2", "10.0.0.3 port=0 + :: + 10.0.0.1 tcp", true,
	  "10.0.0.1 tcp bob",
	  { "10.0.0.1", "10.0.0.2", "10.0.0.3", "::1", "10.0.0.1 tcp", "10.0.0.2 tcp" }, 3, 31 },
};

KUNIT_ARRAY_PARAM_DESC(attach_change, attach_changes, desc);

static void attach_change_expect(struct kunit *test, const struct attach_change *c, u32 found,
				 int nr)
{
	unsigned int i;

	for (i = 0; i < ATTACH_KEYS && c->key[i]; i++)
		EXPECT_FOUND(test, c->key[i], found & BIT(i) ? nr : KIT_NOBODY);
}

/* A change made in a context. */
struct attach_call {
	struct netport_owner	*owner;
	struct netport_request	req;
	void			*priv;
	bool			extend;
	gfp_t			gfp;
	int			err;
};

static void attach_call(void *arg)
{
	struct attach_call *c = arg;

	if (c->priv)
		c->err = netport_attach(c->owner, c->req.reserve.token, c->priv, c->gfp);
	else if (c->extend)
		c->err = netport_extend(c->owner, &c->req, c->gfp);
	else
		c->err = netport_rebind(c->owner, &c->req, c->gfp);
}

static int attach_change(struct kunit *test, u64 token, const char *by, bool extend,
			 enum kit_context context)
{
	struct attach_call c = {
		.owner = kit_owner(test, KIT_ALICE), .req = kit_request(test, by)->req,
		.extend = extend, .gfp = kit_gfp(context),
	};

	c.req.reserve.token = token;
	kit_run_in(context, attach_call, &c);
	return c.err;
}

static int attach_in(struct kunit *test, u64 token, unsigned int nr, enum kit_context context)
{
	struct attach_call c = {
		.owner = kit_owner(test, KIT_ALICE), .priv = kit_priv(nr),
		.gfp = kit_gfp(context),
	};

	c.req.reserve.token = token;
	kit_run_in(context, attach_call, &c);
	return c.err;
}

static void attach_change_in(struct kunit *test, const struct attach_change *c,
			     enum kit_context context)
{
	struct netport_owner *alice = kit_owner(test, KIT_ALICE);
	u64 token = kit_request_hold(test, c->text), other;

	KUNIT_ASSERT_EQ(test, attach_in(test, token, 1, context), 0);
	attach_change_expect(test, c, c->before, 1);
	if (c->other) {
		other = kit_request_hold(test, c->other);
		KUNIT_EXPECT_LT(test, attach_change(test, token, c->by, c->extend, context), 0);
		attach_change_expect(test, c, c->before, 1);
		KUNIT_EXPECT_EQ(test, netport_release(kit_owner(test, KIT_BOB), other), 0);
	}
	KUNIT_ASSERT_EQ(test, attach_change(test, token, c->by, c->extend, context), 0);
	attach_change_expect(test, c, c->after, 1);
	KUNIT_ASSERT_EQ(test, attach_in(test, token, 2, context), 0);
	attach_change_expect(test, c, c->after, 2);
	/* And back. */
	KUNIT_ASSERT_EQ(test, attach_change(test, token, c->text, false, context), 0);
	attach_change_expect(test, c, c->before, 2);
	/* What isn't attached isn't found whatever it gets. */
	KUNIT_ASSERT_EQ(test, netport_detach(alice, token), 0);
	KUNIT_ASSERT_EQ(test, attach_change(test, token, c->by, c->extend, context), 0);
	attach_change_expect(test, c, 0, 0);
	KUNIT_ASSERT_EQ(test, attach_in(test, token, 3, context), 0);
	attach_change_expect(test, c, c->after, 3);
	KUNIT_ASSERT_EQ(test, netport_release(alice, token), 0);
	attach_change_expect(test, c, 0, 0);
	KUNIT_EXPECT_EQ(test, kit_held(test), 0);
}

static void attach__changes(struct kunit *test)
{
	/* Without timers, which wait for their tick; kapi_test.c has them. */
	static const enum kit_context contexts[] = { KIT_PROCESS, KIT_LOCKED, KIT_SOFTIRQ };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(contexts); i++)
		attach_change_in(test, test->param_value, contexts[i]);
}

/* One that changes isn't in the way of those who share with it. */
static void attach__changes_among_others(struct kunit *test)
{
	u64 token[3];
	unsigned int i;

	for (i = 0; i < 3; i++)
		token[i] = kit_attached(test, "10.0.0.1 MR", i);
	EXPECT_FOUND(test, "10.0.0.1", 2);
	KUNIT_EXPECT_EQ(test, kit_rebind_text(test, token[2], "10.0.0.2 MR"), 0);
	EXPECT_FOUND(test, "10.0.0.1", 1);
	EXPECT_FOUND(test, "10.0.0.2", 2);
	KUNIT_EXPECT_EQ(test, kit_rebind_text(test, token[0], "10.0.0.2 MR"), 0);
	EXPECT_FOUND(test, "10.0.0.1", 1);
	EXPECT_FOUND(test, "10.0.0.2", 0);
	/* Where it doesn't get, nothing has changed, whatever it has had before it failed. */
	kit_hold(test, "10.0.0.9 port=80");
	KUNIT_EXPECT_EQ(test, kit_rebind_text(test, token[1], "10.0.0.2 MR + 10.0.0.9"),
			-EADDRINUSE);
	EXPECT_FOUND(test, "10.0.0.1", 1);
	EXPECT_FOUND(test, "10.0.0.2", 0);
	KUNIT_EXPECT_EQ(test, kit_rebind_text(test, token[2], "0.0.0.0 MR port=81 + :: MR"), 0);
	EXPECT_FOUND(test, "10.0.0.2", 0);
	EXPECT_FOUND(test, "10.0.0.2 port=81", 2);
}

/* memory */

#define ATTACH_FAULTS	5

static const struct attach_fault {
	const char	*desc;
	const char	*others[3];
	const char	*text;
	const char	*by;	/* or NULL: it is attached */
	bool		extend;
	const char	*key[ATTACH_FAULTS];
	u32		before;
	u32		after;
	unsigned int	least;
} attach_faults[] = {
	{ "attach", { }, "10.0.0.1", NULL, false, { "10.0.0.1" }, 0, 1, 3 },
	{ "attach a set", { }, "10.0.0.1 + :: + 10.0.0.2 tcp", NULL, false,
	  { "10.0.0.1", "::1", "10.0.0.2 tcp" }, 0, 7, 3 },
	{ "attach a block", { }, "10.0.0.1 port=4095 count=3", NULL, false,
	  { "10.0.0.1 port=4095", "10.0.0.1 port=4096", "10.0.0.1 port=4097" }, 0, 7, 3 },
	{ "attach among others", { "10.0.0.1 MR", "10.0.0.1 MR" }, "10.0.0.1 MR + 10.0.0.2",
	  NULL, false, { "10.0.0.1", "10.0.0.2" }, 0, 3, 2 },
	{ "extend", { }, "10.0.0.1", "10.0.0.2 port=0", true, { "10.0.0.1", "10.0.0.2" }, 1, 3,
	  3 },
	{ "extend by several", { "10.0.0.2 MR" }, "10.0.0.1",
	  "10.0.0.2 MR port=0 + :: + 0.0.0.0 tcp", true,
	  { "10.0.0.1", "10.0.0.2", "::1", "10.0.0.3 tcp" }, 1, 15, 4 },
	{ "rebind", { }, "10.0.0.1", "10.0.0.2 port=5000", false,
	  { "10.0.0.1", "10.0.0.2 port=5000" }, 1, 2, 3 },
	{ "rebind to the same", { }, "10.0.0.1 + ::", "10.0.0.1 + ::", false,
	  { "10.0.0.1", "::1" }, 3, 3, 3 },
	{ "rebind a set", { "10.0.0.3 MR port=5000" }, "10.0.0.1 + :: + 10.0.0.2 tcp",
	  "10.0.0.3 MR port=5000 + 0.0.0.0 to=192.0.2.1 tcp", false,
	  { "10.0.0.1", "::1", "10.0.0.2 tcp", "10.0.0.3 port=5000",
	    "10.0.0.4 port=5000 tcp to=192.0.2.1" }, 7, 24, 4 },
	{ "rebind to any", { "10.0.0.9 dev=3" }, "10.0.0.1 MR", "* MR port=81", false,
	  { "10.0.0.1", "10.0.0.1 port=81", "::1 port=81" }, 1, 6, 3 },
};

KUNIT_ARRAY_PARAM_DESC(attach_fault, attach_faults, desc);

/* Where others are found before, the last of them is. */
static void attach_fault_expect(struct kunit *test, const struct attach_fault *f, u32 found,
				unsigned int nth)
{
	unsigned int i;
	int nr;

	for (i = 0; i < ATTACH_FAULTS && f->key[i]; i++) {
		nr = kit_lookup(test, f->key[i]);
		if (found & BIT(i))
			KUNIT_EXPECT_EQ_MSG(test, nr, 1, "allocation %u: %s", nth, f->key[i]);
		else
			KUNIT_EXPECT_TRUE_MSG(test, nr == KIT_NOBODY || nr >= 10,
					      "allocation %u: %s finds %d", nth, f->key[i], nr);
	}
}

static int attach_fault_call(struct kunit *test, const struct attach_fault *f, u64 token)
{
	struct netport_request req;

	if (!f->by)
		return netport_attach(kit_owner(test, KIT_ALICE), token, kit_priv(1), GFP_NOWAIT);
	req = kit_request(test, f->by)->req;
	req.reserve.token = token;
	if (f->extend)
		return netport_extend(kit_owner(test, KIT_ALICE), &req, GFP_NOWAIT);
	return netport_rebind(kit_owner(test, KIT_ALICE), &req, GFP_NOWAIT);
}

/* How many seats and spots there are. */
static unsigned int attach_seats(struct kunit *test)
{
	struct np_net *nn = kit_of(test)->nn;
	unsigned int i, n = 0;

	for (i = 0; i < NP_SHARDS * NP_SHAPES; i++)
		n += nn->shards[i / NP_SHAPES].shapes[i % NP_SHAPES];
	return n + 1000 * atomic_read(&nn->spots.ht.nelems);
}

static bool attach_fault_try(struct kunit *test, unsigned int nth, unsigned int *failed)
{
	const struct attach_fault *f = test->param_value;
	unsigned int i, seats;
	int err, held;
	bool more;
	u64 token;

	for (i = 0; i < ARRAY_SIZE(f->others) && f->others[i]; i++)
		kit_attached(test, f->others[i], 10 + i);
	token = kit_request_hold(test, f->text);
	if (f->by)
		kit_attach(test, KIT_ALICE, token, 1);
	attach_fault_expect(test, f, f->before, nth);
	held = kit_held(test);
	seats = attach_seats(test);
	kit_fail(nth);
	err = attach_fault_call(test, f, token);
	more = kit_failed();
	kit_fail(0);
	if (err) {
		++*failed;
		KUNIT_EXPECT_EQ_MSG(test, err, -ENOMEM, "allocation %u", nth);
		KUNIT_EXPECT_EQ_MSG(test, kit_held(test), held, "allocation %u", nth);
		KUNIT_EXPECT_EQ_MSG(test, attach_seats(test), seats, "allocation %u", nth);
		attach_fault_expect(test, f, f->before, nth);
		KUNIT_EXPECT_EQ_MSG(test, attach_fault_call(test, f, token), 0,
				    "with memory again");
	}
	attach_fault_expect(test, f, f->after, nth);
	attach_owner_ends(test, KIT_ALICE);
	KUNIT_EXPECT_EQ(test, kit_held(test), 0);
	KUNIT_EXPECT_EQ_MSG(test, attach_seats(test), 0, "allocation %u", nth);
	return more;
}

static void attach__each_allocation(struct kunit *test)
{
	const struct attach_fault *f = test->param_value;
	unsigned int nth, failed = 0, round;

	kit_need_faults(test);
	/* With kmemleak a sweep may meet its allocations, and those for stacks, more than ours. */
	for (round = 0; round < 3 && failed < f->least; round++)
		for (nth = 1; attach_fault_try(test, nth, &failed); nth++)
			;
	KUNIT_EXPECT_GE(test, failed, f->least);
}

/* To end it, there is none. */
static void attach_ends__needs_no_memory(struct kunit *test)
{
	struct netport_owner *alice = kit_owner(test, KIT_ALICE);
	u64 token[10];
	unsigned int i;

	kit_need_faults(test);
	for (i = 0; i < ARRAY_SIZE(token); i++)
		token[i] = kit_attached(test, i % 2 ? "10.0.0.1 MR + :: MR" : "10.0.0.1 MR", i);
	for (i = 0; i < ARRAY_SIZE(token); i++) {
		kit_fail(1);
		KUNIT_EXPECT_EQ(test, i % 3 ? netport_release(alice, token[i]) :
					      netport_detach(alice, token[i]), 0);
		kit_fail(0);
	}
	EXPECT_FOUND(test, "10.0.0.1", KIT_NOBODY);
	KUNIT_EXPECT_EQ(test, attach_seats(test), 0);
}

/* namespaces */

static u64 attach_in_netns(struct kunit *test, struct netport_owner *owner, const char *text,
			   unsigned int nr)
{
	struct netport_request req = kit_request(test, text)->req;

	KUNIT_ASSERT_EQ(test, netport_request(owner, &req, GFP_KERNEL), 0);
	KUNIT_ASSERT_EQ(test, netport_attach(owner, req.reserve.token, kit_priv(nr), GFP_KERNEL),
			0);
	return req.reserve.token;
}

/*
 * A packet of a namespace that may be going: as long as it isn't RCU keeps it, and from then
 * on there is nobody.  False if it was gone already.
 */
static bool attach_look_dying(struct np_net *nn, const struct netport_key *key,
			      unsigned int *wrong)
{
	unsigned int i, looks = num_online_cpus() > 1 ? 400 : 1;
	bool dead, gone;
	int nr;

	rcu_read_lock();
	gone = READ_ONCE(nn->dead);
	for (i = 0; i < looks && !gone; i++) {
		dead = READ_ONCE(nn->dead);
		nr = kit_lookup_key(nn->net, key, 1);
		*wrong += nr != KIT_NOBODY && (dead || nr != 3);
		udelay(5);
	}
	rcu_read_unlock();
	return !gone;
}

/* Each finds its own, and one that goes takes it all along; what is called later is harmless. */
static void attach__namespaces(struct kunit *test)
{
	struct kit_netns *ns = kit_netns_start(test);
	struct netport_owner *owner;
	struct netport_key key;
	struct np_net *nn;
	unsigned int i, wrong = 0;
	u64 token[4];

	kit_key(test, "10.0.0.1", &key);
	KUNIT_EXPECT_EQ_MSG(test, kit_lookup_key(ns->net, &key, 1), KIT_NOBODY,
			    "nobody has anything there");
	owner = netport_owner_create(ns->net, kit_uid(KIT_ALICE));
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, owner);
	nn = np_net_get(ns->net);
	kit_attached(test, "10.0.0.1", 1);
	KUNIT_EXPECT_EQ(test, kit_lookup_key(ns->net, &key, 1), KIT_NOBODY);
	token[0] = attach_in_netns(test, owner, "10.0.0.1 MR", 2);
	token[1] = attach_in_netns(test, owner, "10.0.0.1 MR + ::", 3);
	token[2] = attach_in_netns(test, owner, "* port=4090 count=10", 4);
	token[3] = attach_in_netns(test, owner, "10.0.0.2 persistent", 5);
	KUNIT_EXPECT_EQ(test, kit_lookup_key(ns->net, &key, 1), 3);
	KUNIT_EXPECT_EQ(test, kit_lookup_key(&init_net, &key, 1), 1);

	kit_netns_end(ns);
	while (attach_look_dying(nn, &key, &wrong))
		usleep_range(10, 100);
	KUNIT_EXPECT_EQ(test, wrong, 0);
	KUNIT_EXPECT_TRUE(test, kit_netns_gone(nn, 2));
	KUNIT_EXPECT_EQ(test, atomic_read(&nn->count), 0);
	kit_expect_empty(test, nn);

	for (i = 0; i < ARRAY_SIZE(token); i++) {
		KUNIT_EXPECT_EQ(test, netport_attach(owner, token[i], kit_priv(1), GFP_KERNEL),
				-ENOENT);
		KUNIT_EXPECT_EQ(test, netport_detach(owner, token[i]), -ENOENT);
		KUNIT_EXPECT_EQ(test, netport_release(owner, token[i]), -ENOENT);
	}
	netport_owner_destroy(owner);
	KUNIT_EXPECT_TRUE(test, kit_netns_gone(nn, 1));
	np_net_put(nn);
	EXPECT_FOUND(test, "10.0.0.1", 1);
}

static struct kunit_case attach_test_cases[] = {
	KUNIT_CASE(attach__refused),
	KUNIT_CASE(attach__no_candidate),
	KUNIT_CASE_PARAM(attach__ends, attach_end_gen_params),
	KUNIT_CASE_PARAM(attach__ends_among_others, attach_end_gen_params),
	KUNIT_CASE(attach__part_of_a_block),
	KUNIT_CASE(attach__survives_a_transfer),
	KUNIT_CASE(attach__not_without_owner),
	KUNIT_CASE_PARAM(attach__changes, attach_change_gen_params),
	KUNIT_CASE(attach__changes_among_others),
	KUNIT_CASE_PARAM(attach__each_allocation, attach_fault_gen_params),
	KUNIT_CASE(attach_ends__needs_no_memory),
	KUNIT_CASE(attach__namespaces),
	{}
};

/* Holds outlive their owners. */
static void attach_exit(struct kunit *test)
{
	if (kit_of(test))
		np_resv_drain(kit_of(test)->nn);
	kit_exit(test);
}

static struct kunit_suite attach_test_suite = {
	.name = "netport_lookup_attach",
	.init = kit_init,
	.exit = attach_exit,
	.test_cases = attach_test_cases,
};

kunit_test_suite(attach_test_suite);
