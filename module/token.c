// SPDX-License-Identifier: GPL-2.0
/*
 * Tokens: how reservations are found, locked, published and retracted; and the memory
 * they are made of.
 */
#include <kunit/visibility.h>
#include <linux/bitops.h>
#include <linux/slab.h>

#include "netport_priv.h"

static_assert(sizeof(struct np_resv) + sizeof(void *) == 128 || !IS_ENABLED(CONFIG_64BIT),
	      "two cache lines for a reservation, and what links it when it's free");
static_assert(NP_SHARDS <= 64, "a set of shards is a u64");

static struct kmem_cache *np_resv_cache;

/* An owner can choose which of its tokens to keep, so their order isn't hash enough. */
u32 np_token_hash(const struct np_net *nn, u64 token)
{
	return np_mix(nn->rnd, token >> 16);
}
EXPORT_SYMBOL_IF_KUNIT(np_token_hash);

static u32 np_token_node_hash(struct hlist_node *node)
{
	struct np_resv *r = hlist_entry(node, struct np_resv, token_link);

	return np_token_hash(r->owner->nn, r->token);
}

/* The home of a token. */
struct np_shard *np_token_shard(struct np_net *nn, u64 token)
{
	return np_shard_of(nn, (u16)token);
}
EXPORT_SYMBOL_IF_KUNIT(np_token_shard);

/**
 * np_token_find() - a reservation, whoever has it
 * @shard: home of the token, locked
 * @nn: namespace
 * @token: its name
 *
 * Return: the reservation or NULL.
 */
struct np_resv *np_token_find(struct np_shard *shard, struct np_net *nn, u64 token)
{
	struct np_resv *r;

	lockdep_assert_held(&shard->lock);
	np_hash_for_each_entry(r, &shard->tokens, np_token_hash(nn, token), token_link)
		if (r->token == token)
			return r;
	return NULL;
}
EXPORT_SYMBOL_IF_KUNIT(np_token_find);

/**
 * np_resv_find() - a reservation of an owner
 * @shard: home of the token, locked
 * @owner: the owner
 * @token: its name
 *
 * Return: the reservation, or NULL if there is none or it is somebody else's; one that is
 * held is nobody's.
 */
struct np_resv *np_resv_find(struct np_shard *shard, const struct netport_owner *owner,
			     u64 token)
{
	struct np_resv *r = np_token_find(shard, owner->nn, token);

	return r && r->owner == owner && !np_resv_is(r, NP_BIND_HELD) ? r : NULL;
}

/* The shards that a reservation has something in. */
static u64 np_resv_shards(struct np_resv *r)
{
	u64 shards = BIT_ULL(np_shard_nr((u16)r->token));
	struct np_part *part;

	if (np_resv_is(r, NP_BIND_WIDE))
		list_for_each_entry(part, &np_resv_wide(r)->parts, link)
			shards |= BIT_ULL(np_shard_nr(part->bind.e.port));
	return shards;
}

/*
 * Several at once only with multi_lock, so their order is nobody's concern.  sparse can't
 * follow a set of locks, and is told that there are none.
 */
static void np_shards_lock(struct np_net *nn, u64 shards)
{
	struct np_shard *shard = &nn->shards[__ffs64(shards)];
	u64 rest;

	if (is_power_of_2(shards)) {
		spin_lock_bh(&shard->lock);
		__release(&shard->lock);
		return;
	}
	spin_lock_bh(&nn->multi_lock);
	__release(&nn->multi_lock);
	for (rest = shards; rest; rest &= rest - 1) {
		shard = &nn->shards[__ffs64(rest)];
		spin_lock_nest_lock(&shard->lock, &nn->multi_lock);
		__release(&shard->lock);
	}
}

/**
 * np_resv_unlock() - unlock what np_resv_lock() has locked
 * @nn: namespace
 * @shards: which shards these were
 */
