// SPDX-License-Identifier: GPL-2.0
/*
 * lookup.c, attach.c, wide.c: random sequences of all that changes who is found, and what
 * the contract says then: a list of what is attached, and a comparison with each.  Shares
 * no code with the module.
 */
#include <linux/cpumask.h>
#include <linux/in.h>
#include <linux/slab.h>
#include <net/net_namespace.h>

#include "kit.h"

#define MODEL_SLOTS	24
#define MODEL_PARTS	12

/**
 * struct model_part - a binding on a port
 * @b: what it is
 * @seq: the later it was attached, the more; 0 for not at all
 */
struct model_part {
	struct netport_binding	b;
	u32			seq;
};

/**
 * struct model_slot - a reservation
 * @token: its name
 * @who: of which owner
 * @block: it has several ports
 * @priv: what it is attached with, or KIT_NOBODY
 * @n: how many of
 * @part: its bindings
 */
struct model_slot {
	u64			token;
	enum kit_who		who;
	bool			block;
	int			priv;
	unsigned int		n;
	struct model_part	part[MODEL_PARTS];
};

/**
 * struct model - what there should be
 * @rnd: chance
 * @slot: reservations
 * @n: how many
 * @seq: the last one's number
 * @privs: how many pointers have been given out
 * @faults: allocations may fail
 * @held: the token of one that is held, or 0
 * @done: how often each operation has succeeded
 */
struct model {
	struct rnd_state	rnd;
	struct model_slot	slot[MODEL_SLOTS];
	unsigned int		n;
	u32			seq;
	unsigned int		privs;
	bool			faults;
	u64			held;
	unsigned int		done[9];
};

static u32 model_random(struct model *m, u32 below)
{
	return kit_random(&m->rnd, below);
}

/* requests */

static const u8 model_local[][16] = {
	{ 10, 0, 0, 1 }, { 10, 0, 0, 2 }, {},
	{ 0x20, 1, 0xd, 0xb8, [15] = 1 }, { 0x20, 1, 0xd, 0xb8, [15] = 2 }, {},
};

static const u8 model_remote[][16] = {
	{ 192, 0, 2, 1 }, { 192, 0, 2, 2 },
	{ 0x20, 1, 0xd, 0xb8, 2, [15] = 1 }, { 0x20, 1, 0xd, 0xb8, 2, [15] = 2 },
};

static const u16 model_ports[] = { 80, 5000 };

static void model_binding(struct model *m, struct netport_binding *b)
{
	unsigned int local = model_random(m, ARRAY_SIZE(model_local)), v6 = local / 3;

	*b = (struct netport_binding) {
		.families = v6 ? NETPORT_FAMILY_IPV6 : NETPORT_FAMILY_IPV4,
		.protocol = model_random(m, 6) ? IPPROTO_UDP : IPPROTO_TCP,
		.ifindex = model_random(m, 4) ? 0 : 3 + model_random(m, 2),
		.share = NETPORT_SHARE_MOST_RECENT,
	};
	memcpy(b->addr, model_local[local], sizeof(b->addr));
	if (local % 3 == 2 && !model_random(m, 3)) {
		b->families = NP_FAMILY_ALL;
	} else if (model_random(m, 2)) {
		memcpy(b->remote, model_remote[2 * v6 + model_random(m, 2)], sizeof(b->remote));
		b->remote_port = model_random(m, 2) ? 9 + model_random(m, 2) : 0;
	}
	/* Few forms are frequent, for groups. */
	if (model_random(m, 2)) {
		b->protocol = IPPROTO_UDP;
		b->ifindex = 0;
		b->remote_port = b->remote_port ? 9 : 0;
	}
	/* Mostly all of a group are. */
	if (model_random(m, 8))
		b->share |= NETPORT_SHARE_LOAD_BALANCED;
}

/* A request made of them; @more has room for two. */
static void model_request(struct model *m, struct netport_request *req,
			  struct netport_binding *more, bool block)
{
	unsigned int n = 1 + (model_random(m, 3) ? 0 : 1 + model_random(m, 2)), i;

	*req = (struct netport_request) {};
	model_binding(m, &req->reserve.binding);
	req->reserve.binding.port = model_ports[model_random(m, ARRAY_SIZE(model_ports))];
	for (i = 0; i < n - 1; i++)
		model_binding(m, &more[i]);
	req->terms.nbindings = n - 1;
	req->terms.bindings = n > 1 ? (uintptr_t)more : 0;
	if (block)
		req->terms.count = 2 + model_random(m, 3);
}

