// SPDX-License-Identifier: GPL-2.0
/*
 * kapi.c: the kernel API, from every context it may be called in.  What it does is the
 * matter of the other suites.
 */
#include <linux/delay.h>
#include <linux/slab.h>
#include <net/net_namespace.h>

#include "kit.h"

static const struct kapi_context {
	const char		*desc;
	enum kit_context	context;
} kapi_contexts[] = {
	{ "process", KIT_PROCESS },
	{ "under a spinlock", KIT_LOCKED },
	{ "bottom halves off", KIT_BH_OFF },
	{ "tasklet", KIT_SOFTIRQ },
	{ "timer", KIT_TIMER },
};

KUNIT_ARRAY_PARAM_DESC(kapi_context, kapi_contexts, desc);

static enum kit_context kapi_context(struct kunit *test)
{
	const struct kapi_context *c = test->param_value;

	return c->context;
}

/**
 * struct kapi_script - calls made in a context, and how each ended
 * @owner: by whom
 * @gfp: as the context allows
 * @req: what is asked for: a port, and a pick
 * @err: how the calls ended
 * @asked: how often the test of a pick was asked
 */
struct kapi_script {
	struct netport_owner	*owner;
	gfp_t			gfp;
	struct netport_reserve	req[2];
	int			err[12];
	unsigned int		asked;
};

static int kapi_take_second(u16 port, void *arg)
{
	unsigned int *asked = arg;

	return ++*asked == 2;
}

static void kapi_script(void *arg)
{
	struct kapi_script *s = arg;
	struct netport_reserve req = s->req[0], pick = s->req[1];
	struct netport_candidate cand = { .reserve = s->req[1] };
	int *err = s->err;

	*err++ = netport_available(s->owner, &req);
	*err++ = netport_reserve(s->owner, &req, s->gfp);
	*err++ = netport_available(s->owner, &s->req[0]);
	*err++ = netport_release(s->owner, req.token);
	*err++ = netport_reserve(s->owner, &pick, s->gfp);
	*err++ = netport_release_binding(s->owner, &pick.binding, 0);
	*err++ = netport_candidate(s->owner, &cand, s->gfp);
	*err++ = netport_candidate(s->owner, &cand, s->gfp);
	*err++ = netport_accept(s->owner, cand.reserve.token);
	*err++ = netport_release(s->owner, cand.reserve.token);
	pick = s->req[1];
	*err++ = netport_pick(s->owner, &pick, kapi_take_second, &s->asked, s->gfp);
	*err++ = netport_release(s->owner, pick.token);
}

/* Everything, on an address that has to be made, and again on one that is there. */
static void kapi__in_context(struct kunit *test)
{
	static const int ends[] = { 0, 0, -EADDRINUSE, 0, 0, 0, 0, 0, 0, 0, 0, 0 };
	struct kapi_script s = { .gfp = kit_gfp(kapi_context(test)) };
	unsigned int round, i;
	struct kit_req r;

	for (round = 0; round < 2; round++) {
		s.owner = kit_owner(test, KIT_ALICE);
		s.asked = 0;
		memset(s.err, KIT_POISON, sizeof(s.err));
		kit_parse(test, "10.1.2.3 proto=9999", &r);
		s.req[0] = r.req;
		kit_parse(test, "10.1.2.3 proto=9999 port=0", &r);
		s.req[1] = r.req;
		s.req[1].token = 0;
		kit_run_in(kapi_context(test), kapi_script, &s);
		for (i = 0; i < ARRAY_SIZE(ends); i++)
			KUNIT_EXPECT_EQ_MSG(test, s.err[i], ends[i], "call %u, round %u", i, round);
		KUNIT_EXPECT_EQ(test, s.asked, 2);
		KUNIT_EXPECT_EQ(test, kit_held(test), 0);
	}
}

/* The second binding on a port, on an address, and the ninth port of an address. */

struct kapi_many {
	struct netport_owner	*owner;
	gfp_t			gfp;
	struct netport_reserve	req;
	unsigned int		n;
	unsigned int		step;
	int			err;
};

static void kapi_many(void *arg)
{
	struct kapi_many *m = arg;
	struct netport_reserve req;
	unsigned int i;

	m->err = 0;
	for (i = 0; i < m->n && !m->err; i++) {
		req = m->req;
		req.binding.port += i * m->step;
		m->err = netport_reserve(m->owner, &req, m->gfp);
	}
}

