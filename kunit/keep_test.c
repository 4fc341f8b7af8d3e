// SPDX-License-Identifier: GPL-2.0
/*
 * hold.c and keep.c: how long holds are and in which order they end; and reservations that
 * change hands or outlive their owner, with what the table counts of them.
 */
#include <linux/delay.h>
#include <linux/slab.h>

#include "kit.h"
#include "oracle.h"

/* hold.c */

#define HOLDS	64

/* A namespace whose holds nobody ends: the work that would is said to be under way. */
static int hold_test_init(struct kunit *test)
{
	int err = kit_bare_init(test);

	if (err)
		return err;
	kit_of(test)->nn->hold_armed = true;
	kit_of(test)->nn->hold_next = np_hold_now() - 1;
	return 0;
}

static void hold_test_exit(struct kunit *test)
{
	if (kit_of(test))
		cancel_delayed_work_sync(&kit_of(test)->nn->hold_end);
	kit_bare_exit(test);
}

static void hold_del(struct np_net *nn, struct np_resv *r)
{
	local_bh_disable();
	np_hold_del(nn, r);
	local_bh_enable();
}

/* Does a hold last as long as it should?  Says so once, not a thousand times. */
static bool hold_lasts(struct np_net *nn, u32 ms)
{
	struct np_resv r = {};
	u32 before, after, least, most;

	before = np_hold_now();
	np_hold_add(nn, &r, ms);
	after = np_hold_now();
	hold_del(nn, &r);
	/* Both clocks are rounded down, so a millisecond more is none too much. */
	least = r.bind.until - after;
	most = r.bind.until - before;
	if (least + (after - before) > ms && most <= ms + ms / 8 + 1 + (after - before))
		return true;
	pr_info("%u ms: %u to %u\n", ms, least, most);
	return false;
}

static void hold_add__lasts(struct kunit *test)
{
	struct np_net *nn = kit_of(test)->nn;
	unsigned int bad = 0, bit;
	u32 ms;

	for (ms = 1; ms <= 5000; ms++)
		bad += !hold_lasts(nn, ms);
	for (bit = 1; BIT(bit) <= NETPORT_HOLD_MAX; bit++) {
		bad += !hold_lasts(nn, BIT(bit) - 1);
		bad += !hold_lasts(nn, BIT(bit));
		if (BIT(bit) < NETPORT_HOLD_MAX)
			bad += !hold_lasts(nn, BIT(bit) + 1);
	}
	bad += !hold_lasts(nn, NETPORT_HOLD_MAX - 1);
	bad += !hold_lasts(nn, NETPORT_HOLD_MAX);
	KUNIT_EXPECT_EQ(test, bad, 0);
}

/* Is each list in order, and all of them @n? */
static void hold_expect_order(struct kunit *test, struct np_net *nn, unsigned int n)
{
	struct np_resv *r, *before;
	unsigned int i, bad = 0, seen = 0;

	spin_lock_bh(&nn->hold_lock);
	for (i = 0; i < NP_HOLD_CLASSES; i++) {
		before = NULL;
		list_for_each_entry(r, &nn->holds[i], hold_link) {
			bad += before && (s32)(before->bind.until - r->bind.until) > 0;
			before = r;
			seen++;
		}
	}
	spin_unlock_bh(&nn->hold_lock);
	KUNIT_EXPECT_EQ(test, bad, 0);
	KUNIT_EXPECT_EQ(test, seen, n);
}

static void hold_add__in_order(struct kunit *test)
{
	struct np_resv *r = kunit_kcalloc(test, HOLDS, sizeof(*r), GFP_KERNEL);
	struct np_net *nn = kit_of(test)->nn;
	struct rnd_state rnd;
	unsigned int i, j;

	KUNIT_ASSERT_NOT_NULL(test, r);
	prandom_seed_state(&rnd, 1);
	for (i = 0; i < HOLDS; i++)
		np_hold_add(nn, &r[i], 60000 + kit_random(&rnd, 30000));
	for (i = 0; i < 300; i++) {
		if (i % 20 == 0) {
			usleep_range(500, 1500);
			hold_expect_order(test, nn, HOLDS);
		}
		j = kit_random(&rnd, HOLDS);
		hold_del(nn, &r[j]);
		np_hold_add(nn, &r[j], 60000 + kit_random(&rnd, 30000));
	}
	hold_expect_order(test, nn, HOLDS);
	for (i = 0; i < HOLDS; i++)
		hold_del(nn, &r[i]);
}