/* calls, from wherever they may come */

enum model_op {
	MODEL_REQUEST, MODEL_ATTACH, MODEL_DETACH, MODEL_EXTEND, MODEL_REBIND, MODEL_RELEASE,
	MODEL_HOLD, MODEL_PART, MODEL_TRANSFER,
};

struct model_call {
	enum model_op		op;
	struct netport_owner	*owner;
	struct netport_owner	*to;
	u64			token;
	struct netport_request	req;
	struct netport_release	rel;
	void			*priv;
	gfp_t			gfp;
	int			err;
};

static void model_call(void *arg)
{
	struct model_call *c = arg;

	switch (c->op) {
	case MODEL_REQUEST:
		c->err = netport_request(c->owner, &c->req, c->gfp);
		break;
	case MODEL_ATTACH:
		c->err = netport_attach(c->owner, c->token, c->priv, c->gfp);
		break;
	case MODEL_DETACH:
		c->err = netport_detach(c->owner, c->token);
		break;
	case MODEL_EXTEND:
		c->req.reserve.token = c->token;
		c->err = netport_extend(c->owner, &c->req, c->gfp);
		break;
	case MODEL_REBIND:
		c->req.reserve.token = c->token;
		c->err = netport_rebind(c->owner, &c->req, c->gfp);
		break;
	case MODEL_RELEASE:
		c->err = netport_release(c->owner, c->token);
		break;
	case MODEL_HOLD:
	case MODEL_PART:
		c->rel.token = c->token;
		c->err = netport_release_request(c->owner, &c->rel, c->gfp);
		break;
	case MODEL_TRANSFER:
		c->err = netport_transfer(c->owner, c->token, c->to);
		break;
	}
}

static int model_do(struct kunit *test, struct model *m, struct model_call *c)
{
	static const enum kit_context contexts[] = {
		KIT_PROCESS, KIT_PROCESS, KIT_PROCESS, KIT_LOCKED, KIT_BH_OFF, KIT_SOFTIRQ,
	};
	enum kit_context context = contexts[model_random(m, ARRAY_SIZE(contexts))];
	bool fault = m->faults && context == KIT_PROCESS && !model_random(m, 3);

	c->gfp = fault ? GFP_NOWAIT : kit_gfp(context);
	c->err = 1;
	if (fault)
		kit_fail(1 + model_random(m, 10));
	kit_run_in(context, model_call, c);
	if (fault)
		kit_fail(0);
	if (!c->err)
		m->done[c->op]++;
	else if (c->err != -EADDRINUSE && c->err != -EINVAL && (c->err != -ENOMEM || !fault))
		KUNIT_FAIL(test, "operation %u: %d\n", c->op, c->err);
	return c->err;
}

/* what comes of it */

/* What a request has got, behind what is in the slot. */
static void model_add(struct model *m, struct model_slot *s, const struct netport_request *req,
		      const struct netport_binding *more)
{
	unsigned int i, j;
	struct model_part *p;

	for (j = 0; j < (req->terms.count ?: 1); j++) {
		for (i = 0; i <= req->terms.nbindings; i++) {
			p = &s->part[s->n++];
			p->b = i ? more[i - 1] : req->reserve.binding;
			p->b.port = req->reserve.binding.port + j;
			p->seq = s->priv == KIT_NOBODY ? 0 : ++m->seq;
		}
	}
}

static void model_gone(struct model *m, struct model_slot *s)
{
	*s = m->slot[--m->n];
}

static void model_make(struct kunit *test, struct model *m)
{
	struct model_slot *s = &m->slot[m->n];
	struct netport_binding more[2];
	struct model_call c = { .op = MODEL_REQUEST };

	*s = (struct model_slot) { .who = model_random(m, KIT_NWHO), .priv = KIT_NOBODY };
	s->block = !model_random(m, 8);
	model_request(m, &c.req, more, s->block);
	c.owner = kit_owner(test, s->who);
	if (model_do(test, m, &c))
		return;
	s->token = c.req.reserve.token;
	model_add(m, s, &c.req, more);
	m->n++;
}

