// SPDX-License-Identifier: GPL-2.0
/*
 * Spaces and local addresses: found under RCU, held by a count, and kept for a while
 * when nobody uses them, since the next reservation is likely to want them again.
 *
 * A count of 1 means idle: only the table of the namespace holds it.  One that is to go
 * is taken out by changing that 1 to 0 under the lock of births and deaths; from 0 no
 * count comes back.  Of the spaces a few may lie about.  Addresses that become idle go
 * into a ring, and push out the one that has been in it for longest; they stay there
 * when they are used again, so that coming and going costs nothing.
 */
#include <kunit/visibility.h>
#include <linux/random.h>
#include <linux/slab.h>
#include <net/ipv6.h>

#include "netport_priv.h"

#define NP_IDLE_SPACES	8

static int np_addr_cmp(struct rhashtable_compare_arg *arg, const void *obj)
{
	const struct np_addr_key *key = arg->key;
	const struct np_addr *a = obj;

	return a->key.protocol != key->protocol ||
	       !ipv6_addr_equal(&a->key.addr, &key->addr);
}

static u64 np_addr_secret[6] __read_mostly;

/*
 * Users choose the keys, so which of them collide must be a secret.  This is the strongly
 * universal pair-multiply-shift of Thorup, "High Speed Hashing for Integers and Strings": any
 * two keys meet in one of n buckets with probability 1/n.
 */
static u32 np_addr_hash(const void *data, u32 len, u32 seed)
{
	const struct np_addr_key *key = data;
	const u64 *secret = np_addr_secret;
	const __be32 *a = key->addr.s6_addr32;

	return ((secret[0] + (__force u32)a[1]) * (secret[1] + (__force u32)a[0]) +
		(secret[2] + (__force u32)a[3]) * (secret[3] + (__force u32)a[2]) +
		secret[4] * key->protocol + secret[5]) >> 32;
}

static const struct rhashtable_params np_addr_params = {
	.key_len = sizeof(struct np_addr_key),
	.key_offset = offsetof(struct np_addr, key),
	.head_offset = offsetof(struct np_addr, node),
	.hashfn = np_addr_hash,
	.obj_cmpfn = np_addr_cmp,
	.automatic_shrinking = true,
};

static bool np_ref_kill(atomic_t *ref)
{
	return atomic_cmpxchg(ref, 1, 0) == 1;
}

/* spaces */

/* Take a count, unless it is dying. */
static bool np_space_ref(struct np_space *sp)
{
	int old = atomic_fetch_add_unless(&sp->ref, 1, 0);

	if (old == 1)
		atomic_dec(&sp->nn->idle_spaces);
	return old;
}

static void np_addr_init(struct np_addr *a, struct np_space *sp,
			 const struct in6_addr *addr)
{
	a->key.addr = *addr;
	a->key.protocol = sp->protocol;
	a->space = sp;
	a->family = ipv6_addr_v4mapped(addr) ? NP_V4 : NP_V6;
	a->rnd = get_random_u32();
	/* The table's count, and the caller's. */
	atomic_set(&a->ref, 2);
}

static struct np_space *np_space_alloc(struct np_net *nn, u16 protocol, gfp_t gfp)
{
	struct np_space *sp = kzalloc(sizeof(*sp), gfp);
	unsigned int i;

	if (!sp)
		return NULL;
	sp->nn = nn;
	sp->protocol = protocol;
	sp->rnd = get_random_u32();
	atomic_set(&sp->ref, 2);
	for (i = 0; i < NP_ANYS; i++) {
		np_addr_init(&sp->any[i], sp, &in6addr_any);
		sp->any[i].any = true;
		sp->any[i].family = i;
		sp->any[i].occ = &sp->any_occ[i];
	}
	return sp;
}