/* All that are due come, nothing else; then it's said when the next one is. */
static void hold_due__those_that_are(struct kunit *test)
{
	struct np_resv *r = kunit_kcalloc(test, HOLDS, sizeof(*r), GFP_KERNEL);
	struct np_net *nn = kit_of(test)->nn;
	unsigned int i, due = 0, class = 0;
	u32 next = 0;
	u64 token;

	KUNIT_ASSERT_NOT_NULL(test, r);
	/* From 100 s to 730 s, of which the first are over. */
	for (i = 0; i < HOLDS; i++) {
		np_hold_add(nn, &r[i], 100000 + i * 10000);
		r[i].token = i + 1;
	}
	for (i = 0; i < HOLDS; i++)
		r[i].bind.until -= 300000;
	while ((token = np_hold_due(nn, &class))) {
		KUNIT_ASSERT_LE(test, token, HOLDS);
		KUNIT_ASSERT_LE(test, (s32)(r[token - 1].bind.until - np_hold_now()), 0);
		hold_del(nn, &r[token - 1]);
		r[token - 1].token = 0;
		due++;
	}
	for (i = 0; i < HOLDS; i++) {
		if (!r[i].token)
			continue;
		KUNIT_EXPECT_GT(test, (s32)(r[i].bind.until - np_hold_now()), 0);
		if (!next || (s32)(next - r[i].bind.until) > 0)
			next = r[i].bind.until;
		hold_del(nn, &r[i]);
	}
	KUNIT_EXPECT_GT(test, due, 0);
	KUNIT_EXPECT_LT(test, due, HOLDS);
	KUNIT_EXPECT_TRUE(test, nn->hold_armed);
	KUNIT_EXPECT_EQ(test, nn->hold_next, next);
	KUNIT_EXPECT_TRUE(test, delayed_work_pending(&nn->hold_end));
}

/* A shorter one than all others has the work come sooner; a longer one leaves it alone. */
static void hold_add__when_it_is_next(struct kunit *test)
{
	struct np_net *nn = kit_of(test)->nn;
	struct np_resv r[3] = {};
	unsigned int i;
	u32 next;

	nn->hold_armed = false;
	np_hold_add(nn, &r[0], 200000);
	KUNIT_EXPECT_TRUE(test, nn->hold_armed);
	KUNIT_EXPECT_EQ(test, nn->hold_next, r[0].bind.until);
	KUNIT_EXPECT_TRUE(test, delayed_work_pending(&nn->hold_end));
	np_hold_add(nn, &r[1], 100000);
	next = r[1].bind.until;
	KUNIT_EXPECT_EQ(test, nn->hold_next, next);
	np_hold_add(nn, &r[2], 150000);
	KUNIT_EXPECT_EQ(test, nn->hold_next, next);
	KUNIT_EXPECT_LE(test, nn->hold_end.timer.expires, jiffies + msecs_to_jiffies(130000));
	for (i = 0; i < ARRAY_SIZE(r); i++)
		hold_del(nn, &r[i]);
}

static void hold_due__nothing(struct kunit *test)
{
	struct np_net *nn = kit_of(test)->nn;
	unsigned int class = 0;

	KUNIT_EXPECT_EQ(test, np_hold_due(nn, &class), 0);
	KUNIT_EXPECT_FALSE(test, nn->hold_armed);
	KUNIT_EXPECT_FALSE(test, delayed_work_pending(&nn->hold_end));
}

static struct kunit_case hold_test_cases[] = {
	KUNIT_CASE(hold_add__lasts),
	KUNIT_CASE(hold_add__in_order),
	KUNIT_CASE(hold_add__when_it_is_next),
	KUNIT_CASE(hold_due__those_that_are),
	KUNIT_CASE(hold_due__nothing),
	{}
};

static struct kunit_suite hold_test_suite = {
	.name = "netport_hold",
	.init = hold_test_init,
	.exit = hold_test_exit,
	.test_cases = hold_test_cases,
};

/* keep.c */

#define KEEP_PARTS	4

