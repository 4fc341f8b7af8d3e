// SPDX-License-Identifier: GPL-2.0
/*
 * What churn.h says.
 */
#include <linux/delay.h>
#include <linux/ktime.h>
#include <linux/slab.h>

#include "churn.h"

/* These ports, the last of a shard and the first of the next. */
#define CHURN_LOW	60
#define CHURN_PORTS	8

/* requests */

static const char * const churn_forms[] = {
	"10.0.0.1%s", "0.0.0.0%s", "*%s", "10.0.0.1 dev=1%s", "10.0.0.1%s + 10.0.0.2",
	"10.0.0.1 dev=1%s + :: MR", "0.0.0.0%s + 2001:db8::1 LB",
	"10.0.0.2%s + 10.0.0.1 tcp + :: LB", "10.0.0.1 to=192.0.2.1 rport=9%s",
	"10.0.0.1 to=192.0.2.1 rport=9%s + 10.0.0.1 to=192.0.2.2",
};

static const char * const churn_terms[] = {
	"", "", "", "", "label=x", "count=2", "count=3", "count=2 label=y",
};

static const char * const churn_shares[] = { "", "", "LB", "MR", "LB MR" };

static void churn_pool(struct kunit *test, struct churn *c)
{
	static const char * const who[] = { "alice", "alice2", "bob" };
	char words[80], port[48], text[192];
	struct rnd_state rnd;
	unsigned int i;

	prandom_seed_state(&rnd, 1);
	for (i = 0; i < CHURN_POOL; i++) {
		if (kit_random(&rnd, 2))
			snprintf(port, sizeof(port), "port=%u",
				 CHURN_LOW + kit_random(&rnd, CHURN_PORTS));
		else
			snprintf(port, sizeof(port), "port=0 low=%u high=%u%s", CHURN_LOW,
				 CHURN_LOW + CHURN_PORTS - 1,
				 kit_random(&rnd, 2) ? "" : " align=2 not=63");
		snprintf(words, sizeof(words), " %s %s %s %s", port,
			 who[kit_random(&rnd, ARRAY_SIZE(who))],
			 churn_shares[kit_random(&rnd, ARRAY_SIZE(churn_shares))],
			 churn_terms[kit_random(&rnd, ARRAY_SIZE(churn_terms))]);
		snprintf(text, sizeof(text), churn_forms[kit_random(&rnd,
								    ARRAY_SIZE(churn_forms))],
			 words);
		c->pool[i] = kit_request(test, text);
	}
}

/**
 * churn_init() - owners that the limits apply to, and requests
 * @test: the test, of a suite with kit_init()
 * @net: network namespace of the owners
 *
 * Return: what the threads share.
 */
struct churn *churn_init(struct kunit *test, struct net *net)
{
	struct churn *c = kunit_kzalloc(test, sizeof(*c), GFP_KERNEL);
	unsigned int i;

	KUNIT_ASSERT_NOT_NULL(test, c);
	mutex_init(&c->lock);
	churn_pool(test, c);
	for (i = 0; i < KIT_NWHO; i++) {
		c->owner[i] = np_owner_create(net, kit_uid(i), false);
		KUNIT_ASSERT_NOT_ERR_OR_NULL(test, c->owner[i]);
		/* Destroyed with the case. */
		kit_of(test)->owner[i] = c->owner[i];
	}
	c->nn = c->owner[0]->nn;
	return c;
}

static struct kit_request *churn_any(struct churn *c, struct rnd_state *rnd)
{
	return c->pool[kit_random(rnd, CHURN_POOL)];
}

/* An error that there may be; those of a namespace that is gone, only then. */
static bool churn_had(struct churn *c, const char *op, int err)
{
	switch (err) {
	case 0:
		atomic_inc(&c->done);
		return true;
	case -EADDRINUSE:
	case -EADDRNOTAVAIL:
		return false;
	case -ENETDOWN:
	case -ENOENT:
		if (READ_ONCE(c->nn->dead))
			return false;
		break;
	}
	c->strange_op = op;
	c->strange_err = err;
	atomic_inc(&c->strange);
	return false;
}

/* what is held */

/* What a request claims at this port, behind what is in the slot already. */
static void churn_claim(struct churn_slot *s, const struct kit_request *q, u16 port,
			unsigned int count)
{
	struct netport_reserve one = q->req.reserve;
	unsigned int i;

	while (count--) {
		for (i = 0; i <= q->req.terms.nbindings && s->n < CHURN_PARTS; i++) {
			one.binding = i ? q->more[i - 1] : q->req.reserve.binding;
			one.binding.port = port + count;
			oracle_entry(&s->e[s->n++], &one, __kuid_val(kit_uid(s->who)));
		}
	}
}