static void np_space_free_rcu(struct rcu_head *rcu)
{
	struct np_space *sp = container_of(rcu, struct np_space, rcu);
	unsigned int i;

	for (i = 0; i < NP_ANYS; i++)
		np_occ_destroy(&sp->any_occ[i]);
	for (i = 0; i < NP_FAMILIES; i++)
		np_occ_destroy(&sp->used[i]);
	kfree(sp);
}

static void np_space_free(struct np_space *sp)
{
	call_rcu(&sp->rcu, np_space_free_rcu);
}

/* As xa_load() where no entry is ever reserved, but for its rcu_read_lock(): this is under it. */
static struct np_space *np_space_load(struct np_net *nn, u16 protocol)
{
	XA_STATE(xas, &nn->spaces, protocol);
	struct np_space *sp;

	do
		sp = xas_load(&xas);
	while (xas_retry(&xas, sp));
	return sp;
}

static struct np_space *np_space_find(struct np_net *nn, u16 protocol)
{
	struct np_space *sp;

	np_rcu_lock();
	sp = np_space_load(nn, protocol);
	if (sp && !np_space_ref(sp))
		sp = NULL;
	np_rcu_unlock();
	return sp;
}

static noinline struct np_space *np_space_get(struct np_net *nn, u16 protocol, gfp_t gfp)
{
	struct np_space *sp, *new;
	int err;

	sp = np_space_find(nn, protocol);
	if (sp)
		return sp;
	new = np_space_alloc(nn, protocol, gfp);
	if (!new)
		return ERR_PTR(-ENOMEM);

	xa_lock_bh(&nn->spaces);
	sp = xa_load(&nn->spaces, protocol);
	/* What is in there can't die while the lock is held. */
	if (sp) {
		np_space_ref(sp);
		err = 0;
	} else {
		/* May drop the lock to allocate; then somebody may have been faster. */
		err = __xa_insert(&nn->spaces, protocol, new, gfp);
		if (err == -EBUSY) {
			sp = xa_load(&nn->spaces, protocol);
			np_space_ref(sp);
			err = 0;
		}
	}
	xa_unlock_bh(&nn->spaces);

	if (!err && !sp)
		return new;
	np_space_free(new);
	return err ? ERR_PTR(err) : sp;
}

static void np_space_put(struct np_space *sp)
{
	struct np_net *nn = sp->nn;
	bool dead;

	/* Once it is idle, others may kill it; RCU keeps it while this looks at it. */
	rcu_read_lock();
	if (atomic_dec_return(&sp->ref) != 1 ||
	    atomic_inc_return(&nn->idle_spaces) <= NP_IDLE_SPACES)
		goto out;
	xa_lock_bh(&nn->spaces);
	dead = np_ref_kill(&sp->ref);
	if (dead) {
		atomic_dec(&nn->idle_spaces);
		__xa_erase(&nn->spaces, sp->protocol);
	}
	xa_unlock_bh(&nn->spaces);
	if (dead)
		np_space_free(sp);
out:
	rcu_read_unlock();
}

/* addresses */

static void np_addr_free_rcu(struct rcu_head *rcu)
{
	struct np_addr *a = container_of(rcu, struct np_addr, rcu);

	if (a->occ) {
		np_occ_destroy(a->occ);
		kfree(a->occ);
	}
	kfree(a);
}

static noinline void np_addr_free(struct np_addr *a)
{
	np_space_put(a->space);
	call_rcu(&a->rcu, np_addr_free_rcu);
}

static void np_addr_key(struct np_addr_key *key, const struct np_want *w)
{
	key->addr = w->local;
	key->protocol = w->protocol;
}

static struct np_addr *np_addr_lookup(struct np_net *nn, const struct np_addr_key *key)
{
	struct np_addr *a;

	np_rcu_lock();
	a = rhashtable_lookup(&nn->addrs, key, np_addr_params);
	if (a && unlikely(!atomic_inc_not_zero(&a->ref)))
		a = NULL;
	np_rcu_unlock();
	return a;
}

