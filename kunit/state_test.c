// SPDX-License-Identifier: GPL-2.0
/*
 * state.c: what a reservation is used for, and whom a listener keeps out.
 */
#include <linux/delay.h>
#include <linux/ktime.h>
#include <linux/slab.h>

#include "kit.h"
#include "oracle.h"

static int state_set(struct kunit *test, u64 token, enum netport_state state)
{
	return netport_set_state(kit_owner(test, KIT_ALICE), token, state);
}

static void state_expect(struct kunit *test, u64 token, enum netport_state state, int err)
{
	KUNIT_EXPECT_EQ_MSG(test, state_set(test, token, state), err, "state %u", state);
}

/* How many entries a token has in the listing; @e: the last of them. */
static unsigned int state_list(struct kunit *test, u64 token, struct netport_entry *e)
{
	struct netport_entry *entries = kunit_kcalloc(test, 16, sizeof(*entries), GFP_KERNEL);
	struct netport_list list = {};
	unsigned int i, n = 0;

	KUNIT_ASSERT_NOT_NULL(test, entries);
	do {
		list.count = 16;
		KUNIT_ASSERT_EQ(test, netport_list(kit_owner(test, KIT_ALICE), &list, entries), 0);
		for (i = 0; i < list.count; i++) {
			if (entries[i].token != token)
				continue;
			*e = entries[i];
			n++;
		}
	} while (list.count);
	kunit_kfree(test, entries);
	return n;
}

static void state_expect_listed(struct kunit *test, u64 token, u32 state, u32 share, u32 uid)
{
	struct netport_entry e = {};

	KUNIT_ASSERT_GT(test, state_list(test, token, &e), 0);
	KUNIT_EXPECT_EQ(test, e.state, state);
	KUNIT_EXPECT_EQ_MSG(test, e.binding.share, share, "as asked for");
	KUNIT_EXPECT_EQ(test, e.uid, uid);
}

static u32 state_uid(enum kit_who who)
{
	return __kuid_val(kit_uid(who));
}

/* which state what may have */

/**
 * struct state_kind - a reservation, and what it can be used for
 * @text: the request
 * @listens: whether it can listen
 * @connects: whether it can be connected
 */
struct state_kind {
	const char	*text;
	bool		listens;
	bool		connects;
};

static const struct state_kind state_kinds[] = {
	{ "10.0.0.1", true, false },
	{ "0.0.0.0 tcp TO", true, false },
	{ "*", true, false },
	{ ":: dev=3", true, false },
	{ "10.0.0.1 to=192.0.2.1", true, false },
	{ "10.0.0.1 to=192.0.2.1 rport=9", false, true },
	{ "10.0.0.1 to=192.0.2.1 rport=9 tuple TO", false, true },
	{ "0.0.0.0 to=192.0.2.1 rport=9 TO", false, true },
	{ "10.0.0.1 + 2001:db8::1 + 10.0.0.1 tcp", true, false },
	{ "10.0.0.1 to=192.0.2.1 rport=9 + 2001:db8::1 to=2001:db8::f1 rport=9", false, true },
	{ "10.0.0.1 to=192.0.2.1 rport=9 + 2001:db8::1", false, false },
	{ "10.0.0.1 + 2001:db8::1 to=2001:db8::f1 rport=9", false, false },
	{ "10.0.0.1 count=100 TO", true, false },
	{ "10.0.0.1 label=x", true, false },
	{ "10.0.0.1 persistent", true, false },
};

static void state_kind_desc(const struct state_kind *k, char *desc)
{
	snprintf(desc, KUNIT_PARAM_DESC_SIZE, "%s", k->text);
}

KUNIT_ARRAY_PARAM(state_kind, state_kinds, state_kind_desc);

static u32 state_listed(enum netport_state state)
{
	return state == NETPORT_LISTENING ? NETPORT_STATE_LISTENING :
	       state == NETPORT_CONNECTED ? NETPORT_STATE_CONNECTED : 0;
}

/* From each state to each other, the same one included; what is refused changes nothing. */
static void state_set__transitions(struct kunit *test)
{
	static const enum netport_state path[] = {
		NETPORT_BOUND, NETPORT_LISTENING, NETPORT_LISTENING, NETPORT_CONNECTED,
		NETPORT_CONNECTED, NETPORT_LISTENING, NETPORT_BOUND, NETPORT_CONNECTED,
		NETPORT_BOUND, NETPORT_BOUND,
	};
	const struct state_kind *k = test->param_value;
	enum netport_state now = NETPORT_BOUND;
	struct kit_request *q = kit_request(test, k->text);
	unsigned int i;
	u64 token;
	bool can;

	token = kit_request_hold(test, k->text);
	for (i = 0; i < ARRAY_SIZE(path); i++) {
		can = path[i] == NETPORT_BOUND ||
		      (path[i] == NETPORT_LISTENING ? k->listens : k->connects);
		state_expect(test, token, path[i], can ? 0 : -EINVAL);
		now = can ? path[i] : now;
		state_expect_listed(test, token, state_listed(now), q->req.reserve.binding.share,
				    state_uid(KIT_ALICE));
		KUNIT_EXPECT_EQ(test, kit_held(test), kit_request_ports(q));
	}
	KUNIT_EXPECT_EQ(test, netport_release(kit_owner(test, KIT_ALICE), token), 0);
	KUNIT_EXPECT_EQ(test, kit_held(test), 0);
}

static void state_set__refuses_what_is_no_state(struct kunit *test)
{
	u64 token = kit_hold(test, "10.0.0.1 TO");

	state_expect(test, token, 3, -EINVAL);
	state_expect(test, token, -1, -EINVAL);
	state_expect(test, token, NETPORT_LISTENING, 0);
	state_expect(test, token, 0x100, -EINVAL);
	state_expect_listed(test, token, NETPORT_STATE_LISTENING, NETPORT_SHARE_TUPLE_ONLY,
			    state_uid(KIT_ALICE));
}