static const struct kapi_growth {
	const char	*text;
	unsigned int	step;
} kapi_growths[] = {
	{ "10.0.0.1 port=100 LB", 0 },
	{ "10.0.0.2 port=100 LB", 0 },
	{ "0.0.0.0 port=100 LB", 0 },
	{ "10.0.0.1 port=100 LB to=192.0.2.1 rport=9", 0 },
	{ "10.0.0.3 port=1", 4097 },
};

static void kapi_reserve__shapes_in_context(struct kunit *test)
{
	struct kapi_many m = { .owner = kit_owner(test, KIT_ALICE),
	.gfp = kit_gfp(kapi_context(test)) };
	struct kit_req r;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(kapi_growths); i++) {
		kit_parse(test, kapi_growths[i].text, &r);
		m.req = r.req;
		m.n = 12;
		m.step = kapi_growths[i].step;
		kit_run_in(kapi_context(test), kapi_many, &m);
		KUNIT_EXPECT_EQ_MSG(test, m.err, 0, "%s", kapi_growths[i].text);
	}
	KUNIT_EXPECT_EQ(test, kit_held(test), 12 * ARRAY_SIZE(kapi_growths));
}

/* Tables grow although nobody who makes reservations can sleep. */
static void kapi_reserve__tables_grow_in_context(struct kunit *test)
{
	struct np_shard *shard = np_shard_of(kit_of(test)->nn, 80);
	struct kapi_many m = { .owner = kit_owner(test, KIT_ALICE),
	.gfp = kit_gfp(kapi_context(test)) };
	struct kit_req r;
	unsigned int i;

	kit_parse(test, "10.0.0.1 port=80 LB", &r);
	m.req = r.req;
	m.n = 200;
	for (i = 0; i < 10; i++) {
		m.req.binding.addr[3] = i;
		kit_run_in(kapi_context(test), kapi_many, &m);
		KUNIT_ASSERT_EQ(test, m.err, 0);
	}
	for (i = 0; i < 2000 && (np_hash_target(&shard->table) ||
				 np_hash_target(&shard->tokens)); i++)
		usleep_range(1000, 2000);
	KUNIT_EXPECT_EQ(test, shard->tokens.count, 2000);
	KUNIT_EXPECT_GE(test, shard->tokens.tbl->mask + 1, 2000);
	KUNIT_EXPECT_GE(test, shard->table.tbl->mask + 1, 2000);
}

/* Requests with terms, and what can be done to them. */

#define KAPI_CALLS	24

/**
 * struct kapi_wide - calls made in a context, and how each ended
 * @owner: by whom, and to whom a reservation is given
 * @gfp: as the context allows
 * @set: a set on a port, which moves, and is given away
 * @picked: a set that is picked, and held after its release
 * @block: a block, which gives a part back, and is held with its ports
 * @plain: one binding, which gets a label
 * @more: and by which it's extended
 * @other: to where @set moves
 * @cand: a search for candidates with terms
 * @err: how the calls ended
 * @n: how many there were
 */
struct kapi_wide {
	struct netport_owner	*owner[2];
	gfp_t			gfp;
	struct netport_request	set, picked, block, plain, more, other;
	struct netport_candidate cand;
	int			err[KAPI_CALLS];
	unsigned int		n;
};

static void kapi_wide_did(struct kapi_wide *w, int err)
{
	w->err[w->n++] = err;
}

static void kapi_wide_make(struct kapi_wide *w)
{
	struct netport_owner *owner = w->owner[0];

	kapi_wide_did(w, netport_request_available(owner, &w->set, w->gfp));
	kapi_wide_did(w, netport_request(owner, &w->set, w->gfp));
	kapi_wide_did(w, netport_request(owner, &w->picked, w->gfp));
	kapi_wide_did(w, netport_request(owner, &w->block, w->gfp));
	kapi_wide_did(w, netport_batch(owner, &w->plain, NULL, 1, 0, w->gfp) - 1);
	kapi_wide_did(w, netport_candidate(owner, &w->cand, w->gfp));
	kapi_wide_did(w, netport_candidate(owner, &w->cand, w->gfp));
	kapi_wide_did(w, netport_accept(owner, w->cand.reserve.token));
}

