// SPDX-License-Identifier: GPL-2.0
/*
 * Many at once.  The threads count what went wrong; the cases look at the counts.  With
 * one CPU there are fewer rounds, for then there is less to see.
 */
#include <linux/delay.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <net/net_namespace.h>

#include "churn.h"
#include "kit.h"
#include "oracle.h"

/* All want the same port, port after port */

#define CONC_PORTS	400

/**
 * struct conc_claim - threads that claim ports
 * @owner: of each thread
 * @req: what each thread asks for
 * @held: by how many each port is held
 * @token: of the last one who got it
 * @strange: errors that there should not be
 */
struct conc_claim {
	struct netport_owner	*owner[KIT_THREADS];
	struct netport_reserve	req[KIT_THREADS];
	atomic_t		held[CONC_PORTS];
	u64			token[CONC_PORTS];
	atomic_t		strange;
};

static void conc_claim(void *arg, unsigned int nr)
{
	struct conc_claim *c = arg;
	struct netport_reserve req;
	struct rnd_state rnd;
	unsigned int i;
	int err;

	prandom_seed_state(&rnd, nr);
	for (i = 0; i < CONC_PORTS; i++) {
		req = c->req[nr];
		req.binding.port = 1000 + i;
		err = netport_reserve(c->owner[nr], &req, nr % 2 ? GFP_KERNEL : GFP_ATOMIC);
		if (!err) {
			atomic_inc(&c->held[i]);
			c->token[i] = req.token;
		} else if (err != -EADDRINUSE) {
			atomic_inc(&c->strange);
		}
		kit_yield(&rnd);
	}
}

static const struct conc_forms {
	const char	*desc;
	const char	*text[KIT_THREADS];
	unsigned int	winners;
} conc_forms[] = {
	{ "the same, plain", { "10.0.0.1" }, 1 },
	{ "any, plain", { "*" }, 1 },
	{ "forms that overlap, plain",
	  { "*", "0.0.0.0", "10.0.0.1", "::ffff:10.0.0.1", "10.0.0.1 dev=1", "0.0.0.0 to=192.0.2.1",
	    "10.0.0.1 to=192.0.2.1 rport=9", "* dev=1" }, 1 },
	{ "flags of which no two are the same",
	  { "0.0.0.0 LB", "0.0.0.0 MR", "0.0.0.0 TO", "0.0.0.0", "0.0.0.0 LB bob",
	    "0.0.0.0 MR dev=1",
	    "0.0.0.0", "0.0.0.0 TO" }, 0 },
	{ "the same, all sharing", { "10.0.0.1 MR" }, KIT_THREADS },
	{ "forms that overlap, all sharing",
	  { "* MR", "0.0.0.0 MR", "10.0.0.1 MR LB", "::ffff:10.0.0.1 MR", "10.0.0.1 MR dev=1",
	    ":: MR TO",
	    "10.0.0.1 MR to=192.0.2.1 rport=9", "* MR dev=1" }, KIT_THREADS },
	{ "addresses that differ",
	  { "10.0.0.1", "10.0.0.2", "10.0.0.3", "10.0.0.4", "2001:db8::1", "2001:db8::2",
	    "2001:db8::3",
	    "10.0.0.5" }, KIT_THREADS },
	{ "remotes that differ",
	  { "10.0.0.1 to=192.0.2.1", "10.0.0.1 to=192.0.2.2", "10.0.0.1 to=192.0.2.3",
	    "10.0.0.1 to=192.0.2.4", "10.0.0.1 to=192.0.2.5 rport=1",
	    "10.0.0.1 to=192.0.2.5 rport=2",
	    "10.0.0.1 to=192.0.2.5 rport=3", "10.0.0.1 to=192.0.2.5 rport=4" }, KIT_THREADS },
};

KUNIT_ARRAY_PARAM_DESC(conc_form, conc_forms, desc);

static struct conc_claim *conc_claim_init(struct kunit *test, const struct conc_forms *f)
{
	struct conc_claim *c = kunit_kzalloc(test, sizeof(*c), GFP_KERNEL);
	struct kit_req r;
	unsigned int i;

