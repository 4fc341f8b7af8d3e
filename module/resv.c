// SPDX-License-Identifier: GPL-2.0
/*
 * Reservations: a request made into a token, and everything done to a token.
 *
 * All memory is had before the lock of the shard is taken.  Check, link, token and
 * owner's list happen under one hold of it, so a reservation exists whole or not at all.
 */
#include <kunit/visibility.h>
#include <linux/sched.h>
#include <linux/slab.h>

#include "netport_priv.h"

static_assert(sizeof(struct np_resv) == 128 || !IS_ENABLED(CONFIG_64BIT),
	      "two cache lines for a reservation");

static struct kmem_cache *np_resv_cache;

/* An owner can choose which of its tokens to keep, so their order isn't hash enough. */
static u32 np_token_hash(const struct np_net *nn, u64 token)
{
	return np_mix(nn->rnd, token >> 16);
}

static u32 np_token_node_hash(struct hlist_node *node)
{
	struct np_resv *r = hlist_entry(node, struct np_resv, token_link);

	return np_token_hash(r->owner->nn, r->token);
}

static struct np_resv *np_resv_find(struct np_shard *shard, const struct netport_owner *owner,
				    u64 token)
{
	struct np_resv *r;

	lockdep_assert_held(&shard->lock);
	np_hash_for_each_entry(r, &shard->tokens, np_token_hash(owner->nn, token), token_link)
		if (r->token == token)
			return r->owner == owner ? r : NULL;
	return NULL;
}

static struct np_shard *np_token_shard(struct np_net *nn, u64 token)
{
	return np_shard_of(nn, (u16)token);
}

/* A binding is in the table: now it gets a name and an owner. */
static u64 np_resv_publish(struct np_shard *shard, struct np_resv *r)
{
	struct netport_owner *owner = r->owner;

	r->token = ++shard->seq << 16 | r->bind.e.port;
	np_hash_add(&shard->tokens, &r->token_link, np_token_hash(owner->nn, r->token),
		    np_token_node_hash);
	spin_lock(&owner->lock);
	list_add_tail(&r->owner_link, &owner->resvs);
	spin_unlock(&owner->lock);
	return r->token;
}

/*
 * Take a reservation out of everything.  Its owner may be destroyed as soon as its lock
 * is dropped; RCU keeps the memory for the time of the shard lock.
 */
static void np_resv_unpublish(struct np_shard *shard, struct np_resv *r)
{
	struct netport_owner *owner = r->owner;

	np_table_unlink(shard, &r->bind);
	np_hash_del(&shard->tokens, &r->token_link, np_token_node_hash);
	spin_lock(&owner->lock);
	list_del(&r->owner_link);
	if (!(r->bind.e.flags & NP_BIND_UNCHARGED))
		np_owner_uncharge(owner);
	spin_unlock(&owner->lock);
}

static struct np_resv *np_resv_alloc(struct netport_owner *owner, const struct np_want *w,
				     gfp_t gfp)
{
	struct np_resv *r = kmem_cache_alloc(np_resv_cache, gfp);

	if (!r)
		return NULL;
	r->owner = owner;
	r->bind.addr = w->addr;
	r->bind.remote = w->remote;
	r->bind.ifindex = w->ifindex;
	r->bind.e.kind = NP_UNBOUND;
	r->bind.e.share = w->share;
	r->bind.e.flags = w->flags;
	r->bind.e.rport = w->rport;
	return r;
}

static void np_resv_free(struct np_resv *r)
{
	np_addr_put(r->bind.addr);
	kmem_cache_free(np_resv_cache, r);
}

/* making them */

/* The sizes that the tables of a shard should have, or 0; see np_hash_target(). */
struct np_shard_sizes {
	u32 table;
	u32 tokens;
};

static void np_shard_sizes(const struct np_shard *shard, struct np_shard_sizes *sizes)
{
	sizes->table = np_hash_target(&shard->table);
	sizes->tokens = np_hash_target(&shard->tokens);
}