/* Several bindings in one reservation: "10.0.0.1 dev=1, 10.0.0.1 dev=2". */
struct keep_set {
	enum kit_who		who;
	unsigned int		n;
	struct netport_binding	binding[KEEP_PARTS];
	u32			options;
	u64			token;
};

static void keep_parse(struct kunit *test, const char *texts, struct keep_set *s)
{
	char buf[256], *rest = buf, *text;
	struct kit_req r;

	*s = (struct keep_set) {};
	KUNIT_ASSERT_GT(test, strscpy(buf, texts, sizeof(buf)), 0);
	while ((text = strsep(&rest, ","))) {
		KUNIT_ASSERT_LT(test, s->n, KEEP_PARTS);
		kit_parse(test, skip_spaces(text), &r);
		s->who = s->n ? s->who : r.who;
		s->options |= r.req.options;
		s->binding[s->n++] = r.req.binding;
	}
}

static int keep_reserve(struct kunit *test, struct keep_set *s)
{
	struct netport_request req = {
		.reserve = { .binding = s->binding[0], .options = s->options },
		.terms = {
			.bindings = s->n > 1 ? (uintptr_t)&s->binding[1] : 0,
			.nbindings = s->n - 1,
		},
	};
	int err = netport_request(kit_owner(test, s->who), &req, GFP_KERNEL);

	s->token = err ? 0 : req.reserve.token;
	return err;
}

static u64 keep_make(struct kunit *test, const char *texts, u32 options)
{
	struct keep_set s;

	keep_parse(test, texts, &s);
	s.options |= options;
	KUNIT_ASSERT_EQ_MSG(test, keep_reserve(test, &s), 0, "%s", texts);
	return s.token;
}

/* What somebody who comes new would get. */
static int keep_would(struct kunit *test, const char *text)
{
	struct kit_req r;

	kit_parse(test, text, &r);
	return kit_available(test, &r);
}

static void keep_destroy(struct kunit *test, enum kit_who who)
{
	netport_owner_destroy(kit_owner(test, who));
	kit_of(test)->owner[who] = NULL;
}

static bool keep_await_held(struct kunit *test, int held)
{
	unsigned int i;

	for (i = 0; i < 5000 && kit_held(test) != held; i++)
		usleep_range(1000, 2000);
	return kit_held(test) == held;
}

/*
 * What alice gives, beside @other, and what comes of it; and what alice and bob would get
 * for @probe then.
 */
static const struct keep_give {
	const char	*desc;
	const char	*other;
	const char	*given;
	enum kit_who	to;
	int		err;
	const char	*probe;
	int		alice;
	int		bob;
} keep_gives[] = {
	{ "alone, within a uid", NULL, "10.0.0.1 LB", KIT_ALICE2, 0,
	  "10.0.0.1 LB", 0, -EADDRINUSE },
	{ "alone, to another", NULL, "10.0.0.1 LB", KIT_BOB, 0, "10.0.0.1 LB", -EADDRINUSE, 0 },
	{ "any-address", NULL, "* LB", KIT_BOB, 0, "10.0.0.1 LB", -EADDRINUSE, 0 },
	{ "two devices", NULL, "10.0.0.1 dev=1 LB,10.0.0.1 dev=2 LB", KIT_BOB, 0,
	  "10.0.0.1 dev=2 LB", -EADDRINUSE, 0 },
	{ "two remotes", NULL, "10.0.0.1 to=10.0.0.2 rport=1 LB,10.0.0.1 to=10.0.0.2 rport=2 LB",
	  KIT_BOB, 0, "10.0.0.1 LB", -EADDRINUSE, 0 },
	{ "two devices of any", NULL, "* dev=1 LB,* dev=2 LB", KIT_BOB, 0,
	  ":: LB", -EADDRINUSE, 0 },
	{ "a remote and a device", NULL, "10.0.0.1 dev=1 LB,10.0.0.1 dev=2 to=10.0.0.9 LB",
	  KIT_BOB, 0, "0.0.0.0 LB", -EADDRINUSE, 0 },
	{ "two devices, one beside another's", "10.0.0.1 dev=2 LB",
	  "10.0.0.1 dev=1 LB,10.0.0.1 dev=2 LB", KIT_BOB, -EADDRINUSE,
	  "10.0.0.1 dev=1 LB", 0, -EADDRINUSE },
	{ "two devices, none beside another's", "10.0.0.1 dev=3 LB",
	  "10.0.0.1 dev=1 LB,10.0.0.1 dev=2 LB", KIT_BOB, 0, "10.0.0.1 dev=3 LB", 0, -EADDRINUSE },
	{ "below any of alice's", "* LB", "10.0.0.1 LB,10.0.0.2 LB", KIT_BOB, -EADDRINUSE,
	  "10.0.0.1 LB", 0, -EADDRINUSE },
	{ "below any of alice's, within a uid", "* LB", "10.0.0.1 LB,10.0.0.2 LB", KIT_ALICE2, 0,
	  "10.0.0.1 LB", 0, -EADDRINUSE },
	{ "above one of alice's", "10.0.0.1 LB", "* LB", KIT_BOB, -EADDRINUSE,
	  "10.0.0.1 LB", 0, -EADDRINUSE },
	{ "beside bob's, with another flag", "10.0.0.1 LB MR bob", "10.0.0.1 MR", KIT_BOB, 0,
	  "10.0.0.1 LB", -EADDRINUSE, -EADDRINUSE },
	{ "another flag in common", "10.0.0.1 LB MR", "10.0.0.1 LB MR", KIT_BOB, 0,
	  "10.0.0.1 LB", -EADDRINUSE, -EADDRINUSE },
	{ "another flag in common, for those who come", "10.0.0.1 LB MR", "10.0.0.1 LB MR", KIT_BOB,
	  0, "10.0.0.1 MR", 0, 0 },
	{ "no LOAD_BALANCED", "10.0.0.1 MR", "10.0.0.1 MR", KIT_BOB, 0, "10.0.0.1 MR", 0, 0 },
	{ "other protocols", "10.0.0.1 tcp LB", "10.0.0.1 LB,* proto=200 LB", KIT_BOB, 0,
	  "10.0.0.1 tcp LB", 0, -EADDRINUSE },
};

