// SPDX-License-Identifier: GPL-2.0
/*
 * lookup.c: packets on every CPU, in threads and in softirqs, while everything that they may
 * find comes, changes and goes.  For how long: netport_kunit.torture_seconds.
 */
#include <linux/cpumask.h>
#include <linux/delay.h>
#include <linux/moduleparam.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/timer.h>
#include <net/net_namespace.h>

#include "kit.h"

static unsigned int torture_seconds;
module_param(torture_seconds, uint, 0444);
MODULE_PARM_DESC(torture_seconds, "how long lookups are tortured (0: a moment)");

#define TORTURE_ALIVE	0x600df00d
#define TORTURE_SLOTS	6

/* what comes and goes */

static const char * const torture_forms[] = {
	"10.0.0.1 LB MR", "10.0.0.1 MR", "0.0.0.0 LB MR", "* LB MR", ":: LB MR",
	"2001:db8::1 LB MR",
	"10.0.0.1 LB MR dev=3", "10.0.0.1 LB MR to=192.0.2.1", "0.0.0.0 MR to=192.0.2.1 rport=9",
	"10.0.0.1 LB MR to=192.0.2.1 rport=9", "10.0.0.1 LB MR to=192.0.2.2 rport=9",
	"10.0.0.2 LB MR", "10.0.0.2 LB MR tcp", "10.0.0.1 LB MR port=81", "* MR port=81",
	"10.0.0.1 LB MR port=5000", "* LB MR port=5000", "2001:db8::1 LB MR port=5000",
};

static const char * const torture_keys[] = {
	"10.0.0.1", "10.0.0.2", "10.0.0.3", "2001:db8::1", "2001:db8::2", "10.0.0.1 dev=3",
	"10.0.0.1 to=192.0.2.1 rport=9", "10.0.0.1 to=192.0.2.1 rport=10",
	"10.0.0.3 to=192.0.2.1 rport=9", "10.0.0.1 to=192.0.2.2 rport=9", "10.0.0.2 tcp",
	"10.0.0.1 port=81", "10.0.0.2 port=81", "2001:db8::1 port=81", "10.0.0.1 port=5000",
	"10.0.0.2 port=5000", "2001:db8::1 port=5000", "10.0.0.1 port=5001",
};

/**
 * struct torture_sock - what is attached and found
 * @canary: TORTURE_ALIVE until a grace period after its end
 * @forms: what it has been bound to, a bit for each
 * @rcu: for its end
 */
struct torture_sock {
	u32			canary;
	u32			forms;
	struct rcu_head		rcu;
};

/* what is always there, but not always in one place */

static const struct torture_moves {
	const char	*from;
	const char	*to;
	const char	*key[2];	/* that finds it in either; one: in both */
	const char	*stranger;	/* a worse match */
	bool		share;		/* not worse: it may be found as well */
} torture_moves[] = {
	{ "10.0.0.1 port=7000", "10.0.0.1 port=7100",
	  { "10.0.0.1 port=7000", "10.0.0.1 port=7100" } },
	{ "10.0.0.1 port=7001", "10.0.0.2 port=7001",
	  { "10.0.0.1 port=7001", "10.0.0.2 port=7001" } },
	{ "0.0.0.0 port=7002", "10.0.0.1 port=7002", { "10.0.0.1 port=7002" } },
	{ "10.0.0.1 MR port=7003", "10.0.0.1 MR port=7003 to=192.0.2.1 rport=9",
	  { "10.0.0.1 port=7003 to=192.0.2.1 rport=9" }, "0.0.0.0 MR port=7003" },
	{ "10.0.0.1 MR port=7004", "10.0.0.1 MR port=7004 dev=3",
	  { "10.0.0.1 port=7004 dev=3" }, "* MR port=7004" },
	{ "10.0.0.1 LB port=7005", "10.0.0.1 LB port=7005", { "10.0.0.1 port=7005" },
	  "10.0.0.1 LB port=7005", true },
	{ "* port=7006", "0.0.0.0 port=7006 to=192.0.2.1 + 2001:db8::1",
	  { "10.0.0.1 port=7006 to=192.0.2.1" } },
};