/* Nothing but holds is in the way of anybody. */
static void model_end_hold(struct kunit *test, struct model *m)
{
	struct np_net *nn = kit_of(test)->nn;
	struct np_resv *r;

	r = m->held ? kit_find(test, m->held) : NULL;
	m->held = 0;
	if (!r)
		return;
	spin_lock_bh(&nn->hold_lock);
	r->bind.until = np_hold_now();
	spin_unlock_bh(&nn->hold_lock);
	np_end_holds(nn);
}

static void model_change(struct kunit *test, struct model *m, struct model_slot *s,
			 enum model_op op)
{
	struct model_call c = {
		.op = op, .owner = kit_owner(test, s->who), .token = s->token,
	};
	unsigned int i, n;
	struct netport_binding more[2];
	enum kit_who to = model_random(m, KIT_NWHO);
	u16 port;

	switch (op) {
	case MODEL_REQUEST:
		break;
	case MODEL_ATTACH:
		c.priv = kit_priv(m->privs % KIT_PRIVS);
		if (model_do(test, m, &c))
			break;
		/* Another pointer is no other place. */
		for (i = 0; i < s->n && s->priv == KIT_NOBODY; i++)
			s->part[i].seq = ++m->seq;
		s->priv = m->privs++ % KIT_PRIVS;
		break;
	case MODEL_DETACH:
		if (s->priv == KIT_NOBODY)
			break;
		model_do(test, m, &c);
		s->priv = KIT_NOBODY;
		for (i = 0; i < s->n; i++)
			s->part[i].seq = 0;
		break;
	case MODEL_EXTEND:
		model_request(m, &c.req, more, false);
		c.req.reserve.binding.port = 0;
		if (s->block || s->n + c.req.terms.nbindings >= MODEL_PARTS)
			break;
		if (!model_do(test, m, &c))
			model_add(m, s, &c.req, more);
		break;
	case MODEL_REBIND:
		model_request(m, &c.req, more, false);
		if (s->block || model_do(test, m, &c))
			break;
		s->n = 0;
		model_add(m, s, &c.req, more);
		break;
	case MODEL_HOLD:
		model_end_hold(test, m);
		c.rel.hold = NETPORT_HOLD_MAX;
		c.rel.options = model_random(m, 2) ? NETPORT_RELEASE_PORT : 0;
		if (model_do(test, m, &c))
			break;
		m->held = s->token;
		model_gone(m, s);
		break;
	case MODEL_RELEASE:
		if (!model_do(test, m, &c))
			model_gone(m, s);
		break;
	case MODEL_PART:
		if (!s->block)
			break;
		port = s->part[model_random(m, s->n)].b.port;
		c.rel.port = port;
		c.rel.count = 1;
		if (model_do(test, m, &c))
			break;
		for (i = 0, n = 0; i < s->n; i++)
			if (s->part[i].b.port != port)
				s->part[n++] = s->part[i];
		s->n = n;
		if (!n)
			model_gone(m, s);
		break;
	case MODEL_TRANSFER:
		c.to = kit_owner(test, to);
		if (to != s->who && !model_do(test, m, &c))
			s->who = to;
		break;
	}
}

/* what is found */

static bool model_is_any(const u8 *addr)
{
	static const u8 any[16];

	return !memcmp(addr, any, sizeof(any));
}

/* Some binding that is there. */
static const struct netport_binding *model_any(struct model *m)
{
	const struct model_slot *s = m->n ? &m->slot[model_random(m, m->n)] : NULL;

	return s ? &s->part[model_random(m, s->n)].b : NULL;
}

/*
 * A packet, as a binding of one family whose remote is given: mostly one that goes with some
 * binding.
 */
static void model_packet(struct model *m, struct netport_binding *p)
{
	const struct netport_binding *b = model_random(m, 4) ? model_any(m) : NULL;
	unsigned int v6 = model_random(m, 2);

	if (b && b->families != NP_FAMILY_ALL)
		v6 = b->families == NETPORT_FAMILY_IPV6;

	*p = (struct netport_binding) {
		.families = v6 ? NETPORT_FAMILY_IPV6 : NETPORT_FAMILY_IPV4,
		.protocol = model_random(m, 6) ? IPPROTO_UDP : IPPROTO_TCP,
		.port = model_ports[model_random(m, ARRAY_SIZE(model_ports))] +
			!model_random(m, 8),
		.remote_port = model_random(m, 8) ? 9 + model_random(m, 2) : 0,
		.ifindex = model_random(m, 2) ? 3 + model_random(m, 2) : 0,
	};
	memcpy(p->addr, model_local[3 * v6 + model_random(m, 2)], sizeof(p->addr));
	if (model_random(m, 16))
		memcpy(p->remote, model_remote[2 * v6 + model_random(m, 2)], sizeof(p->remote));
	if (!b)
		return;
	p->protocol = b->protocol;
	p->port = b->port;
	p->ifindex = b->ifindex ?: p->ifindex;
	p->remote_port = b->remote_port ?: p->remote_port;
	if (!model_is_any(b->addr))
		memcpy(p->addr, b->addr, sizeof(p->addr));
	if (!model_is_any(b->remote))
		memcpy(p->remote, b->remote, sizeof(p->remote));
}