/* False if there was no memory for one of them. */
static bool np_shard_resize(struct np_shard *shard, const struct np_shard_sizes *sizes,
			    gfp_t gfp)
{
	bool done = true;

	if (unlikely(sizes->table))
		done &= np_hash_resize(&shard->table, &shard->lock, sizes->table, gfp);
	if (unlikely(sizes->tokens))
		done &= np_hash_resize(&shard->tokens, &shard->lock, sizes->tokens, gfp);
	return done;
}

/**
 * np_resv_resize() - give the tables of all shards the size they should have
 * @nn: the namespace
 *
 * For those who could not, in a context that doesn't sleep.
 */
void np_resv_resize(struct np_net *nn)
{
	struct np_shard_sizes sizes;
	struct np_shard *shard;
	unsigned int i;

	for (i = 0; i < NP_SHARDS; i++) {
		shard = &nn->shards[i];
		spin_lock_bh(&shard->lock);
		np_shard_sizes(shard, &sizes);
		spin_unlock_bh(&shard->lock);
		np_shard_resize(shard, &sizes, GFP_KERNEL);
	}
}

static int np_resv_prepare(struct np_addr *a, u16 port, gfp_t gfp)
{
	int err = 0;

	if (!a->any)
		err = np_occ_prepare(&a->space->used[a->family], port, gfp);
	return err ?: np_addr_prepare(a, port, gfp);
}

/* How much one port may cost: a pick that may not sleep has one budget for all of them. */
static void np_want_refill(struct np_want *w, const struct np_cursor *c)
{
	if (!c || c->may_sleep)
		w->left = NP_COMPARE_MAX;
}

/* Try one port; @c, if the port was picked, says what is good enough. */
static int np_resv_try(struct np_resv *r, struct np_want *w, const struct np_cursor *c,
		       struct np_spare *spare, u64 *token, gfp_t gfp)
{
	struct np_net *nn = r->owner->nn;
	struct np_shard *shard = np_shard_of(nn, w->port);
	struct np_shard_sizes sizes;
	int err;

	r->bind.e.port = w->port;
	for (;;) {
		np_want_refill(w, c);
		err = np_resv_prepare(w->addr, w->port, gfp);
		if (err)
			return err;

		spin_lock_bh(&shard->lock);
		err = READ_ONCE(nn->dead) ? -ENETDOWN : np_table_check(shard, w, c);
		if (err >= 0 && c && !np_pick_fits(c, err))
			err = -EADDRINUSE;
		if (err >= 0)
			err = np_table_link(shard, &r->bind, spare);
		if (!err) {
			*token = np_resv_publish(shard, r);
			np_shard_sizes(shard, &sizes);
		}
		spin_unlock_bh(&shard->lock);

		if (!err && !np_shard_resize(shard, &sizes, gfp) &&
		    !gfpflags_allow_blocking(gfp))
			np_net_resize_later(nn);
		if (err != -EAGAIN)
			return err;
		err = np_spare_fill(spare, gfp);
		if (err)
			return err;
	}
}

static int np_resv_pick(struct np_resv *r, struct np_want *w, struct np_cursor *c,
			struct np_spare *spare, u64 *token, gfp_t gfp)
{
	int err, port;

	do {
		port = np_pick_next(c, r->owner->nn, w);
		if (port < 0)
			return port;
		w->port = port;
		err = np_resv_try(r, w, c, spare, token, gfp);
	} while (err == -EADDRINUSE || err == -EDQUOT);
	return err;
}

/*
 * Make what @w asks for.  As soon as it is published somebody else may release it, so
 * all that a caller learns of it is in @w->port and @token.
 */
static int np_resv_create(struct netport_owner *owner, struct np_want *w,
			  struct np_cursor *c, u64 *token, gfp_t gfp)
{
	struct np_spare spare = {};
	struct np_resv *r;
	int err;

	err = np_addr_get(owner->nn, w, gfp);
	if (err)
		return err;
	r = np_resv_alloc(owner, w, gfp);
	if (!r) {
		np_addr_put(w->addr);
		return -ENOMEM;
	}
	if (c)
		err = np_resv_pick(r, w, c, &spare, token, gfp);
	else
		err = np_resv_try(r, w, NULL, &spare, token, gfp);
	np_spare_drop(&spare);
	if (err)
		np_resv_free(r);
	return err;
}