#define TORTURE_MOVES	ARRAY_SIZE(torture_moves)

/**
 * struct torture_mover - one of these
 * @priv: what it, and the stranger, are attached with; only their addresses count
 * @token: its name
 * @req: to there, and back
 * @key: as in struct torture_moves
 * @moves: how often it has begun to move
 */
struct torture_mover {
	u8			priv[2];
	u64			token;
	struct kit_request	*req[2];
	struct netport_key	key[2];
	unsigned int		moves;
};

struct torture;

struct torture_tick {
	struct timer_list	timer;
	struct torture		*t;
	struct rnd_state	rnd;
};

/**
 * struct torture - what the threads share
 * @owner: by whom
 * @form: what to bind to
 * @key: what to look for
 * @match: for each of @key the forms that match it, a bit for each
 * @mover: see there
 * @tick: a timer of each CPU
 * @readers: how many threads look
 * @until: in jiffies, the end
 * @done: timers are not to be started again
 * @lookups: how many, and how many found somebody
 * @found: see @lookups
 * @changes: how much has come, changed and gone
 * @moved: how often somebody moved
 * @sure: how many looks at a mover had to find it
 * @dead: found after a grace period
 * @wrong: found who isn't there
 * @missed: a mover that is always there wasn't found
 * @strange: errors that there should not be
 * @strange_err: the last of them
 */
struct torture {
	struct netport_owner	*owner[KIT_NWHO];
	struct kit_request	*form[ARRAY_SIZE(torture_forms)];
	struct netport_key	key[ARRAY_SIZE(torture_keys)];
	u32			match[ARRAY_SIZE(torture_keys)];
	struct torture_mover	mover[TORTURE_MOVES];
	struct torture_tick	*tick;
	unsigned int		readers;
	unsigned long		until;
	bool			done;
	atomic_long_t		lookups;
	atomic_long_t		found;
	atomic_t		changes;
	atomic_t		moved;
	atomic_long_t		sure;
	atomic_t		dead;
	atomic_t		wrong;
	atomic_t		missed[TORTURE_MOVES];
	atomic_t		strange;
	int			strange_err;
};

/* What a run has to have seen. */
#define TORTURE_FOUND	200
#define TORTURE_CHANGES	100
#define TORTURE_MOVED	40

/* A host with much else to do gets more time, but not for ever. */
static bool torture_goes_on(struct torture *t)
{
	if (time_before(jiffies, t->until))
		return true;
	return time_before(jiffies, t->until + 30 * HZ) &&
	       (atomic_long_read(&t->found) < TORTURE_FOUND ||
		atomic_read(&t->changes) < TORTURE_CHANGES ||
		atomic_read(&t->moved) < TORTURE_MOVED);
}

/* looking */

/* @slow: hold on to it for a moment. */
static void torture_look(struct torture *t, struct rnd_state *rnd, bool slow)
{
	unsigned int k = kit_random(rnd, ARRAY_SIZE(torture_keys));
	struct torture_sock *s;

	rcu_read_lock();
	s = netport_lookup(&init_net, &t->key[k], prandom_u32_state(rnd));
	if (s) {
		if (READ_ONCE(s->canary) != TORTURE_ALIVE)
			atomic_inc(&t->dead);
		else if (!(READ_ONCE(s->forms) & t->match[k]))
			atomic_inc(&t->wrong);
		if (slow)
			udelay(kit_random(rnd, 20));
		if (READ_ONCE(s->canary) != TORTURE_ALIVE)
			atomic_inc(&t->dead);
	}
	rcu_read_unlock();
	atomic_long_inc(&t->lookups);
	if (s)
		atomic_long_inc(&t->found);
}

