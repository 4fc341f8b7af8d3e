// SPDX-License-Identifier: GPL-2.0
/*
 * Reservations of one port on one binding, made without terms; and how all of them end.
 *
 * Memory is had before the lock of the shard is taken, but for what linking turns out to need:
 * that is tried under it, and only if there is none the lock is dropped.  Check, link, token and
 * owner's list happen under one hold of it, so a reservation exists whole or not at all.
 */
#include <kunit/visibility.h>
#include <linux/sched.h>
#include <linux/slab.h>

#include "netport_priv.h"

/* ending them */

/* Take a binding out of the table, for whoever waits for the port. */
static void np_resv_unlink(struct np_shard *shard, struct np_net *nn, struct np_bind *b)
{
	int left = NP_SERVE_MAX;
	u16 port = b->e.port;

	np_table_unlink(shard, b);
	if (unlikely(np_wait_any(nn, shard)))
		np_wait_serve(nn, shard, port, &left);
}

/**
 * np_resv_unpublish() - end a reservation
 * @shard: its home, locked
 * @r: the reservation, which is the caller's then, to be freed with np_resv_free()
 * @why: for those who look on
 */
void np_resv_unpublish(struct np_shard *shard, struct np_resv *r, enum np_gone why)
{
	np_tell_gone(r->owner->nn, r, np_resv_ports(r), why);
	if (likely(!np_resv_is(r, NP_BIND_WIDE)))
		np_resv_unlink(shard, r->owner->nn, &r->bind);
	else
		np_parts_retire(r->owner->nn, &np_resv_wide(r)->parts);
	np_resv_retract(shard, r);
	/* What is left of it in the table names nothing any more. */
	if (unlikely(np_resv_is(r, NP_BIND_WIDE)))
		WRITE_ONCE(np_resv_wide(r)->nparts, 0);
}

/**
 * np_parts_unlink_port() - take all that parts claim of one port out of the table
 * @nn: namespace
 * @parts: np_part.link of parts that nobody else finds any more
 * @part: the first of this port
 * @left: what is left of NP_SERVE_MAX for this release
 *
 * At once, so that who waits for the whole of it isn't outrun by who wants a part.
 *
 * Return: the first part of the next port; the head's if there is none.
 */
struct np_part *np_parts_unlink_port(struct np_net *nn, struct list_head *parts,
				     struct np_part *part, int *left)
{
	u16 port = part->bind.e.port;
	struct np_shard *shard = np_shard_of(nn, port);

	spin_lock_bh(&shard->lock);
	list_for_each_entry_from(part, parts, link) {
		/* One not in the table yet may have the port of an attempt before. */
		if (part->bind.e.kind == NP_UNBOUND || part->bind.e.port != port)
			break;
		np_table_unlink(shard, &part->bind);
	}
	if (np_wait_any(nn, shard))
		np_wait_serve(nn, shard, port, left);
	spin_unlock_bh(&shard->lock);
	return part;
}

/**
 * np_parts_free() - take parts out of the table, and free them
 * @nn: namespace
 * @parts: np_part.link of parts that nobody else finds any more
 */
static noinline void np_parts_free(struct np_net *nn, struct list_head *parts)
{
	struct np_part *part, *next;
	int left = NP_SERVE_MAX;

	part = list_first_entry(parts, struct np_part, link);
	while (!list_entry_is_head(part, parts, link))
		part = np_parts_unlink_port(nn, parts, part, &left);
	list_for_each_entry_safe(part, next, parts, link) {
		list_del(&part->link);
		np_part_free(part);
	}
}

/**
 * np_resv_free() - free what np_resv_unpublish() left
 * @r: the reservation
 */
void np_resv_free(struct np_resv *r)
{
	struct np_wide *wide;

	if (likely(!np_resv_is(r, NP_BIND_WIDE))) {
		np_resv_kfree(r);
		return;
	}
	wide = np_resv_wide(r);
	np_parts_free(r->owner->nn, &wide->parts);
	np_wide_put(wide);
}

/* making them */

