// SPDX-License-Identifier: GPL-2.0
/*
 * What the suites share; kit.h says how to use it.
 */
#include <linux/capability.h>
#include <linux/cred.h>
#include <linux/delay.h>
#include <linux/in.h>
#include <linux/inet.h>
#include <linux/random.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <net/net_namespace.h>

#include "kit.h"

/* No uid that anybody in the test machine has. */
#define KIT_UID	700100

kuid_t kit_uid(enum kit_who who)
{
	return KUIDT_INIT(KIT_UID + (who == KIT_BOB));
}

/**
 * kit_owner() - whom to act as, made when first asked for
 * @test: the test
 * @who: who
 *
 * Return: a kernel-resident owner.
 */
struct netport_owner *kit_owner(struct kunit *test, enum kit_who who)
{
	struct kit *k = kit_of(test);
	struct netport_owner *owner = k->owner[who];

	if (owner)
		return owner;
	owner = netport_owner_create(&init_net, kit_uid(who));
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, owner);
	k->owner[who] = owner;
	return owner;
}

int kit_init(struct kunit *test)
{
	struct kit *k = kunit_kzalloc(test, sizeof(*k), GFP_KERNEL);

	if (!k)
		return -ENOMEM;
	k->nn = np_net_get(&init_net);
	if (IS_ERR(k->nn))
		return PTR_ERR(k->nn);
	k->held = atomic_read(&k->nn->count);
	test->priv = k;
	return 0;
}

/* Destroys the owners, and what they hold with them. */
void kit_exit(struct kunit *test)
{
	struct kit *k = kit_of(test);
	unsigned int i;

	if (!k)
		return;
	for (i = 0; i < KIT_NWHO; i++)
		if (k->owner[i])
			netport_owner_destroy(k->owner[i]);
	KUNIT_EXPECT_EQ_MSG(test, atomic_read(&k->nn->count), k->held, "left behind");
	if (!k->held)
		kit_expect_empty(test, k->nn);
	np_net_put(k->nn);
}

/* Tables that no namespace knows of. */
int kit_bare_init(struct kunit *test)
{
	struct kit *k = kunit_kzalloc(test, sizeof(*k), GFP_KERNEL);
	unsigned int i;
	int err;

	if (!k)
		return -ENOMEM;
	k->nn = kunit_kzalloc(test, sizeof(*k->nn), GFP_KERNEL);
	k->net = kunit_kzalloc(test, sizeof(*k->net), GFP_KERNEL);
	if (!k->nn || !k->net)
		return -ENOMEM;
	err = np_net_setup(k->nn, k->net, GFP_KERNEL);
	if (err)
		return err;
	for (i = 0; i < KIT_NWHO; i++) {
		np_owner_setup(&k->bare[i]);
		k->bare[i].nn = k->nn;
		k->bare[i].user = &k->user[i == KIT_BOB];
	}
	k->user[0].id = get_random_u64();
	k->user[1].id = get_random_u64();
	test->priv = k;
	return 0;
}

void kit_bare_exit(struct kunit *test)
{
	struct kit *k = kit_of(test);

	if (!k)
		return;
	kit_expect_empty(test, k->nn);
	np_net_teardown(k->nn);
}

/* requests */

static u16 kit_address(struct kunit *test, const char *text, u8 *to)
{
	const char *end;

	if (!strcmp(text, "*"))
		return NP_FAMILY_ALL;
	if (in4_pton(text, -1, to, -1, &end) && !*end)
		return NETPORT_FAMILY_IPV4;
	if (in6_pton(text, -1, to, -1, &end) && !*end)
		return NETPORT_FAMILY_IPV6;
	KUNIT_FAIL_AND_ABORT(test, "no address: %s\n", text);
	return 0;
}

static u32 kit_number(struct kunit *test, const char *text)
{
	u32 n = 0;

	KUNIT_ASSERT_EQ_MSG(test, kstrtou32(text, 0, &n), 0, "no number: %s", text);
	return n;
}