/* A request: its form, and whether the caller may have these ports. */
static int np_resv_want(const struct netport_owner *owner, struct np_want *w,
			const struct netport_reserve *req, const struct netport_binding *b)
{
	int err = np_want_init(w, owner->user, b, req->options);

	return err ?: np_owner_access(owner, w, req->low, req->high);
}

/**
 * np_resv_make() - reserve a port, or pick one and reserve it
 * @owner: for whom
 * @req: the request; its port and token are results
 * @gfp: for the memory
 *
 * Return: 0 or an error of NETPORT_IOC_RESERVE.
 */
int np_resv_make(struct netport_owner *owner, struct netport_reserve *req, gfp_t gfp)
{
	struct np_cursor c;
	struct np_want w;
	bool pick;
	u64 token;
	int err;

	err = np_resv_want(owner, &w, req, &req->binding);
	if (err)
		return err;
	err = np_owner_charge(owner);
	if (err)
		return err;
	pick = !w.port;
	if (pick)
		np_pick_start(&c, &w, false, gfp);
	err = np_resv_create(owner, &w, pick ? &c : NULL, &token, gfp);
	if (err) {
		np_owner_uncharge(owner);
		return err;
	}
	req->binding.port = w.port;
	req->token = token;
	return 0;
}

static int np_resv_look(struct np_net *nn, struct np_want *w, const struct np_cursor *c)
{
	struct np_shard *shard = np_shard_of(nn, w->port);
	int err;

	np_want_refill(w, c);
	spin_lock_bh(&shard->lock);
	err = READ_ONCE(nn->dead) ? -ENETDOWN : np_table_check(shard, w, c);
	spin_unlock_bh(&shard->lock);
	if (err < 0)
		return err;
	return c && !np_pick_fits(c, err) ? -EADDRINUSE : 0;
}

/**
 * np_resv_available() - would np_resv_make() succeed?
 * @owner: for whom
 * @req: the request
 * @gfp: says whether a search may sleep
 *
 * Return: 0, or the error.
 */
int np_resv_available(struct netport_owner *owner, const struct netport_reserve *req,
		      gfp_t gfp)
{
	struct np_net *nn = owner->nn;
	struct np_cursor c;
	struct np_want w;
	int err, port;

	err = np_resv_want(owner, &w, req, &req->binding);
	if (err)
		return err;
	err = np_owner_has_room(owner);
	if (err)
		return err;

	np_addr_find(nn, &w);
	if (w.port) {
		err = np_resv_look(nn, &w, NULL);
	} else {
		np_pick_start(&c, &w, false, gfp);
		do {
			port = np_pick_next(&c, nn, &w);
			if (port < 0) {
				err = port;
				break;
			}
			w.port = port;
			err = np_resv_look(nn, &w, &c);
		} while (err == -EADDRINUSE || err == -EDQUOT);
	}
	np_addr_unfind(&w);
	return err;
}

/* candidates */

static int np_resv_candidate_port(struct netport_owner *owner, u64 token, u16 *port)
{
	struct np_shard *shard = np_token_shard(owner->nn, token);
	struct np_resv *r;
	int err = 0;

	spin_lock_bh(&shard->lock);
	r = np_resv_find(shard, owner, token);
	/* One that has no charge to pass on hasn't reached its caller yet. */
	if (!r || (r->bind.e.flags & NP_BIND_UNCHARGED))
		err = -ENOENT;
	else if (!(r->bind.e.flags & NP_BIND_CANDIDATE))
		err = -EINVAL;
	else
		*port = r->bind.e.port;
	spin_unlock_bh(&shard->lock);
	return err;
}

/**
 * np_resv_candidate() - pick a port and hold it as a candidate
 * @owner: for whom
 * @cand: the request; its token names the candidate turned down, or is 0.  Port, token
 *	and cursor are results
 * @gfp: for the memory
 *
 * The candidate turned down is still there when this returns, and its place under the
 * limits is still its own: on success, np_resv_candidate_done() must follow, or a release
 * of the new one.
 *
 * Return: 0 or an error of NETPORT_IOC_CANDIDATE.
 */