static bool torture_finds(struct torture *t, unsigned int i, unsigned int k, u32 hash)
{
	struct torture_mover *m = &t->mover[i];
	void *priv;

	rcu_read_lock();
	priv = netport_lookup(&init_net, &m->key[k], hash);
	rcu_read_unlock();
	if (priv == &m->priv[1] && torture_moves[i].share)
		return true;
	if (priv && priv != &m->priv[0] && priv != &m->priv[1])
		atomic_inc(&t->wrong);
	return priv == &m->priv[0];
}

/*
 * Where it was, where it may be, and where it was: if it has moved only once meanwhile, it is
 * found.  If one packet finds it in both places, it always does.
 */
static void torture_look_mover(struct torture *t, struct rnd_state *rnd)
{
	unsigned int i = kit_random(rnd, TORTURE_MOVES), moves;
	u32 hash = prandom_u32_state(rnd);
	bool found;

	if (!torture_moves[i].key[1]) {
		found = torture_finds(t, i, 0, hash);
	} else {
		moves = READ_ONCE(t->mover[i].moves);
		smp_rmb();	/* pairs with torture_move() */
		found = torture_finds(t, i, 0, hash);
		smp_rmb();	/* packets come one after the other */
		found = found || torture_finds(t, i, 1, hash);
		smp_rmb();	/* and after the other */
		found = found || torture_finds(t, i, 0, hash);
		smp_rmb();	/* pairs with torture_move() */
		if (READ_ONCE(t->mover[i].moves) != moves)
			return;
	}
	atomic_long_inc(&t->sure);
	if (!found)
		atomic_inc(&t->missed[i]);
}

static void torture_reader(struct torture *t, unsigned int nr, struct rnd_state *rnd)
{
	unsigned int i;

	if (cpu_online(nr))
		set_cpus_allowed_ptr(current, cpumask_of(nr));
	for (i = 0; torture_goes_on(t); i++) {
		torture_look(t, rnd, i % 64 == 0);
		torture_look_mover(t, rnd);
		if (i % 16 == 0)
			cond_resched();
		if (i % 1024 == 0)
			usleep_range(1, 10);
	}
}

static void torture_tick(struct timer_list *timer)
{
	struct torture_tick *tick = from_timer(tick, timer, timer);
	unsigned int i;

	for (i = 0; i < 20; i++) {
		torture_look(tick->t, &tick->rnd, i == 0);
		torture_look_mover(tick->t, &tick->rnd);
	}
	if (!READ_ONCE(tick->t->done))
		mod_timer(timer, jiffies + 1);
}

/* changing */

static void torture_had(struct torture *t, int err)
{
	if (!err) {
		atomic_inc(&t->changes);
	} else if (err != -EADDRINUSE) {
		t->strange_err = err;
		atomic_inc(&t->strange);
	}
}

/* What a churner has. */
struct torture_slot {
	u64			token;
	unsigned int		who;
	unsigned int		rebound;
	struct torture_sock	*s;
};

static struct torture_sock *torture_new(u32 forms)
{
	struct torture_sock *s = kmalloc(sizeof(*s), GFP_KERNEL);

	if (s) {
		s->canary = TORTURE_ALIVE;
		s->forms = forms;
	}
	return s;
}

static void torture_free(struct rcu_head *rcu)
{
	struct torture_sock *s = container_of(rcu, struct torture_sock, rcu);

	WRITE_ONCE(s->canary, 0);
	kfree(s);
}

static void torture_drop(struct torture_slot *slot)
{
	if (slot->s)
		call_rcu(&slot->s->rcu, torture_free);
	slot->s = NULL;
}

/* Another one takes its place, or the place of none. */
static void torture_attach(struct torture *t, struct torture_slot *slot, u32 forms)
{
	struct torture_sock *s = torture_new(forms);
	int err;

	if (!s)
		return;
	err = netport_attach(t->owner[slot->who], slot->token, s, GFP_ATOMIC);
	torture_had(t, err);
	if (!err)
		swap(s, slot->s);
	if (s)
		call_rcu(&s->rcu, torture_free);
}