KUNIT_ARRAY_PARAM_DESC(keep_give, keep_gives, desc);

static void keep_transfer__counts(struct kunit *test)
{
	const struct keep_give *g = test->param_value;
	struct netport_owner *to = kit_owner(test, g->to);
	char probe[128];
	u64 token;
	int n;

	if (g->other)
		keep_make(test, g->other, 0);
	token = keep_make(test, g->given, 0);
	n = kit_held(test);
	KUNIT_EXPECT_EQ(test, netport_transfer(kit_owner(test, KIT_ALICE), token, to), g->err);
	KUNIT_EXPECT_EQ(test, kit_held(test), n);
	KUNIT_EXPECT_EQ(test, kit_alive(test, g->to, token), !g->err);
	KUNIT_EXPECT_EQ(test, kit_alive(test, KIT_ALICE, token), !!g->err);
	KUNIT_EXPECT_EQ(test, keep_would(test, g->probe), g->alice);
	snprintf(probe, sizeof(probe), "%s bob", g->probe);
	KUNIT_EXPECT_EQ(test, keep_would(test, probe), g->bob);
	/* And whoever has it can be rid of it. */
	KUNIT_EXPECT_EQ(test, netport_release(g->err ? kit_owner(test, KIT_ALICE) : to, token), 0);
}

/* against the oracle */

#define KEEP_STEPS	1500
#define KEEP_TOKENS	12

static const char * const keep_addrs[] = { "10.0.0.1", "10.0.0.2", "0.0.0.0", "::1", "::", "*" };
static const char * const keep_narrows[] = {
	"", "", "dev=1", "dev=2", "dev=1", "to=10.0.0.9 rport=1", "to=10.0.0.9 rport=2",
	"to=10.0.0.9",
};

static const char * const keep_flags[] = { "LB", "LB MR", "LB TO", "MR", "LB MR TO", "LB" };

#define KEEP_RANDOM(rnd, of)	((of)[kit_random(rnd, ARRAY_SIZE(of))])