int np_resv_candidate(struct netport_owner *owner, struct netport_candidate *cand,
		      gfp_t gfp)
{
	struct netport_reserve *req = &cand->reserve;
	struct netport_binding b = req->binding;
	u64 old = req->token, token;
	struct np_cursor c;
	struct np_want w;
	u16 port;
	int err;

	b.port = 0;
	err = np_resv_want(owner, &w, req, &b);
	if (err)
		return err;
	if (old) {
		err = np_resv_candidate_port(owner, old, &port);
		if (!err)
			err = np_pick_resume(&c, &w, cand->cursor, port, gfp);
		if (!err && ((req->low && req->low != c.low) ||
			     (req->high && req->high != c.high)))
			err = -EINVAL;
		/* The range is that of the first call, and so is the right to it. */
		if (!err)
			err = np_owner_access(owner, &w, c.low, c.high);
	} else {
		np_pick_start(&c, &w, true, gfp);
		err = np_owner_charge(owner);
	}
	if (err)
		return err;

	w.flags |= NP_BIND_CANDIDATE | (old ? NP_BIND_UNCHARGED : 0);
	err = np_resv_create(owner, &w, &c, &token, gfp);
	if (err) {
		if (!old)
			np_owner_uncharge(owner);
		return err;
	}
	req->binding.port = w.port;
	req->token = token;
	cand->cursor = np_pick_save(&c);
	return 0;
}
EXPORT_SYMBOL_IF_KUNIT(np_resv_candidate);

/**
 * np_resv_candidate_done() - the new candidate has reached the caller
 * @owner: whose
 * @old: the one turned down, or 0
 * @new: the new one
 *
 * Return: 0; -ENOENT if the old one was released meanwhile, -EINVAL if it was accepted;
 * then there is no new one.
 */
int np_resv_candidate_done(struct netport_owner *owner, u64 old, u64 new)
{
	struct np_shard *shard = np_token_shard(owner->nn, old);
	struct np_resv *r;
	int err = 0;

	if (!old)
		return 0;

	/* The old one goes, but not its charge. */
	spin_lock_bh(&shard->lock);
	r = np_resv_find(shard, owner, old);
	if (!r || (r->bind.e.flags & NP_BIND_UNCHARGED))
		err = -ENOENT;
	else if (!(r->bind.e.flags & NP_BIND_CANDIDATE))
		err = -EINVAL;
	if (!err) {
		r->bind.e.flags |= NP_BIND_UNCHARGED;
		np_resv_unpublish(shard, r);
	}
	spin_unlock_bh(&shard->lock);
	if (err) {
		np_resv_drop(owner, new);
		return err;
	}
	np_resv_free(r);

	/* The new one takes the charge over, unless it was released meanwhile. */
	shard = np_token_shard(owner->nn, new);
	spin_lock_bh(&shard->lock);
	r = np_resv_find(shard, owner, new);
	if (r)
		r->bind.e.flags &= ~NP_BIND_UNCHARGED;
	else
		np_owner_uncharge(owner);
	spin_unlock_bh(&shard->lock);
	return 0;
}
EXPORT_SYMBOL_IF_KUNIT(np_resv_candidate_done);

/**
 * np_resv_accept() - make a candidate a reservation
 * @owner: whose
 * @token: the candidate
 *
 * Return: 0, -ENOENT, or -EINVAL if it is none.
 */
int np_resv_accept(struct netport_owner *owner, u64 token)
{
	struct np_shard *shard = np_token_shard(owner->nn, token);
	struct np_resv *r;
	int err = 0;

	if (READ_ONCE(owner->nn->dead))
		return -ENOENT;
	spin_lock_bh(&shard->lock);
	r = np_resv_find(shard, owner, token);
	/* One whose turned-down forerunner has the charge still hasn't reached its caller. */
	if (!r || (r->bind.e.flags & NP_BIND_UNCHARGED))
		err = -ENOENT;
	else if (!(r->bind.e.flags & NP_BIND_CANDIDATE))
		err = -EINVAL;
	else
		r->bind.e.flags &= ~NP_BIND_CANDIDATE;
	spin_unlock_bh(&shard->lock);
	return err;
}