/* Candidates, and what isn't this owner's. */
static void state_set__needs_a_reservation(struct kunit *test)
{
	struct netport_owner *alice = kit_owner(test, KIT_ALICE);
	struct netport_candidate cand = {};
	struct netport_release rel = { .hold = NETPORT_HOLD_MAX };
	u64 bobs = kit_hold(test, "10.0.0.1 bob"), token;
	struct kit_req r;

	kit_parse(test, "10.0.0.1 port=0", &r);
	cand.reserve = r.req;
	cand.reserve.token = 0;
	KUNIT_ASSERT_EQ(test, netport_candidate(alice, &cand, GFP_KERNEL), 0);
	state_expect(test, cand.reserve.token, NETPORT_LISTENING, -EINVAL);
	state_expect(test, cand.reserve.token, NETPORT_BOUND, -EINVAL);
	KUNIT_EXPECT_EQ(test, netport_accept(alice, cand.reserve.token), 0);
	state_expect(test, cand.reserve.token, NETPORT_LISTENING, 0);

	state_expect(test, bobs, NETPORT_LISTENING, -ENOENT);
	state_expect(test, 0, NETPORT_LISTENING, -ENOENT);
	state_expect(test, bobs + 0x10000, NETPORT_BOUND, -ENOENT);
	state_expect_listed(test, bobs, 0, 0, state_uid(KIT_BOB));

	token = kit_hold(test, "10.0.0.3");
	KUNIT_EXPECT_EQ(test, netport_release(alice, token), 0);
	state_expect(test, token, NETPORT_LISTENING, -ENOENT);
	rel.token = kit_hold(test, "10.0.0.3");
	KUNIT_EXPECT_EQ(test, netport_release_request(alice, &rel, GFP_KERNEL), 0);
	state_expect(test, rel.token, NETPORT_LISTENING, -ENOENT);
	rel.hold = 0;
	KUNIT_EXPECT_EQ(test, netport_release_request(alice, &rel, GFP_KERNEL), 0);
}

/* TUPLE_ONLY and listeners */

/**
 * struct state_pair - a listener, and somebody who shares nothing but TUPLE_ONLY with it
 * @listener: the listener
 * @other: the other
 * @beside: whether they don't overlap at all
 * @connection: whether the other can't listen
 */
struct state_pair {
	const char	*listener;
	const char	*other;
	bool		beside;
	bool		connection;
};

static const struct state_pair state_pairs[] = {
	{ "10.0.0.1 tcp TO", "10.0.0.1 tcp TO" },
	{ "10.0.0.1 tcp TO", "10.0.0.1 tcp TO bob" },
	{ "10.0.0.1 tcp TO", "0.0.0.0 tcp TO" },
	{ "10.0.0.1 tcp TO", "* tcp TO" },
	{ "10.0.0.1 tcp TO", "0.0.0.0 tcp TO dev=2" },
	{ "10.0.0.1 tcp TO", "10.0.0.1 tcp TO to=192.0.2.1" },
	{ "10.0.0.1 tcp TO", "10.0.0.1 tcp TO to=192.0.2.1 rport=9", false, true },
	{ "10.0.0.1 tcp TO", "0.0.0.0 tcp TO to=192.0.2.1 rport=9", false, true },
	{ "0.0.0.0 tcp TO", "10.0.0.1 tcp TO" },
	{ "0.0.0.0 tcp TO", "0.0.0.0 tcp TO bob" },
	{ "0.0.0.0 tcp TO", "* tcp TO" },
	{ "* tcp TO", "2001:db8::1 tcp TO" },
	{ "* tcp TO", "10.0.0.1 tcp TO" },
	{ "* tcp TO", ":: tcp TO dev=2" },
	{ "* tcp TO", "* tcp TO" },
	{ "10.0.0.1 tcp TO dev=1", "10.0.0.1 tcp TO" },
	{ "10.0.0.1 tcp TO dev=1", "10.0.0.1 tcp TO dev=1" },
	{ "10.0.0.1 tcp TO LB", "10.0.0.1 tcp TO MR" },
	{ "10.0.0.1 tcp TO LB", "10.0.0.1 tcp TO" },
	{ "10.0.0.1 tcp TO LB", "10.0.0.1 tcp TO LB bob" },
	{ "0.0.0.0 tcp TO LB", "10.0.0.1 tcp TO LB bob" },
	{ "10.0.0.1 tcp TO", "10.0.0.2 tcp TO", true },
	{ "10.0.0.1 tcp TO", "10.0.0.1 tcp TO port=81", true },
	{ "10.0.0.1 tcp TO", "10.0.0.1 TO", true },
	{ "10.0.0.1 tcp TO", "2001:db8::1 tcp TO", true },
	{ "10.0.0.1 tcp TO", ":: tcp TO", true },
	{ "10.0.0.1 tcp TO dev=1", "10.0.0.1 tcp TO dev=2", true },
	{ "10.0.0.1 tcp TO to=192.0.2.1", "10.0.0.1 tcp TO to=192.0.2.2", true },
};

static void state_pair_desc(const struct state_pair *p, char *desc)
{
	snprintf(desc, KUNIT_PARAM_DESC_SIZE, "%s and %s", p->listener, p->other);
}

KUNIT_ARRAY_PARAM(state_pair, state_pairs, state_pair_desc);