static const struct {
	const char	*word;
	u32		share;
	u32		options;
	u16		protocol;
	enum kit_who	who;
} kit_words[] = {
	{ "LB", .share = NETPORT_SHARE_LOAD_BALANCED },
	{ "MR", .share = NETPORT_SHARE_MOST_RECENT },
	{ "TO", .share = NETPORT_SHARE_TUPLE_ONLY },
	{ "tuple", .options = NETPORT_OPT_TUPLE },
	{ "tcp", .protocol = IPPROTO_TCP },
	{ "alice", .who = KIT_ALICE },
	{ "alice2", .who = KIT_ALICE2 },
	{ "bob", .who = KIT_BOB },
};

static void kit_word(struct kunit *test, const char *word, struct kit_req *r)
{
	struct netport_binding *b = &r->req.binding;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(kit_words); i++) {
		if (strcmp(word, kit_words[i].word))
			continue;
		b->share |= kit_words[i].share;
		r->req.options |= kit_words[i].options;
		b->protocol = kit_words[i].protocol ?: b->protocol;
		r->who = kit_words[i].who ?: r->who;
		return;
	}
	if (strstarts(word, "port="))
		b->port = kit_number(test, word + 5);
	else if (strstarts(word, "proto="))
		b->protocol = kit_number(test, word + 6);
	else if (strstarts(word, "dev="))
		b->ifindex = kit_number(test, word + 4);
	else if (strstarts(word, "rport="))
		b->remote_port = kit_number(test, word + 6);
	else if (strstarts(word, "low="))
		r->req.low = kit_number(test, word + 4);
	else if (strstarts(word, "high="))
		r->req.high = kit_number(test, word + 5);
	else if (strstarts(word, "to="))
		kit_address(test, word + 3, b->remote);
	else
		KUNIT_FAIL_AND_ABORT(test, "no word: %s\n", word);
}

/**
 * kit_parse() - a request from its text
 * @test: the test, which is aborted if the text is malformed
 * @text: the text, see kit.h
 * @r: the result, with a poisoned token
 */
void kit_parse(struct kunit *test, const char *text, struct kit_req *r)
{
	char buf[128], *rest = buf, *word;

	KUNIT_ASSERT_GT(test, strscpy(buf, text, sizeof(buf)), 0);
	*r = (struct kit_req) {};
	r->req.token = KIT_POISON64;
	r->req.binding.protocol = IPPROTO_UDP;
	r->req.binding.port = 80;
	r->req.binding.families = kit_address(test, strsep(&rest, " "), r->req.binding.addr);
	while ((word = strsep(&rest, " ")))
		if (*word)
			kit_word(test, word, r);
}

/* acting */

/* Reservations of the case. */
int kit_held(struct kunit *test)
{
	return atomic_read(&kit_of(test)->nn->count) - kit_of(test)->held;
}

/**
 * kit_reserve() - netport_reserve(), with a look at what it must leave alone
 * @test: the test
 * @r: the request
 * @gfp: for it
 *
 * Return: what it returns.
 */
int kit_reserve(struct kunit *test, struct kit_req *r, gfp_t gfp)
{
	struct netport_owner *owner = kit_owner(test, r->who);
	struct netport_reserve before;
	int held = kit_held(test);
	int err;

	r->req.token = KIT_POISON64;
	before = r->req;
	err = netport_reserve(owner, &r->req, gfp);
	if (err) {
		KUNIT_EXPECT_LT(test, err, 0);
		KUNIT_EXPECT_EQ_MSG(test, kit_held(test), held, "a refused one counts");
		KUNIT_EXPECT_MEMEQ_MSG(test, &r->req, &before, sizeof(before),
				       "a refused request was written to");
		return err;
	}
	KUNIT_EXPECT_EQ_MSG(test, kit_held(test), held + 1, "one more is held");
	KUNIT_EXPECT_NE(test, r->req.token, 0);
	KUNIT_EXPECT_NE(test, r->req.token, KIT_POISON64);
	before.token = r->req.token;
	before.binding.port = before.binding.port ?: r->req.binding.port;
	KUNIT_EXPECT_NE(test, r->req.binding.port, 0);
	KUNIT_EXPECT_MEMEQ_MSG(test, &r->req, &before, sizeof(before),
			       "only port and token are results");
	return 0;
}