static bool churn_slots_meet(const struct churn_slot *a, const struct churn_slot *b)
{
	unsigned int i, j;

	for (i = 0; i < a->n; i++)
		for (j = 0; j < b->n; j++)
			if (oracle_conflict(&a->e[i], &b->e[j]))
				return true;
	return false;
}

/*
 * What is entered is held: it's entered after it was had, and leaves before it's given
 * back.  So no two may be in each other's way.
 */
static void churn_enter(struct churn *c, unsigned int nr, const struct churn_slot *s)
{
	unsigned int i, j;

	mutex_lock(&c->lock);
	for (i = 0; i < KIT_THREADS && !READ_ONCE(c->nn->dead); i++)
		for (j = 0; j < c->n[i]; j++)
			if (churn_slots_meet(&c->slot[i][j], s))
				atomic_inc(&c->overlaps);
	c->slot[nr][c->n[nr]++] = *s;
	mutex_unlock(&c->lock);
}

static struct churn_slot churn_leave(struct churn *c, unsigned int nr, unsigned int i)
{
	struct churn_slot s;

	mutex_lock(&c->lock);
	s = c->slot[nr][i];
	c->slot[nr][i] = c->slot[nr][--c->n[nr]];
	mutex_unlock(&c->lock);
	return s;
}

static void churn_got(struct churn *c, unsigned int nr, const struct kit_request *q, u64 token,
		      u16 port)
{
	struct churn_slot s = { .token = token, .who = q->who, .block = q->req.terms.count > 1 };

	churn_claim(&s, q, port, q->req.terms.count ?: 1);
	churn_enter(c, nr, &s);
}

/* what can be done */

static gfp_t churn_gfp(struct rnd_state *rnd)
{
	return kit_random(rnd, 2) ? GFP_KERNEL : GFP_ATOMIC;
}

static void churn_request(struct churn *c, unsigned int nr, struct rnd_state *rnd)
{
	struct kit_request *q = churn_any(c, rnd);
	struct netport_request req = q->req;

	if (churn_had(c, "request", netport_request(c->owner[q->who], &req, churn_gfp(rnd))))
		churn_got(c, nr, q, req.reserve.token, req.reserve.binding.port);
}

/* For a moment, if need be. */
static void churn_wait(struct churn *c, unsigned int nr, struct rnd_state *rnd)
{
	struct kit_request *q = churn_any(c, rnd);
	struct netport_request req = q->req;
	int err;

	if (req.terms.count > 1)
		return;
	req.terms.deadline = ktime_get_ns() + kit_random(rnd, 3) * NSEC_PER_MSEC + 1;
	err = netport_request(c->owner[q->who], &req, GFP_KERNEL);
	if (err != -ETIMEDOUT && churn_had(c, "wait", err))
		churn_got(c, nr, q, req.reserve.token, req.reserve.binding.port);
}

static void churn_batch(struct churn *c, unsigned int nr, struct rnd_state *rnd)
{
	struct kit_request *q[2] = { churn_any(c, rnd), churn_any(c, rnd) };
	u32 flags = kit_random(rnd, 2) ? NETPORT_BATCH_PARTIAL : 0, i;
	struct netport_request req[2];
	int err;

	if (c->n[nr] + 2 > CHURN_SLOTS)
		return;
	q[1] = q[0]->who == q[1]->who ? q[1] : q[0];
	req[0] = q[0]->req;
	req[1] = q[1]->req;
	err = netport_batch(c->owner[q[0]->who], req, NULL, 2, flags, churn_gfp(rnd));
	if (!churn_had(c, "batch", min(err, 0)))
		return;
	for (i = 0; i < 2; i++)
		if (req[i].reserve.token)
			churn_got(c, nr, q[i], req[i].reserve.token, req[i].reserve.binding.port);
}

static void churn_candidates(struct churn *c, unsigned int nr, struct rnd_state *rnd)
{
	struct kit_request *q = churn_any(c, rnd);
	struct netport_candidate cand = { .reserve = q->req.reserve, .terms = q->req.terms };
	struct netport_owner *owner = c->owner[q->who];
	unsigned int left = 1 + kit_random(rnd, 4);

	if (q->req.reserve.binding.port || q->req.terms.count > 1)
		return;
	cand.reserve.token = 0;
	while (left-- && churn_had(c, "candidate", netport_candidate(owner, &cand, churn_gfp(rnd))))
		kit_yield(rnd);
	if (!cand.reserve.token)
		return;
	if (kit_random(rnd, 2)) {
		if (churn_had(c, "accept", netport_accept(owner, cand.reserve.token)))
			churn_got(c, nr, q, cand.reserve.token, cand.reserve.binding.port);
	} else {
		churn_had(c, "drop", netport_release(owner, cand.reserve.token));
	}
}