static void kapi_wide_change(struct kapi_wide *w)
{
	struct netport_label label = { .token = w->plain.reserve.token, .label = "context" };
	struct netport_release part = {
		.token = w->block.reserve.token, .port = w->block.reserve.binding.port, .count = 1,
	};

	kapi_wide_did(w, netport_label(w->owner[0], &label, w->gfp));
	label.token = 0;
	kapi_wide_did(w, netport_label(w->owner[0], &label, w->gfp));
	w->more.reserve.token = w->plain.reserve.token;
	kapi_wide_did(w, netport_extend(w->owner[0], &w->more, w->gfp));
	w->other.reserve.token = w->set.reserve.token;
	kapi_wide_did(w, netport_rebind(w->owner[0], &w->other, w->gfp));
	kapi_wide_did(w, netport_transfer(w->owner[0], w->set.reserve.token, w->owner[1]));
	kapi_wide_did(w, netport_adopt(w->owner[0], w->set.reserve.token));
	kapi_wide_did(w, netport_release_request(w->owner[0], &part, w->gfp));
}

static void kapi_wide_release(struct kapi_wide *w)
{
	struct netport_release rel = { .token = w->picked.reserve.token, .hold = 1 };

	kapi_wide_did(w, netport_release_request(w->owner[0], &rel, w->gfp));
	rel.token = w->block.reserve.token;
	rel.options = NETPORT_RELEASE_PORT;
	kapi_wide_did(w, netport_release_request(w->owner[0], &rel, w->gfp));
	kapi_wide_did(w, netport_release(w->owner[0], w->plain.reserve.token));
	kapi_wide_did(w, netport_release(w->owner[1], w->set.reserve.token));
	kapi_wide_did(w, netport_release(w->owner[0], w->cand.reserve.token));
	kapi_wide_did(w, netport_wish_queue(w->owner[0]) ? 0 : -ENOENT);
}

static void kapi_wide(void *arg)
{
	struct kapi_wide *w = arg;

	kapi_wide_make(w);
	kapi_wide_change(w);
	kapi_wide_release(w);
}

static struct kapi_wide *kapi_wide_init(struct kunit *test)
{
	struct kapi_wide *w = kunit_kzalloc(test, sizeof(*w), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, w);
	w->gfp = kit_gfp(kapi_context(test));
	w->owner[0] = kit_owner(test, KIT_ALICE);
	w->owner[1] = kit_owner(test, KIT_BOB);
	w->set = kit_request(test, "10.0.0.1 label=x + 2001:db8::1 + 10.0.0.2 tcp")->req;
	w->picked = kit_request(test, "10.0.0.1 port=0 align=2 not=20000 + :: + 10.0.0.2")->req;
	w->block = kit_request(test, "10.0.0.1 port=4090 count=12 proto=9998 + ::")->req;
	w->plain = kit_request(test, "10.0.0.5")->req;
	w->more = kit_request(test, "10.0.0.6 port=0 + 10.0.0.7 proto=9997")->req;
	w->other = kit_request(test, "10.0.0.1 port=5000 LB + 0.0.0.0 proto=9996")->req;
	w->cand.reserve = kit_request(test, "10.0.0.8 port=0")->req.reserve;
	w->cand.terms = kit_request(test, "10.0.0.8 port=0 align=4 label=y + 10.0.0.9")->req.terms;
	w->cand.reserve.token = 0;
	return w;
}

static void kapi_wide__in_context(struct kunit *test)
{
	struct kapi_wide *w;
	unsigned int round, i;
	int want;

	for (round = 0; round < 2; round++) {
		w = kapi_wide_init(test);
		kit_run_in(kapi_context(test), kapi_wide, w);
		KUNIT_EXPECT_EQ(test, w->n, 21);
		for (i = 0; i < w->n; i++) {
			/* What has an owner can't be adopted. */
			want = i == 13 ? -ENOENT : 0;
			KUNIT_EXPECT_EQ_MSG(test, w->err[i], want, "call %u, round %u", i, round);
		}
		for (i = 0; i < 500 && kit_held(test); i++)
			msleep(20);
		KUNIT_EXPECT_EQ_MSG(test, kit_held(test), 0, "round %u", round);
	}
}

/* An orphan, adopted and released where nothing can sleep. */

struct kapi_orphan {
	struct netport_owner	*owner;
	gfp_t			gfp;
	u64			token[2];
	int			err[3];
};

static void kapi_orphan(void *arg)
{
	struct kapi_orphan *o = arg;
	struct netport_release rel = { .token = o->token[1] };

	o->err[0] = netport_adopt(o->owner, o->token[0]);
	o->err[1] = netport_release(o->owner, o->token[0]);
	o->err[2] = netport_release_request(o->owner, &rel, o->gfp);
}