static noinline struct np_addr *np_addr_create(struct np_net *nn, const struct np_addr_key *key,
					       gfp_t gfp)
{
	struct np_space *sp = np_space_get(nn, key->protocol, gfp);
	struct np_addr *new, *a;

	if (IS_ERR(sp))
		return ERR_CAST(sp);
	new = kzalloc(sizeof(*new), gfp);
	if (!new) {
		np_space_put(sp);
		return ERR_PTR(-ENOMEM);
	}
	np_addr_init(new, sp, &key->addr);

	spin_lock_bh(&nn->addr_lock);
	/* What is in there can't die while the lock is held. */
	a = rhashtable_lookup_get_insert_fast(&nn->addrs, &new->node, np_addr_params);
	if (!IS_ERR_OR_NULL(a))
		atomic_inc(&a->ref);
	spin_unlock_bh(&nn->addr_lock);

	if (!a)
		return new;
	np_addr_free(new);
	/* rhashtable has errors of its own for tables that can't grow now. */
	return IS_ERR(a) ? ERR_PTR(-ENOMEM) : a;
}

/**
 * np_addr_get() - the local address and space of a request, made if need be
 * @nn: namespace
 * @w: the request; its addr, a reference to be given back with np_addr_put(), and its
 *	space are filled in
 * @gfp: for a new one
 *
 * Return: 0 or -ENOMEM.
 */
int np_addr_get(struct np_net *nn, struct np_want *w, gfp_t gfp)
{
	struct np_addr_key key;
	struct np_addr *a;

	if (w->any >= 0) {
		struct np_space *sp = np_space_get(nn, w->protocol, gfp);

		if (IS_ERR(sp))
			return PTR_ERR(sp);
		a = &sp->any[w->any];
	} else {
		np_addr_key(&key, w);
		a = np_addr_lookup(nn, &key);
		if (!a)
			a = np_addr_create(nn, &key, gfp);
		if (IS_ERR(a))
			return PTR_ERR(a);
	}
	w->addr = a;
	w->space = a->space;
	return 0;
}
EXPORT_SYMBOL_IF_KUNIT(np_addr_get);

/**
 * np_addr_find() - the local address and space of a request, if they exist
 * @nn: namespace
 * @w: the request; its space is filled in with a reference that np_addr_unfind() gives
 *	back, or NULL, and its addr likewise
 */
void np_addr_find(struct np_net *nn, struct np_want *w)
{
	struct np_addr_key key;

	w->addr = NULL;
	w->space = np_space_find(nn, w->protocol);
	if (!w->space)
		return;
	if (w->any >= 0) {
		w->addr = &w->space->any[w->any];
		return;
	}
	np_addr_key(&key, w);
	w->addr = np_addr_lookup(nn, &key);
}
EXPORT_SYMBOL_IF_KUNIT(np_addr_find);

/**
 * np_addr_unfind() - give back what np_addr_find() found
 * @w: the request
 */
void np_addr_unfind(struct np_want *w)
{
	if (w->addr && !w->addr->any)
		np_addr_put(w->addr);
	if (w->space)
		np_space_put(w->space);
}
EXPORT_SYMBOL_IF_KUNIT(np_addr_unfind);

/**
 * np_addr_peek() - np_addr_find() without references
 * @nn: namespace
 * @w: the request; its space and its addr are filled in, or NULL
 *
 * Called under RCU, which keeps them.  While the lock of a shard is held they are what is bound on
 * its ports; without it they may be old, see np_resv_open().
 */
void np_addr_peek(struct np_net *nn, struct np_want *w)
{
	struct np_addr_key key;

	w->addr = NULL;
	if (w->any < 0) {
		np_addr_key(&key, w);
		w->addr = rhashtable_lookup(&nn->addrs, &key, np_addr_params);
	}
	/* One that is dying is as good as gone; to wait for that may take long. */
	if (w->addr && likely(atomic_read(&w->addr->ref))) {
		w->space = w->addr->space;
		return;
	}
	w->addr = NULL;
	w->space = np_space_load(nn, w->protocol);
	if (w->space && unlikely(!atomic_read(&w->space->ref)))
		w->space = NULL;
	if (w->space && w->any >= 0)
		w->addr = &w->space->any[w->any];
}

