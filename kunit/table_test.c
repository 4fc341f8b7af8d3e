// SPDX-License-Identifier: GPL-2.0
/*
 * table.c: what is bound where, in whatever shape it is kept.  Whether something fits is
 * the matter of rule_test.c.
 */
#include <linux/slab.h>

#include "kit.h"

static struct np_shard *table_shard(struct kunit *test, u16 port)
{
	return np_shard_of(kit_of(test)->nn, port);
}

/* np_table_check() of a request. */
static int table_check(struct kunit *test, const char *text, bool exact)
{
	struct np_shard *shard;
	struct np_want w;
	int fit;

	kit_want(test, text, &w);
	shard = table_shard(test, w.port);
	np_addr_find(kit_of(test)->nn, &w);
	spin_lock_bh(&shard->lock);
	fit = np_table_check(shard, &w, exact);
	spin_unlock_bh(&shard->lock);
	np_addr_unfind(&w);
	return fit;
}

/* The reservation that np_table_find() finds for a request, or NULL. */
static struct np_resv *table_find(struct kunit *test, const char *text)
{
	struct np_bind *b = NULL;
	struct np_shard *shard;
	struct kit_req r;
	struct np_want w;

	kit_parse(test, text, &r);
	kit_want(test, text, &w);
	shard = table_shard(test, w.port);
	np_addr_find(kit_of(test)->nn, &w);
	if (w.addr) {
		spin_lock_bh(&shard->lock);
		b = np_table_find(shard, &w, &kit_of(test)->bare[r.who]);
		spin_unlock_bh(&shard->lock);
	}
	np_addr_unfind(&w);
	return b ? np_bind_resv(b) : NULL;
}

/* the shapes */

static void table_link__one_is_lone(struct kunit *test)
{
	struct np_resv *a = kit_bind(test, "10.0.0.1");

	KUNIT_EXPECT_EQ(test, a->bind.e.kind, NP_LONE);
	KUNIT_EXPECT_EQ(test, table_shard(test, 80)->table.count, 1);
	kit_unbind(test, a);
	KUNIT_EXPECT_EQ(test, table_shard(test, 80)->table.count, 0);
}

static void table_link__two_addresses_are_nodes(struct kunit *test)
{
	struct np_resv *a = kit_bind(test, "10.0.0.1"), *b = kit_bind(test, "10.0.0.2");

	KUNIT_EXPECT_EQ(test, a->bind.e.kind, NP_NODE);
	KUNIT_EXPECT_EQ(test, b->bind.e.kind, NP_NODE);
	KUNIT_EXPECT_PTR_EQ(test, np_bind_port(table_shard(test, 80), &a->bind),
			    np_bind_port(table_shard(test, 80), &b->bind));
	kit_unbind(test, a);
	KUNIT_EXPECT_EQ(test, b->bind.e.kind, NP_NODE);
	kit_unbind(test, b);
	KUNIT_EXPECT_EQ(test, table_shard(test, 80)->table.count, 0);
}

static struct np_group *table_group(struct kunit *test, struct np_resv *r)
{
	return np_bind_group(table_shard(test, 80), &r->bind);
}

static void table_link__two_on_an_address_are_members(struct kunit *test)
{
	struct np_resv *a = kit_bind(test, "10.0.0.1 LB"), *b = kit_bind(test, "10.0.0.1 LB");

	KUNIT_EXPECT_EQ(test, a->bind.e.kind, NP_MEMBER);
	KUNIT_EXPECT_EQ(test, b->bind.e.kind, NP_MEMBER);
	KUNIT_EXPECT_PTR_EQ(test, table_group(test, a), table_group(test, b));
	KUNIT_EXPECT_EQ(test, table_group(test, a)->total, 2);
	kit_unbind(test, b);
	KUNIT_EXPECT_EQ(test, table_group(test, a)->total, 1);
	kit_unbind(test, a);
}

static void table_link__full_remotes_are_tuples(struct kunit *test)
{
	struct np_resv *a = kit_bind(test, "10.0.0.1 to=192.0.2.1 rport=9");
	struct np_resv *b = kit_bind(test, "10.0.0.1 to=192.0.2.1");
	struct np_resv *c = kit_bind(test, "10.0.0.1 dev=1");

	KUNIT_EXPECT_EQ(test, a->bind.e.kind, NP_TUPLE);
	KUNIT_EXPECT_EQ(test, b->bind.e.kind, NP_MEMBER);
	KUNIT_EXPECT_EQ(test, c->bind.e.kind, NP_MEMBER);
	KUNIT_EXPECT_EQ(test, table_group(test, a)->total, 3);
	KUNIT_EXPECT_EQ(test, table_group(test, a)->narrow, 3);
	kit_unbind(test, a);
	kit_unbind(test, b);
	kit_unbind(test, c);
}