static void kapi_adopt__in_context(struct kunit *test)
{
	struct kapi_orphan o = { .owner = kit_owner(test, KIT_BOB) };
	unsigned int i;

	o.gfp = kit_gfp(kapi_context(test));
	o.token[0] = kit_request_hold(test, "10.0.0.1 persistent + ::");
	o.token[1] = kit_request_hold(test, "10.0.0.2 persistent");
	netport_owner_destroy(kit_owner(test, KIT_ALICE));
	kit_of(test)->owner[KIT_ALICE] = NULL;
	KUNIT_EXPECT_EQ(test, kit_held(test), 3);
	kit_run_in(kapi_context(test), kapi_orphan, &o);
	for (i = 0; i < ARRAY_SIZE(o.err); i++)
		KUNIT_EXPECT_EQ_MSG(test, o.err[i], 0, "call %u", i);
	KUNIT_EXPECT_EQ(test, kit_held(test), 0);
}

/* netport_pick() */

/**
 * struct kapi_pick - a test for picks
 * @test: the case, to look at what is held meanwhile
 * @accept: the number of the port that is taken, counted from 1; 0 for none
 * @err: instead of taking it: this error
 * @asked: how often it was asked
 * @seen: the ports it was asked about, as bits from 100 on
 * @twice: it was asked about a port again
 * @free: it was asked about a port that somebody else could have had
 * @sleep: it sleeps
 */
struct kapi_pick {
	struct kunit	*test;
	unsigned int	accept;
	int		err;
	unsigned int	asked;
	u64		seen;
	bool		twice;
	bool		free;
	bool		sleep;
};

static int kapi_pick_test(u16 port, void *arg)
{
	struct kapi_pick *p = arg;
	struct netport_reserve req = {
		.binding = { .families = NP_FAMILY_ALL, .protocol = 17, .port = port },
	};

	p->asked++;
	p->twice |= p->seen >> (port - 100) & 1;
	p->seen |= BIT_ULL(port - 100);
	p->free |= netport_available(kit_of(p->test)->owner[KIT_BOB], &req) != -EADDRINUSE;
	if (p->sleep)
		msleep(20);
	if (p->asked != p->accept)
		return 0;
	return p->err ?: 1;
}

static const struct kapi_pick_case {
	const char	*desc;
	unsigned int	accept;
	int		err;
	int		end;
	unsigned int	asked;
} kapi_pick_cases[] = {
	{ "the first is taken", 1, 0, 0, 1 },
	{ "the fifth is taken", 5, 0, 0, 5 },
	{ "the last is taken", 20, 0, 0, 20 },
	{ "none is taken", 0, 0, -EADDRNOTAVAIL, 20 },
	{ "an error ends it", 3, -ESHUTDOWN, -ESHUTDOWN, 3 },
	{ "an error of the first", 1, -EPERM, -EPERM, 1 },
	{ "an error of the last", 20, -EIO, -EIO, 20 },
	{ "an error that picks have too", 4, -EADDRNOTAVAIL, -EADDRNOTAVAIL, 4 },
	{ "one more error that they have", 4, -EADDRINUSE, -EADDRINUSE, 4 },
};

KUNIT_ARRAY_PARAM_DESC(kapi_pick, kapi_pick_cases, desc);

static void kapi_pick__asks_the_test(struct kunit *test)
{
	const struct kapi_pick_case *c = test->param_value;
	struct kapi_pick p = { .test = test, .accept = c->accept, .err = c->err };
	struct netport_reserve before;
	struct kit_req r;
	int err;

	kit_owner(test, KIT_BOB);
	kit_parse(test, "10.0.0.1 port=0 low=100 high=119", &r);
	before = r.req;
	err = netport_pick(kit_owner(test, KIT_ALICE), &r.req, kapi_pick_test, &p, GFP_KERNEL);
	KUNIT_EXPECT_EQ(test, err, c->end);
	KUNIT_EXPECT_EQ(test, p.asked, c->asked);
	KUNIT_EXPECT_FALSE_MSG(test, p.twice, "each port once");
	KUNIT_EXPECT_FALSE_MSG(test, p.free, "each is held meanwhile");
	KUNIT_EXPECT_EQ_MSG(test, p.seen >> 20, 0, "none outside of the range");
	KUNIT_EXPECT_EQ(test, kit_held(test), !err);
	if (err) {
		KUNIT_EXPECT_MEMEQ(test, &r.req, &before, sizeof(before));
		return;
	}
	KUNIT_EXPECT_TRUE(test, p.seen >> (r.req.binding.port - 100) & 1);
	KUNIT_EXPECT_TRUE(test, kit_alive(test, KIT_ALICE, r.req.token));
	KUNIT_EXPECT_EQ_MSG(test, netport_accept(kit_owner(test, KIT_ALICE), r.req.token), -EINVAL,
			    "no candidate any more");
}