/* netport_available(), with a look at what it must leave alone. */
int kit_available(struct kunit *test, const struct kit_req *r)
{
	struct netport_reserve req = r->req;
	int held = kit_held(test);
	int err;

	err = netport_available(kit_owner(test, r->who), &req);
	KUNIT_EXPECT_EQ_MSG(test, kit_held(test), held, "is-available reserves nothing");
	KUNIT_EXPECT_MEMEQ_MSG(test, &r->req, &req, sizeof(req), "is-available writes nothing");
	return err;
}

/* Releases what kit_reserve() made. */
void kit_release(struct kunit *test, const struct kit_req *r)
{
	int held = kit_held(test);

	KUNIT_EXPECT_EQ(test, netport_release(kit_owner(test, r->who), r->req.token), 0);
	KUNIT_EXPECT_EQ(test, kit_held(test), held - 1);
}

/* Is it available, and can it be had?  Both have to say the same. */
static int kit_ask(struct kunit *test, const char *text, struct kit_req *r)
{
	int available, err;

	kit_parse(test, text, r);
	available = kit_available(test, r);
	err = kit_reserve(test, r, GFP_KERNEL);
	KUNIT_EXPECT_EQ_MSG(test, available, err, "available and reserve differ: %s", text);
	return err;
}

/**
 * kit_try() - reserve
 * @test: the test
 * @text: the request
 *
 * Return: 0 or the error.
 */
int kit_try(struct kunit *test, const char *text)
{
	struct kit_req r;

	return kit_ask(test, text, &r);
}

/**
 * kit_hold() - reserve what has to be there for a case to make sense
 * @test: the test, which is aborted if it can't be had
 * @text: the request
 *
 * Return: the token.
 */
u64 kit_hold(struct kunit *test, const char *text)
{
	struct kit_req r;

	KUNIT_ASSERT_EQ_MSG(test, kit_ask(test, text, &r), 0, "%s", text);
	return r.req.token;
}

/* acting on tables of the case's own */

static void kit_want_of(struct kunit *test, const char *text, struct kit_req *r,
			struct np_want *w)
{
	kit_parse(test, text, r);
	KUNIT_ASSERT_EQ_MSG(test, np_want_init(w, kit_of(test)->bare[r->who].user,
					       &r->req.binding, r->req.options), 0, "%s", text);
	w->low = r->req.low;
	w->high = r->req.high;
}

/**
 * kit_want() - a request in the form the table compares
 * @test: the test, of a suite with kit_bare_init()
 * @text: the request
 * @w: the result
 */
void kit_want(struct kunit *test, const char *text, struct np_want *w)
{
	struct kit_req r;

	kit_want_of(test, text, &r, w);
}

/**
 * kit_link() - put a binding into the table, whether it fits or not
 * @test: the test, of a suite with kit_bare_init()
 * @text: the request
 * @resv: the binding, as a reservation without a token
 *
 * Return: 0 or the error of np_table_link().
 */
int kit_link(struct kunit *test, const char *text, struct np_resv **resv)
{
	struct np_resv *r = kzalloc(sizeof(*r), GFP_KERNEL);
	struct np_net *nn = kit_of(test)->nn;
	struct np_spare spare = {};
	struct np_shard *shard;
	struct kit_req req;
	struct np_want w;
	u32 size;
	int err;

	KUNIT_ASSERT_NOT_NULL(test, r);
	kit_want_of(test, text, &req, &w);
	KUNIT_ASSERT_EQ(test, np_addr_get(nn, &w, GFP_KERNEL), 0);
	r->owner = &kit_of(test)->bare[req.who];
	r->bind.addr = w.addr;
	r->bind.remote = w.remote;
	r->bind.ifindex = w.ifindex;
	r->bind.e.port = w.port;
	r->bind.e.rport = w.rport;
	r->bind.e.share = w.share;
	r->bind.e.flags = w.flags;

	shard = np_shard_of(nn, w.port);
	do {
		if (!w.addr->any)
			KUNIT_ASSERT_EQ(test, np_occ_prepare(&w.space->used[w.addr->family],
							     w.port, GFP_KERNEL), 0);
		KUNIT_ASSERT_EQ(test, np_addr_prepare(w.addr, w.port, GFP_KERNEL), 0);
		KUNIT_ASSERT_EQ(test, np_spare_fill(&spare, GFP_KERNEL), 0);
		spin_lock_bh(&shard->lock);
		err = np_table_link(shard, &r->bind, &spare);
		size = np_hash_target(&shard->table);
		spin_unlock_bh(&shard->lock);
		if (size)
			np_hash_resize(&shard->table, &shard->lock, size, GFP_KERNEL);
	} while (err == -EAGAIN);
	np_spare_drop(&spare);
	if (err) {
		np_addr_put(w.addr);
		kfree(r);
	} else {
		*resv = r;
	}
	return err;
}