	KUNIT_ASSERT_NOT_NULL(test, c);
	for (i = 0; i < KIT_THREADS; i++) {
		kit_parse(test, f->text[i] ?: f->text[0], &r);
		c->req[i] = r.req;
		c->owner[i] = kit_owner(test, i % KIT_NWHO);
	}
	return c;
}

/* As many get a port as can: one, or all. */
static void concurrency_reserve__winners(struct kunit *test)
{
	const struct conc_forms *f = test->param_value;
	struct conc_claim *c = conc_claim_init(test, f);
	unsigned int i, total = 0;
	int held;

	kit_threads(test, conc_claim, c, KIT_THREADS);
	for (i = 0; i < CONC_PORTS; i++) {
		held = atomic_read(&c->held[i]);
		total += held;
		if (f->winners)
			KUNIT_ASSERT_EQ_MSG(test, held, f->winners, "port %u", 1000 + i);
		else
			KUNIT_ASSERT_GE_MSG(test, held, 1, "port %u", 1000 + i);
	}
	KUNIT_EXPECT_EQ(test, atomic_read(&c->strange), 0);
	KUNIT_EXPECT_EQ(test, kit_held(test), total);
}

/* All release the same token */

static void conc_release(void *arg, unsigned int nr)
{
	struct conc_claim *c = arg;
	struct rnd_state rnd;
	unsigned int i;
	int err;

	prandom_seed_state(&rnd, nr);
	for (i = 0; i < CONC_PORTS; i++) {
		if (nr % 2)
			err = netport_release(c->owner[0], c->token[i]);
		else
			err = netport_accept(c->owner[0], c->token[i]);
		if (nr % 2 && !err)
			atomic_dec(&c->held[i]);
		else if (err != -ENOENT && (nr % 2 || err != -EINVAL))
			atomic_inc(&c->strange);
		kit_yield(&rnd);
	}
}

static void concurrency_release__once(struct kunit *test)
{
	struct conc_claim *c = conc_claim_init(test, &conc_forms[0]);
	unsigned int i;

	kit_threads(test, conc_claim, c, 1);
	kit_threads(test, conc_release, c, KIT_THREADS);
	for (i = 0; i < CONC_PORTS; i++)
		KUNIT_ASSERT_EQ_MSG(test, atomic_read(&c->held[i]), 0, "port %u", 1000 + i);
	KUNIT_EXPECT_EQ(test, atomic_read(&c->strange), 0);
	KUNIT_EXPECT_EQ(test, kit_held(test), 0);
}

/* All release by what was reserved, which each has once */

static void conc_release_equal(void *arg, unsigned int nr)
{
	struct conc_claim *c = arg;
	struct netport_reserve req;
	struct rnd_state rnd;
	unsigned int i;

	prandom_seed_state(&rnd, nr);
	for (i = 0; i < kit_rounds(3000, 200); i++) {
		req = c->req[0];
		req.binding.port = 1000;
		if (netport_reserve(c->owner[0], &req, GFP_KERNEL) ||
		    netport_release_binding(c->owner[0], &req.binding, 0))
			atomic_inc(&c->strange);
		kit_yield(&rnd);
	}
}

/* There is always one of those that are equal, so nobody is told that there is none. */
static void concurrency_release_binding__of_equals(struct kunit *test)
{
	static const struct conc_forms shared = { .text = { "10.0.0.1 LB" } };
	struct conc_claim *c = conc_claim_init(test, &shared);

	kit_threads(test, conc_release_equal, c, KIT_THREADS);
	KUNIT_EXPECT_EQ(test, atomic_read(&c->strange), 0);
	KUNIT_EXPECT_EQ(test, kit_held(test), 0);
}

/* One owner is refused all the time, for its own limit; the other has room */

static void conc_charge(void *arg, unsigned int nr)
{
	struct conc_claim *c = arg;
	struct rnd_state rnd;
	unsigned int i;
	int err;

	prandom_seed_state(&rnd, nr);
	for (i = 0; i < kit_rounds(20000, 1000); i++) {
		err = np_owner_charge(c->owner[nr % 2], nr % 2 ? 1024 : 1);
		if (!err)
			np_owner_uncharge(c->owner[0], 1);
		if (!err != !(nr % 2))
			atomic_inc(&c->strange);
		if (!(i % 16))
			kit_yield(&rnd);
	}
}

