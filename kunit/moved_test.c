// SPDX-License-Identifier: GPL-2.0
/*
 * token.c, keep.c: a token goes on naming a reservation that has moved to a port of
 * another shard, whose home is another one then, in every call there is.
 */
#include "kit.h"

/* The ports it has had and has: of shards that differ. */
#define MOVED_FROM	80
#define MOVED_TO	5000

struct moved_how {
	const char	*desc;
	const char	*text;
	const char	*by;
};

static const struct moved_how moved_hows[] = {
	{ "one binding", "10.0.0.1 LB", "10.0.0.1 LB port=5000" },
	{ "any", "10.0.0.1", "0.0.0.0 port=5000" },
	{ "a set", "10.0.0.1 + 2001:db8::1", "10.0.0.1 port=5000 dev=1 + 10.0.0.1 dev=2 + ::" },
	{ "a pick", "10.0.0.1 label=x", "10.0.0.1 LB port=0 low=5000 high=5000" },
	{ "there and back and there", "10.0.0.1", "10.0.0.1 port=5000" },
};

KUNIT_ARRAY_PARAM_DESC(moved_how, moved_hows, desc);

/* Is the port held on the address that all of them have then? */
static bool moved_taken(struct kunit *test, u16 port)
{
	struct kit_req r;

	kit_parse(test, "10.0.0.1 bob", &r);
	r.req.binding.port = port;
	return kit_available(test, &r) == -EADDRINUSE;
}

static void moved_expect(struct kunit *test, u64 token, enum kit_who who, u16 port)
{
	KUNIT_EXPECT_EQ_MSG(test, (u16)token, MOVED_FROM, "the token says what it was made with");
	KUNIT_EXPECT_TRUE(test, kit_alive(test, who, token));
	KUNIT_EXPECT_EQ(test, moved_taken(test, MOVED_FROM), port == MOVED_FROM);
	KUNIT_EXPECT_EQ(test, moved_taken(test, MOVED_TO), port == MOVED_TO);
}

/* One that has moved, of alice. */
static u64 moved(struct kunit *test)
{
	const struct moved_how *how = test->param_value;
	u64 token = kit_request_hold(test, how->text);

	KUNIT_ASSERT_PTR_NE(test, np_shard_of(kit_of(test)->nn, MOVED_FROM),
			    np_shard_of(kit_of(test)->nn, MOVED_TO));
	KUNIT_ASSERT_EQ(test, kit_rebind_text(test, token, how->by), 0);
	if (how == &moved_hows[ARRAY_SIZE(moved_hows) - 1]) {
		KUNIT_ASSERT_EQ(test, kit_rebind_text(test, token, how->text), 0);
		moved_expect(test, token, KIT_ALICE, MOVED_FROM);
		KUNIT_ASSERT_EQ(test, kit_rebind_text(test, token, how->by), 0);
	}
	moved_expect(test, token, KIT_ALICE, MOVED_TO);
	return token;
}

static void moved__is_released(struct kunit *test)
{
	u64 token = moved(test);

	KUNIT_EXPECT_EQ(test, netport_release(kit_owner(test, KIT_ALICE2), token), -ENOENT);
	KUNIT_EXPECT_EQ(test, netport_release(kit_owner(test, KIT_ALICE), token), 0);
	KUNIT_EXPECT_EQ(test, netport_release(kit_owner(test, KIT_ALICE), token), -ENOENT);
	KUNIT_EXPECT_FALSE(test, moved_taken(test, MOVED_TO));
	KUNIT_EXPECT_EQ(test, kit_held(test), 0);
}

static void moved__is_released_by_what_it_is(struct kunit *test)
{
	const struct moved_how *how = test->param_value;
	struct kit_request *was = kit_request(test, how->text), *is = kit_request(test, how->by);
	struct netport_owner *alice = kit_owner(test, KIT_ALICE);
	int err = is->req.terms.nbindings ? -ENOENT : 0;

	moved(test);
	is->req.reserve.binding.port = MOVED_TO;
	KUNIT_EXPECT_EQ(test, netport_release_binding(alice, &was->req.reserve.binding, 0),
			-ENOENT);
	KUNIT_EXPECT_EQ(test, netport_release_binding(alice, &is->req.reserve.binding, 0), err);
	KUNIT_EXPECT_EQ(test, !kit_held(test), !err);
}