static void table_link__protocols_are_apart(struct kunit *test)
{
	struct np_resv *a = kit_bind(test, "10.0.0.1"), *b = kit_bind(test, "10.0.0.1 tcp");

	KUNIT_EXPECT_EQ(test, a->bind.e.kind, NP_LONE);
	KUNIT_EXPECT_EQ(test, b->bind.e.kind, NP_LONE);
	kit_unbind(test, a);
	kit_unbind(test, b);
}

/* Ports of one shard, whose hashes have much in common, are apart too. */
static void table_link__ports_are_apart(struct kunit *test)
{
	struct np_resv *a = kit_bind(test, "10.0.0.1 port=80"), *b = kit_bind(test,
									      "10.0.0.1 port=81");
	struct np_resv *c = kit_bind(test, "10.0.0.1 port=4176");

	KUNIT_ASSERT_PTR_EQ(test, table_shard(test, 80), table_shard(test, 81));
	KUNIT_ASSERT_PTR_EQ(test, table_shard(test, 80), table_shard(test, 4176));
	KUNIT_EXPECT_EQ(test, a->bind.e.kind, NP_LONE);
	KUNIT_EXPECT_EQ(test, b->bind.e.kind, NP_LONE);
	KUNIT_EXPECT_EQ(test, c->bind.e.kind, NP_LONE);
	kit_unbind(test, a);
	kit_unbind(test, b);
	kit_unbind(test, c);
}

static void table_unlink__leaves_no_kind(struct kunit *test)
{
	struct np_shard *shard = table_shard(test, 80);
	struct np_resv *a = kit_bind(test, "10.0.0.1");

	spin_lock_bh(&shard->lock);
	np_table_unlink(shard, &a->bind);
	spin_unlock_bh(&shard->lock);
	KUNIT_EXPECT_EQ(test, a->bind.e.kind, NP_UNBOUND);
	np_addr_put(a->bind.addr);
	kfree(a);
}

static bool table_sum_zero(const struct np_sum *s)
{
	return !memchr_inv(s, 0, sizeof(*s));
}

/* Nothing clears an np_port or an np_group for whom it is next. */
static void table_unlink__leaves_all_as_it_came(struct kunit *test)
{
	static const char * const there[] = {
		"10.0.0.1 LB", "10.0.0.1 LB MR", "10.0.0.1 LB to=192.0.2.1 rport=9",
		"10.0.0.2 LB dev=1", "2001:db8::1 LB", "0.0.0.0 LB", "* LB", ":: LB dev=2",
	};
	struct np_resv *r[ARRAY_SIZE(there)];
	struct np_group *g;
	struct np_port *p;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(there); i++)
		r[i] = kit_bind(test, there[i]);
	p = np_bind_port(table_shard(test, 80), &r[0]->bind);
	g = table_group(test, r[0]);
	KUNIT_EXPECT_FALSE(test, table_sum_zero(&p->sum[NP_V4]));
	KUNIT_EXPECT_FALSE(test, table_sum_zero(&g->sum));

	/* They stay until then. */
	rcu_read_lock();
	for (i = 0; i < ARRAY_SIZE(there); i++)
		kit_unbind(test, r[i]);
	for (i = 0; i < NP_ANYS; i++)
		KUNIT_EXPECT_NULL(test, p->any[i]);
	for (i = 0; i < NP_FAMILIES; i++) {
		KUNIT_EXPECT_TRUE(test, list_empty(&p->nodes[i]));
		KUNIT_EXPECT_TRUE(test, table_sum_zero(&p->sum[i]));
		KUNIT_EXPECT_EQ(test, p->narrow[i], 0);
	}
	KUNIT_EXPECT_TRUE(test, list_empty(&g->members));
	KUNIT_EXPECT_TRUE(test, list_empty(&g->tuples));
	KUNIT_EXPECT_TRUE(test, table_sum_zero(&g->sum));
	KUNIT_EXPECT_EQ(test, g->total, 0);
	KUNIT_EXPECT_EQ(test, g->narrow, 0);
	KUNIT_EXPECT_EQ(test, p->e.kind, NP_PORT);
	KUNIT_EXPECT_EQ(test, g->e.kind, NP_GROUP);
	rcu_read_unlock();
}