void np_resv_unlock(struct np_net *nn, u64 shards)
{
	struct np_shard *shard = &nn->shards[__ffs64(shards)];
	u64 rest;

	if (is_power_of_2(shards)) {
		__acquire(&shard->lock);
		spin_unlock_bh(&shard->lock);
		return;
	}
	for (rest = shards; rest; rest &= rest - 1) {
		shard = &nn->shards[__ffs64(rest)];
		__acquire(&shard->lock);
		spin_unlock(&shard->lock);
	}
	__acquire(&nn->multi_lock);
	spin_unlock_bh(&nn->multi_lock);
}

/**
 * np_resv_lock() - find a reservation, and lock all shards that it has something in
 * @nn: namespace
 * @owner: whose; NULL for anybody's, also one that is held
 * @token: its name
 * @shards: shards to be locked as well, a bit for each; a result: what is locked
 *
 * Return: the reservation, or NULL, and then nothing is locked.
 */
struct np_resv *np_resv_lock(struct np_net *nn, const struct netport_owner *owner, u64 token,
			     u64 *shards)
{
	u64 locked = *shards | BIT_ULL(np_shard_nr((u16)token)), more;
	struct np_shard *home = np_token_shard(nn, token);
	struct np_resv *r;

	for (;;) {
		np_shards_lock(nn, locked);
		r = owner ? np_resv_find(home, owner, token) : np_token_find(home, nn, token);
		more = r ? np_resv_shards(r) & ~locked : 0;
		if (r && !more) {
			*shards = locked;
			return r;
		}
		np_resv_unlock(nn, locked);
		if (!r)
			return NULL;
		locked |= more;
	}
}

/**
 * np_owner_link() - put a reservation on its owner's list
 * @owner: the owner
 * @r: the reservation, its home locked
 */
void np_owner_link(struct netport_owner *owner, struct np_resv *r)
{
	unsigned int nr = np_shard_nr((u16)r->token);

	if (unlikely(!(atomic64_read(&owner->homes) & BIT_ULL(nr))))
		atomic64_or(BIT_ULL(nr), &owner->homes);
	hlist_add_head(&r->owner_link, &owner->resvs[nr]);
}

/**
 * np_resv_publish() - give what is in the table a name and put it on its owner's list
 * @shard: its home, locked
 * @r: the reservation
 *
 * Return: the token.
 */
u64 np_resv_publish(struct np_shard *shard, struct np_resv *r)
{
	struct netport_owner *owner = r->owner;

	lockdep_assert_held(&shard->lock);
	r->token = ++shard->seq << 16 | r->bind.e.port;
	np_hash_add(&shard->tokens, &r->token_link, np_token_hash(owner->nn, r->token),
		    np_token_node_hash);
	np_owner_link(owner, r);
	return r->token;
}

/* How many ports it counts for: each on each binding. */
unsigned int np_resv_ports(const struct np_resv *r)
{
	return np_resv_is(r, NP_BIND_WIDE) ?
	       container_of(r, const struct np_wide, resv)->nparts : 1;
}
EXPORT_SYMBOL_IF_KUNIT(np_resv_ports);

/**
 * np_token_drop() - take its name away from a reservation
 * @shard: its home, locked
 * @r: the reservation
 */
void np_token_drop(struct np_shard *shard, struct np_resv *r)
{
	lockdep_assert_held(&shard->lock);
	np_hash_del(&shard->tokens, &r->token_link, np_token_node_hash);
}

/**
 * np_resv_retract() - take name and owner away from a reservation
 * @shard: its home, locked
 * @r: the reservation; what it has in the table stays there
 *
 * Its owner may be destroyed as soon as the lock is dropped.
 */
void np_resv_retract(struct np_shard *shard, struct np_resv *r)
{
	struct netport_owner *owner = r->owner;

	np_token_drop(shard, r);
	if (unlikely(np_resv_is(r, NP_BIND_HELD))) {
		np_hold_del(owner->nn, r);
		np_tell_hold(owner->nn, r, np_resv_ports(r), 0);
		np_owner_uncharge_held(owner, np_resv_ports(r));
		np_owner_put(owner);
		return;
	}
	if (!np_resv_is(r, NP_BIND_UNCHARGED))
		np_owner_uncharge(owner, np_resv_ports(r));
	if (unlikely(hlist_unhashed(&r->owner_link)))
		np_owner_put(owner);
	else
		__hlist_del(&r->owner_link);
}