static void moved__is_extended(struct kunit *test)
{
	u64 token = moved(test);
	unsigned int held = kit_held(test);

	KUNIT_EXPECT_EQ(test, kit_extend_text(test, token, "10.0.0.7 tcp"), -EINVAL);
	KUNIT_EXPECT_EQ(test, kit_extend_text(test, token, "10.0.0.7 tcp port=0"), 0);
	KUNIT_EXPECT_EQ(test, kit_extend_text(test, token, "10.0.0.8 tcp port=5000 + :: tcp"), 0);
	KIT_EXPECT_RESERVE(test, "0.0.0.0 tcp port=5000", -EADDRINUSE);
	KIT_EXPECT_RESERVE(test, ":: tcp port=5000 bob", -EADDRINUSE);
	KUNIT_EXPECT_EQ(test, kit_held(test), held + 3);
	moved_expect(test, token, KIT_ALICE, MOVED_TO);
	KUNIT_EXPECT_EQ(test, netport_release(kit_owner(test, KIT_ALICE), token), 0);
	KUNIT_EXPECT_EQ(test, kit_held(test), 0);
}

/* Again: to where it was, to a third shard, and not to where somebody is. */
static void moved__is_rebound(struct kunit *test)
{
	u64 token = moved(test), bobs = kit_hold(test, "10.0.0.1 port=9000 bob");

	KUNIT_EXPECT_EQ(test, kit_rebind_text(test, token, "10.0.0.1 port=9000"), -EADDRINUSE);
	moved_expect(test, token, KIT_ALICE, MOVED_TO);
	KUNIT_EXPECT_EQ(test, netport_release(kit_owner(test, KIT_BOB), bobs), 0);
	KUNIT_EXPECT_EQ(test, kit_rebind_text(test, token, "10.0.0.1 port=9000"), 0);
	moved_expect(test, token, KIT_ALICE, 9000);
	KUNIT_EXPECT_TRUE(test, moved_taken(test, 9000));
	KUNIT_EXPECT_EQ(test, kit_rebind_text(test, token, "0.0.0.0"), 0);
	moved_expect(test, token, KIT_ALICE, MOVED_FROM);
	KUNIT_EXPECT_FALSE(test, moved_taken(test, 9000));
	KUNIT_EXPECT_EQ(test, kit_held(test), 1);
}

static void moved__is_transferred(struct kunit *test)
{
	struct netport_owner *alice = kit_owner(test, KIT_ALICE), *bob = kit_owner(test, KIT_BOB);
	u64 token = moved(test);
	struct kit_req r;

	KUNIT_EXPECT_EQ(test, netport_transfer(bob, token, alice), -ENOENT);
	KUNIT_EXPECT_EQ(test, netport_transfer(alice, token, bob), 0);
	moved_expect(test, token, KIT_BOB, MOVED_TO);
	KUNIT_EXPECT_FALSE(test, kit_alive(test, KIT_ALICE, token));
	KUNIT_EXPECT_EQ(test, netport_release(alice, token), -ENOENT);
	/* Where it's LOAD_BALANCED, that is bob's now. */
	kit_parse(test, "10.0.0.1 LB port=5000", &r);
	KUNIT_EXPECT_EQ(test, kit_available(test, &r), -EADDRINUSE);
	KUNIT_EXPECT_EQ(test, netport_transfer(bob, token, kit_owner(test, KIT_ALICE2)), 0);
	KUNIT_EXPECT_EQ(test, netport_release(kit_owner(test, KIT_ALICE2), token), 0);
	KUNIT_EXPECT_EQ(test, kit_held(test), 0);
}