static void keep_random(struct kunit *test, struct rnd_state *rnd, struct keep_set *s)
{
	static const char * const who[] = { "alice", "alice2", "bob" };
	char text[256];
	int n = 0, parts = 1 + kit_random(rnd, 3) % 2;

	while (parts--) {
		const char *addr = KEEP_RANDOM(rnd, keep_addrs), *narrow;

		do {
			narrow = KEEP_RANDOM(rnd, keep_narrows);
		} while (strstarts(narrow, "to=") && !strstarts(addr, "10.") && addr[0] != '0');
		n += scnprintf(text + n, sizeof(text) - n, "%s%s %s %s %s", n ? "," : "", addr,
			       narrow, KEEP_RANDOM(rnd, keep_flags),
			       n ? "" : KEEP_RANDOM(rnd, who));
	}
	keep_parse(test, text, s);
}

static void keep_part(const struct keep_set *s, unsigned int i, struct netport_reserve *req)
{
	*req = (struct netport_reserve) {
		.binding = s->binding[i], .options = s->options, .token = s->token,
	};
}

/* What the share rule says of all parts, for a uid. */
static int keep_verdict(const struct oracle *o, const struct keep_set *s, unsigned int uid,
			bool lb_only)
{
	struct netport_reserve req;
	unsigned int i;
	bool free;
	int err;

	for (i = 0; i < s->n; i++) {
		if (lb_only && !(s->binding[i].share & NETPORT_SHARE_LOAD_BALANCED))
			continue;
		keep_part(s, i, &req);
		err = oracle_verdict(o, &req, uid, &free);
		if (err)
			return err;
	}
	return 0;
}

static unsigned int keep_uid(enum kit_who who)
{
	return who == KIT_BOB;
}

static void keep_oracle_add(struct oracle *o, const struct keep_set *s)
{
	struct netport_reserve req;
	unsigned int i;

	for (i = 0; i < s->n; i++) {
		keep_part(s, i, &req);
		oracle_add(o, &req, keep_uid(s->who));
	}
}

static void keep_oracle_del(struct oracle *o, const struct keep_set *s)
{
	unsigned int i;

	for (i = o->n; i--; )
		if (o->held[i].token == s->token)
			oracle_del(o, i);
}

/* @o is for this alone. */
static bool keep_overlaps_itself(struct oracle *o, const struct keep_set *s)
{
	struct netport_reserve req;
	unsigned int i;
	bool free = true;

	o->n = 0;
	for (i = 0; i < s->n && free; i++) {
		keep_part(s, i, &req);
		oracle_verdict(o, &req, 0, &free);
		oracle_add(o, &req, 0);
	}
	return !free;
}

static void keep_transfer__as_the_oracle_says(struct kunit *test)
{
	struct oracle *o = kunit_kcalloc(test, 2, sizeof(*o), GFP_KERNEL);
	struct keep_set *held, s;
	unsigned int step, n = 0, given = 0, refused = 0, i;
	struct rnd_state rnd;
	enum kit_who to;
	int err, want;

	held = kunit_kcalloc(test, KEEP_TOKENS, sizeof(*held), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, held);
	KUNIT_ASSERT_NOT_NULL(test, o);
	prandom_seed_state(&rnd, 3);
	for (step = 0; step < KEEP_STEPS; step++) {
		keep_random(test, &rnd, &s);
		if (n < KEEP_TOKENS && kit_random(&rnd, 3) == 0 &&
		    !keep_overlaps_itself(&o[1], &s)) {
			want = keep_verdict(o, &s, keep_uid(s.who), false);
			err = keep_reserve(test, &s);
			KUNIT_ASSERT_EQ_MSG(test, err, want, "step %u", step);
			if (err)
				continue;
			keep_oracle_add(o, &s);
			held[n++] = s;
		} else if (n && kit_random(&rnd, 4) == 0) {
			i = kit_random(&rnd, n);
			KUNIT_ASSERT_EQ(test, netport_release(kit_owner(test, held[i].who),
							      held[i].token), 0);
			keep_oracle_del(o, &held[i]);
			held[i] = held[--n];
		} else if (n) {
			i = kit_random(&rnd, n);
			to = kit_random(&rnd, KIT_NWHO);
			if (to == held[i].who)
				continue;
			keep_oracle_del(o, &held[i]);
			want = keep_uid(to) == keep_uid(held[i].who) ? 0 :
			       keep_verdict(o, &held[i], keep_uid(to), true);
			err = netport_transfer(kit_owner(test, held[i].who), held[i].token,
					       kit_owner(test, to));
			KUNIT_ASSERT_EQ_MSG(test, err, want, "step %u", step);
			if (!err)
				held[i].who = to;
			given += !err;
			refused += err < 0;
			keep_oracle_add(o, &held[i]);
		}
	}
	KUNIT_EXPECT_GT(test, given, 100);
	KUNIT_EXPECT_GT(test, refused, 20);
	for (i = 0; i < n; i++)
		KUNIT_EXPECT_EQ(test, netport_release(kit_owner(test, held[i].who),
						      held[i].token), 0);
	KUNIT_EXPECT_EQ(test, kit_held(test), 0);
}