/**
 * np_addr_hold() - one more reference
 * @a: an address to which the caller has one
 */
void np_addr_hold(struct np_addr *a)
{
	/* It isn't idle, so nothing else has to be counted. */
	atomic_inc(a->any ? &a->space->ref : &a->ref);
}

static bool np_addr_kill(struct np_net *nn, struct np_addr *a)
{
	lockdep_assert_held(&nn->addr_lock);
	if (!np_ref_kill(&a->ref))
		return false;
	if (a->idle)
		nn->idle_addrs[a->slot] = NULL;
	rhashtable_remove_fast(&nn->addrs, &a->node, np_addr_params);
	return true;
}

/*
 * Put an idle address into the ring.  Return one that has to be freed, or NULL: the one
 * pushed out, or the address itself, as one with a bitmap isn't worth its memory.
 */
static struct np_addr *np_addr_retire(struct np_net *nn, struct np_addr *a)
{
	struct np_addr *old;
	unsigned int slot;

	lockdep_assert_held(&nn->addr_lock);
	if (a->occ)
		return np_addr_kill(nn, a) ? a : NULL;
	/* In there already, or in use again, or killed. */
	if (a->idle || atomic_read(&a->ref) != 1)
		return NULL;

	slot = nn->idle_next++ % NP_IDLE_ADDRS;
	old = nn->idle_addrs[slot];
	nn->idle_addrs[slot] = a;
	a->slot = slot;
	WRITE_ONCE(a->idle, true);
	if (!old)
		return NULL;
	WRITE_ONCE(old->idle, false);
	/* Pairs with the count going down before np_addr_put() looks at @idle. */
	smp_mb();
	return np_addr_kill(nn, old) ? old : NULL;
}

/* Nobody uses it any more, as it seems.  Under RCU. */
static noinline void np_addr_leave(struct np_addr *a)
{
	struct np_net *nn = a->space->nn;
	struct np_addr *dead;

	spin_lock_bh(&nn->addr_lock);
	dead = np_addr_retire(nn, a);
	spin_unlock_bh(&nn->addr_lock);
	if (dead)
		np_addr_free(dead);
}

/**
 * np_addr_put() - give a reference back
 * @a: an address from np_addr_get()
 */
void np_addr_put(struct np_addr *a)
{
	if (a->any) {
		np_space_put(a->space);
		return;
	}
	/* Once it is idle, others may kill it; RCU keeps it while this looks at it. */
	np_rcu_lock();
	if (likely(atomic_dec_return(&a->ref) != 1 || (READ_ONCE(a->idle) && !READ_ONCE(a->occ)))) {
		np_rcu_unlock();
		return;
	}
	rcu_read_lock();
	np_rcu_unlock();
	np_addr_leave(a);
	rcu_read_unlock();
}
EXPORT_SYMBOL_IF_KUNIT(np_addr_put);

/**
 * np_addr_put_many() - give several references back
 * @a: an address
 * @n: how many, at least one
 */
void np_addr_put_many(struct np_addr *a, unsigned int n)
{
	/* There is one more, so it doesn't become idle yet. */
	atomic_sub(n - 1, a->any ? &a->space->ref : &a->ref);
	np_addr_put(a);
}

/* the ports of an address: a few, or a bitmap */

#define NP_FEW_ONES	0x0001000100010001ULL

/* Where in a word of np_addr.few is this port, or room if it's 0?  The shift, or -1. */
static __always_inline int np_few_find(u64 few, u16 port)
{
	u64 diff = few ^ port * NP_FEW_ONES;

	/* The upper bit of each slot that is zero now; the lowest of these is right. */
	diff = (diff - NP_FEW_ONES) & ~diff & NP_FEW_ONES << 15;
	return diff ? __ffs64(diff) - 15 : -1;
}