static void torture_make(struct torture *t, struct torture_slot *slot, unsigned int nr,
			 struct rnd_state *rnd)
{
	unsigned int form = kit_random(rnd, ARRAY_SIZE(torture_forms));
	struct netport_request req = t->form[form]->req;
	int err;

	slot->who = nr % KIT_NWHO;
	slot->rebound = 0;
	err = netport_request(t->owner[slot->who], &req, GFP_KERNEL);
	torture_had(t, err);
	if (err)
		return;
	slot->token = req.reserve.token;
	torture_attach(t, slot, BIT(form));
	if (!slot->s) {
		torture_had(t, netport_release(t->owner[slot->who], slot->token));
		slot->token = 0;
	}
}

static void torture_rebind(struct torture *t, struct torture_slot *slot, struct rnd_state *rnd)
{
	unsigned int form = kit_random(rnd, ARRAY_SIZE(torture_forms));
	struct netport_request req = t->form[form]->req;

	if (!slot->s || slot->rebound++ > 2)
		return;
	/* Before it's found there. */
	WRITE_ONCE(slot->s->forms, slot->s->forms | BIT(form));
	req.reserve.token = slot->token;
	if (slot->rebound % 2)
		torture_had(t, netport_rebind(t->owner[slot->who], &req, GFP_ATOMIC));
	else
		torture_had(t, netport_rebind(t->owner[slot->who], &req, GFP_KERNEL));
}

static void torture_release(struct torture *t, struct torture_slot *slot, struct rnd_state *rnd)
{
	struct netport_release rel = { .token = slot->token };

	if (!kit_random(rnd, 8))
		rel.hold = 1;
	torture_had(t, netport_release_request(t->owner[slot->who], &rel, GFP_KERNEL));
	slot->token = 0;
	torture_drop(slot);
}

static void torture_change(struct torture *t, struct torture_slot *slot, struct rnd_state *rnd)
{
	u32 forms = slot->s ? slot->s->forms : 0;
	unsigned int to;
	int err;

	switch (kit_random(rnd, 8)) {
	case 0:
	case 1:
		torture_rebind(t, slot, rnd);
		break;
	case 2:
		if (slot->s)
			torture_attach(t, slot, forms);
		break;
	case 3:
		/* Away, and back. */
		if (!slot->s)
			break;
		torture_had(t, netport_detach(t->owner[slot->who], slot->token));
		torture_drop(slot);
		torture_attach(t, slot, forms);
		break;
	case 4:
		to = kit_random(rnd, KIT_NWHO);
		if (to == slot->who)
			break;
		err = netport_transfer(t->owner[slot->who], slot->token, t->owner[to]);
		torture_had(t, err);
		slot->who = err ? slot->who : to;
		break;
	default:
		torture_release(t, slot, rnd);
	}
}

static void torture_churn(struct torture *t, unsigned int nr, struct rnd_state *rnd)
{
	struct torture_slot slots[TORTURE_SLOTS] = {}, *slot;
	unsigned int i;

	while (torture_goes_on(t)) {
		slot = &slots[kit_random(rnd, TORTURE_SLOTS)];
		if (slot->token)
			torture_change(t, slot, rnd);
		else
			torture_make(t, slot, nr, rnd);
		cond_resched();
		kit_yield(rnd);
	}
	for (i = 0; i < TORTURE_SLOTS; i++)
		if (slots[i].token)
			torture_release(t, &slots[i], rnd);
}