static void concurrency_charge__refused_counts_at_no_time(struct kunit *test)
{
	struct conc_claim *c = conc_claim_init(test, &conc_forms[0]);
	struct netport_owner *limited = np_owner_create(&init_net, kit_uid(KIT_BOB), false);
	struct np_net *nn = kit_of(test)->nn;
	unsigned int i;

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, limited);
	for (i = 1; i < KIT_THREADS; i += 2)
		c->owner[i] = limited;
	for (i = 0; i < KIT_THREADS; i += 2)
		c->owner[i] = kit_owner(test, KIT_ALICE);
	nn->max[NP_PER_OWNER] = 1000;
	nn->max[NP_PER_NETNS] = 1000;
	kit_threads(test, conc_charge, c, KIT_THREADS);
	nn->max[NP_PER_OWNER] = NP_LIMIT_NONE;
	nn->max[NP_PER_NETNS] = NP_LIMIT_NONE;
	netport_owner_destroy(limited);
	KUNIT_EXPECT_EQ(test, atomic_read(&c->strange), 0);
	KUNIT_EXPECT_EQ(test, kit_held(test), 0);
}

/* All pick from one range */

static void conc_pick(void *arg, unsigned int nr)
{
	struct conc_claim *c = arg;
	struct netport_reserve req;
	struct rnd_state rnd;
	unsigned int i;
	int err;

	prandom_seed_state(&rnd, nr);
	for (i = 0; i < CONC_PORTS / KIT_THREADS; i++) {
		req = c->req[nr];
		req.low = 1000;
		req.high = 1000 + CONC_PORTS - 1;
		err = netport_reserve(c->owner[nr], &req, nr % 2 ? GFP_KERNEL : GFP_ATOMIC);
		if (err)
			atomic_inc(&c->strange);
		else
			atomic_inc(&c->held[req.binding.port - 1000]);
		kit_yield(&rnd);
	}
}

/* As many ports as picks: each gets one, and none twice. */
static void concurrency_pick__all_ports(struct kunit *test)
{
	static const struct conc_forms forms = {
		.text = { "* port=0", "0.0.0.0 port=0", "10.0.0.1 port=0", "10.0.0.1 port=0",
		"* port=0",
			  "10.0.0.1 port=0", "0.0.0.0 port=0", "10.0.0.1 port=0" },
	};
	struct conc_claim *c = conc_claim_init(test, &forms);
	unsigned int i;

	kit_threads(test, conc_pick, c, KIT_THREADS);
	for (i = 0; i < CONC_PORTS; i++)
		KUNIT_ASSERT_EQ_MSG(test, atomic_read(&c->held[i]), 1, "port %u", 1000 + i);
	KUNIT_EXPECT_EQ(test, atomic_read(&c->strange), 0);
	KIT_EXPECT_RESERVE(test, "10.0.0.1 port=0 low=1000 high=1399", -EADDRNOTAVAIL);
}

/* Searches for candidates, all over one range */

static void conc_candidates(void *arg, unsigned int nr)
{
	struct conc_claim *c = arg;
	struct netport_candidate cand = { .reserve = c->req[nr] };
	struct rnd_state rnd;
	u64 seen = 0;
	int port, err;

	prandom_seed_state(&rnd, nr);
	cand.reserve.token = 0;
	cand.reserve.low = 1000;
	cand.reserve.high = 1063;
	while (!(err = netport_candidate(c->owner[nr], &cand, GFP_KERNEL))) {
		port = cand.reserve.binding.port - 1000;
		/* Offered again, or to two at once? */
		if (seen & BIT_ULL(port) || atomic_inc_return(&c->held[port]) != 1)
			atomic_inc(&c->strange);
		seen |= BIT_ULL(port);
		kit_yield(&rnd);
		atomic_dec(&c->held[port]);
	}
	if (err != -EADDRNOTAVAIL)
		atomic_inc(&c->strange);
	if (cand.reserve.token && netport_release(c->owner[nr], cand.reserve.token))
		atomic_inc(&c->strange);
}