/* wishes */

static void churn_wish(struct churn *c, unsigned int nr, struct rnd_state *rnd)
{
	struct kit_request *q = churn_any(c, rnd);
	struct netport_request req = q->req;

	if (req.terms.count > 1 || c->nwish[nr] == CHURN_WISHES)
		return;
	if (churn_had(c, "wish", netport_wish(c->owner[q->who], &req, GFP_KERNEL)))
		c->wish[nr][c->nwish[nr]++] = (struct churn_wish) { req.reserve.token, q };
}

/* Fetched if it has come true, else given up now and then. */
static void churn_wish_end(struct churn *c, unsigned int nr, struct rnd_state *rnd, bool end)
{
	struct netport_granted granted = {};
	struct netport_owner *owner;
	struct churn_wish w;
	int err;

	if (!c->nwish[nr])
		return;
	w = c->wish[nr][c->nwish[nr] - 1];
	owner = c->owner[w.q->who];
	granted.wish = w.id;
	err = c->n[nr] < CHURN_SLOTS ? netport_granted(owner, &granted) : -ENOENT;
	if (!err) {
		c->nwish[nr]--;
		churn_had(c, "granted", 0);
		churn_got(c, nr, w.q, granted.token, granted.port);
	} else if (end || kit_random(rnd, 2)) {
		c->nwish[nr]--;
		churn_had(c, "unwish", netport_unwish(owner, w.id));
	}
}

/* to what is held */

static void churn_release(struct churn *c, unsigned int nr, struct rnd_state *rnd)
{
	struct churn_slot s = churn_leave(c, nr, kit_random(rnd, c->n[nr]));
	struct netport_release rel = { .token = s.token };
	struct netport_owner *owner = c->owner[s.who];

	switch (kit_random(rnd, 4)) {
	case 0:
		rel.options = kit_random(rnd, 2) ? NETPORT_RELEASE_PORT : 0;
		rel.hold = 1 + kit_random(rnd, 20);
		churn_had(c, "hold", netport_release_request(owner, &rel, churn_gfp(rnd)));
		return;
	case 1:
		/* Port by port, the first last. */
		for (; s.block && s.n; s.n--) {
			if (s.n > 1 && s.e[s.n - 1].b.port == s.e[s.n - 2].b.port)
				continue;
			rel.port = s.e[s.n - 1].b.port;
			rel.count = 1;
			churn_had(c, "part", netport_release_request(owner, &rel, churn_gfp(rnd)));
		}
		if (s.block)
			return;
		fallthrough;
	default:
		churn_had(c, "release", netport_release(owner, s.token));
	}
}

static void churn_extend(struct churn *c, unsigned int nr, struct rnd_state *rnd)
{
	unsigned int i = kit_random(rnd, c->n[nr]);
	struct kit_request *q = churn_any(c, rnd);
	struct netport_request req = q->req;
	struct churn_slot s;

	if (c->slot[nr][i].block || c->slot[nr][i].n + req.terms.nbindings >= CHURN_PARTS)
		return;
	s = churn_leave(c, nr, i);
	req.reserve = (struct netport_reserve) { .binding = req.reserve.binding,
						 .token = s.token };
	req.reserve.binding.port = 0;
	req.terms = (struct netport_terms) { .bindings = req.terms.bindings,
					     .nbindings = req.terms.nbindings };
	if (churn_had(c, "extend", netport_extend(c->owner[s.who], &req, churn_gfp(rnd))))
		churn_claim(&s, q, req.reserve.binding.port, 1);
	churn_enter(c, nr, &s);
}

static void churn_rebind(struct churn *c, unsigned int nr, struct rnd_state *rnd)
{
	unsigned int i = kit_random(rnd, c->n[nr]);
	struct kit_request *q = churn_any(c, rnd);
	struct netport_request req = q->req;
	struct churn_slot s;

	if (c->slot[nr][i].block || req.terms.count > 1)
		return;
	s = churn_leave(c, nr, i);
	req.reserve.token = s.token;
	memset(req.terms.label, 0, sizeof(req.terms.label));
	if (churn_had(c, "rebind", netport_rebind(c->owner[s.who], &req, churn_gfp(rnd)))) {
		s.n = 0;
		churn_claim(&s, q, req.reserve.binding.port, 1);
	}
	churn_enter(c, nr, &s);
}