/* memory */

/**
 * np_resv_alloc() - memory for a reservation of one binding
 * @owner: whose it will be
 * @gfp: for it
 *
 * Return: the reservation or NULL; its bind is to be filled.
 */
struct np_resv *np_resv_alloc(struct netport_owner *owner, gfp_t gfp)
{
	struct np_resv *r = kmem_cache_alloc(np_resv_cache, gfp);

	if (r)
		r->owner = owner;
	return r;
}

/* Of many, all or none; return how many.  Their owner is to be set. */
unsigned int np_resv_alloc_many(struct np_resv **r, unsigned int n, gfp_t gfp)
{
	return kmem_cache_alloc_bulk(np_resv_cache, gfp, n, (void **)r);
}

/* The memory alone. */
void np_resv_mem_free(struct np_resv *r)
{
	kmem_cache_free(np_resv_cache, r);
}

void np_resv_mem_free_many(struct np_resv **r, unsigned int n)
{
	kmem_cache_free_bulk(np_resv_cache, n, (void **)r);
}

/**
 * np_resv_kfree() - free one that is in no table
 * @r: the reservation, of one binding
 */
void np_resv_kfree(struct np_resv *r)
{
	np_addr_put(r->bind.addr);
	np_resv_mem_free(r);
}

/**
 * np_resv_kfree_many() - np_resv_kfree() of several
 * @r: the reservations
 * @n: how many, at least one
 */
void np_resv_kfree_many(struct np_resv **r, unsigned int n)
{
	struct np_addr *a = r[0]->bind.addr;
	unsigned int i, first = 0;

	for (i = 1; i < n; i++) {
		if (r[i]->bind.addr == a)
			continue;
		np_addr_put_many(a, i - first);
		a = r[i]->bind.addr;
		first = i;
	}
	np_addr_put_many(a, n - first);
	np_resv_mem_free_many(r, n);
}

/**
 * np_bind_fill() - make of a request what the table holds
 * @b: the binding
 * @w: the request; the reference to its address goes to @b
 */
void np_bind_fill(struct np_bind *b, const struct np_want *w)
{
	b->addr = w->addr;
	b->remote = w->remote;
	b->ifindex = w->ifindex;
	b->e.kind = NP_UNBOUND;
	b->e.share = w->share;
	b->e.flags = w->flags;
	b->e.rport = w->rport;
}

/**
 * np_wide_alloc() - memory for a reservation of more than one binding
 * @owner: whose it will be
 * @gfp: for it
 *
 * Return: it, to be given back with np_wide_put(), or NULL.
 */
struct np_wide *np_wide_alloc(struct netport_owner *owner, gfp_t gfp)
{
	struct np_wide *wide = kzalloc(sizeof(*wide), gfp);

	if (!wide)
		return NULL;
	np_owner_get(owner);
	wide->resv.owner = owner;
	wide->resv.bind.e.kind = NP_UNBOUND;
	wide->resv.bind.e.flags = NP_BIND_WIDE;
	refcount_set(&wide->ref, 1);
	INIT_LIST_HEAD(&wide->parts);
	return wide;
}

/**
 * np_wide_put() - give a reference back
 * @wide: it
 */
noinline void np_wide_put(struct np_wide *wide)
{
	if (!refcount_dec_and_test(&wide->ref))
		return;
	if (wide->user)
		np_user_put(wide->user);
	np_owner_put(wide->resv.owner);
	kfree(wide);
}

/**
 * np_part_add() - one part more
 * @parts: list to which it is added
 * @wide: of what it will be a part
 * @gfp: for it
 *
 * Return: the part, to be filled, or NULL.
 */