static void concurrency_candidate__held_by_one(struct kunit *test)
{
	static const struct conc_forms forms = { .text = { "10.0.0.1 port=0" } };
	struct conc_claim *c = conc_claim_init(test, &forms);
	unsigned int round;

	for (round = 0; round < kit_rounds(15, 10); round++)
		kit_threads(test, conc_candidates, c, KIT_THREADS);
	KUNIT_EXPECT_EQ(test, atomic_read(&c->strange), 0);
	KUNIT_EXPECT_EQ(test, kit_held(test), 0);
}

/* Addresses and spaces come and go, while others use them */

#define CONC_ADDRS	150

static void conc_addrs(void *arg, unsigned int nr)
{
	struct conc_claim *c = arg;
	unsigned int i, n = 400;
	struct netport_reserve req;
	struct rnd_state rnd;

	prandom_seed_state(&rnd, nr);
	for (i = 0; i < n; i++) {
		req = c->req[nr];
		/* A port for each thread, so that nothing is in the way. */
		req.binding.port = 1000 + nr;
		req.binding.protocol = 1000 + kit_random(&rnd, 20);
		req.binding.addr[3] = kit_random(&rnd, CONC_ADDRS);
		if (netport_reserve(c->owner[nr], &req, GFP_KERNEL) ||
		    netport_release(c->owner[nr], req.token))
			atomic_inc(&c->strange);
		kit_yield(&rnd);
	}
}

static void concurrency_addr__come_and_go(struct kunit *test)
{
	static const struct conc_forms forms = { .text = { "10.0.0.1" } };
	struct conc_claim *c = conc_claim_init(test, &forms);

	kit_threads(test, conc_addrs, c, KIT_THREADS);
	KUNIT_EXPECT_EQ(test, atomic_read(&c->strange), 0);
	KUNIT_EXPECT_EQ(test, kit_held(test), 0);
}

/* One has a port all the time, though not in the same way, and the others ask whether it's free */

/**
 * struct conc_moving - what one does, and what the others see
 * @mover: the owner who has the port
 * @asker: the owner who asks
 * @form: how it has the port: in one way and then in the other
 * @ask: what is asked
 * @err: the answer
 * @token: what it has
 * @move: does the @nr-th move
 * @round: says that it has the port; 0 if it may have not
 * @addrs: and on which address: there is another one in each round
 * @done: that was all
 * @asked: how many questions were answered
 * @wrong: "it's free"
 * @strange: errors that there should not be
 */
struct conc_moving {
	struct netport_owner	*mover;
	struct netport_owner	*asker;
	struct netport_reserve	form[2];
	struct netport_reserve	ask;
	int			err;
	u64			token;
	int			(*move)(struct conc_moving *m, unsigned int nr);
	atomic_t		round;
	bool			addrs;
	bool			done;
	atomic_t		asked;
	atomic_t		wrong;
	atomic_t		strange;
};

static int conc_move_twice(struct conc_moving *m, unsigned int nr)
{
	struct netport_reserve req = m->form[nr % 2];
	int err = netport_reserve(m->mover, &req, GFP_KERNEL) ?:
		  netport_release(m->mover, m->token);

	m->token = req.token;
	return err;
}

static int conc_move_rebind(struct conc_moving *m, unsigned int nr)
{
	struct netport_request req = { .reserve = m->form[nr % 2] };

	req.reserve.token = m->token;
	return netport_rebind(m->mover, &req, GFP_KERNEL);
}

static void conc_addr(struct netport_reserve *req, unsigned int round)
{
	req->binding.addr[2] = round >> 8;
	req->binding.addr[3] = round;
}