/* Try one port; @c, if the port was picked, says what is good enough. */
static int np_resv_try(struct np_resv *r, struct np_want *w, const struct np_cursor *c,
		       struct np_spare *spare, u64 *token, gfp_t gfp)
{
	struct np_net *nn = r->owner->nn;
	struct np_shard *shard = np_shard_of(nn, w->port);
	bool settled = true;
	int err;

	r->bind.e.port = w->port;
	for (;;) {
		np_want_refill(w, c);
		err = np_resv_prepare(w->addr, w->port, gfp);
		if (err)
			return err;

		spin_lock_bh(&shard->lock);
		err = READ_ONCE(nn->dead) ? -ENETDOWN : np_table_check(shard, w, c);
		if (err >= 0 && c && !np_pick_fits(c, w, err))
			err = -EADDRINUSE;
		if (err >= 0)
			err = np_table_link_at(shard, &r->bind, w->at, w->hash, spare);
		if (!err) {
			*token = np_resv_publish(shard, r);
			np_tell_made(nn, r, 1);
			settled = np_shard_settled(shard);
		}
		spin_unlock_bh(&shard->lock);

		if (unlikely(!settled))
			np_shard_settle(nn, shard, gfp);
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

/* making many of them */

/* Have what the next few need.  What can't be had at once may be had one by one. */
static noinline void np_stock_fill(struct np_stock *s, gfp_t gfp)
{
	unsigned int n = min_t(u32, s->left, NP_STOCK_SIZE);

	s->n = np_resv_alloc_many(s->resv, n, gfp);
	if (s->charged < n && !np_owner_charge(s->owner, n - s->charged))
		s->charged = n;
}

static struct np_resv *np_stock_resv(struct np_stock *s, gfp_t gfp)
{
	struct np_resv *r;

	if (unlikely(!s->n))
		return np_resv_alloc(s->owner, gfp);
	r = s->resv[--s->n];
	r->owner = s->owner;
	return r;
}

static int np_stock_charge(struct np_stock *s)
{
	if (unlikely(!s->charged))
		return np_owner_charge(s->owner, 1);
	s->charged--;
	return 0;
}

/* But for the port.  Fields that lie together are compared together. */
static bool np_bindings_alike(const struct netport_binding *a, const struct netport_binding *b)
{
	return !memcmp(a, b, offsetof(struct netport_binding, port)) &&
	       a->remote_port == b->remote_port &&
	       !memcmp(&a->ifindex, &b->ifindex, sizeof(a->ifindex) + sizeof(a->share)) &&
	       !memcmp(a->addr, b->addr, sizeof(a->addr)) &&
	       !memcmp(a->remote, b->remote, sizeof(a->remote));
}

/* np_resv_want(), which is often that of the one before on another port. */
static int np_stock_want(struct np_stock *s, const struct netport_reserve *req)
{
	int err;

	if (!req->options && s->asked.families && np_bindings_alike(&s->asked, &req->binding)) {
		np_want_port(&s->want, req->binding.port);
		return np_owner_access(s->owner, &s->want, 1, req->low, req->high);
	}
	s->asked.families = 0;
	err = np_resv_want(s->owner, &s->want, req, &req->binding);
	if (!err && !req->options)
		s->asked = req->binding;
	return err;
}

/* np_addr_get(), which is often that of the one before. */
static int np_stock_addr(struct np_stock *s, struct np_want *w, gfp_t gfp)
{
	struct np_addr *a = s->addr;
	int err;

	if (a && w->addr == a) {
		/* As np_addr_hold(): it's no any-address. */
		atomic_inc(&a->ref);
		return 0;
	}
	err = np_addr_get(s->owner->nn, w, gfp);
	if (err || w->any >= 0)
		return err;
	np_addr_hold(w->addr);
	s->addr = w->addr;
	if (a)
		np_addr_put(a);
	return 0;
}

/**
 * np_stock_uncharge() - count no more than there is
 * @s: the stock
 */
void np_stock_uncharge(struct np_stock *s)
{
	if (s->charged)
		np_owner_uncharge(s->owner, s->charged);
	s->charged = 0;
}

/**
 * np_stock_drop() - give back what was not used
 * @s: the stock
 */
void np_stock_drop(struct np_stock *s)
{
	np_stock_uncharge(s);
	if (s->n)
		np_resv_mem_free_many(s->resv, s->n);
	if (s->addr)
		np_addr_put(s->addr);
}

/*
 * Make what @w asks for, from the stock @s if there is one.  As soon as it is published somebody
 * else may release it, so all that a caller learns of it is in @w->port and @token.
 */
int np_resv_create(struct netport_owner *owner, struct np_want *w, struct np_cursor *c,
		   struct np_stock *s, u64 *token, gfp_t gfp)
{
	/* What a port needs that somebody has on another address is had at once. */
	struct np_spare spare = { .now = np_spare_now(gfp) };
	struct np_resv *r;
	int err;

	err = s ? np_stock_addr(s, w, gfp) : np_addr_get(owner->nn, w, gfp);
	if (err)
		return err;
	r = s ? np_stock_resv(s, gfp) : np_resv_alloc(owner, gfp);
	if (!r) {
		np_addr_put(w->addr);
		return -ENOMEM;
	}
	np_bind_fill(&r->bind, w);
	if (c)
		err = np_resv_pick(r, w, c, &spare, token, gfp);
	else
		err = np_resv_try(r, w, NULL, &spare, token, gfp);
	if (unlikely(spare.port || spare.group))
		np_spare_drop(&spare);
	if (unlikely(err))
		np_resv_kfree(r);
	else if (c)
		np_tell_picked(owner, w, w->port, *token, c->tried);
	return err;
}

static __always_inline int np_resv_make_from(struct netport_owner *owner, struct np_stock *s,
					     struct netport_reserve *req, gfp_t gfp)
{
	struct np_cursor c __uninitialized;
	struct np_want own __uninitialized;
	struct np_want *w = s ? &s->want : &own;
	bool pick;
	u64 token;
	int err;

	err = s ? np_stock_want(s, req) : np_resv_want(owner, w, req, &req->binding);
	if (err)
		return np_tell_refused(owner, &req->binding, req->options, err);
	if (s && !s->n)
		np_stock_fill(s, gfp);
	err = s ? np_stock_charge(s) : np_owner_charge(owner, 1);
	if (err)
		return np_tell_refused(owner, &req->binding, req->options, err);
	pick = !w->port;
	if (pick)
		np_pick_start(&c, w, 1, false, gfp);
	err = np_resv_create(owner, w, pick ? &c : NULL, s, &token, gfp);
	if (err) {
		if (s)
			s->charged++;
		else
			np_owner_uncharge(owner, 1);
		return np_tell_refused(owner, &req->binding, req->options, err);
	}
	req->binding.port = w->port;
	req->token = token;
	return 0;
}

/**
 * np_resv_make() - reserve a port, or pick one and reserve it
 * @owner: for whom
 * @req: the request; its port and token are results
 * @gfp: for the memory
 *
 * Return: 0 or an error of NETPORT_IOC_RESERVE.
 */
__flatten int np_resv_make(struct netport_owner *owner, struct netport_reserve *req, gfp_t gfp)
{
	return np_resv_make_from(owner, NULL, req, gfp);
}

/**
 * np_resv_make_one() - np_resv_make() of one of many
 * @s: what there is for all of them
 * @req: the request; its port and token are results
 * @gfp: for the memory
 *
 * Return: as np_resv_make().
 */
__flatten int np_resv_make_one(struct np_stock *s, struct netport_reserve *req, gfp_t gfp)
{
	return np_resv_make_from(s->owner, s, req, gfp);
}

/*
 * What @w has of an address and a space is held.  An address that wasn't there is looked for again:
 * under the lock nothing of this port comes to one that isn't found.
 */
static int np_resv_look(struct np_net *nn, struct np_want *w, const struct np_cursor *c)
{
	struct np_shard *shard = np_shard_of(nn, w->port);
	struct np_space *space = w->space;
	struct np_addr *addr = w->addr;
	int err;

	np_want_refill(w, c);
	rcu_read_lock();
	spin_lock_bh(&shard->lock);
	if (!addr)
		np_addr_peek(nn, w);
	err = READ_ONCE(nn->dead) ? -ENETDOWN : np_table_check(shard, w, c);
	spin_unlock_bh(&shard->lock);
	rcu_read_unlock();
	w->space = space;
	w->addr = addr;
	if (err < 0)
		return err;
	return c && !np_pick_fits(c, w, err) ? -EADDRINUSE : 0;
}

/*
 * Has nobody anything on a port that could be in the way?  Without the lock, under RCU; false if
 * that can't be told so.
 *
 * What is read here one by one was so at once, if nothing has been taken meanwhile and nobody is
 * at it now, who may have given back what he is about to take again.  Others have only given back.
 */
static bool np_resv_open(struct np_net *nn, struct np_want *w)
{
	struct np_shard *shard = np_shard_of(nn, w->port);
	unsigned int seq = raw_seqcount_begin(&shard->taken);
	bool open;

	np_addr_peek(nn, w);
	open = np_want_open(w);
	/* Pairs with that in np_table_unlink(). */
	smp_rmb();
	open &= !spin_is_locked(&shard->lock);
	/* Once it is dead all is given back. */
	return !read_seqcount_retry(&shard->taken, seq) && open && !READ_ONCE(nn->dead);
}

/* Look at one port, without holding its address. */
static int np_resv_look_once(struct np_net *nn, struct np_want *w)
{
	bool open;

	np_rcu_lock();
	open = np_resv_open(nn, w);
	np_rcu_unlock();
	if (open)
		return 0;
	w->space = NULL;
	w->addr = NULL;
	return np_resv_look(nn, w, NULL);
}

/* Look for a port. */
static noinline int np_resv_look_for(struct np_net *nn, struct np_want *w, gfp_t gfp)
{
	struct np_cursor c;
	int err, port;

	np_addr_find(nn, w);
	np_pick_start(&c, w, 1, false, gfp);
	do {
		port = np_pick_next(&c, nn, w);
		if (port < 0) {
			err = port;
			break;
		}
		w->port = port;
		err = np_resv_look(nn, w, &c);
	} while (err == -EADDRINUSE || err == -EDQUOT);
	np_addr_unfind(w);
	return err;
}

/**
 * np_resv_available() - would np_resv_make() succeed?
 * @owner: for whom
 * @req: the request
 * @gfp: says whether a search may sleep
 *
 * Return: 0, or the error.
 */
__flatten int np_resv_available(struct netport_owner *owner, const struct netport_reserve *req,
				gfp_t gfp)
{
	struct np_want w __uninitialized;
	int err;

	err = np_resv_want(owner, &w, req, &req->binding);
	if (err)
		return err;
	err = np_owner_has_room(owner, 1);
	if (err)
		return err;
	return w.port ? np_resv_look_once(owner->nn, &w) : np_resv_look_for(owner->nn, &w, gfp);
}

/* changing them */

/**
 * np_resv_fits() - does a reservation go with what is around, now?
 * @nn: namespace
 * @r: the reservation, all its shards locked
 * @share: NETPORT_SHARE_* for which that is in question
 * @listeners: whether only those count that listen
 *
 * Return: 0, -EADDRINUSE or -EDQUOT.
 */
int np_resv_fits(struct np_net *nn, struct np_resv *r, u8 share, bool listeners)
{
	int left = NP_COMPARE_MAX, err;
	struct np_shard *shard;
	struct np_want w;
	struct np_bind *b;

	np_resv_for_each_bind(b, r) {
		if (!(b->e.share & share))
			continue;
		/* It overlaps itself, but what is in common with itself is all it has. */
		np_want_again(&w, b, np_resv_user(r));
		w.left = left;
		shard = np_shard_of(nn, b->e.port);
		err = listeners ? np_table_listeners(shard, &w) :
				  np_table_check(shard, &w, false);
		left = w.left;
		if (err < 0)
			return err == -EDQUOT ? err : -EADDRINUSE;
	}
	return 0;
}

/* It shares with others than before: those who wait may have got what they wait for. */
void np_resv_serve_later(struct np_net *nn, struct np_resv *r)
{
	struct np_shard *shard;
	struct np_bind *b;

	np_resv_for_each_bind(b, r) {
		shard = np_shard_of(nn, b->e.port);
		if (np_wait_any(nn, shard)) {
			shard->unserved = true;
			np_net_serve_later(nn);
		}
	}
}

/* giving them back */

/* If it's @named, unless that is NULL. */
static __always_inline int np_resv_end(struct netport_owner *owner, u64 token,
				       const struct np_want *named)
{
	struct np_shard *shard = np_token_shard(owner->nn, token);
	struct np_resv *r;

	spin_lock_bh(&shard->lock);
	r = np_resv_find(shard, owner, token);
	if (r && named && !np_bind_named(np_resv_bind(r, NULL), named, owner))
		r = NULL;
	if (r)
		np_resv_unpublish(shard, r, NP_GONE_CALL);
	spin_unlock_bh(&shard->lock);
	if (!r)
		return -ENOENT;
	np_resv_free(r);
	return 0;
}

/**
 * np_resv_drop() - release by token, also what a dead namespace still has
 * @owner: whose
 * @token: its name
 *
 * Return: 0 or -ENOENT.
 */
__flatten int np_resv_drop(struct netport_owner *owner, u64 token)
{
	return np_resv_end(owner, token, NULL);
}

/* Reservations that are ended under one hold of a lock. */
#define NP_SWEEP_STEP	32

/* One binding, of an owner that isn't gone: end it, but for its charge. */
static __always_inline void np_resv_take(struct np_shard *shard, struct np_resv *r,
					 enum np_gone why)
{
	np_table_unlink(shard, &r->bind);
	np_token_drop(shard, r);
	__hlist_del(&r->owner_link);
	np_tell_gone(r->owner->nn, r, 1, why);
}

/**
 * np_resv_drop_some() - release the first of many by token
 * @owner: whose
 * @tokens: their names
 * @n: how many, at least one
 *
 * As many as have the same home, while that is simple: nobody waits there, and they are one
 * binding each.
 *
 * Return: how many were released.
 */
__flatten unsigned int np_resv_drop_some(struct netport_owner *owner, const u64 *tokens,
					 unsigned int n)
{
	struct np_shard *shard = np_token_shard(owner->nn, tokens[0]);
	struct np_resv *gone[NP_SWEEP_STEP], *r;
	unsigned int i = 0;

	n = min_t(unsigned int, n, NP_SWEEP_STEP);
	spin_lock_bh(&shard->lock);
	if (!READ_ONCE(owner->nn->dead) && !np_wait_any(owner->nn, shard)) {
		do {
			r = np_resv_find(shard, owner, tokens[i]);
			if (!r || np_resv_is(r, NP_BIND_WIDE | NP_BIND_UNCHARGED))
				break;
			np_resv_take(shard, r, NP_GONE_CALL);
			gone[i++] = r;
		} while (i < n && np_token_shard(owner->nn, tokens[i]) == shard);
		np_owner_uncharge(owner, i);
	}
	spin_unlock_bh(&shard->lock);
	if (i)
		np_resv_kfree_many(gone, i);
	return i;
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
 * np_resv_named() - the reservation that is named by what was reserved
 * @owner: whose
 * @w: the binding, as it was reserved, with its address
 * @token: result: one of them, if there are several
 *
 * Return: 0, -ENOENT or -EDQUOT, as np_table_find().
 */
int np_resv_named(struct netport_owner *owner, const struct np_want *w, u64 *token)
{
	struct np_shard *shard = np_shard_of(owner->nn, w->port);
	struct np_bind *found;
	int err;

	if (READ_ONCE(owner->nn->dead))
		return -ENOENT;
	spin_lock_bh(&shard->lock);
	found = np_table_find(shard, w, owner);
	err = found ? PTR_ERR_OR_ZERO(found) : -ENOENT;
	if (!err)
		*token = np_bind_resv(found)->token;
	spin_unlock_bh(&shard->lock);
	return err;
}

/**
 * np_resv_drop_named() - release what np_resv_named() has found
 * @owner: whose
 * @w: the binding
 * @token: its name
 *
 * Return: 0, or -ENOENT if it is gone meanwhile, or something else.
 */
int np_resv_drop_named(struct netport_owner *owner, const struct np_want *w, u64 token)
{
	return np_resv_end(owner, token, w);
}

/* The owner of a reservation goes; a persistent one stays, and keeps what is left of its owner. */
static bool np_resv_stay(struct np_resv *r)
{
	if (!np_resv_is(r, NP_BIND_PERSISTENT) || np_resv_is(r, NP_BIND_CANDIDATE))
		return false;
	np_resv_detach(r);
	np_owner_get(r->owner);
	hlist_del_init(&r->owner_link);
	np_tell_changed(r, NP_MADE_ORPHAN);
	return true;
}

/*
 * End up to @max of what an owner has in a shard, while it takes no more than that: nobody waits
 * there, and it's one binding that doesn't outlive its owner.  Return how many these are.
 */
static unsigned int np_shard_sweep(struct np_shard *shard, struct netport_owner *owner,
				   struct hlist_head *resvs, struct np_resv **swept,
				   unsigned int max)
{
	unsigned int n = 0;
	struct np_resv *r;

	lockdep_assert_held(&shard->lock);
	if (np_wait_any(owner->nn, shard))
		return 0;
	while (n < max && !hlist_empty(resvs)) {
		r = hlist_entry(resvs->first, struct np_resv, owner_link);
		if (np_resv_is(r, NP_BIND_WIDE | NP_BIND_PERSISTENT | NP_BIND_UNCHARGED))
			break;
		np_resv_take(shard, r, NP_GONE_CLOSE);
		swept[n++] = r;
	}
	np_owner_uncharge(owner, n);
	return n;
}

/**
 * np_resv_sweep() - release some of what an owner holds
 * @owner: an owner that goes
 * @nr: in which shard
 *
 * Many at once, as long as that's simple.  What is on its list needn't be found, unlike what a
 * token names.
 *
 * Return: whether there is more.
 */
bool np_resv_sweep(struct netport_owner *owner, unsigned int nr)
{
	struct hlist_head *resvs = &owner->resvs[nr];
	struct np_shard *shard = &owner->nn->shards[nr];
	struct np_resv *swept[NP_SWEEP_STEP], *r = NULL;
	unsigned int n;
	bool more;

	spin_lock_bh(&shard->lock);
	n = np_shard_sweep(shard, owner, resvs, swept, NP_SWEEP_STEP);
	if (!n && !hlist_empty(resvs)) {
		r = hlist_entry(resvs->first, struct np_resv, owner_link);
		if (np_resv_stay(r))
			r = NULL;
		else
			np_resv_unpublish(shard, r, NP_GONE_CLOSE);
	}
	more = !hlist_empty(resvs);
	spin_unlock_bh(&shard->lock);
	if (n)
		np_resv_kfree_many(swept, n);
	if (r)
		np_resv_free(r);
	return more;
}

/* Buckets looked at, and reservations taken, under one hold of a lock. */
#define NP_DRAIN_STEP	64

/* Takes some; false when nothing is left. */
static bool np_shard_drain(struct np_shard *shard, u32 *bucket)
{
	struct hlist_node *node, *next;
	HLIST_HEAD(taken);
	struct np_resv *r;
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
		np_resv_unpublish(shard, r, NP_GONE_NETNS);
		hlist_add_head(&r->owner_link, &taken);
	}
	more = shard->tokens.count;
	spin_unlock_bh(&shard->lock);

	hlist_for_each_entry_safe(r, next, &taken, owner_link)
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