/* kit_link() of what has to be there for a case to make sense. */
struct np_resv *kit_bind(struct kunit *test, const char *text)
{
	struct np_resv *r = NULL;

	KUNIT_ASSERT_EQ_MSG(test, kit_link(test, text, &r), 0, "%s", text);
	return r;
}

/* Takes it out of the table. */
void kit_unbind(struct kunit *test, struct np_resv *r)
{
	struct np_shard *shard = np_shard_of(kit_of(test)->nn, r->bind.e.port);

	spin_lock_bh(&shard->lock);
	np_table_unlink(shard, &r->bind);
	spin_unlock_bh(&shard->lock);
	np_addr_put(r->bind.addr);
	kfree(r);
}

/* np_addr_set() and np_addr_clear(), under the lock that they need. */

bool kit_addr_set(struct kunit *test, struct np_addr *a, u16 port)
{
	struct np_shard *shard = np_shard_of(kit_of(test)->nn, port);
	bool set;

	spin_lock_bh(&shard->lock);
	set = np_addr_set(a, port);
	spin_unlock_bh(&shard->lock);
	return set;
}

void kit_addr_clear(struct kunit *test, struct np_addr *a, u16 port)
{
	struct np_shard *shard = np_shard_of(kit_of(test)->nn, port);

	spin_lock_bh(&shard->lock);
	np_addr_clear(a, port);
	spin_unlock_bh(&shard->lock);
}

/* memory */

/* Skips a case that needs allocations to fail. */
void kit_need_faults(struct kunit *test)
{
	if (!IS_ENABLED(CONFIG_FAILSLAB))
		kunit_skip(test, "the kernel has no CONFIG_FAILSLAB");
}

/**
 * kit_fail() - let an allocation fail
 * @nth: which one from here on, of this thread and with a mask that can't sleep: the
 *	kernel's fault injection leaves others alone.  0 for none
 *
 * Those that kmemleak makes for each other one count too, so what is called may succeed
 * although one has failed.
 */
void kit_fail(unsigned int nth)
{
#ifdef CONFIG_FAULT_INJECTION
	current->fail_nth = nth;
#endif
}

/* Has the allocation of the last kit_fail() been asked for, and failed? */
bool kit_failed(void)
{
#ifdef CONFIG_FAULT_INJECTION
	return !current->fail_nth;
#else
	return false;
#endif
}

/* credentials */

/* Be somebody with no capability at all, or with all; until kit_be_again(). */
const struct cred *kit_become(struct kunit *test, bool capable)
{
	struct cred *cred = prepare_kernel_cred(&init_task);

	KUNIT_ASSERT_NOT_NULL(test, cred);
	if (!capable)
		cap_clear(cred->cap_effective);
	return override_creds(cred);
}

/* Be who one was before. */
void kit_be_again(const struct cred *before)
{
	const struct cred *cred = current_cred();

	revert_creds(before);
	put_cred(cred);
}

/* looking */

/* Waits until somebody waits for a port; whether somebody does. */
bool kit_await_waiter(struct np_net *nn)
{
	bool waits = false;
	unsigned int i;

	for (i = 0; i < 500 && !waits; i++) {
		msleep(20);
		spin_lock_bh(&nn->wait_lock);
		waits = !list_empty(&nn->waiters);
		spin_unlock_bh(&nn->wait_lock);
	}
	return waits;
}

/* Does an owner have such a reservation or candidate, or any if @token is 0? */
bool kit_owns(struct netport_owner *owner, u64 token)
{
	bool found = false;
	struct np_resv *r;
	unsigned int i;

	for (i = 0; i < NP_SHARDS; i++) {
		spin_lock_bh(&owner->nn->shards[i].lock);
		hlist_for_each_entry(r, &owner->resvs[i], owner_link)
			found |= !token || r->token == token;
		spin_unlock_bh(&owner->nn->shards[i].lock);
	}
	return found;
}