static void keep_transfer__refuses(struct kunit *test)
{
	struct netport_owner *alice = kit_owner(test, KIT_ALICE), *bob = kit_owner(test, KIT_BOB);
	struct netport_candidate cand = {};
	u64 token = kit_hold(test, "10.0.0.1");
	struct kit_req r;

	KUNIT_EXPECT_EQ(test, netport_transfer(alice, token, alice), -EINVAL);
	KUNIT_EXPECT_EQ(test, netport_transfer(bob, token, alice), -ENOENT);
	KUNIT_EXPECT_EQ(test, netport_transfer(alice, token + BIT(20), bob), -ENOENT);
	kit_parse(test, "10.0.0.1 port=0", &r);
	cand.reserve = r.req;
	cand.reserve.token = 0;
	KUNIT_ASSERT_EQ(test, netport_candidate(alice, &cand, GFP_KERNEL), 0);
	KUNIT_EXPECT_EQ(test, netport_transfer(alice, cand.reserve.token, bob), -EINVAL);
	KUNIT_EXPECT_TRUE(test, kit_alive(test, KIT_ALICE, token));
	KUNIT_EXPECT_EQ(test, kit_held(test), 2);
}

/* persistence */

static void keep_adopt__counts(struct kunit *test)
{
	u64 token = keep_make(test, "10.0.0.1 dev=1 LB,10.0.0.1 dev=2 LB,* proto=9 LB",
			      NETPORT_OPT_PERSISTENT);
	unsigned int i;

	KUNIT_EXPECT_EQ(test, netport_adopt(kit_owner(test, KIT_ALICE2), token), -ENOENT);
	for (i = 0; i < 3; i++) {
		keep_destroy(test, i ? KIT_ALICE2 : KIT_ALICE);
		KUNIT_EXPECT_EQ(test, kit_held(test), 3);
		KUNIT_EXPECT_EQ(test, keep_would(test, "10.0.0.1 LB"), 0);
		KUNIT_EXPECT_EQ(test, keep_would(test, "10.0.0.1 dev=1 LB bob"), -EADDRINUSE);
		KUNIT_EXPECT_EQ(test, netport_adopt(kit_owner(test, KIT_ALICE2), token), 0);
		KUNIT_EXPECT_TRUE(test, kit_alive(test, KIT_ALICE2, token));
		KUNIT_EXPECT_EQ(test, netport_adopt(kit_owner(test, KIT_BOB), token), -ENOENT);
	}
	keep_destroy(test, KIT_ALICE2);
	kit_hold(test, "10.0.0.1 dev=2 LB");
	KUNIT_EXPECT_EQ(test, netport_adopt(kit_owner(test, KIT_BOB), token), -EADDRINUSE);
	keep_destroy(test, KIT_ALICE);
	KUNIT_EXPECT_EQ(test, netport_adopt(kit_owner(test, KIT_BOB), token), 0);
	KUNIT_EXPECT_EQ(test, keep_would(test, "10.0.0.1 dev=2 LB bob"), 0);
	KUNIT_EXPECT_EQ(test, keep_would(test, "10.0.0.1 dev=2 LB"), -EADDRINUSE);
	KUNIT_EXPECT_EQ(test, netport_release(kit_owner(test, KIT_BOB), token), 0);
	KUNIT_EXPECT_EQ(test, kit_held(test), 0);
}

static void keep_leave__released_by_others(struct kunit *test)
{
	u64 wide = keep_make(test, "10.0.0.1,10.0.0.2", NETPORT_OPT_PERSISTENT);
	u64 plain = keep_make(test, "10.0.0.3", NETPORT_OPT_PERSISTENT);
	struct netport_owner *bob = kit_owner(test, KIT_BOB);
	struct netport_release rel = { .token = plain };

	keep_destroy(test, KIT_ALICE);
	KUNIT_EXPECT_EQ(test, netport_release_request(bob, &rel, GFP_KERNEL), 0);
	rel.token = wide;
	rel.hold = 1;
	rel.options = NETPORT_RELEASE_PORT;
	KUNIT_EXPECT_EQ(test, netport_release_request(bob, &rel, GFP_KERNEL), 0);
	KUNIT_EXPECT_TRUE(test, keep_await_held(test, 0));
}