static bool np_few_full(const struct np_addr *a)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(a->few); i++)
		if (np_few_find(atomic64_read(&a->few[i]), 0) >= 0)
			return false;
	return true;
}

/* Under the lock of the port's shard. */
static __always_inline bool np_few_set(struct np_addr *a, u16 port)
{
	unsigned int i;
	int shift;
	s64 few;

	for (i = 0; i < ARRAY_SIZE(a->few); i++) {
		few = atomic64_read(&a->few[i]);
		while ((shift = np_few_find(few, 0)) >= 0)
			/* Ports of other shards are put here, too. */
			if (atomic64_try_cmpxchg(&a->few[i], &few, few | (u64)port << shift))
				return true;
	}
	return false;
}

/* Likewise; false if it isn't there. */
static __always_inline bool np_few_clear(struct np_addr *a, u16 port)
{
	unsigned int i;
	int shift;

	for (i = 0; i < ARRAY_SIZE(a->few); i++) {
		shift = np_few_find(atomic64_read(&a->few[i]), port);
		if (shift >= 0) {
			atomic64_sub((u64)port << shift, &a->few[i]);
			return true;
		}
	}
	return false;
}

/*
 * Give an address its bitmap.  From then on ports go there; those that are in @few move, each
 * under the lock of its shard.  A search that reads the bitmap before they have misses them, and
 * finds out under the lock.
 */
static noinline int np_addr_grow(struct np_addr *a, gfp_t gfp)
{
	struct np_occ *occ = kzalloc(sizeof(*occ), gfp);
	struct np_shard *shard;
	unsigned int i;
	u16 port;

	if (!occ)
		return -ENOMEM;
	for (i = 0; i < NP_FEW; i++) {
		port = np_few_port(a, i);
		if (port && np_occ_prepare(occ, port, gfp)) {
			np_occ_destroy(occ);
			kfree(occ);
			return -ENOMEM;
		}
	}
	/* Pairs with that in np_addr_set(): it sees the bitmap, or its port is seen here. */
	if (cmpxchg(&a->occ, NULL, occ)) {
		np_occ_destroy(occ);
		kfree(occ);
		return 0;
	}
	for (i = 0; i < NP_FEW; i++) {
		port = np_few_port(a, i);
		/* One that came just now and has no chunk: it can stay. */
		if (!port || np_occ_prepare(occ, port, gfp))
			continue;
		shard = np_shard_of(a->space->nn, port);
		spin_lock_bh(&shard->lock);
		/* As in np_table_unlink(), and in np_table_link_at(). */
		smp_wmb();
		if (np_few_clear(a, port))
			np_occ_set(occ, port);
		write_seqcount_invalidate(&shard->taken);
		spin_unlock_bh(&shard->lock);
	}
	return 0;
}

/**
 * np_addr_prepare() - make it likely that np_addr_set() of a port works
 * @a: the address
 * @port: the port
 * @gfp: for a bitmap, or a chunk of it
 *
 * Return: 0 or -ENOMEM.
 */
int np_addr_prepare(struct np_addr *a, u16 port, gfp_t gfp)
{
	int err;

	if (!READ_ONCE(a->occ)) {
		if (likely(!np_few_full(a)))
			return 0;
		err = np_addr_grow(a, gfp);
		if (err)
			return err;
	}
	return np_occ_prepare(READ_ONCE(a->occ), port, gfp);
}
EXPORT_SYMBOL_IF_KUNIT(np_addr_prepare);

/**
 * np_addr_force() - make it certain that np_addr_set() of a port works
 * @a: the address; it will for as long as the caller has a reference
 * @port: the port
 * @gfp: for the bitmap
 *
 * Return: 0 or -ENOMEM.
 */
noinline int np_addr_force(struct np_addr *a, u16 port, gfp_t gfp)
{
	int err = READ_ONCE(a->occ) ? 0 : np_addr_grow(a, gfp);

	return err ?: np_occ_prepare(READ_ONCE(a->occ), port, gfp);
}