/* Each of the two who do this has movers of its own. */
static void torture_move(struct torture *t, unsigned int odd, struct rnd_state *rnd)
{
	struct torture_mover *m;
	struct netport_request req;
	unsigned int n = 0;

	while (torture_goes_on(t)) {
		m = &t->mover[kit_random(rnd, (TORTURE_MOVES + !odd) / 2) * 2 + odd];
		req = m->req[!(m->moves % 2)]->req;
		req.reserve.token = m->token;
		WRITE_ONCE(m->moves, m->moves + 1);
		smp_wmb();	/* pairs with torture_look_mover() */
		torture_had(t, netport_rebind(t->owner[0], &req, GFP_KERNEL));
		atomic_inc(&t->moved);
		cond_resched();
		if (++n % 64 == 0)
			usleep_range(1, 10);
	}
}

static void torture_thread(void *arg, unsigned int nr)
{
	struct torture *t = arg;
	struct rnd_state rnd;

	prandom_seed_state(&rnd, nr + 1);
	if (nr < t->readers)
		torture_reader(t, nr, &rnd);
	else if (nr < t->readers + 2)
		torture_move(t, nr % 2, &rnd);
	else
		torture_churn(t, nr, &rnd);
}

/* setting up */

static bool torture_match(const struct netport_key *key, const struct netport_binding *b)
{
	u16 family = ipv6_addr_v4mapped(&key->local) ? NETPORT_FAMILY_IPV4 : NETPORT_FAMILY_IPV6;
	unsigned int from = family == NETPORT_FAMILY_IPV4 ? 12 : 0, len = 16 - from;
	static const u8 any[16];

	if (key->protocol != b->protocol || key->port != b->port || !(b->families & family) ||
	    (b->ifindex && b->ifindex != key->ifindex))
		return false;
	if (memcmp(b->addr, any, 16) && memcmp(b->addr, key->local.s6_addr + from, len))
		return false;
	if (memcmp(b->remote, any, 16) && memcmp(b->remote, key->remote.s6_addr + from, len))
		return false;
	return !b->remote_port || b->remote_port == key->remote_port;
}

static void torture_init_movers(struct kunit *test, struct torture *t)
{
	const struct torture_moves *how;
	struct torture_mover *m;
	unsigned int i;
	u64 stranger;

	for (i = 0; i < TORTURE_MOVES; i++) {
		how = &torture_moves[i];
		m = &t->mover[i];
		m->req[0] = kit_request(test, how->from);
		m->req[1] = kit_request(test, how->to);
		kit_key(test, how->key[0], &m->key[0]);
		if (how->key[1])
			kit_key(test, how->key[1], &m->key[1]);
		if (how->stranger) {
			stranger = kit_request_hold(test, how->stranger);
			KUNIT_ASSERT_EQ(test, netport_attach(t->owner[0], stranger, &m->priv[1],
							     GFP_KERNEL), 0);
		}
		m->token = kit_request_hold(test, how->from);
		KUNIT_ASSERT_EQ(test, netport_attach(t->owner[0], m->token, &m->priv[0],
						     GFP_KERNEL), 0);
	}
}

static struct torture *torture_init(struct kunit *test)
{
	struct torture *t = kunit_kzalloc(test, sizeof(*t), GFP_KERNEL);
	unsigned int i, j;

	KUNIT_ASSERT_NOT_NULL(test, t);
	t->tick = kunit_kcalloc(test, nr_cpu_ids, sizeof(*t->tick), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, t->tick);
	for (i = 0; i < KIT_NWHO; i++)
		t->owner[i] = kit_owner(test, i);
	for (i = 0; i < ARRAY_SIZE(torture_forms); i++)
		t->form[i] = kit_request(test, torture_forms[i]);
	for (i = 0; i < ARRAY_SIZE(torture_keys); i++) {
		kit_key(test, torture_keys[i], &t->key[i]);
		for (j = 0; j < ARRAY_SIZE(torture_forms); j++)
			if (torture_match(&t->key[i], &t->form[j]->req.reserve.binding))
				t->match[i] |= BIT(j);
	}
	torture_init_movers(test, t);
	t->readers = min(num_online_cpus(), 4U);
	return t;
}