/* Whoever comes later doesn't get the port beside a listener; it does beside one that ends. */
static void state_listen__keeps_others_out(struct kunit *test)
{
	const struct state_pair *p = test->param_value;
	u64 token = kit_hold(test, p->listener);
	struct kit_req r;

	kit_parse(test, p->other, &r);
	KIT_EXPECT_RESERVE(test, p->other, 0);
	KUNIT_EXPECT_EQ(test, netport_release_binding(kit_owner(test, r.who), &r.req.binding, 0),
			0);
	state_expect(test, token, NETPORT_LISTENING, 0);
	KIT_EXPECT_RESERVE(test, p->other, p->beside ? 0 : -EADDRINUSE);
	state_expect(test, token, NETPORT_BOUND, 0);
	KIT_EXPECT_RESERVE(test, p->other, 0);
}

/* Whoever is there stays, and of two that share nothing else only one listens. */
static void state_listen__one_of_those_who_share(struct kunit *test)
{
	const struct state_pair *p = test->param_value;
	u64 first = kit_hold(test, p->listener), second = kit_hold(test, p->other);
	int err = p->connection ? -EINVAL : p->beside ? 0 : -EADDRINUSE;
	struct netport_owner *other;
	struct kit_req r;

	kit_parse(test, p->other, &r);
	other = kit_owner(test, r.who);
	state_expect(test, first, NETPORT_LISTENING, 0);
	KUNIT_EXPECT_EQ(test, netport_set_state(other, second, NETPORT_LISTENING), err);
	state_expect(test, first, NETPORT_LISTENING, 0);
	if (err)
		state_expect_listed(test, second, 0, r.req.binding.share, state_uid(r.who));
	KUNIT_EXPECT_EQ(test, kit_held(test), 2);
	if (p->connection) {
		KUNIT_EXPECT_EQ(test, netport_set_state(other, second, NETPORT_CONNECTED), 0);
		return;
	}
	/* The other way round. */
	KUNIT_EXPECT_EQ(test, netport_set_state(other, second, NETPORT_BOUND), 0);
	state_expect(test, first, NETPORT_BOUND, 0);
	KUNIT_EXPECT_EQ(test, netport_set_state(other, second, NETPORT_LISTENING), 0);
	state_expect(test, first, NETPORT_LISTENING, err);
}

/* Listeners with LOAD_BALANCED in common, whatever else is there. */
static void state_listen__load_balanced(struct kunit *test)
{
	u64 a = kit_hold(test, "10.0.0.1 tcp TO LB"), b = kit_hold(test, "10.0.0.1 tcp TO LB");
	u64 any = kit_hold(test, "0.0.0.0 tcp TO LB alice2");
	u64 bobs = kit_hold(test, "10.0.0.1 tcp TO LB bob");

	state_expect(test, a, NETPORT_LISTENING, 0);
	state_expect(test, b, NETPORT_LISTENING, 0);
	KUNIT_EXPECT_EQ(test, netport_set_state(kit_owner(test, KIT_ALICE2), any,
						NETPORT_LISTENING), 0);
	KUNIT_EXPECT_EQ(test, netport_set_state(kit_owner(test, KIT_BOB), bobs,
						NETPORT_LISTENING), -EADDRINUSE);
	KUNIT_EXPECT_EQ(test, netport_release(kit_owner(test, KIT_BOB), bobs), 0);
	KIT_EXPECT_RESERVE(test, "10.0.0.1 tcp TO LB alice2", 0);
	KIT_EXPECT_RESERVE(test, "10.0.0.1 tcp LB", 0);
	KIT_EXPECT_RESERVE(test, "10.0.0.1 tcp TO LB bob", -EADDRINUSE);
	KIT_EXPECT_RESERVE(test, "10.0.0.1 tcp TO", -EADDRINUSE);
}

/* Somebody from before the first listener keeps nobody from being the second. */
static void state_listen__old_sharers_dont_count(struct kunit *test)
{
	u64 a, b, old;

	old = kit_hold(test, "10.0.0.1 tcp TO to=192.0.2.1 rport=9 bob");
	kit_hold(test, "10.0.0.1 tcp TO bob");
	kit_hold(test, "0.0.0.0 tcp TO dev=1 bob");
	a = kit_hold(test, "10.0.0.1 tcp TO LB");
	b = kit_hold(test, "0.0.0.0 tcp TO LB");
	state_expect(test, a, NETPORT_LISTENING, 0);
	state_expect(test, b, NETPORT_LISTENING, 0);
	KUNIT_EXPECT_EQ(test, netport_set_state(kit_owner(test, KIT_BOB), old, NETPORT_CONNECTED),
			0);
	state_expect(test, a, NETPORT_BOUND, 0);
	state_expect(test, a, NETPORT_LISTENING, 0);
	KUNIT_EXPECT_EQ(test, kit_held(test), 5);
}

/* Connections are accepted below a listener, and don't keep it from listening again. */
static void state_listen__with_accepted_ones_below(struct kunit *test)
{
	u64 token = kit_hold(test, "0.0.0.0 tcp TO"), one;

	state_expect(test, token, NETPORT_LISTENING, 0);
	one = kit_hold(test, "10.0.0.1 tcp to=192.0.2.1 rport=9 tuple");
	KIT_EXPECT_RESERVE(test, "10.0.0.1 tcp to=192.0.2.1 rport=10 tuple TO", 0);
	KIT_EXPECT_RESERVE(test, "10.0.0.1 tcp to=192.0.2.1 rport=9 tuple", -EADDRINUSE);
	state_expect(test, one, NETPORT_CONNECTED, 0);
	state_expect(test, one, NETPORT_LISTENING, -EINVAL);
	state_expect(test, token, NETPORT_BOUND, 0);
	state_expect(test, token, NETPORT_LISTENING, 0);
	KUNIT_EXPECT_EQ(test, netport_release(kit_owner(test, KIT_ALICE), token), 0);
	KUNIT_EXPECT_EQ(test, kit_held(test), 2);
}