/**
 * np_addr_set() - mark a port of an address taken
 * @a: the address
 * @port: the port, which is free there, and whose shard lock is held
 *
 * Return: false if there is no room, which np_addr_prepare() can mend.
 */
bool np_addr_set(struct np_addr *a, u16 port)
{
	if (!READ_ONCE(a->occ)) {
		/* The barrier of its cmpxchg pairs with that in np_addr_grow(). */
		bool set = np_few_set(a, port);

		if (likely(!READ_ONCE(a->occ)))
			return set;
		if (set)
			np_few_clear(a, port);
	}
	if (unlikely(!np_occ_ready(a->occ, port)))
		return false;
	np_occ_set(a->occ, port);
	return true;
}
EXPORT_SYMBOL_IF_KUNIT(np_addr_set);

/**
 * np_addr_clear() - mark a port of an address free
 * @a: the address
 * @port: the port, which is set, and whose shard lock is held
 */
void np_addr_clear(struct np_addr *a, u16 port)
{
	struct np_occ *occ = READ_ONCE(a->occ);

	/* Where there is a bitmap it may be still on its way there. */
	if (occ && likely(np_occ_word(occ, port / NP_WORD_PORTS) & BIT_ULL(port % NP_WORD_PORTS)))
		np_occ_clear(occ, port);
	else
		np_few_clear(a, port);
}
EXPORT_SYMBOL_IF_KUNIT(np_addr_clear);

/**
 * np_addr_occ() - the bitmap of an address
 * @a: the address
 *
 * Return: the bitmap, or NULL while the ports taken are few and np_addr_word() is to be
 * asked for them.
 */
const struct np_occ *np_addr_occ(const struct np_addr *a)
{
	return READ_ONCE(a->occ);
}
EXPORT_SYMBOL_IF_KUNIT(np_addr_occ);

/**
 * np_addr_word() - which of NP_WORD_PORTS ports are taken on an address
 * @a: the address
 * @word: which ports: the first of them, divided by NP_WORD_PORTS
 *
 * Without a lock, so the answer may be old; and a port that moves into the bitmap may be missed,
 * which np_shard.taken tells.
 *
 * Return: a bit for each port, the lowest one for the lowest port.
 */
u64 np_addr_word(struct np_addr *a, unsigned int word)
{
	const struct np_occ *occ = READ_ONCE(a->occ);
	u64 few, bits = occ ? np_occ_word(occ, word) : 0;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(a->few); i++) {
		for (few = atomic64_read(&a->few[i]); few; few >>= 16) {
			u16 port = few;

			if (port && port / NP_WORD_PORTS == word)
				bits |= BIT_ULL(port % NP_WORD_PORTS);
		}
	}
	return bits;
}
EXPORT_SYMBOL_IF_KUNIT(np_addr_word);

void __init np_addr_init_secret(void)
{
	get_random_bytes(np_addr_secret, sizeof(np_addr_secret));
}

int np_addrs_init(struct np_net *nn)
{
	xa_init_flags(&nn->spaces, XA_FLAGS_LOCK_BH | XA_FLAGS_ACCOUNT);
	spin_lock_init(&nn->addr_lock);
	return rhashtable_init(&nn->addrs, &np_addr_params);
}

static void np_addr_free_idle(void *ptr, void *arg)
{
	np_addr_free(ptr);
}

/**
 * np_addrs_destroy() - free all addresses and spaces
 * @nn: a namespace in which nothing is bound and nobody looks any more
 */
void np_addrs_destroy(struct np_net *nn)
{
	struct np_space *sp;
	unsigned long index;

	rhashtable_free_and_destroy(&nn->addrs, np_addr_free_idle, NULL);
	xa_for_each(&nn->spaces, index, sp)
		np_space_free(sp);
	xa_destroy(&nn->spaces);
}