/* what linking needs */

/**
 * struct table_need - a binding that is there, one that comes, and what that needs
 * @desc: what it shows
 * @there: what is bound
 * @comes: what comes
 * @port: an np_port
 * @group: an np_group
 */
struct table_need {
	const char	*desc;
	const char	*there[3];
	const char	*comes;
	bool		port;
	bool		group;
};

static const struct table_need table_needs[] = {
	{ "the first", { }, "10.0.0.1", false, false },
	{ "the first of a protocol", { "10.0.0.1" }, "10.0.0.1 tcp", false, false },
	{ "a second address", { "10.0.0.1" }, "10.0.0.2", true, false },
	{ "a second on the address", { "10.0.0.1 LB" }, "10.0.0.1 LB", true, true },
	{ "a third address", { "10.0.0.1", "10.0.0.2" }, "10.0.0.3", false, false },
	{ "a second on one of two addresses", { "10.0.0.1", "10.0.0.2" }, "10.0.0.2", false, true },
	{ "a third on the address", { "10.0.0.1", "10.0.0.1" }, "10.0.0.1", false, false },
	{ "any beside an address", { "10.0.0.1" }, "0.0.0.0", true, false },
	{ "any beside any", { "0.0.0.0" }, "0.0.0.0", true, true },
	{ "any of another kind", { "0.0.0.0" }, "*", true, false },
	{ "any of the third kind", { "0.0.0.0", "*" }, "::", false, false },
	{ "a second any of the third kind", { "0.0.0.0", "*", "::" }, "::", false, true },
};

KUNIT_ARRAY_PARAM_DESC(table_need, table_needs, desc);

static int table_link(struct np_shard *shard, struct np_resv *r, struct np_spare *spare)
{
	int err;

	spin_lock_bh(&shard->lock);
	err = np_table_link(shard, &r->bind, spare);
	spin_unlock_bh(&shard->lock);
	return err;
}

/*
 * Without what it needs, linking fails, says what it is, and changes nothing.  Where it may
 * allocate it has that at once, if there is memory.
 */
static void table_link__wants_its_spares(struct kunit *test)
{
	const struct table_need *n = test->param_value;
	struct np_resv *there[3] = {}, *r = kzalloc(sizeof(*r), GFP_KERNEL);
	struct np_shard *shard = table_shard(test, 80);
	bool fails = IS_ENABLED(CONFIG_FAILSLAB);
	struct np_spare spare = {};
	unsigned int i;
	struct np_want w;
	u32 count;
	u64 word;
	int err;

	KUNIT_ASSERT_NOT_NULL(test, r);
	for (i = 0; i < ARRAY_SIZE(there) && n->there[i]; i++)
		there[i] = kit_bind(test, n->there[i]);
	kit_want(test, n->comes, &w);
	KUNIT_ASSERT_EQ(test, np_addr_get(kit_of(test)->nn, &w, GFP_KERNEL), 0);
	KUNIT_ASSERT_EQ(test, np_addr_prepare(w.addr, w.port, GFP_KERNEL), 0);
	if (!w.addr->any)
		KUNIT_ASSERT_EQ(test, np_occ_prepare(&w.space->used[w.addr->family], w.port,
						     GFP_KERNEL), 0);
	r->owner = &kit_of(test)->bare[KIT_ALICE];
	r->bind.addr = w.addr;
	r->bind.e.port = w.port;
	r->bind.e.share = w.share;
	count = shard->table.count;
	word = np_addr_word(w.addr, w.port / NP_WORD_PORTS);

	err = table_link(shard, r, &spare);
	KUNIT_EXPECT_EQ(test, err, n->port || n->group ? -EAGAIN : 0);
	KUNIT_EXPECT_EQ(test, spare.need_port, n->port);
	KUNIT_EXPECT_EQ(test, spare.need_group, n->group);
	if (err) {
		KUNIT_EXPECT_EQ(test, shard->table.count, count);
		KUNIT_EXPECT_EQ(test, np_addr_word(w.addr, w.port / NP_WORD_PORTS), word);
		KUNIT_ASSERT_EQ(test, np_spare_fill(&spare, GFP_KERNEL), 0);
		KUNIT_EXPECT_EQ(test, !!spare.port, n->port);
		KUNIT_EXPECT_EQ(test, !!spare.group, n->group);
		np_spare_drop(&spare);

		spare = (struct np_spare) { .now = GFP_NOWAIT | __GFP_NOWARN };
		kit_fail(fails);
		err = table_link(shard, r, &spare);
		kit_fail(0);
		KUNIT_EXPECT_EQ(test, err, fails ? -EAGAIN : 0);
	}
	if (err) {
		KUNIT_EXPECT_EQ(test, shard->table.count, count);
		KUNIT_EXPECT_EQ(test, np_addr_word(w.addr, w.port / NP_WORD_PORTS), word);
		err = table_link(shard, r, &spare);
		KUNIT_EXPECT_EQ(test, err, 0);
	}
	KUNIT_EXPECT_NULL_MSG(test, spare.port, "has been used");
	KUNIT_EXPECT_NULL_MSG(test, spare.group, "has been used");
	np_spare_drop(&spare);
	if (!err)
		kit_unbind(test, r);
	for (i = 0; i < ARRAY_SIZE(there); i++)
		if (there[i])
			kit_unbind(test, there[i]);
}