/* What it doesn't share by TUPLE_ONLY is as ever. */
static void state_listen__leaves_other_flags(struct kunit *test)
{
	u64 mr = kit_hold(test, "10.0.0.1 MR"), plain = kit_hold(test, "10.0.0.2");

	state_expect(test, mr, NETPORT_LISTENING, 0);
	state_expect(test, plain, NETPORT_LISTENING, 0);
	KIT_EXPECT_RESERVE(test, "10.0.0.1 MR bob", 0);
	KIT_EXPECT_RESERVE(test, "10.0.0.1 MR TO", 0);
	KIT_EXPECT_RESERVE(test, "10.0.0.2 MR TO", -EADDRINUSE);
	mr = kit_hold(test, "10.0.0.1 MR TO");
	state_expect(test, mr, NETPORT_LISTENING, 0);
	KIT_EXPECT_RESERVE(test, "10.0.0.1 TO", -EADDRINUSE);
}

/* A set listens on all or on none. */
static void state_listen__a_set_as_a_whole(struct kunit *test)
{
	u64 other = kit_hold(test, "10.0.0.2 tcp TO"), set;

	set = kit_request_hold(test, "10.0.0.1 tcp TO + 10.0.0.2 tcp TO + 10.0.0.3 TO");
	state_expect(test, other, NETPORT_LISTENING, 0);
	state_expect(test, set, NETPORT_LISTENING, -EADDRINUSE);
	KIT_EXPECT_RESERVE(test, "10.0.0.1 tcp TO", 0);
	KIT_EXPECT_RESERVE(test, "10.0.0.3 TO", 0);
	state_expect(test, other, NETPORT_BOUND, 0);
	state_expect(test, set, NETPORT_LISTENING, 0);
	KIT_EXPECT_RESERVE(test, "10.0.0.1 tcp TO", -EADDRINUSE);
	KIT_EXPECT_RESERVE(test, "10.0.0.2 tcp TO", -EADDRINUSE);
	KIT_EXPECT_RESERVE(test, "10.0.0.3 TO", -EADDRINUSE);
	state_expect(test, other, NETPORT_LISTENING, -EADDRINUSE);
}

/* A block on several shards, of which a part is given back. */
static void state_listen__a_block(struct kunit *test)
{
	u64 block = kit_request_hold(test, "10.0.0.1 port=4090 count=12 TO");
	struct netport_release part = { .token = block, .port = 4095, .count = 2 };

	state_expect(test, block, NETPORT_LISTENING, 0);
	KIT_EXPECT_RESERVE(test, "10.0.0.1 port=4090 TO", -EADDRINUSE);
	KIT_EXPECT_RESERVE(test, "10.0.0.1 port=4096 TO", -EADDRINUSE);
	KUNIT_EXPECT_EQ(test, netport_release_request(kit_owner(test, KIT_ALICE), &part,
						      GFP_KERNEL), 0);
	KIT_EXPECT_RESERVE(test, "10.0.0.1 port=4096 TO", 0);
	KIT_EXPECT_RESERVE(test, "10.0.0.1 port=4101 TO", -EADDRINUSE);
	state_expect(test, block, NETPORT_BOUND, 0);
	KIT_EXPECT_RESERVE(test, "10.0.0.1 port=4101 TO", 0);
	state_expect(test, block, NETPORT_LISTENING, 0);
}

/* Named by what it was made with. */
static void state_listen__release_by_binding(struct kunit *test)
{
	static const char * const texts[] = {
		"10.0.0.1 tcp TO", "0.0.0.0 tcp TO LB", "10.0.0.1 tcp to=192.0.2.1 TO dev=4",
	};
	struct netport_owner *alice = kit_owner(test, KIT_ALICE);
	unsigned int i, beside;
	struct kit_req r;
	u64 token;

	/* Alone on the port, and in a group. */
	for (i = 0; i < ARRAY_SIZE(texts) * 2; i++) {
		kit_parse(test, texts[i / 2], &r);
		beside = i % 2;
		token = kit_hold(test, texts[i / 2]);
		if (beside)
			kit_hold(test, "10.0.0.1 tcp TO bob");
		state_expect(test, token, NETPORT_LISTENING, 0);
		r.req.binding.share &= ~NETPORT_SHARE_TUPLE_ONLY;
		KUNIT_EXPECT_EQ(test, netport_release_binding(alice, &r.req.binding, 0), -ENOENT);
		r.req.binding.share |= NETPORT_SHARE_TUPLE_ONLY;
		KUNIT_EXPECT_EQ(test, netport_release_binding(alice, &r.req.binding, 0), 0);
		KUNIT_EXPECT_EQ(test, kit_held(test), beside);
		if (!beside)
			continue;
		kit_parse(test, "10.0.0.1 tcp TO bob", &r);
		KUNIT_EXPECT_EQ(test, netport_release_binding(kit_owner(test, KIT_BOB),
							      &r.req.binding, 0), 0);
	}
}

/* changes of one that has a state */