/* giving them back */

/**
 * np_resv_drop() - release by token, also what a dead namespace still has
 * @owner: whose
 * @token: its name
 *
 * Return: 0 or -ENOENT.
 */
int np_resv_drop(struct netport_owner *owner, u64 token)
{
	struct np_shard *shard = np_token_shard(owner->nn, token);
	struct np_resv *r;

	spin_lock_bh(&shard->lock);
	r = np_resv_find(shard, owner, token);
	if (r)
		np_resv_unpublish(shard, r);
	spin_unlock_bh(&shard->lock);
	if (!r)
		return -ENOENT;
	np_resv_free(r);
	return 0;
}

/**
 * np_resv_release() - release by token
 * @owner: whose
 * @token: its name
 *
 * Return: 0 or -ENOENT.
 */
int np_resv_release(struct netport_owner *owner, u64 token)
{
	return READ_ONCE(owner->nn->dead) ? -ENOENT : np_resv_drop(owner, token);
}

/**
 * np_resv_release_binding() - release by what was reserved
 * @owner: whose
 * @b: the binding, as it was reserved
 * @options: NETPORT_OPT_*, as it was reserved
 *
 * Return: 0, -ENOENT or -EINVAL.
 */
int np_resv_release_binding(struct netport_owner *owner,
			    const struct netport_binding *b, u32 options)
{
	struct np_bind *found = NULL;
	struct np_shard *shard;
	struct np_want w;
	int err;

	err = np_want_init(&w, owner->user, b, options);
	if (err)
		return err;
	if (!w.port)
		return -EINVAL;
	if (READ_ONCE(owner->nn->dead))
		return -ENOENT;

	np_addr_find(owner->nn, &w);
	if (w.addr) {
		shard = np_shard_of(owner->nn, w.port);
		spin_lock_bh(&shard->lock);
		found = np_table_find(shard, &w, owner);
		if (found)
			np_resv_unpublish(shard, np_bind_resv(found));
		spin_unlock_bh(&shard->lock);
	}
	np_addr_unfind(&w);
	if (!found)
		return -ENOENT;
	np_resv_free(np_bind_resv(found));
	return 0;
}

/* Buckets looked at, and reservations taken, under one hold of a lock. */
#define NP_DRAIN_STEP	64

/* Takes some; false when nothing is left. */
static bool np_shard_drain(struct np_shard *shard, u32 *bucket)
{
	struct np_resv *r, *next;
	struct hlist_node *node;
	LIST_HEAD(taken);
	unsigned int i;
	bool more;

	spin_lock_bh(&shard->lock);
	for (i = 0; i < NP_DRAIN_STEP && shard->tokens.count; i++) {
		/* Removals move what is left about, so the walk is round and round. */
		node = np_hash_peek(&shard->tokens, *bucket);
		if (!node) {
			++*bucket;
			continue;
		}
		r = hlist_entry(node, struct np_resv, token_link);
		np_resv_unpublish(shard, r);
		list_add(&r->owner_link, &taken);
	}
	more = shard->tokens.count;
	spin_unlock_bh(&shard->lock);

	list_for_each_entry_safe(r, next, &taken, owner_link)
		np_resv_free(r);
	return more;
}

/**
 * np_resv_drain() - take everything away from a namespace
 * @nn: the namespace, marked dead, so that nothing new comes
 */
void np_resv_drain(struct np_net *nn)
{
	unsigned int i;
	u32 bucket;

	for (i = 0; i < NP_SHARDS; i++) {
		bucket = 0;
		while (np_shard_drain(&nn->shards[i], &bucket))
			cond_resched();
	}
}
EXPORT_SYMBOL_IF_KUNIT(np_resv_drain);

int np_resv_init(void)
{
	np_resv_cache = KMEM_CACHE(np_resv, SLAB_HWCACHE_ALIGN);
	return np_resv_cache ? 0 : -ENOMEM;
}

void np_resv_exit(void)
{
	kmem_cache_destroy(np_resv_cache);
}