static void table_link__wants_the_bitmaps(struct kunit *test)
{
	struct np_resv *r = kzalloc(sizeof(*r), GFP_KERNEL);
	struct np_shard *shard = table_shard(test, 80);
	struct np_spare spare = {};
	struct np_want w;
	int err;

	KUNIT_ASSERT_NOT_NULL(test, r);
	kit_want(test, "0.0.0.0", &w);
	KUNIT_ASSERT_EQ(test, np_addr_get(kit_of(test)->nn, &w, GFP_KERNEL), 0);
	r->owner = &kit_of(test)->bare[KIT_ALICE];
	r->bind.addr = w.addr;
	r->bind.e.port = w.port;

	err = table_link(shard, r, &spare);
	KUNIT_EXPECT_EQ_MSG(test, err, -EAGAIN, "the any-address' chunk");
	KUNIT_EXPECT_EQ(test, shard->table.count, 0);
	np_addr_put(w.addr);

	kit_want(test, "10.0.0.1", &w);
	KUNIT_ASSERT_EQ(test, np_addr_get(kit_of(test)->nn, &w, GFP_KERNEL), 0);
	r->bind.addr = w.addr;
	err = table_link(shard, r, &spare);
	KUNIT_EXPECT_EQ_MSG(test, err, -EAGAIN, "the chunk of np_space.used");
	KUNIT_EXPECT_EQ(test, shard->table.count, 0);
	KUNIT_EXPECT_EQ_MSG(test, np_addr_word(w.addr, 1), 0, "the address has no port");
	np_addr_put(w.addr);
	kfree(r);
}

/* A kernel user may ask for memory that is cleared. */
static void table_spare__is_as_constructed(struct kunit *test)
{
	struct np_spare spare = { .need_port = true, .need_group = true };
	unsigned int i;

	KUNIT_ASSERT_EQ(test, np_spare_fill(&spare, GFP_KERNEL | __GFP_ZERO), 0);
	KUNIT_EXPECT_EQ(test, spare.port->e.kind, NP_PORT);
	for (i = 0; i < NP_FAMILIES; i++)
		KUNIT_EXPECT_TRUE(test, list_empty(&spare.port->nodes[i]));
	KUNIT_EXPECT_EQ(test, spare.group->e.kind, NP_GROUP);
	KUNIT_EXPECT_TRUE(test, list_empty(&spare.group->members));
	KUNIT_EXPECT_TRUE(test, list_empty(&spare.group->tuples));
	np_spare_drop(&spare);
}

static bool table_spare_try(struct kunit *test, unsigned int nth, bool *failed)
{
	struct np_spare spare = { .need_port = true, .need_group = true };
	bool more;
	int err;

	kit_fail(nth);
	err = np_spare_fill(&spare, GFP_NOWAIT);
	more = kit_failed();
	kit_fail(0);
	if (err)
		KUNIT_EXPECT_EQ_MSG(test, err, -ENOMEM, "allocation %u", nth);
	*failed |= err;
	np_spare_drop(&spare);
	return more;
}