/* releases of many */

#define KEEP_MANY	240

/* Those that are there, whatever stands beside them; a token that comes twice counts once. */
static void keep_release_tokens__those_that_are_there(struct kunit *test)
{
	enum { KEEP_BOBS = 4, KEEP_AGAIN, KEEP_NONE, KEEP_KINDS };
	static const char * const texts[] = {
		"0.0.0.0 LB", "0.0.0.0 LB", "10.0.0.1 dev=1 LB,10.0.0.1 dev=2 LB",
		"10.0.0.2 port=%u", [KEEP_BOBS] = "10.0.0.3 bob port=%u",
	};
	u64 *token = kunit_kcalloc(test, KEEP_MANY, sizeof(*token), GFP_KERNEL);
	struct netport_release rel = {};
	unsigned int i, kind, here = 0;
	int left = 0;
	char text[64];
	u32 done;

	KUNIT_ASSERT_NOT_NULL(test, token);
	for (i = 0; i < KEEP_MANY; i++) {
		kind = i % KEEP_KINDS;
		if (kind < ARRAY_SIZE(texts)) {
			snprintf(text, sizeof(text), texts[kind], 100 + i);
			token[i] = keep_make(test, text, 0);
			here += kind != KEEP_BOBS;
			left += kind == KEEP_BOBS;
		} else if (kind == KEEP_AGAIN) {
			token[i] = token[i - 3];
		}
	}
	KUNIT_EXPECT_EQ(test, np_release_tokens(kit_owner(test, KIT_ALICE), token, KEEP_MANY, &rel,
						&done, GFP_KERNEL), 0);
	KUNIT_EXPECT_EQ(test, done, here);
	KUNIT_EXPECT_EQ(test, kit_held(test), left);
	for (i = 0; i < KEEP_MANY; i++) {
		KUNIT_EXPECT_FALSE(test, kit_alive(test, KIT_ALICE, token[i]));
		KUNIT_EXPECT_EQ(test, kit_alive(test, KIT_BOB, token[i]),
				i % KEEP_KINDS == KEEP_BOBS);
	}
	KUNIT_EXPECT_EQ(test, np_release_tokens(kit_owner(test, KIT_BOB), token, KEEP_MANY, &rel,
						&done, GFP_KERNEL), 0);
	KUNIT_EXPECT_EQ(test, done, left);
	KUNIT_EXPECT_EQ(test, kit_held(test), 0);
}

/* holds */

static const char * const keep_held_things[] = {
	"10.0.0.1", "*", "10.0.0.1 dev=3", "10.0.0.1 to=10.0.0.2 rport=3 tuple",
	"10.0.0.1 dev=1,10.0.0.1 dev=2", "* LB,* proto=4,:: proto=5", "10.0.0.1,10.0.0.2,::1,::2",
};

/* A tuple sits below a listener, but not on a port that nobody gets. */
static void keep_release__port_keeps_tuples_out(struct kunit *test)
{
	static const char tuple[] = "10.0.0.9 to=10.0.0.2 rport=3 tuple bob";
	struct netport_release rel = { .hold = 20 };
	unsigned int i;

	for (i = 0; i < 4; i++) {
		rel.options = i % 2 ? NETPORT_RELEASE_PORT : 0;
		/* Alone on the port, or beside others. */
		if (i == 2) {
			keep_make(test, "10.0.0.7 bob", 0);
			keep_make(test, ":: LB bob", 0);
		}
		rel.token = keep_make(test, "10.0.0.1", 0);
		KUNIT_EXPECT_EQ(test, netport_release_request(kit_owner(test, KIT_ALICE), &rel,
							      GFP_KERNEL), 0);
		KUNIT_EXPECT_EQ(test, keep_would(test, tuple), i % 2 ? -EADDRINUSE : 0);
		KUNIT_EXPECT_TRUE(test, keep_await_held(test, i < 2 ? 0 : 2));
		KUNIT_EXPECT_EQ(test, keep_would(test, tuple), 0);
	}
}