static void torture_expect(struct kunit *test, struct torture *t)
{
	unsigned int i;

	kunit_info(test, "%u CPUs: %ld lookups, %ld found, %ld had to; %d changes, %d moves\n",
		   num_online_cpus(),
		   atomic_long_read(&t->lookups), atomic_long_read(&t->found),
		   atomic_long_read(&t->sure), atomic_read(&t->changes), atomic_read(&t->moved));
	KUNIT_EXPECT_EQ_MSG(test, atomic_read(&t->dead), 0, "found after their end");
	KUNIT_EXPECT_EQ_MSG(test, atomic_read(&t->wrong), 0, "found by packets of others");
	for (i = 0; i < TORTURE_MOVES; i++)
		KUNIT_EXPECT_EQ_MSG(test, atomic_read(&t->missed[i]), 0, "missed: %s, %s",
				    torture_moves[i].from, torture_moves[i].to);
	KUNIT_EXPECT_EQ_MSG(test, atomic_read(&t->strange), 0, "%d", t->strange_err);
	KUNIT_EXPECT_GE(test, atomic_long_read(&t->found), TORTURE_FOUND);
	KUNIT_EXPECT_GE(test, atomic_long_read(&t->sure), TORTURE_FOUND);
	KUNIT_EXPECT_GE(test, atomic_read(&t->changes), TORTURE_CHANGES);
	KUNIT_EXPECT_GE(test, atomic_read(&t->moved), TORTURE_MOVED);
}

/* In parts: KUnit ends a case after 300 s, and who waits for it is a hung task after 120. */
#define TORTURE_PART	60

static unsigned int torture_nparts(void)
{
	return max(1U, DIV_ROUND_UP(torture_seconds, TORTURE_PART));
}

static const void *torture_part(const void *before, char *desc)
{
	unsigned long part = (unsigned long)before + 1;

	if (part > torture_nparts())
		return NULL;
	snprintf(desc, KUNIT_PARAM_DESC_SIZE, "part_%lu", part);
	return (const void *)part;
}

static void lookup_torture(struct kunit *test)
{
	unsigned int ms = torture_seconds * 1000 / torture_nparts(), cpu, i;
	struct torture *t = torture_init(test);

	if (!ms)
		ms = num_online_cpus() > 1 ? 1000 : 300;
	t->until = jiffies + msecs_to_jiffies(ms);
	for_each_online_cpu(cpu) {
		t->tick[cpu].t = t;
		prandom_seed_state(&t->tick[cpu].rnd, 100 + cpu);
		timer_setup(&t->tick[cpu].timer, torture_tick, TIMER_PINNED);
		t->tick[cpu].timer.expires = jiffies + 1;
		add_timer_on(&t->tick[cpu].timer, cpu);
	}
	kit_threads(test, torture_thread, t, KIT_THREADS);
	WRITE_ONCE(t->done, true);
	for_each_online_cpu(cpu)
		del_timer_sync(&t->tick[cpu].timer);
	rcu_barrier();
	torture_expect(test, t);
	for (i = 0; i < KIT_NWHO; i++) {
		netport_owner_destroy(kit_owner(test, i));
		kit_of(test)->owner[i] = NULL;
	}
	/* Holds end soon. */
	for (i = 0; i < 500 && kit_held(test); i++)
		msleep(20);
	KUNIT_EXPECT_EQ(test, kit_held(test), 0);
}

static struct kunit_case torture_test_cases[] = {
	KUNIT_CASE_PARAM_ATTR(lookup_torture, torture_part, { .speed = KUNIT_SPEED_SLOW }),
	{}
};

static struct kunit_suite torture_test_suite = {
	.name = "netport_lookup_torture",
	.init = kit_init,
	.exit = kit_exit,
	.test_cases = torture_test_cases,
};

kunit_test_suite(torture_test_suite);