static void moved__is_labelled_and_listed(struct kunit *test)
{
	const struct moved_how *how = test->param_value;
	unsigned int n = kit_request(test, how->by)->req.terms.nbindings + 1, i;
	struct netport_list list = { .flags = NETPORT_LIST_MINE, .count = 8 };
	struct netport_label label = { .label = "moved" };
	struct netport_entry entry[8];

	label.token = moved(test);
	KUNIT_EXPECT_EQ(test, netport_label(kit_owner(test, KIT_BOB), &label, GFP_KERNEL), -ENOENT);
	KUNIT_EXPECT_EQ(test, netport_label(kit_owner(test, KIT_ALICE), &label, GFP_KERNEL), 0);
	KUNIT_ASSERT_EQ(test, netport_list(kit_owner(test, KIT_ALICE), &list, entry), 0);
	KUNIT_ASSERT_EQ(test, list.count, n);
	for (i = 0; i < n; i++) {
		KUNIT_EXPECT_EQ(test, entry[i].token, label.token);
		KUNIT_EXPECT_EQ(test, entry[i].binding.port, MOVED_TO);
		KUNIT_EXPECT_EQ(test, entry[i].parts, n);
		KUNIT_EXPECT_STREQ(test, entry[i].label, "moved");
	}
}

static void moved__is_no_candidate_and_no_block(struct kunit *test)
{
	struct netport_owner *alice = kit_owner(test, KIT_ALICE);
	struct netport_release rel = { .port = MOVED_TO, .count = 1 };
	struct netport_candidate cand = { .cursor = 1 | 65535 << 16 | 1ULL << 32 };
	u64 token = moved(test);
	struct kit_req r;

	kit_parse(test, "10.0.0.1 LB port=0", &r);
	cand.reserve = r.req;
	cand.reserve.token = token;
	rel.token = token;
	KUNIT_EXPECT_EQ(test, netport_accept(alice, token), -EINVAL);
	KUNIT_EXPECT_EQ(test, netport_candidate(alice, &cand, GFP_KERNEL), -EINVAL);
	KUNIT_EXPECT_EQ(test, netport_release_request(alice, &rel, GFP_KERNEL), -EINVAL);
	KUNIT_EXPECT_EQ(test, netport_adopt(alice, token), -ENOENT);
	moved_expect(test, token, KIT_ALICE, MOVED_TO);
}

/* The end of a hold comes, and is found by the token. */
static void moved_end_hold(struct kunit *test, u64 token)
{
	struct np_net *nn = kit_of(test)->nn;
	struct np_resv *r = kit_find(test, token);

	KUNIT_ASSERT_NOT_NULL(test, r);
	np_end_holds(nn);
	KUNIT_EXPECT_PTR_EQ_MSG(test, kit_find(test, token), r, "not before its time");
	spin_lock_bh(&nn->hold_lock);
	r->bind.until = np_hold_now();
	spin_unlock_bh(&nn->hold_lock);
	np_end_holds(nn);
	KUNIT_EXPECT_NULL(test, kit_find(test, token));
	KUNIT_EXPECT_FALSE(test, moved_taken(test, MOVED_TO));
}

static void moved_hold(struct kunit *test, u32 options)
{
	struct netport_release rel = {
		.token = moved(test), .hold = NETPORT_HOLD_MAX, .options = options,
	};
	int held = kit_held(test);

	KUNIT_EXPECT_EQ(test, netport_release_request(kit_owner(test, KIT_ALICE), &rel,
						      GFP_KERNEL), 0);
	KUNIT_EXPECT_FALSE(test, kit_alive(test, KIT_ALICE, rel.token));
	KUNIT_EXPECT_TRUE(test, moved_taken(test, MOVED_TO));
	KUNIT_EXPECT_FALSE(test, moved_taken(test, MOVED_FROM));
	KUNIT_EXPECT_EQ(test, netport_release(kit_owner(test, KIT_ALICE), rel.token), -ENOENT);
	KIT_EXPECT_RESERVE(test, "10.0.0.1 LB port=5000", -EADDRINUSE);
	if (options)
		KIT_EXPECT_RESERVE(test, "2001:db8::77 port=5000 dev=3", -EADDRINUSE);
	netport_owner_destroy(kit_owner(test, KIT_ALICE));
	kit_of(test)->owner[KIT_ALICE] = NULL;
	KUNIT_EXPECT_EQ_MSG(test, kit_held(test), held, "it outlives its owner");
	moved_end_hold(test, rel.token);
	KUNIT_EXPECT_EQ(test, kit_held(test), 0);
}