bool kit_alive(struct kunit *test, enum kit_who who, u64 token)
{
	return token && kit_owns(kit_owner(test, who), token);
}

static bool kit_occ_empty(const struct np_occ *occ)
{
	unsigned int word;

	for (word = 0; word < NP_WORDS; word++)
		if (np_occ_word(occ, word))
			return false;
	return true;
}

unsigned int kit_addr_nfew(const struct np_addr *a)
{
	unsigned int i, n = 0;

	for (i = 0; i < NP_FEW; i++)
		n += !!np_few_port(a, i);
	return n;
}

/* Not held by anybody, and without ports. */
static bool kit_addr_empty(const struct np_addr *a)
{
	return atomic_read(&a->ref) == 1 && !kit_addr_nfew(a) && (!a->occ || kit_occ_empty(a->occ));
}

static void kit_expect_addrs_empty(struct kunit *test, struct np_net *nn)
{
	struct rhashtable_iter iter;
	struct np_addr_key bad;
	struct np_addr *a;
	int busy = 0;

	/* The walk is under RCU, where an expectation that fails can't be. */
	rhashtable_walk_enter(&nn->addrs, &iter);
	rhashtable_walk_start(&iter);
	while ((a = rhashtable_walk_next(&iter))) {
		if (IS_ERR(a) || kit_addr_empty(a))
			continue;
		busy++;
		bad = a->key;
	}
	rhashtable_walk_stop(&iter);
	rhashtable_walk_exit(&iter);
	if (busy)
		KUNIT_FAIL(test, "%d addresses are in use, %pI6c for one\n", busy, &bad.addr);
}

static void kit_expect_space_empty(struct kunit *test, struct np_space *sp)
{
	unsigned int i;

	for (i = 0; i < NP_ANYS; i++)
		KUNIT_EXPECT_TRUE_MSG(test, kit_occ_empty(&sp->any_occ[i]), "any-address %u", i);
	for (i = 0; i < NP_FAMILIES; i++)
		KUNIT_EXPECT_TRUE_MSG(test, kit_occ_empty(&sp->used[i]), "used, family %u", i);
}

/**
 * kit_expect_empty() - expect that tables show no trace of what was in them
 * @test: the test
 * @nn: the tables, which nobody uses
 */
void kit_expect_empty(struct kunit *test, struct np_net *nn)
{
	unsigned int i, shape;
	struct np_space *sp;
	unsigned long index;

	for (i = 0; i < NP_SHARDS; i++) {
		KUNIT_EXPECT_EQ_MSG(test, nn->shards[i].table.count, 0, "table %u", i);
		KUNIT_EXPECT_EQ_MSG(test, nn->shards[i].tokens.count, 0, "tokens %u", i);
		KUNIT_EXPECT_EQ_MSG(test, nn->shards[i].queues.count, 0, "queues %u", i);
		KUNIT_EXPECT_EQ_MSG(test, nn->shards[i].spots % BIT(NP_SHAPES), 0, "shapes %u", i);
		for (shape = 0; shape < NP_SHAPES; shape++)
			KUNIT_EXPECT_EQ_MSG(test, nn->shards[i].shapes[shape], 0, "shape %u, %u",
					    shape, i);
	}
	KUNIT_EXPECT_EQ(test, nn->any_port.count, 0);
	KUNIT_EXPECT_TRUE(test, list_empty(&nn->waiters));
	KUNIT_EXPECT_EQ(test, atomic_read(&nn->spots.ht.nelems), 0);
	xa_for_each(&nn->spaces, index, sp)
		kit_expect_space_empty(test, sp);
	kit_expect_addrs_empty(test, nn);
}

/* chance, the same in each run */

u32 kit_random(struct rnd_state *rnd, u32 below)
{
	return prandom_u32_state(rnd) % below;
}

void kit_shuffle(struct rnd_state *rnd, unsigned int *what, unsigned int n)
{
	unsigned int i, j;

	for (i = n; i > 1; i--) {
		j = kit_random(rnd, i);
		swap(what[i - 1], what[j]);
	}
}