struct np_part *np_part_add(struct list_head *parts, struct np_wide *wide, gfp_t gfp)
{
	struct np_part *part = kzalloc(sizeof(*part), gfp);

	if (!part)
		return NULL;
	refcount_inc(&wide->ref);
	part->wide = wide;
	list_add_tail(&part->link, parts);
	return part;
}

/**
 * np_parts_unhost() - close the host's sockets of parts
 * @parts: np_part.link
 *
 * For those of a reservation this is done under the lock under which it ends.  So whoever
 * finds a port free in the table finds it free for the host, too; and a namespace that
 * has been drained has only sockets left that np_host_flush() knows of.
 */
void np_parts_unhost(struct list_head *parts)
{
	struct np_part *part;

	list_for_each_entry(part, parts, link) {
		np_host_release(part->host);
		part->host = NULL;
	}
}

/**
 * np_parts_retire() - parts stop being anything but entries of the table
 * @nn: namespace
 * @parts: np_part.link of parts that have been a reservation's, under the lock under which
 *	they stop being it
 */
noinline void np_parts_retire(struct np_net *nn, struct list_head *parts)
{
	struct np_part *part;

	np_parts_unhost(parts);
	list_for_each_entry(part, parts, link)
		np_seat_leave(nn, part);
}

/**
 * np_resv_detach() - have packets find a reservation no more
 * @r: the reservation, its home locked
 *
 * Return: whether it was attached.
 */
bool np_resv_detach(struct np_resv *r)
{
	struct np_wide *wide = np_resv_wide(r);
	struct np_part *part;

	if (!np_resv_is(r, NP_BIND_WIDE) || !wide->priv)
		return false;
	list_for_each_entry(part, &wide->parts, link)
		np_seat_leave(r->owner->nn, part);
	wide->priv = NULL;
	return true;
}

/**
 * np_part_free() - free one that is in no table and on no list
 * @part: the part, without a socket of the host
 */
void np_part_free(struct np_part *part)
{
	if (part->bind.addr)
		np_addr_put(part->bind.addr);
	np_wide_put(part->wide);
	kfree(part);
}

/* tables of a shard */

/**
 * np_shard_settle() - give the tables of a shard the size they should have
 * @nn: namespace
 * @shard: the shard, not locked
 * @gfp: for it; where it can't sleep and there is nothing, somebody who can is called
 */
noinline void np_shard_settle(struct np_net *nn, struct np_shard *shard, gfp_t gfp)
{
	struct np_hash *tables[] = { &shard->table, &shard->tokens, &shard->queues };
	bool done = true;
	unsigned int i;
	u32 size;

	for (i = 0; i < ARRAY_SIZE(tables); i++) {
		spin_lock_bh(&shard->lock);
		size = np_hash_target(tables[i]);
		spin_unlock_bh(&shard->lock);
		if (size)
			done &= np_hash_resize(tables[i], &shard->lock, size, gfp);
	}
	if (!done && !gfpflags_allow_blocking(gfp))
		np_net_resize_later(nn);
}

/**
 * np_resv_resize() - give the tables of all shards the size they should have
 * @nn: the namespace
 *
 * For those who could not, in a context that doesn't sleep.
 */
void np_resv_resize(struct np_net *nn)
{
	unsigned int i;

	for (i = 0; i < NP_SHARDS; i++)
		np_shard_settle(nn, &nn->shards[i], GFP_KERNEL);
}

/* What has a constructor isn't cleared when it's allocated, which is dear: all is overwritten. */
static void np_resv_construct(void *resv)
{
	struct np_resv *r = resv;

	r->bind.e.kind = NP_UNBOUND;
}

int np_token_init(void)
{
	np_resv_cache = kmem_cache_create("np_resv", sizeof(struct np_resv), 0,
					  SLAB_HWCACHE_ALIGN, np_resv_construct);
	return np_resv_cache ? 0 : -ENOMEM;
}

void np_token_exit(void)
{
	kmem_cache_destroy(np_resv_cache);
}