/* It gets so many ports that its address gets a bitmap. */
static int conc_move_grow(struct conc_moving *m, unsigned int nr)
{
	struct netport_reserve req[NP_FEW + 2];
	unsigned int i;
	int err = 0;

	for (i = 0; i < ARRAY_SIZE(req) && !err; i++) {
		req[i] = m->form[0];
		conc_addr(&req[i], nr + 1);
		req[i].binding.port += i;
		err = netport_reserve(m->mover, &req[i], GFP_KERNEL);
		if (!err)
			atomic_set_release(&m->round, nr + 1);
		/* With one CPU it's nobody's turn otherwise. */
		if (i == NP_FEW / 2 && nr % 64 == 0)
			usleep_range(1, 10);
	}
	atomic_set(&m->round, 0);
	/* Before anything is given back. */
	smp_mb();
	for (i -= !!err; i; i--)
		err = netport_release(m->mover, req[i - 1].token) ?: err;
	return err;
}

static void conc_ask(struct conc_moving *m)
{
	struct netport_reserve req = m->ask;
	int round, err;

	while (!READ_ONCE(m->done)) {
		cond_resched();
		round = atomic_read_acquire(&m->round);
		if (!round)
			continue;
		if (m->addrs)
			conc_addr(&req, round);
		err = netport_available(m->asker, &req);
		/* What has been given back meanwhile may well be free. */
		smp_rmb();
		if (atomic_read(&m->round) != round)
			continue;
		atomic_inc(&m->asked);
		if (!err)
			atomic_inc(&m->wrong);
		else if (err != m->err)
			atomic_inc(&m->strange);
	}
}

static void conc_moving(void *arg, unsigned int nr)
{
	struct conc_moving *m = arg;
	struct rnd_state rnd;
	unsigned int i;

	if (nr) {
		conc_ask(m);
		return;
	}
	prandom_seed_state(&rnd, nr);
	for (i = 0; i < 2000; i++) {
		if (m->move(m, i))
			atomic_inc(&m->strange);
		kit_yield(&rnd);
	}
	WRITE_ONCE(m->done, true);
}

static const struct conc_move {
	const char	*desc;
	const char	*form[2];
	const char	*ask;
	int		(*move)(struct conc_moving *m, unsigned int nr);
	int		err;
} conc_moves[] = {
	{ "to the any-address and back, both for a moment", { "0.0.0.0 MR", "10.0.0.1 MR" },
	  "10.0.0.1", conc_move_twice },
	{ "to the any-address and back by rebind", { "0.0.0.0", "10.0.0.1" }, "10.0.0.1",
	  conc_move_rebind },
	{ "to the other family and back by rebind", { "0.0.0.0", "::" }, "*", conc_move_rebind },
	{ "by rebind, asked by a pick", { "0.0.0.0", "10.0.0.1" }, "10.0.0.1 port=0 low=80 high=80",
	  conc_move_rebind, -EADDRNOTAVAIL },
	{ "to the bitmap of its address", { "10.0.0.1" }, "10.0.0.1", conc_move_grow },
};

KUNIT_ARRAY_PARAM_DESC(conc_move, conc_moves, desc);

static void concurrency_available__of_what_moves(struct kunit *test)
{
	const struct conc_move *c = test->param_value;
	struct conc_moving m = {
		.mover = kit_owner(test, KIT_ALICE), .asker = kit_owner(test, KIT_BOB),
		.move = c->move, .err = c->err ?: -EADDRINUSE, .addrs = c->move == conc_move_grow,
	};
	struct netport_reserve first;
	struct kit_req r;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(m.form) && c->form[i]; i++) {
		kit_parse(test, c->form[i], &r);
		m.form[i] = r.req;
	}
	kit_parse(test, c->ask, &r);
	m.ask = r.req;
	if (!m.addrs) {
		first = m.form[1];
		KUNIT_ASSERT_EQ(test, netport_reserve(m.mover, &first, GFP_KERNEL), 0);
		m.token = first.token;
		atomic_set(&m.round, 1);
	}
	kit_threads(test, conc_moving, &m, 3);
	KUNIT_EXPECT_GT(test, atomic_read(&m.asked), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&m.wrong), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&m.strange), 0);
	KUNIT_EXPECT_EQ(test, kit_held(test), !m.addrs);
}

/* Owners come and go, and with them users */