static void kapi_pick__test_may_sleep(struct kunit *test)
{
	struct kapi_pick p = { .test = test, .accept = 3, .sleep = true };
	struct kit_req r;

	kit_owner(test, KIT_BOB);
	kit_parse(test, "10.0.0.1 port=0 low=100 high=119", &r);
	KUNIT_EXPECT_EQ(test, netport_pick(kit_owner(test, KIT_ALICE), &r.req, kapi_pick_test, &p,
					   GFP_KERNEL), 0);
	KUNIT_EXPECT_EQ(test, p.asked, 3);
}

static void kapi_pick__needs_port_0(struct kunit *test)
{
	struct kapi_pick p = { .test = test, .accept = 1 };
	struct kit_req r;

	kit_parse(test, "10.0.0.1 port=100", &r);
	KUNIT_EXPECT_EQ(test, netport_pick(kit_owner(test, KIT_ALICE), &r.req, kapi_pick_test, &p,
					   GFP_KERNEL), -EINVAL);
	KUNIT_EXPECT_EQ_MSG(test, p.asked, 0, "the test isn't asked");
}

/* The token in a request is a result, and no candidate of an earlier one. */
static void kapi_pick__ignores_the_token(struct kunit *test)
{
	u64 token = kit_hold(test, "10.0.0.2 port=100");
	unsigned int asked = 0;
	struct kit_req r;

	kit_parse(test, "10.0.0.1 port=0 low=100 high=119", &r);
	r.req.token = token;
	KUNIT_EXPECT_EQ(test, netport_pick(kit_owner(test, KIT_ALICE), &r.req, kapi_take_second,
					   &asked, GFP_KERNEL), 0);
	KUNIT_EXPECT_TRUE(test, kit_alive(test, KIT_ALICE, token));
	KUNIT_EXPECT_EQ(test, kit_held(test), 2);
}

static int kapi_take_none(u16 port, void *arg)
{
	unsigned int *asked = arg;

	++*asked;
	return 0;
}

/* Where it can't sleep, so many and no more. */
static void kapi_pick__atomic_is_bounded(struct kunit *test)
{
	unsigned int asked = 0;
	struct kit_req r;

	kit_parse(test, "10.0.0.1 port=0 low=1000 high=2000", &r);
	KUNIT_EXPECT_EQ(test, netport_pick(kit_owner(test, KIT_ALICE), &r.req, kapi_take_none,
					   &asked,
					   GFP_ATOMIC), -EADDRNOTAVAIL);
	KUNIT_EXPECT_EQ(test, asked, NETPORT_ATOMIC_PROBES);
	KUNIT_EXPECT_EQ(test, kit_held(test), 0);

	asked = 0;
	KUNIT_EXPECT_EQ(test, netport_pick(kit_owner(test, KIT_ALICE), &r.req, kapi_take_none,
					   &asked,
					   GFP_KERNEL), -EADDRNOTAVAIL);
	KUNIT_EXPECT_EQ(test, asked, 1001);
	KUNIT_EXPECT_EQ(test, kit_held(test), 0);
}

/* netport_pick_ephemeral() and the range */

static void kapi_range_reset(void *unused)
{
	struct netport_range range = { .low = NP_RANGE_LOW, .high = NP_RANGE_HIGH };

	netport_set_range(&init_net, &range);
}

static void kapi_range_set(struct kunit *test, u16 low, u16 high)
{
	struct netport_range range = { .low = low, .high = high };

	KUNIT_ASSERT_EQ(test, kunit_add_action(test, kapi_range_reset, NULL), 0);
	KUNIT_ASSERT_EQ(test, netport_set_range(&init_net, &range), 0);
}

struct kapi_walk {
	unsigned int	accept;
	int		err;
	unsigned int	asked;
	u64		seen;
	u16		last;
};

static int kapi_walk_test(u16 port, void *arg)
{
	struct kapi_walk *w = arg;

	w->seen |= BIT_ULL(port - 100);
	w->last = port;
	return ++w->asked == w->accept ? w->err ?: 1 : 0;
}