static void keep_release__holds(struct kunit *test)
{
	struct netport_release rel = { .hold = 4 };
	const char *what;
	unsigned int i;

	for (i = 0; i < kit_rounds(2, 1) * ARRAY_SIZE(keep_held_things); i++) {
		what = keep_held_things[i % ARRAY_SIZE(keep_held_things)];
		rel.options = i % 2 ? NETPORT_RELEASE_PORT : 0;
		rel.token = keep_make(test, what, 0);
		KUNIT_EXPECT_EQ(test, netport_release_request(kit_owner(test, KIT_ALICE), &rel,
							      GFP_KERNEL), 0);
		KUNIT_EXPECT_FALSE(test, kit_alive(test, KIT_ALICE, rel.token));
		KUNIT_EXPECT_EQ(test, netport_release_request(kit_owner(test, KIT_ALICE), &rel,
							      GFP_KERNEL), -ENOENT);
		if (i % 3 == 0)
			keep_destroy(test, KIT_ALICE);
		KUNIT_EXPECT_TRUE_MSG(test, keep_await_held(test, 0), "%s", what);
	}
}

/* Beside others on the port the whole port takes more than what was there. */
static bool keep_fault(struct kunit *test, const char *texts, unsigned int nth,
		       unsigned int *failed)
{
	struct netport_owner *alice = kit_owner(test, KIT_ALICE);
	struct netport_release rel = { .hold = 1, .options = NETPORT_RELEASE_PORT };
	bool more;
	int err, n;

	rel.token = keep_make(test, texts, 0);
	n = kit_held(test);
	kit_fail(nth);
	err = netport_release_request(alice, &rel, GFP_NOWAIT);
	more = kit_failed();
	kit_fail(0);
	if (err) {
		++*failed;
		KUNIT_EXPECT_EQ_MSG(test, err, -ENOMEM, "allocation %u", nth);
		KUNIT_EXPECT_TRUE(test, kit_alive(test, KIT_ALICE, rel.token));
		KUNIT_EXPECT_EQ(test, kit_held(test), n);
		KUNIT_EXPECT_EQ(test, netport_release_request(alice, &rel, GFP_KERNEL), 0);
	}
	KUNIT_EXPECT_FALSE(test, kit_alive(test, KIT_ALICE, rel.token));
	return more;
}

static void keep_release__port_without_memory(struct kunit *test)
{
	unsigned int nth, failed = 0, proto = 2000;
	bool more = true;
	char text[128];
	int others = 0;

	kit_need_faults(test);
	/* A protocol that has no any-address yet, each time. */
	for (nth = 1; more; nth++, proto++) {
		snprintf(text, sizeof(text), "10.0.0.1 bob proto=%u", proto);
		keep_make(test, text, 0);
		others++;
		snprintf(text, sizeof(text),
			 "10.0.0.2 proto=%u,10.0.0.3 dev=1 proto=%u,10.0.0.3 dev=2 proto=%u",
			 proto, proto, proto);
		more = keep_fault(test, text, nth, &failed);
		KUNIT_EXPECT_TRUE(test, keep_await_held(test, others));
	}
	KUNIT_EXPECT_GT(test, failed, 3);
	KUNIT_EXPECT_LT(test, nth, 50);
}

static struct kunit_case keep_test_cases[] = {
	KUNIT_CASE_PARAM(keep_transfer__counts, keep_give_gen_params),
	KUNIT_CASE(keep_transfer__as_the_oracle_says),
	KUNIT_CASE(keep_transfer__refuses),
	KUNIT_CASE(keep_adopt__counts),
	KUNIT_CASE(keep_leave__released_by_others),
	KUNIT_CASE(keep_release_tokens__those_that_are_there),
	KUNIT_CASE(keep_release__holds),
	KUNIT_CASE(keep_release__port_keeps_tuples_out),
	KUNIT_CASE(keep_release__port_without_memory),
	{}
};

static struct kunit_suite keep_test_suite = {
	.name = "netport_keep",
	.init = kit_init,
	.exit = kit_exit,
	.test_cases = keep_test_cases,
};

kunit_test_suites(&hold_test_suite, &keep_test_suite);