static void table_spare__no_memory(struct kunit *test)
{
	unsigned int nth, try, fails = 0;
	bool more = true, failed;

	kit_need_faults(test);
	/* What fails may be a page for a slab, which does with a smaller one: so again. */
	for (nth = 1; more; nth++) {
		failed = false;
		for (try = 0; try < 3; try++)
			more = table_spare_try(test, nth, &failed);
		fails += failed;
	}
	KUNIT_EXPECT_GE(test, fails, 2);
}

/* occupancy */

static const char * const table_walk[] = {
	"0.0.0.0", "::", "*", "10.0.0.1", "10.0.0.2", "2001:db8::1", "0.0.0.0 dev=1",
	"10.0.0.1 to=192.0.2.1 rport=9", "10.0.0.1 to=192.0.2.1 rport=10", "10.0.0.1 LB bob",
	"* dev=2", "2001:db8::1 dev=1", "10.0.0.2 LB", "10.0.0.1 LB", ":: LB", "10.0.0.2 MR dev=3",
};

#define TABLE_WALK	ARRAY_SIZE(table_walk)
#define TABLE_PORTS	3

/**
 * struct table_lab - what is bound of table_walk[], on each port
 * @r: it, or NULL
 */
struct table_lab {
	struct np_resv	*r[TABLE_PORTS][TABLE_WALK];
};

static const u16 table_ports[TABLE_PORTS] = { 80, 81, 4176 };

static bool table_bit(struct np_addr *a, u16 port)
{
	return np_addr_word(a, port / NP_WORD_PORTS) >> port % NP_WORD_PORTS & 1;
}

/*
 * The port is taken on the addresses that have something on it, and np_space.used says
 * for which families there is such an address.
 */
static void table_expect_occupancy(struct kunit *test, struct table_lab *lab, unsigned int port)
{
	bool used[NP_FAMILIES] = {}, want;
	struct np_space *sp = NULL;
	unsigned int i, j, f;
	struct np_addr *a;
	u16 nr = table_ports[port];

	for (i = 0; i < TABLE_WALK; i++) {
		if (!lab->r[port][i])
			continue;
		a = lab->r[port][i]->bind.addr;
		sp = a->space;
		KUNIT_ASSERT_TRUE_MSG(test, table_bit(a, nr), "%s, port %u", table_walk[i], nr);
		if (!a->any)
			used[a->family] = true;
	}
	if (!sp)
		return;
	for (f = 0; f < NP_FAMILIES; f++)
		KUNIT_ASSERT_EQ_MSG(test, np_occ_word(&sp->used[f], nr / NP_WORD_PORTS) >>
				    nr % NP_WORD_PORTS & 1, used[f], "port %u, family %u", nr, f);
	for (f = 0; f < NP_ANYS; f++) {
		want = false;
		for (j = 0; j < TABLE_WALK; j++)
			want |= lab->r[port][j] && lab->r[port][j]->bind.addr == &sp->any[f];
		KUNIT_ASSERT_EQ_MSG(test, table_bit(&sp->any[f], nr), want, "port %u, any %u", nr,
				    f);
	}
}

/* All that is there is found by what it was made with, and nothing else is. */
static void table_expect_found(struct kunit *test, struct table_lab *lab, unsigned int port)
{
	unsigned int i;
	char text[64];

	for (i = 0; i < TABLE_WALK; i++) {
		snprintf(text, sizeof(text), "%s port=%u", table_walk[i], table_ports[port]);
		KUNIT_ASSERT_PTR_EQ_MSG(test, table_find(test, text), lab->r[port][i], "%s", text);
	}
}