static void model_key(const struct netport_binding *p, struct netport_key *key)
{
	__be32 v4[2];

	*key = (struct netport_key) { .protocol = p->protocol, .ifindex = p->ifindex };
	memcpy(&v4[0], p->addr, sizeof(v4[0]));
	memcpy(&v4[1], p->remote, sizeof(v4[1]));
	if (p->families == NETPORT_FAMILY_IPV4)
		netport_key_ipv4(key, v4[0], htons(p->port), v4[1], htons(p->remote_port));
	else
		netport_key_ipv6(key, (const struct in6_addr *)p->addr, htons(p->port),
				 (const struct in6_addr *)p->remote, htons(p->remote_port));
}

/* How well a packet goes with a binding: 0 for not at all. */
static unsigned int model_score(const struct netport_binding *p, const struct netport_binding *b)
{
	unsigned int score = 1;

	if (p->protocol != b->protocol || p->port != b->port || !(p->families & b->families))
		return 0;
	if (!model_is_any(b->remote)) {
		if (memcmp(p->remote, b->remote, sizeof(p->remote)))
			return 0;
		if (b->remote_port && b->remote_port != p->remote_port)
			return 0;
		score += b->remote_port ? 16 : 8;
	}
	if (!model_is_any(b->addr)) {
		if (memcmp(p->addr, b->addr, sizeof(p->addr)))
			return 0;
		score += 4;
	}
	if (b->ifindex) {
		if (b->ifindex != p->ifindex)
			return 0;
		score += 2;
	}
	/* After all else: a specific address is of one family anyway. */
	return 2 * score + (b->families != NP_FAMILY_ALL);
}

/**
 * struct model_best - who may be found
 * @score: how good a match they are
 * @n: how many there are
 * @balanced: all of them are LOAD_BALANCED, and of one uid
 * @user: the uid of one of them
 * @seq: the last one's number
 * @last: and who that is
 * @any: all of them
 */
struct model_best {
	unsigned int	score;
	unsigned int	n;
	bool		balanced;
	struct np_user	*user;
	u32		seq;
	int		last;
	DECLARE_BITMAP(any, KIT_PRIVS);
};

static void model_find(struct kunit *test, const struct model *m,
		       const struct netport_binding *p, struct model_best *best)
{
	const struct model_part *part;
	struct np_user *user;
	unsigned int i, j, score;

	*best = (struct model_best) { .last = KIT_NOBODY };
	for (i = 0; i < m->n; i++) {
		user = kit_owner(test, m->slot[i].who)->user;
		for (j = 0; j < m->slot[i].n; j++) {
			part = &m->slot[i].part[j];
			score = part->seq ? model_score(p, &part->b) : 0;
			if (!score || score < best->score)
				continue;
			if (score > best->score)
				*best = (struct model_best) { .score = score, .balanced = true,
							      .user = user };
			best->n++;
			best->balanced &= user == best->user &&
					  (part->b.share & NETPORT_SHARE_LOAD_BALANCED);
			__set_bit(m->slot[i].priv, best->any);
			if (part->seq > best->seq) {
				best->seq = part->seq;
				best->last = m->slot[i].priv;
			}
		}
	}
}