static void churn_transfer(struct churn *c, unsigned int nr, struct rnd_state *rnd)
{
	struct churn_slot s = churn_leave(c, nr, kit_random(rnd, c->n[nr]));
	enum kit_who to = (s.who + 1 + kit_random(rnd, KIT_NWHO - 1)) % KIT_NWHO;
	unsigned int i;

	if (churn_had(c, "transfer", netport_transfer(c->owner[s.who], s.token, c->owner[to]))) {
		s.who = to;
		for (i = 0; i < s.n; i++)
			s.e[i].uid = __kuid_val(kit_uid(to));
	}
	churn_enter(c, nr, &s);
}

static void churn_label(struct churn *c, unsigned int nr, struct rnd_state *rnd)
{
	const struct churn_slot *s = &c->slot[nr][kit_random(rnd, c->n[nr])];
	struct netport_label label = { .token = s->token, .label = "churn" };

	churn_had(c, "label", netport_label(c->owner[s->who], &label, churn_gfp(rnd)));
}

/* Its own have to be there, each part of it once. */
static void churn_list(struct churn *c, unsigned int nr, struct rnd_state *rnd)
{
	const struct churn_slot *s = &c->slot[nr][kit_random(rnd, c->n[nr])];
	struct netport_list list = { .flags = NETPORT_LIST_MINE };
	struct netport_entry entry[4];
	unsigned int i, seen = 0;
	int err;

	do {
		list.count = ARRAY_SIZE(entry);
		err = netport_list(c->owner[s->who], &list, entry);
		for (i = 0; !err && i < list.count; i++)
			seen += entry[i].token == s->token;
	} while (!err && list.count);
	if (churn_had(c, "list", err) && seen != s->n && !READ_ONCE(c->nn->dead))
		churn_had(c, "list of parts", -ERANGE);
}

static void churn_step(struct churn *c, unsigned int nr, struct rnd_state *rnd)
{
	static void (* const get[])(struct churn *c, unsigned int nr, struct rnd_state *rnd) = {
		churn_request, churn_request, churn_wait, churn_batch, churn_candidates, churn_wish,
	};
	static void (* const change[])(struct churn *c, unsigned int nr, struct rnd_state *rnd) = {
		churn_release, churn_release, churn_extend, churn_rebind, churn_rebind,
		churn_transfer, churn_label, churn_list,
	};

	if (c->n[nr] == CHURN_SLOTS || (c->n[nr] && kit_random(rnd, 2)))
		change[kit_random(rnd, ARRAY_SIZE(change))](c, nr, rnd);
	else
		get[kit_random(rnd, ARRAY_SIZE(get))](c, nr, rnd);
	if (kit_random(rnd, 2))
		churn_wish_end(c, nr, rnd, false);
}

/**
 * churn_run() - what each thread does
 * @arg: the struct churn
 * @nr: number of the thread
 *
 * In the end it gives everything back.
 */
void churn_run(void *arg, unsigned int nr)
{
	struct churn *c = arg;
	struct rnd_state rnd;
	unsigned int i;

	prandom_seed_state(&rnd, nr + 1);
	for (i = 0; i < c->steps && !READ_ONCE(c->nn->dead); i++) {
		churn_step(c, nr, &rnd);
		kit_yield(&rnd);
	}
	while (c->nwish[nr]) {
		while (c->n[nr])
			churn_release(c, nr, &rnd);
		churn_wish_end(c, nr, &rnd, true);
	}
	while (c->n[nr])
		churn_release(c, nr, &rnd);
}

/* Nothing is left once the holds have ended, and nothing went wrong. */
void churn_expect(struct kunit *test, struct churn *c)
{
	unsigned int i;

	KUNIT_EXPECT_EQ(test, atomic_read(&c->overlaps), 0);
	KUNIT_EXPECT_EQ_MSG(test, atomic_read(&c->strange), 0, "%s: %d", c->strange_op ?: "-",
			    c->strange_err);
	for (i = 0; i < 500 && atomic_read(&c->nn->count); i++)
		msleep(20);
	KUNIT_EXPECT_EQ(test, atomic_read(&c->nn->count), 0);
	for (i = 0; i < KIT_NWHO; i++) {
		KUNIT_EXPECT_EQ_MSG(test, atomic_read(&c->owner[i]->count), 0, "owner %u", i);
		KUNIT_EXPECT_EQ_MSG(test, atomic_read(&c->owner[i]->user->count), 0,
				    "uid of %u", i);
		KUNIT_EXPECT_FALSE(test, kit_owns(c->owner[i], 0));
		KUNIT_EXPECT_TRUE(test, list_empty(&c->owner[i]->wishes));
		KUNIT_EXPECT_TRUE(test, list_empty(&c->owner[i]->granted));
	}
	kit_expect_empty(test, c->nn);
}