/* Bindings come and go, through every shape of three ports of one shard. */
static void table__random_walk(struct kunit *test)
{
	struct table_lab *lab = kunit_kzalloc(test, sizeof(*lab), GFP_KERNEL);
	unsigned int step, port, i;
	struct rnd_state rnd;
	char text[64];

	KUNIT_ASSERT_NOT_NULL(test, lab);
	prandom_seed_state(&rnd, 1);
	for (step = 0; step < 3000; step++) {
		port = kit_random(&rnd, TABLE_PORTS);
		i = kit_random(&rnd, TABLE_WALK);
		/* Now and then few, now and then many. */
		if (lab->r[port][i]) {
			kit_unbind(test, lab->r[port][i]);
			lab->r[port][i] = NULL;
		} else if (step / 64 % 2 || kit_random(&rnd, 4) == 0) {
			snprintf(text, sizeof(text), "%s port=%u", table_walk[i],
				 table_ports[port]);
			lab->r[port][i] = kit_bind(test, text);
		}
		table_expect_occupancy(test, lab, port);
		if (step % 8 == 0)
			table_expect_found(test, lab, port);
	}
	for (port = 0; port < TABLE_PORTS; port++) {
		for (i = 0; i < TABLE_WALK; i++) {
			if (!lab->r[port][i])
				continue;
			kit_unbind(test, lab->r[port][i]);
			lab->r[port][i] = NULL;
			table_expect_occupancy(test, lab, port);
		}
	}
}

/* finding */

static const struct table_key {
	const char	*desc;
	const char	*text;
} table_keys[] = {
	{ "another address", "10.0.0.2 dev=1 LB to=192.0.2.1 rport=9" },
	{ "any", "0.0.0.0 dev=1 LB to=192.0.2.1 rport=9" },
	{ "another port", "10.0.0.1 port=81 dev=1 LB to=192.0.2.1 rport=9" },
	{ "another protocol", "10.0.0.1 tcp dev=1 LB to=192.0.2.1 rport=9" },
	{ "another device", "10.0.0.1 dev=2 LB to=192.0.2.1 rport=9" },
	{ "every device", "10.0.0.1 LB to=192.0.2.1 rport=9" },
	{ "other flags", "10.0.0.1 dev=1 LB MR to=192.0.2.1 rport=9" },
	{ "no flags", "10.0.0.1 dev=1 to=192.0.2.1 rport=9" },
	{ "another remote", "10.0.0.1 dev=1 LB to=192.0.2.2 rport=9" },
	{ "another remote port", "10.0.0.1 dev=1 LB to=192.0.2.1 rport=10" },
	{ "every remote port", "10.0.0.1 dev=1 LB to=192.0.2.1" },
	{ "every remote", "10.0.0.1 dev=1 LB" },
	{ "a tuple", "10.0.0.1 dev=1 LB to=192.0.2.1 rport=9 tuple" },
	{ "another owner", "10.0.0.1 dev=1 LB to=192.0.2.1 rport=9 alice2" },
	{ "an owner of another uid", "10.0.0.1 dev=1 LB to=192.0.2.1 rport=9 bob" },
};

KUNIT_ARRAY_PARAM_DESC(table_key, table_keys, desc);

/* Alone, as a node, and as one of several: all but one thing right is not found. */
static void table_find__needs_all(struct kunit *test)
{
	static const char * const company[] = { "10.0.0.9", "10.0.0.1 dev=9" };
	const char *right = "10.0.0.1 dev=1 LB to=192.0.2.1 rport=9";
	const struct table_key *k = test->param_value;
	struct np_resv *r = kit_bind(test, right), *with[ARRAY_SIZE(company)];
	unsigned int i;

	for (i = 0; i <= ARRAY_SIZE(company); i++) {
		KUNIT_EXPECT_NULL_MSG(test, table_find(test, k->text), "%u more on the port", i);
		KUNIT_EXPECT_PTR_EQ_MSG(test, table_find(test, right), r, "%u more on the port", i);
		if (i < ARRAY_SIZE(company))
			with[i] = kit_bind(test, company[i]);
	}
	kit_unbind(test, r);
	KUNIT_EXPECT_NULL(test, table_find(test, right));
	while (i-- > 1)
		kit_unbind(test, with[i - 1]);
}

static void table_find__one_of_equals(struct kunit *test)
{
	struct np_resv *a = kit_bind(test, "10.0.0.1 LB"), *b = kit_bind(test, "10.0.0.1 LB");
	struct np_resv *found = table_find(test, "10.0.0.1 LB");

	KUNIT_EXPECT_TRUE(test, found == a || found == b);
	kit_unbind(test, a);
	KUNIT_EXPECT_PTR_EQ(test, table_find(test, "10.0.0.1 LB"), b);
	kit_unbind(test, b);
}

/* An exact answer, and one that need not tell free from shared */