/* Returns how many share what was found. */
static unsigned int model_expect(struct kunit *test, struct model *m, unsigned int step)
{
	DECLARE_BITMAP(seen, KIT_PRIVS) = {};
	unsigned int rounds = 1, i;
	struct netport_binding p;
	struct model_best best;
	struct netport_key key;
	int nr = KIT_NOBODY;
	u32 hash;

	model_packet(m, &p);
	model_key(&p, &key);
	model_find(test, m, &p, &best);
	if (best.n > 1)
		rounds = best.balanced ? 32 * best.n : 4;
	for (i = 0; i < rounds; i++) {
		hash = prandom_u32_state(&m->rnd);
		nr = kit_lookup_key(&init_net, &key, hash);
		if (nr < 0 || kit_lookup_key(&init_net, &key, hash) != nr)
			break;
		__set_bit(nr, seen);
	}
	if (best.n > 1 && best.balanced) {
		KUNIT_EXPECT_EQ_MSG(test, i, rounds, "step %u: %d, or no longer", step, nr);
		KUNIT_EXPECT_TRUE_MSG(test, bitmap_equal(seen, best.any, KIT_PRIVS),
				      "step %u: not all of %u, or others: %*pbl, %*pbl", step,
				      best.n, KIT_PRIVS, best.any, KIT_PRIVS, seen);
	} else {
		KUNIT_EXPECT_EQ_MSG(test, nr, best.last, "step %u, %pI6c %pI6c:%u dev %u", step,
				    &key.local, &key.remote, key.remote_port, key.ifindex);
	}
	return best.n;
}

static void model_step(struct kunit *test, struct model *m)
{
	static const enum model_op ops[] = {
		MODEL_ATTACH, MODEL_ATTACH, MODEL_ATTACH, MODEL_ATTACH, MODEL_DETACH,
		MODEL_EXTEND, MODEL_EXTEND, MODEL_REBIND, MODEL_REBIND, MODEL_REBIND,
		MODEL_RELEASE, MODEL_HOLD, MODEL_PART, MODEL_PART, MODEL_TRANSFER,
	};

	if (!model_random(m, 3))
		model_end_hold(test, m);
	if (!m->n || (m->n < MODEL_SLOTS && !model_random(m, 3)))
		model_make(test, m);
	else
		model_change(test, m, &m->slot[model_random(m, m->n)],
			     ops[model_random(m, ARRAY_SIZE(ops))]);
}

static const struct model_case {
	const char	*desc;
	u64		seed;
	bool		faults;
} model_cases[] = {
	{ "seed 1", 1, false },
	{ "seed 2", 2, false },
	{ "without memory now and then", 3, true },
	{ "without memory, seed 4", 4, true },
};

KUNIT_ARRAY_PARAM_DESC(model, model_cases, desc);

static void lookup_model(struct kunit *test)
{
	const struct model_case *c = test->param_value;
	struct model *m = kunit_kzalloc(test, sizeof(*m), GFP_KERNEL);
	/* The machine with more CPUs is the slow one, and they are of no use here. */
	unsigned int steps = num_online_cpus() > 1 ? 800 : 1600;
	unsigned int step, i, none = 0, one = 0, more = 0, n;

	KUNIT_ASSERT_NOT_NULL(test, m);
	prandom_seed_state(&m->rnd, c->seed);
	m->faults = c->faults && IS_ENABLED(CONFIG_FAILSLAB);
	for (step = 0; step < steps; step++) {
		model_step(test, m);
		for (i = 0; i < 4; i++) {
			n = model_expect(test, m, step);
			none += !n;
			one += n == 1;
			more += n > 1;
		}
		if (test->status == KUNIT_FAILURE)
			break;
	}
	kunit_info(test, "found none %u, one %u, one of several %u\n", none, one, more);
	/* A model in which nothing happens says nothing. */
	for (i = 0; i < ARRAY_SIZE(m->done); i++)
		KUNIT_EXPECT_GT_MSG(test, m->done[i], steps / 400, "operation %u", i);
	KUNIT_EXPECT_GT(test, one, steps);
	KUNIT_EXPECT_GT(test, more, steps / 8);
	while (m->n) {
		KUNIT_EXPECT_EQ(test, netport_release(kit_owner(test, m->slot[0].who),
						      m->slot[0].token), 0);
		model_gone(m, &m->slot[0]);
	}
	model_end_hold(test, m);
	KUNIT_EXPECT_EQ(test, kit_held(test), 0);
}

static struct kunit_case model_test_cases[] = {
	KUNIT_CASE_PARAM(lookup_model, model_gen_params),
	{}
};

static struct kunit_suite model_test_suite = {
	.name = "netport_lookup_model",
	.init = kit_init,
	.exit = kit_exit,
	.test_cases = model_test_cases,
};

kunit_test_suite(model_test_suite);