static void conc_owners(void *arg, unsigned int nr)
{
	struct conc_claim *c = arg;
	unsigned int i, n = kit_rounds(150, 60);
	struct netport_reserve req;
	struct netport_owner *owner;
	struct rnd_state rnd;

	prandom_seed_state(&rnd, nr);
	for (i = 0; i < n; i++) {
		owner = netport_owner_create(&init_net, KUIDT_INIT(700300 + kit_random(&rnd, 3)));
		if (IS_ERR(owner)) {
			atomic_inc(&c->strange);
			continue;
		}
		req = c->req[nr];
		netport_reserve(owner, &req, GFP_KERNEL);
		kit_yield(&rnd);
		netport_owner_destroy(owner);
	}
}

static void concurrency_owner__come_and_go(struct kunit *test)
{
	static const struct conc_forms forms = { .text = { "10.0.0.1 LB", "0.0.0.0 LB", "* LB" } };
	struct conc_claim *c = conc_claim_init(test, &forms);

	kit_threads(test, conc_owners, c, KIT_THREADS);
	KUNIT_EXPECT_EQ(test, atomic_read(&c->strange), 0);
	KUNIT_EXPECT_EQ(test, kit_held(test), 0);
}

/* Random requests of several owners for few ports, and somebody who compares all of them */

#define CONC_POOL	300
#define CONC_EACH	8

/**
 * struct conc_churn - threads that reserve and release at random
 * @pool: requests to choose from
 * @owner: of each thread
 * @lock: protects @held and @n
 * @held: what each thread holds
 * @n: how much that is
 * @done: reservations made
 * @overlaps: two were held that must not be
 * @strange: errors that there should not be
 * @steps: how many each thread does
 */
struct conc_churn {
	struct kit_req		pool[CONC_POOL];
	struct netport_owner	*owner[KIT_NWHO];
	spinlock_t		lock;	/* @held and @n */
	struct oracle_entry	held[KIT_THREADS][CONC_EACH];
	unsigned int		n[KIT_THREADS];
	atomic_t		done;
	atomic_t		overlaps;
	atomic_t		strange;
	unsigned int		steps;
};

/*
 * What is entered here is held: it is entered after it was reserved, and taken out before
 * it is released.  So no two entries may overlap without a flag in common.
 */
static void conc_churn_enter(struct conc_churn *c, unsigned int nr, const struct kit_req *r)
{
	struct oracle_entry e;
	unsigned int i, j;

	oracle_entry(&e, &r->req, __kuid_val(kit_uid(r->who)));
	e.who = r->who;
	spin_lock(&c->lock);
	for (i = 0; i < KIT_THREADS; i++)
		for (j = 0; j < c->n[i]; j++)
			if (oracle_conflict(&c->held[i][j], &e))
				atomic_inc(&c->overlaps);
	c->held[nr][c->n[nr]++] = e;
	spin_unlock(&c->lock);
	atomic_inc(&c->done);
}

static void conc_churn_release(struct conc_churn *c, unsigned int nr, struct rnd_state *rnd)
{
	unsigned int i = kit_random(rnd, c->n[nr]);
	struct oracle_entry e;
	int err;

	spin_lock(&c->lock);
	e = c->held[nr][i];
	c->held[nr][i] = c->held[nr][--c->n[nr]];
	spin_unlock(&c->lock);
	/* By what was reserved another thread's of the same owner might go. */
	err = netport_release(c->owner[e.who], e.token);
	if (err)
		atomic_inc(&c->strange);
}

static void conc_churn_reserve(struct conc_churn *c, unsigned int nr, struct rnd_state *rnd)
{
	struct kit_req r = c->pool[kit_random(rnd, CONC_POOL)];
	int err;

	err = netport_reserve(c->owner[r.who], &r.req, kit_random(rnd,
								  2) ? GFP_KERNEL : GFP_ATOMIC);
	if (!err)
		conc_churn_enter(c, nr, &r);
	else if (err != -EADDRINUSE && err != -EADDRNOTAVAIL)
		atomic_inc(&c->strange);
}