static const struct table_fit {
	const char	*desc;
	const char	*there[2];
	const char	*asked;
	int		fit;
} table_fits[] = {
	{ "nothing there", { }, "10.0.0.1 LB", NP_FIT_FREE },
	{ "another address", { "10.0.0.2" }, "10.0.0.1", NP_FIT_FREE },
	{ "another family", { "::" }, "0.0.0.0", NP_FIT_FREE },
	{ "a flag in common", { "10.0.0.1 LB" }, "10.0.0.1 LB", NP_FIT_SHARED },
	{ "any with a flag in common", { "0.0.0.0 LB" }, "10.0.0.1 LB", NP_FIT_SHARED },
	{ "an address with a flag in common", { "10.0.0.1 LB", "10.0.0.2 MR" }, "0.0.0.0 LB MR",
	  NP_FIT_SHARED },
	{ "no flag in common", { "10.0.0.1 LB" }, "10.0.0.1 MR", -EADDRINUSE },
	{ "another device, alone", { "10.0.0.1 dev=1" }, "10.0.0.1 dev=2", NP_FIT_FREE },
	{ "another device with the same flag", { "10.0.0.1 dev=1 LB", "10.0.0.1 dev=1 LB" },
	  "10.0.0.1 dev=2 LB", NP_FIT_FREE },
	{ "another device among them", { "10.0.0.1 dev=1", "10.0.0.1 dev=2 LB" },
	  "10.0.0.1 dev=2 LB", NP_FIT_SHARED },
	{ "another device on an address", { "10.0.0.1 dev=1 LB", "10.0.0.2 dev=1 LB" },
	  "0.0.0.0 dev=2 LB", NP_FIT_FREE },
	{ "the device on one of two addresses", { "10.0.0.1 dev=1 LB", "10.0.0.2 dev=2 LB" },
	  "0.0.0.0 dev=2 LB", NP_FIT_SHARED },
	{ "another remote with the same flag",
	  { "10.0.0.1 MR to=192.0.2.1 rport=9", "10.0.0.1 MR to=192.0.2.1 rport=10" },
	  "10.0.0.1 MR to=192.0.2.1 rport=11", NP_FIT_FREE },
	{ "the remote among them",
	  { "10.0.0.1 MR to=192.0.2.1 rport=9", "10.0.0.1 MR to=192.0.2.1 rport=10" },
	  "10.0.0.1 MR to=192.0.2.1 rport=10", NP_FIT_SHARED },
	{ "any on another device and an address", { "0.0.0.0 dev=1 LB", "10.0.0.1 dev=1 LB" },
	  "10.0.0.1 dev=2 LB", NP_FIT_FREE },
	{ "both kinds of any, one on the device", { "0.0.0.0 dev=1 LB", "* dev=2 LB" },
	  "10.0.0.1 dev=2 LB", NP_FIT_SHARED },
};

KUNIT_ARRAY_PARAM_DESC(table_fit, table_fits, desc);

static void table_check__exact(struct kunit *test)
{
	const struct table_fit *f = test->param_value;
	struct np_resv *r[2] = {};
	unsigned int i;
	int fit;

	for (i = 0; i < ARRAY_SIZE(r) && f->there[i]; i++)
		r[i] = kit_bind(test, f->there[i]);
	KUNIT_EXPECT_EQ(test, table_check(test, f->asked, true), f->fit);
	fit = table_check(test, f->asked, false);
	if (f->fit == NP_FIT_FREE)
		KUNIT_EXPECT_GE(test, fit, 0);
	else
		KUNIT_EXPECT_EQ(test, fit, f->fit);
	for (i = 0; i < ARRAY_SIZE(r); i++)
		if (r[i])
			kit_unbind(test, r[i]);
}

/* as many as are compared in one request, and one more */

static struct np_resv **table_bind_many(struct kunit *test, const char *format, unsigned int from,
					unsigned int n)
{
	struct np_resv **r = kunit_kcalloc(test, n, sizeof(*r), GFP_KERNEL);
	unsigned int i;
	char text[64];

	KUNIT_ASSERT_NOT_NULL(test, r);
	for (i = 0; i < n; i++) {
		snprintf(text, sizeof(text), format, (from + i) / 256, (from + i) % 256);
		r[i] = kit_bind(test, text);
	}
	return r;
}

static void table_unbind_many(struct kunit *test, struct np_resv **r, unsigned int n)
{
	while (n-- > 0)
		kit_unbind(test, r[n]);
	kunit_kfree(test, r);
}