static void state_extend__listens_there_too(struct kunit *test)
{
	u64 token = kit_hold(test, "10.0.0.1 tcp TO"), other;
	struct kit_request *q;

	state_expect(test, token, NETPORT_LISTENING, 0);
	KUNIT_EXPECT_EQ(test, kit_extend_text(test, token, "10.0.0.2 tcp TO + 10.0.0.3 tcp"), 0);
	KIT_EXPECT_RESERVE(test, "10.0.0.2 tcp TO", -EADDRINUSE);
	KUNIT_EXPECT_EQ_MSG(test, kit_extend_text(test, token,
						  "10.0.0.4 tcp TO to=192.0.2.1 rport=9"), -EINVAL,
			    "a listener has no remote port");
	q = kit_request(test, "10.0.0.4 tcp TO + 10.0.0.5 tcp to=192.0.2.1 rport=9");
	KUNIT_EXPECT_EQ(test, kit_extend(test, token, q, GFP_KERNEL), -EINVAL);
	KIT_EXPECT_RESERVE(test, "10.0.0.4 tcp TO", 0);
	/* Beside who doesn't listen, and not beside who does. */
	KUNIT_EXPECT_EQ(test, kit_extend_text(test, token, "10.0.0.4 tcp TO"), 0);
	KIT_EXPECT_RESERVE(test, "10.0.0.4 tcp TO", -EADDRINUSE);
	other = kit_hold(test, "10.0.0.6 tcp TO");
	state_expect(test, other, NETPORT_LISTENING, 0);
	KUNIT_EXPECT_EQ(test, kit_extend_text(test, token, "10.0.0.6 tcp TO"), -EADDRINUSE);
	state_expect_listed(test, token, NETPORT_STATE_LISTENING, NETPORT_SHARE_TUPLE_ONLY,
			    state_uid(KIT_ALICE));
	/* They all share again when it ends. */
	state_expect(test, token, NETPORT_BOUND, 0);
	KIT_EXPECT_RESERVE(test, "10.0.0.1 tcp TO", 0);
	KIT_EXPECT_RESERVE(test, "10.0.0.2 tcp TO", 0);
	KIT_EXPECT_RESERVE(test, "10.0.0.4 tcp TO", 0);
	q = kit_request(test, "10.0.0.7 tcp to=192.0.2.1 rport=9");
	KUNIT_EXPECT_EQ(test, kit_extend(test, token, q, GFP_KERNEL), 0);
	state_expect(test, token, NETPORT_LISTENING, -EINVAL);
}

static void state_extend__of_a_connection(struct kunit *test)
{
	u64 token = kit_hold(test, "10.0.0.1 tcp to=192.0.2.1 rport=9");

	state_expect(test, token, NETPORT_CONNECTED, 0);
	KUNIT_EXPECT_EQ(test, kit_extend_text(test, token, "10.0.0.2 tcp"), -EINVAL);
	KUNIT_EXPECT_EQ(test, kit_extend_text(test, token, "10.0.0.2 tcp to=192.0.2.1"), -EINVAL);
	KUNIT_EXPECT_EQ(test, kit_held(test), 1);
	KUNIT_EXPECT_EQ(test, kit_extend_text(test, token, "10.0.0.2 tcp to=192.0.2.1 rport=9"), 0);
	KUNIT_EXPECT_EQ(test, kit_rebind_text(test, token, "10.0.0.2 tcp"), -EINVAL);
	KUNIT_EXPECT_EQ(test, kit_rebind_text(test, token, "10.0.0.3 tcp to=192.0.2.7 rport=9"), 0);
	KUNIT_EXPECT_EQ(test, kit_held(test), 1);
	state_expect_listed(test, token, NETPORT_STATE_CONNECTED, 0, state_uid(KIT_ALICE));
}

static void state_rebind__listens_there(struct kunit *test)
{
	u64 token = kit_hold(test, "10.0.0.1 tcp TO"), other = kit_hold(test, "10.0.0.2 tcp TO");

	state_expect(test, token, NETPORT_LISTENING, 0);
	state_expect(test, other, NETPORT_LISTENING, 0);
	/* What fails leaves all as it was. */
	KUNIT_EXPECT_EQ(test, kit_rebind_text(test, token, "10.0.0.2 tcp TO"), -EADDRINUSE);
	KUNIT_EXPECT_EQ(test, kit_rebind_text(test, token, "10.0.0.3 tcp TO to=192.0.2.1 rport=9"),
			-EINVAL);
	KUNIT_EXPECT_EQ(test, kit_rebind_text(test, token, "10.0.0.3 tcp TO + 10.0.0.2 tcp TO"),
			-EADDRINUSE);
	KIT_EXPECT_RESERVE(test, "10.0.0.1 tcp TO", -EADDRINUSE);
	KIT_EXPECT_RESERVE(test, "10.0.0.3 tcp TO", 0);
	state_expect_listed(test, token, NETPORT_STATE_LISTENING, NETPORT_SHARE_TUPLE_ONLY,
			    state_uid(KIT_ALICE));
	/* To a port of another shard, asked for and picked. */
	KUNIT_EXPECT_EQ(test, kit_rebind_text(test, token, "10.0.0.1 tcp TO port=4000"), 0);
	KIT_EXPECT_RESERVE(test, "10.0.0.1 tcp TO", 0);
	KIT_EXPECT_RESERVE(test, "10.0.0.1 tcp TO port=4000", -EADDRINUSE);
	KUNIT_EXPECT_EQ(test, kit_rebind_text(test, token,
					      "10.0.0.1 tcp TO port=0 low=7000 high=7000"), 0);
	KIT_EXPECT_RESERVE(test, "10.0.0.1 tcp TO port=7000", -EADDRINUSE);
	KIT_EXPECT_RESERVE(test, "10.0.0.1 tcp TO port=4000", 0);
	state_expect(test, token, NETPORT_BOUND, 0);
	KIT_EXPECT_RESERVE(test, "10.0.0.1 tcp TO port=7000", 0);
}