static void conc_churn(void *arg, unsigned int nr)
{
	struct conc_churn *c = arg;
	struct rnd_state rnd;
	unsigned int i;

	prandom_seed_state(&rnd, nr + 1);
	for (i = 0; i < c->steps; i++) {
		if (c->n[nr] == CONC_EACH || (c->n[nr] && kit_random(&rnd, 2)))
			conc_churn_release(c, nr, &rnd);
		else
			conc_churn_reserve(c, nr, &rnd);
		kit_yield(&rnd);
	}
	while (c->n[nr])
		conc_churn_release(c, nr, &rnd);
}

static void conc_churn_pool(struct kunit *test, struct conc_churn *c)
{
	static const char * const local[] = {
		"*", "0.0.0.0", "::", "10.0.0.1", "10.0.0.1", "10.0.0.2", "2001:db8::1",
		"::ffff:10.0.0.1",
	};
	static const char * const share[] = { "", "LB", "MR", "LB MR", "LB", "TO MR", "LB MR TO" };
	static const char * const who[] = { "alice", "alice2", "bob" };
	static const char * const port[] = { "port=100", "port=101", "port=0 low=100 high=103" };
	struct rnd_state rnd;
	unsigned int i;
	char text[96];

	prandom_seed_state(&rnd, 1);
	for (i = 0; i < CONC_POOL; i++) {
		unsigned int l = kit_random(&rnd, ARRAY_SIZE(local));

		snprintf(text, sizeof(text), "%s %s %s %s dev=%u %s", local[l],
			 port[kit_random(&rnd, ARRAY_SIZE(port))],
			 share[kit_random(&rnd, ARRAY_SIZE(share))],
			 who[kit_random(&rnd, ARRAY_SIZE(who))], kit_random(&rnd, 3),
			 l == 3 || l == 5 ? "to=192.0.2.1 rport=9" : "");
		kit_parse(test, text, &c->pool[i]);
	}
}

static struct conc_churn *conc_churn_init(struct kunit *test)
{
	struct conc_churn *c = kunit_kzalloc(test, sizeof(*c), GFP_KERNEL);
	unsigned int i;

	KUNIT_ASSERT_NOT_NULL(test, c);
	spin_lock_init(&c->lock);
	for (i = 0; i < KIT_NWHO; i++)
		c->owner[i] = kit_owner(test, i);
	conc_churn_pool(test, c);
	return c;
}

static void concurrency_churn__no_two_overlap(struct kunit *test)
{
	struct conc_churn *c = conc_churn_init(test);

	c->steps = kit_rounds(10000, 8000) / KIT_THREADS;
	kit_threads(test, conc_churn, c, KIT_THREADS);
	KUNIT_EXPECT_EQ(test, atomic_read(&c->overlaps), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&c->strange), 0);
	KUNIT_EXPECT_GT_MSG(test, atomic_read(&c->done), c->steps, "too few got anything");
	KUNIT_EXPECT_EQ(test, kit_held(test), 0);
}

/* The same, with all taken away again and again, as at the end of a namespace */

static void conc_drained(void *arg, unsigned int nr)
{
	struct conc_churn *c = arg;
	struct netport_reserve req;
	struct kit_req *r;
	struct rnd_state rnd;
	unsigned int i;
	int err;

	prandom_seed_state(&rnd, nr + 1);
	for (i = 0; i < c->steps; i++) {
		if (nr == 0 && kit_random(&rnd, 50) == 0)
			np_resv_drain(c->owner[0]->nn);
		r = &c->pool[kit_random(&rnd, CONC_POOL)];
		req = r->req;
		err = netport_reserve(c->owner[r->who], &req, GFP_KERNEL);
		if (err) {
			if (err != -EADDRINUSE && err != -EADDRNOTAVAIL)
				atomic_inc(&c->strange);
			continue;
		}
		kit_yield(&rnd);
		err = kit_random(&rnd, 2) ? netport_release(c->owner[r->who], req.token) :
			netport_release_binding(c->owner[r->who], &req.binding, 0);
		if (err && err != -ENOENT)
			atomic_inc(&c->strange);
	}
}