static const struct kapi_walk_case {
	const char	*desc;
	unsigned int	accept;
	int		err;
	int		end;		/* 0: the port */
	unsigned int	asked;
} kapi_walk_cases[] = {
	{ "the first", 1, 0, 0, 1 },
	{ "the last", 10, 0, 0, 10 },
	{ "none", 0, 0, -EADDRNOTAVAIL, 10 },
	{ "an error", 4, -ESHUTDOWN, -ESHUTDOWN, 4 },
	{ "an error that it has too", 4, -EADDRNOTAVAIL, -EADDRNOTAVAIL, 4 },
};

KUNIT_ARRAY_PARAM_DESC(kapi_walk, kapi_walk_cases, desc);

/* All ports of the range, held or not; nothing is reserved. */
static void kapi_pick_ephemeral__asks_the_test(struct kunit *test)
{
	const struct kapi_walk_case *c = test->param_value;
	struct kapi_walk w = { .accept = c->accept, .err = c->err };
	int end;

	kapi_range_set(test, 100, 109);
	kit_hold(test, "* port=104");
	end = netport_pick_ephemeral(&init_net, kapi_walk_test, &w);
	KUNIT_EXPECT_EQ(test, end, c->end ?: w.last);
	KUNIT_EXPECT_EQ(test, w.asked, c->asked);
	KUNIT_EXPECT_EQ_MSG(test, hweight64(w.seen), c->asked, "each once");
	KUNIT_EXPECT_EQ(test, w.seen & ~0x3ffULL, 0);
	KUNIT_EXPECT_EQ(test, kit_held(test), 1);
}

static const struct netport_range kapi_bad_ranges[] = {
	{ 0, 65535 }, { 0, 0 }, { 1, 0 }, { 2000, 1999 }, { 65535, 1 }, { 1, 2, 1 }, { 1, 2,
	  1U << 31 },
};

static void kapi_range__set_and_get(struct kunit *test)
{
	struct netport_range got;
	unsigned int i;

	kapi_range_set(test, 1, 65535);
	for (i = 0; i < ARRAY_SIZE(kapi_bad_ranges); i++) {
		KUNIT_EXPECT_EQ(test, netport_set_range(&init_net, &kapi_bad_ranges[i]), -EINVAL);
		memset(&got, KIT_POISON, sizeof(got));
		KUNIT_EXPECT_EQ(test, netport_get_range(&init_net, &got), 0);
		KUNIT_EXPECT_EQ(test, got.low, 1);
		KUNIT_EXPECT_EQ(test, got.high, 65535);
		KUNIT_EXPECT_EQ(test, got.__pad, 0);
	}
}

/* Every port, for those who are trusted. */
static void kapi_reserve__needs_no_capability(struct kunit *test)
{
	KIT_EXPECT_RESERVE(test, "0.0.0.0 port=1", 0);
	KIT_EXPECT_RESERVE(test, "0.0.0.0 port=0 high=2", 0);
	KIT_EXPECT_RESERVE(test, "0.0.0.0 port=0 high=2", -EADDRNOTAVAIL);
}

static struct kunit_case kapi_test_cases[] = {
	KUNIT_CASE_PARAM(kapi__in_context, kapi_context_gen_params),
	KUNIT_CASE_PARAM(kapi_reserve__shapes_in_context, kapi_context_gen_params),
	KUNIT_CASE_PARAM(kapi_reserve__tables_grow_in_context, kapi_context_gen_params),
	KUNIT_CASE_PARAM(kapi_wide__in_context, kapi_context_gen_params),
	KUNIT_CASE_PARAM(kapi_adopt__in_context, kapi_context_gen_params),
	KUNIT_CASE_PARAM(kapi_pick__asks_the_test, kapi_pick_gen_params),
	KUNIT_CASE(kapi_pick__test_may_sleep),
	KUNIT_CASE(kapi_pick__needs_port_0),
	KUNIT_CASE(kapi_pick__ignores_the_token),
	KUNIT_CASE(kapi_pick__atomic_is_bounded),
	KUNIT_CASE_PARAM(kapi_pick_ephemeral__asks_the_test, kapi_walk_gen_params),
	KUNIT_CASE(kapi_range__set_and_get),
	KUNIT_CASE(kapi_reserve__needs_no_capability),
	{}
};

static struct kunit_suite kapi_test_suite = {
	.name = "netport_kapi",
	.init = kit_init,
	.exit = kit_exit,
	.test_cases = kapi_test_cases,
};

kunit_test_suite(kapi_test_suite);