/* A hold shares with nobody, and listens no more. */
static void state_hold__listens_no_more(struct kunit *test)
{
	struct netport_owner *alice = kit_owner(test, KIT_ALICE);
	struct netport_release rel = { .hold = NETPORT_HOLD_MAX };
	struct netport_entry e = {};
	unsigned int port;

	for (port = 0; port < 2; port++) {
		rel.token = kit_hold(test, port ? "10.0.0.1 tcp TO port=81" : "10.0.0.1 tcp TO");
		rel.options = port ? NETPORT_RELEASE_PORT : 0;
		state_expect(test, rel.token, NETPORT_LISTENING, 0);
		KUNIT_EXPECT_EQ(test, netport_release_request(alice, &rel, GFP_KERNEL), 0);
		KUNIT_ASSERT_EQ(test, state_list(test, rel.token, &e), 1);
		KUNIT_EXPECT_EQ(test, e.state, NETPORT_STATE_HELD);
		KUNIT_EXPECT_EQ(test, e.binding.share, 0);
		KIT_EXPECT_RESERVE(test, port ? "10.0.0.1 tcp TO port=81" : "10.0.0.1 tcp TO",
				   -EADDRINUSE);
		rel.hold = 0;
		rel.options = 0;
		KUNIT_EXPECT_EQ(test, netport_release_request(alice, &rel, GFP_KERNEL), 0);
		rel.hold = NETPORT_HOLD_MAX;
	}
	KIT_EXPECT_RESERVE(test, "10.0.0.1 tcp TO", 0);
	KIT_EXPECT_RESERVE(test, "10.0.0.9 tcp TO port=81", 0);
}

static void state_transfer__goes_on_listening(struct kunit *test)
{
	u64 token = kit_hold(test, "10.0.0.1 tcp TO"), other = kit_hold(test, "10.0.0.1 tcp TO");
	struct netport_owner *bob = kit_owner(test, KIT_BOB);

	state_expect(test, token, NETPORT_LISTENING, 0);
	KUNIT_EXPECT_EQ(test, netport_transfer(kit_owner(test, KIT_ALICE), token, bob), 0);
	state_expect_listed(test, token, NETPORT_STATE_LISTENING, NETPORT_SHARE_TUPLE_ONLY,
			    state_uid(KIT_BOB));
	state_expect(test, token, NETPORT_BOUND, -ENOENT);
	state_expect(test, other, NETPORT_LISTENING, -EADDRINUSE);
	KIT_EXPECT_RESERVE(test, "10.0.0.1 tcp TO", -EADDRINUSE);
	KUNIT_EXPECT_EQ(test, netport_set_state(bob, token, NETPORT_BOUND), 0);
	state_expect(test, other, NETPORT_LISTENING, 0);
	KUNIT_EXPECT_EQ(test, netport_set_state(bob, token, NETPORT_LISTENING), -EADDRINUSE);
}

/* those who wait */

static void state_bound__grants_wishes(struct kunit *test)
{
	u64 token = kit_hold(test, "10.0.0.1 tcp TO");
	struct kit_request *q = kit_request(test, "10.0.0.1 tcp TO bob");
	struct netport_owner *bob = kit_owner(test, KIT_BOB);
	struct netport_granted got = {};
	unsigned int i;

	state_expect(test, token, NETPORT_LISTENING, 0);
	KUNIT_ASSERT_EQ(test, netport_wish(bob, &q->req, GFP_KERNEL), 0);
	got.wish = q->req.reserve.token;
	KUNIT_EXPECT_EQ(test, netport_granted(bob, &got), -ENOENT);
	state_expect(test, token, NETPORT_LISTENING, 0);
	KUNIT_EXPECT_EQ(test, netport_granted(bob, &got), -ENOENT);
	state_expect(test, token, NETPORT_BOUND, 0);
	for (i = 0; i < 500 && netport_granted(bob, &got); i++)
		msleep(20);
	KUNIT_EXPECT_NE(test, got.token, 0);
	KUNIT_EXPECT_EQ(test, got.port, 80);
	KUNIT_EXPECT_EQ(test, kit_held(test), 2);
}

struct state_waiter {
	struct netport_owner	*owner[2];
	struct kit_request	*q;
	u64			token;
	bool			waited;
	int			err[2];
};

static void state_waiter(void *arg, unsigned int nr)
{
	struct state_waiter *w = arg;

	if (nr) {
		w->err[1] = netport_request(w->owner[1], &w->q->req, GFP_KERNEL);
		return;
	}
	w->waited = kit_await_waiter(w->owner[0]->nn);
	w->err[0] = netport_set_state(w->owner[0], w->token, NETPORT_BOUND);
}

/* Who sleeps until a deadline is woken with the port. */
static void state_bound__wakes_who_waits(struct kunit *test)
{
	struct state_waiter *w = kunit_kzalloc(test, sizeof(*w), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, w);
	w->owner[0] = kit_owner(test, KIT_ALICE);
	w->owner[1] = kit_owner(test, KIT_BOB);
	w->token = kit_hold(test, "10.0.0.1 tcp TO");
	w->q = kit_request(test, "0.0.0.0 tcp TO");
	w->q->req.terms.deadline = ktime_get_ns() + 60 * NSEC_PER_SEC;
	state_expect(test, w->token, NETPORT_LISTENING, 0);
	kit_threads(test, state_waiter, w, 2);
	KUNIT_EXPECT_TRUE(test, w->waited);
	KUNIT_EXPECT_EQ(test, w->err[0], 0);
	KUNIT_EXPECT_EQ(test, w->err[1], 0);
	KUNIT_EXPECT_EQ(test, kit_held(test), 2);
}

/* so many that they aren't compared */