static void concurrency_drain__while_others_reserve(struct kunit *test)
{
	struct conc_churn *c = conc_churn_init(test);

	c->steps = kit_rounds(4000, 3000) / KIT_THREADS;
	kit_threads(test, conc_drained, c, KIT_THREADS);
	KUNIT_EXPECT_EQ(test, atomic_read(&c->strange), 0);
}

/* Softirqs in the middle of what threads do */

/**
 * struct conc_softirq - a softirq that reserves and releases
 * @c: the threads' part
 * @i: which request is next
 */
struct conc_softirq {
	struct conc_churn	*c;
	unsigned int		i;
};

static void conc_softirq_call(void *arg)
{
	struct conc_softirq *s = arg;
	struct kit_req *r = &s->c->pool[s->i++ % CONC_POOL];
	struct netport_reserve req = r->req;
	int err;

	err = netport_reserve(s->c->owner[r->who], &req, GFP_ATOMIC);
	if (!err)
		err = netport_release(s->c->owner[r->who], req.token);
	if (err && err != -EADDRINUSE && err != -EADDRNOTAVAIL)
		atomic_inc(&s->c->strange);
}

static void conc_softirqs(void *arg, unsigned int nr)
{
	struct conc_churn *c = arg;
	struct conc_softirq s = { .c = c, .i = nr * 37 };
	unsigned int i;

	if (nr >= 2) {
		conc_churn(c, nr);
		return;
	}
	for (i = 0; i < c->steps / 4; i++)
		kit_run_in(nr ? KIT_SOFTIRQ : KIT_BH_OFF, conc_softirq_call, &s);
}

static void concurrency_softirq__among_threads(struct kunit *test)
{
	struct conc_churn *c = conc_churn_init(test);

	c->steps = kit_rounds(4000, 3000) / KIT_THREADS;
	kit_threads(test, conc_softirqs, c, KIT_THREADS);
	KUNIT_EXPECT_EQ(test, atomic_read(&c->overlaps), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&c->strange), 0);
	KUNIT_EXPECT_EQ(test, kit_held(test), 0);
}

/* Everything there is to do, at random */

static void concurrency_churn__of_everything(struct kunit *test)
{
	struct churn *c = churn_init(test, &init_net);

	if (kit_of(test)->held)
		kunit_skip(test, "somebody else holds ports");
	c->steps = 400;
	kit_threads(test, churn_run, c, KIT_THREADS);
	KUNIT_EXPECT_GT_MSG(test, atomic_read(&c->done), c->steps, "too few got anything");
	churn_expect(test, c);
}

static struct kunit_case concurrency_test_cases[] = {
	KUNIT_CASE_PARAM_ATTR(concurrency_reserve__winners, conc_form_gen_params,
			      { .speed = KUNIT_SPEED_SLOW }),
	KUNIT_CASE_SLOW(concurrency_release__once),
	KUNIT_CASE_SLOW(concurrency_release_binding__of_equals),
	KUNIT_CASE_SLOW(concurrency_charge__refused_counts_at_no_time),
	KUNIT_CASE_SLOW(concurrency_pick__all_ports),
	KUNIT_CASE_SLOW(concurrency_candidate__held_by_one),
	KUNIT_CASE_SLOW(concurrency_addr__come_and_go),
	KUNIT_CASE_PARAM_ATTR(concurrency_available__of_what_moves, conc_move_gen_params,
			      { .speed = KUNIT_SPEED_SLOW }),
	KUNIT_CASE_SLOW(concurrency_owner__come_and_go),
	KUNIT_CASE_SLOW(concurrency_churn__no_two_overlap),
	KUNIT_CASE_SLOW(concurrency_churn__of_everything),
	KUNIT_CASE_SLOW(concurrency_drain__while_others_reserve),
	KUNIT_CASE_SLOW(concurrency_softirq__among_threads),
	{}
};

static struct kunit_suite concurrency_test_suite = {
	.name = "netport_concurrency",
	.init = kit_init,
	.exit = kit_exit,
	.test_cases = concurrency_test_cases,
};

kunit_test_suite(concurrency_test_suite);