static const struct table_limit {
	const char	*desc;
	const char	*there;
	const char	*asked;
	const char	*free;
} table_limits[] = {
	{ "remotes on an address", "10.0.0.1 to=192.0.%u.%u", "10.0.0.1 dev=1 to=192.1.0.1",
	  "10.0.0.2 to=192.1.0.1 rport=9" },
	{ "full remotes on an address", "10.0.0.1 to=192.0.%u.%u rport=9", "10.0.0.1 to=192.1.0.1",
	  "10.0.0.1 to=192.1.0.1 rport=9" },
	{ "addresses with a device", "10.0.%u.%u dev=1", "0.0.0.0 dev=2", ":: dev=2" },
	{ "full remotes on any", "0.0.0.0 to=192.0.%u.%u rport=9", "10.0.0.1 to=192.1.0.1",
	  "10.0.0.1 to=192.1.0.1 rport=9" },
};

KUNIT_ARRAY_PARAM_DESC(table_limit, table_limits, desc);

static void table_check__compares_so_many(struct kunit *test)
{
	const struct table_limit *l = test->param_value;
	struct np_resv **r, **last;

	r = table_bind_many(test, l->there, 0, NP_COMPARE_MAX);
	KUNIT_EXPECT_EQ(test, table_check(test, l->asked, false), NP_FIT_FREE);
	last = table_bind_many(test, l->there, NP_COMPARE_MAX, 1);
	KUNIT_EXPECT_EQ(test, table_check(test, l->asked, false), -EDQUOT);
	KUNIT_EXPECT_EQ_MSG(test, table_check(test, l->free, false), NP_FIT_FREE,
			    "what needs no comparison is not refused");
	table_unbind_many(test, last, 1);
	KUNIT_EXPECT_EQ(test, table_check(test, l->asked, false), NP_FIT_FREE);
	table_unbind_many(test, r, NP_COMPARE_MAX);
}

/* Equal tuples are found by one hash, so there is a limit to how many there can be. */
static void table_link__so_many_equal_tuples(struct kunit *test)
{
	const char *tuple = "10.0.0.1 LB to=192.0.2.1 rport=9";
	struct np_resv **r, *other, *one = NULL;

	r = table_bind_many(test, tuple, 0, NP_COMPARE_MAX);
	KUNIT_EXPECT_EQ(test, table_check(test, tuple, false), NP_FIT_SHARED);
	KUNIT_EXPECT_EQ(test, kit_link(test, tuple, &one), -EDQUOT);
	KUNIT_EXPECT_NULL(test, one);
	other = kit_bind(test, "10.0.0.1 LB to=192.0.2.1 rport=10");
	kit_unbind(test, other);
	kit_unbind(test, r[0]);
	r[0] = kit_bind(test, tuple);
	table_unbind_many(test, r, NP_COMPARE_MAX);
}

static struct kunit_case table_test_cases[] = {
	KUNIT_CASE(table_link__one_is_lone),
	KUNIT_CASE(table_link__two_addresses_are_nodes),
	KUNIT_CASE(table_link__two_on_an_address_are_members),
	KUNIT_CASE(table_link__full_remotes_are_tuples),
	KUNIT_CASE(table_link__protocols_are_apart),
	KUNIT_CASE(table_link__ports_are_apart),
	KUNIT_CASE_PARAM(table_link__wants_its_spares, table_need_gen_params),
	KUNIT_CASE(table_link__wants_the_bitmaps),
	KUNIT_CASE(table_unlink__leaves_no_kind),
	KUNIT_CASE(table_unlink__leaves_all_as_it_came),
	KUNIT_CASE(table_spare__is_as_constructed),
	KUNIT_CASE(table_spare__no_memory),
	KUNIT_CASE(table__random_walk),
	KUNIT_CASE_PARAM(table_find__needs_all, table_key_gen_params),
	KUNIT_CASE(table_find__one_of_equals),
	KUNIT_CASE_PARAM(table_check__exact, table_fit_gen_params),
	KUNIT_CASE_PARAM(table_check__compares_so_many, table_limit_gen_params),
	KUNIT_CASE(table_link__so_many_equal_tuples),
	{}
};

static struct kunit_suite table_test_suite = {
	.name = "netport_table",
	.init = kit_bare_init,
	.exit = kit_bare_exit,
	.test_cases = table_test_cases,
};

kunit_test_suite(table_test_suite);