static void state_listen__is_bounded(struct kunit *test)
{
	u64 token = kit_hold(test, "10.0.0.1 tcp TO"), first;
	unsigned int i;

	first = kit_hold(test, "0.0.0.0 tcp TO");
	state_expect(test, first, NETPORT_LISTENING, 0);
	state_expect(test, first, NETPORT_BOUND, 0);
	state_expect(test, token, NETPORT_LISTENING, 0);
	state_expect(test, token, NETPORT_BOUND, 0);
	for (i = 0; i < NP_COMPARE_MAX; i++) {
		struct kit_req r;

		kit_parse(test, "10.0.0.1 tcp TO bob", &r);
		KUNIT_ASSERT_EQ(test, netport_reserve(kit_owner(test, KIT_BOB), &r.req, GFP_KERNEL),
				0);
	}
	/* All share, so they needn't be compared. */
	state_expect(test, token, NETPORT_LISTENING, 0);
	/* They don't with a listener. */
	state_expect(test, first, NETPORT_LISTENING, -EDQUOT);
	state_expect(test, token, NETPORT_BOUND, 0);
	state_expect(test, first, NETPORT_LISTENING, 0);
}

/* random walks, against a list and the words of the contract */

#define STATE_WALK	1200

/**
 * struct state_held - what the oracle doesn't know of what is held
 * @state: its state
 * @share: its share flags as asked for; those in the oracle are what counts now
 */
struct state_held {
	enum netport_state	state;
	u32			share;
};

struct state_walk {
	struct rnd_state	rnd;
	struct oracle		o;
	struct state_held	held[ORACLE_MAX];
	char			text[96];
};

static unsigned int state_walk_uid(unsigned int who)
{
	return who == KIT_BOB;
}

static void state_walk_request(struct kunit *test, struct state_walk *w, struct kit_req *r,
			       int who)
{
	static const char * const locals[] = { "0.0.0.0", "10.0.0.1", "10.0.0.2", "*" };
	static const char * const remotes[] = {
		"", "", "", "to=192.0.2.1", "to=192.0.2.1 rport=1", "to=192.0.2.2 rport=1",
	};
	static const char * const shares[] = {
		"TO", "TO", "TO", "TO LB", "TO LB", "TO MR", "TO LB MR", "LB", "MR", "",
	};
	static const char * const whos[] = { "alice", "alice2", "bob" };
	unsigned int local = kit_random(&w->rnd, ARRAY_SIZE(locals));
	const char *remote = remotes[kit_random(&w->rnd, ARRAY_SIZE(remotes))];
	bool tuple;

	if (local == 3)
		remote = "";
	tuple = strstr(remote, "rport") && local && kit_random(&w->rnd, 2);
	scnprintf(w->text, sizeof(w->text), "%s tcp port=%u %s dev=%u %s %s %s", locals[local],
		  80 + kit_random(&w->rnd, 2), shares[kit_random(&w->rnd, ARRAY_SIZE(shares))],
		  kit_random(&w->rnd, 4) / 2, remote, tuple ? "tuple" : "",
		  whos[who < 0 ? kit_random(&w->rnd, ARRAY_SIZE(whos)) : who]);
	kit_parse(test, w->text, r);
}

static void state_walk_del(struct state_walk *w, unsigned int i)
{
	oracle_del(&w->o, i);
	w->held[i] = w->held[w->o.n];
}

/* The share flags that count in a state. */
static void state_walk_count(struct state_walk *w, unsigned int i, enum netport_state state)
{
	w->held[i].state = state;
	w->o.held[i].b.share = w->held[i].share;
	if (state == NETPORT_LISTENING)
		w->o.held[i].b.share &= ~NETPORT_SHARE_TUPLE_ONLY;
}

static void state_walk_reserve(struct kunit *test, struct state_walk *w)
{
	struct oracle_entry *e;
	struct kit_req r;
	bool free;
	int err;

	state_walk_request(test, w, &r, -1);
	err = oracle_verdict(&w->o, &r.req, state_walk_uid(r.who), &free);
	KUNIT_ASSERT_EQ_MSG(test, kit_available(test, &r), err, "available %s", w->text);
	KUNIT_ASSERT_EQ_MSG(test, kit_reserve(test, &r, GFP_KERNEL), err, "%s", w->text);
	if (err)
		return;
	w->held[w->o.n] = (struct state_held) { .share = r.req.binding.share };
	e = oracle_add(&w->o, &r.req, state_walk_uid(r.who));
	e->who = r.who;
}

static int state_walk_verdict(struct state_walk *w, unsigned int i, enum netport_state state)
{
	struct oracle_entry mine = w->o.held[i];
	bool full = mine.b.remote_port;
	unsigned int j;

	if ((state == NETPORT_LISTENING && full) || (state == NETPORT_CONNECTED && !full))
		return -EINVAL;
	if (state != NETPORT_LISTENING || w->held[i].state == NETPORT_LISTENING)
		return 0;
	mine.b.share = w->held[i].share;
	for (j = 0; j < w->o.n; j++)
		if (j != i && w->held[j].state == NETPORT_LISTENING &&
		    oracle_conflict(&w->o.held[j], &mine))
			return -EADDRINUSE;
	return 0;
}

static void state_walk_set(struct kunit *test, struct state_walk *w)
{
	enum netport_state state = kit_random(&w->rnd, 8) / 3;
	unsigned int i = kit_random(&w->rnd, w->o.n);
	int err;

	state = state == NETPORT_BOUND ? NETPORT_LISTENING :
		state == NETPORT_LISTENING ? NETPORT_BOUND : state;
	err = state_walk_verdict(w, i, state);
	KUNIT_ASSERT_EQ_MSG(test, netport_set_state(kit_owner(test, w->o.held[i].who),
						    w->o.held[i].token, state), err,
			    "state %u", state);
	if (!err)
		state_walk_count(w, i, state);
}