static void moved__is_held(struct kunit *test)
{
	moved_hold(test, 0);
}

static void moved__is_held_with_its_port(struct kunit *test)
{
	moved_hold(test, NETPORT_RELEASE_PORT);
}

/* It outlives its owner, and is found by who adopts it. */
static void moved__is_adopted(struct kunit *test)
{
	u64 token = kit_request_hold(test, "10.0.0.1 persistent + 2001:db8::1");
	struct netport_release rel = { .token = token };

	KUNIT_ASSERT_EQ(test, kit_rebind_text(test, token, "10.0.0.1 port=5000 + ::"), 0);
	netport_owner_destroy(kit_owner(test, KIT_ALICE));
	kit_of(test)->owner[KIT_ALICE] = NULL;
	KUNIT_EXPECT_EQ(test, kit_held(test), 2);
	KUNIT_EXPECT_TRUE(test, moved_taken(test, MOVED_TO));
	KUNIT_EXPECT_EQ(test, netport_adopt(kit_owner(test, KIT_ALICE), token), 0);
	moved_expect(test, token, KIT_ALICE, MOVED_TO);
	KUNIT_EXPECT_EQ(test, kit_rebind_text(test, token, "10.0.0.1"), 0);
	netport_owner_destroy(kit_owner(test, KIT_ALICE));
	kit_of(test)->owner[KIT_ALICE] = NULL;
	KUNIT_EXPECT_TRUE(test, moved_taken(test, MOVED_FROM));
	KUNIT_EXPECT_EQ(test, netport_release_request(kit_owner(test, KIT_BOB), &rel, GFP_KERNEL),
			0);
	KUNIT_EXPECT_EQ(test, kit_held(test), 0);
}

/* All that is there goes with its owner, wherever it is. */
static void moved__goes_with_its_owner(struct kunit *test)
{
	moved(test);
	netport_owner_destroy(kit_owner(test, KIT_ALICE));
	kit_of(test)->owner[KIT_ALICE] = NULL;
	KUNIT_EXPECT_EQ(test, kit_held(test), 0);
	KUNIT_EXPECT_FALSE(test, moved_taken(test, MOVED_TO));
}

/* And with its namespace. */
static void moved__is_drained(struct kunit *test)
{
	u64 token = moved(test);

	np_resv_drain(kit_of(test)->nn);
	KUNIT_EXPECT_EQ(test, kit_held(test), 0);
	KUNIT_EXPECT_FALSE(test, moved_taken(test, MOVED_TO));
	KUNIT_EXPECT_EQ(test, netport_release(kit_owner(test, KIT_ALICE), token), -ENOENT);
}

static struct kunit_case moved_test_cases[] = {
	KUNIT_CASE_PARAM(moved__is_released, moved_how_gen_params),
	KUNIT_CASE_PARAM(moved__is_released_by_what_it_is, moved_how_gen_params),
	KUNIT_CASE_PARAM(moved__is_extended, moved_how_gen_params),
	KUNIT_CASE_PARAM(moved__is_rebound, moved_how_gen_params),
	KUNIT_CASE_PARAM(moved__is_transferred, moved_how_gen_params),
	KUNIT_CASE_PARAM(moved__is_labelled_and_listed, moved_how_gen_params),
	KUNIT_CASE_PARAM(moved__is_no_candidate_and_no_block, moved_how_gen_params),
	KUNIT_CASE_PARAM(moved__is_held, moved_how_gen_params),
	KUNIT_CASE_PARAM(moved__is_held_with_its_port, moved_how_gen_params),
	KUNIT_CASE(moved__is_adopted),
	KUNIT_CASE_PARAM(moved__goes_with_its_owner, moved_how_gen_params),
	KUNIT_CASE_PARAM(moved__is_drained, moved_how_gen_params),
	{}
};

static struct kunit_suite moved_test_suite = {
	.name = "netport_moved",
	.init = kit_init,
	.exit = kit_exit,
	.test_cases = moved_test_cases,
};

kunit_test_suite(moved_test_suite);