static void state_walk_release(struct kunit *test, struct state_walk *w)
{
	unsigned int i = kit_random(&w->rnd, w->o.n);

	KUNIT_ASSERT_EQ(test, netport_release(kit_owner(test, w->o.held[i].who),
					      w->o.held[i].token), 0);
	state_walk_del(w, i);
}

/* What it has itself is in nobody's way, and what it listens with is checked as if it didn't. */
static void state_walk_rebind(struct kunit *test, struct state_walk *w)
{
	unsigned int i = kit_random(&w->rnd, w->o.n);
	struct oracle_entry old = w->o.held[i];
	struct netport_request req = {};
	struct state_held was = w->held[i];
	struct kit_req r;
	bool free;
	int err;

	state_walk_request(test, w, &r, old.who);
	state_walk_del(w, i);
	err = oracle_verdict(&w->o, &r.req, old.uid, &free);
	if ((was.state == NETPORT_LISTENING && r.req.binding.remote_port) ||
	    (was.state == NETPORT_CONNECTED && !r.req.binding.remote_port))
		err = -EINVAL;
	req.reserve = r.req;
	req.reserve.token = old.token;
	KUNIT_ASSERT_EQ_MSG(test, netport_rebind(kit_owner(test, old.who), &req, GFP_KERNEL), err,
			    "rebind to %s", w->text);
	i = w->o.n;
	w->held[i] = was;
	if (err) {
		w->o.held[w->o.n++] = old;
		return;
	}
	r.req.token = old.token;
	oracle_add(&w->o, &r.req, old.uid)->who = old.who;
	w->held[i].share = r.req.binding.share;
	state_walk_count(w, i, was.state);
}

/* To another uid only if LOAD_BALANCED lets it. */
static void state_walk_transfer(struct kunit *test, struct state_walk *w)
{
	unsigned int i = kit_random(&w->rnd, w->o.n), to;
	struct oracle_entry e = w->o.held[i];
	struct state_held was = w->held[i];
	struct netport_reserve req = { .binding = e.b, .options = e.options };
	bool free;
	int err = 0;

	to = (e.who + 1 + kit_random(&w->rnd, KIT_NWHO - 1)) % KIT_NWHO;
	state_walk_del(w, i);
	if (state_walk_uid(to) != e.uid && (e.b.share & NETPORT_SHARE_LOAD_BALANCED))
		err = oracle_verdict(&w->o, &req, state_walk_uid(to), &free);
	KUNIT_ASSERT_EQ(test, netport_transfer(kit_owner(test, e.who), e.token,
					       kit_owner(test, to)), err);
	if (!err) {
		e.who = to;
		e.uid = state_walk_uid(to);
	}
	w->held[w->o.n] = was;
	w->o.held[w->o.n++] = e;
}

static void state__random_walk(struct kunit *test)
{
	struct state_walk *w = kunit_kzalloc(test, sizeof(*w), GFP_KERNEL);
	unsigned int seed = *(const unsigned int *)test->param_value;
	unsigned int step, what;

	KUNIT_ASSERT_NOT_NULL(test, w);
	prandom_seed_state(&w->rnd, seed);
	for (step = 0; step < STATE_WALK; step++) {
		what = kit_random(&w->rnd, 100);
		if (!w->o.n || (what < 35 && w->o.n < ORACLE_MAX / 2))
			state_walk_reserve(test, w);
		else if (what < 65)
			state_walk_set(test, w);
		else if (what < 75)
			state_walk_rebind(test, w);
		else if (what < 85)
			state_walk_transfer(test, w);
		else
			state_walk_release(test, w);
		KUNIT_ASSERT_EQ_MSG(test, kit_held(test), w->o.n, "seed %u step %u", seed, step);
	}
	while (w->o.n)
		state_walk_release(test, w);
}

static const unsigned int state_seeds[] = { 1, 2, 3, 4, 5, 6 };

static void state_seed_desc(const unsigned int *seed, char *desc)
{
	snprintf(desc, KUNIT_PARAM_DESC_SIZE, "seed %u", *seed);
}

KUNIT_ARRAY_PARAM(state_seed, state_seeds, state_seed_desc);

static struct kunit_case state_test_cases[] = {
	KUNIT_CASE_PARAM(state_set__transitions, state_kind_gen_params),
	KUNIT_CASE(state_set__refuses_what_is_no_state),
	KUNIT_CASE(state_set__needs_a_reservation),
	KUNIT_CASE_PARAM(state_listen__keeps_others_out, state_pair_gen_params),
	KUNIT_CASE_PARAM(state_listen__one_of_those_who_share, state_pair_gen_params),
	KUNIT_CASE(state_listen__load_balanced),
	KUNIT_CASE(state_listen__old_sharers_dont_count),
	KUNIT_CASE(state_listen__with_accepted_ones_below),
	KUNIT_CASE(state_listen__leaves_other_flags),
	KUNIT_CASE(state_listen__a_set_as_a_whole),
	KUNIT_CASE(state_listen__a_block),
	KUNIT_CASE(state_listen__release_by_binding),
	KUNIT_CASE(state_listen__is_bounded),
	KUNIT_CASE(state_extend__listens_there_too),
	KUNIT_CASE(state_extend__of_a_connection),
	KUNIT_CASE(state_rebind__listens_there),
	KUNIT_CASE(state_hold__listens_no_more),
	KUNIT_CASE(state_transfer__goes_on_listening),
	KUNIT_CASE(state_bound__grants_wishes),
	KUNIT_CASE(state_bound__wakes_who_waits),
	KUNIT_CASE_PARAM(state__random_walk, state_seed_gen_params),
	{}
};

static struct kunit_suite state_test_suite = {
	.name = "netport_state",
	.init = kit_init,
	.exit = kit_exit,
	.test_cases = state_test_cases,
};

kunit_test_suite(state_test_suite);
