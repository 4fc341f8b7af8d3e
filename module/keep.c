// SPDX-License-Identifier: GPL-2.0
/*
 * Reservations that outlive their owner, or change it: holds, transfer, persistence.
 */
#include <kunit/visibility.h>
#include <linux/sched.h>

#include "netport_priv.h"

/* holds */

/* Nobody shares with it any more. */
static void np_hold_exact(struct np_net *nn, struct np_resv *r)
{
	struct np_shard *shard;
	struct np_bind *b;

	np_resv_for_each_bind(b, r) {
		shard = np_shard_of(nn, b->e.port);
		np_table_suspend(shard, b);
		b->e.share = 0;
		b->e.flags &= ~NP_BIND_MUTED;
		np_table_resume(shard, b);
	}
}

/* It claims the whole port.  The addresses that it had are left in @m. */
static void np_hold_port(struct np_net *nn, struct np_resv *r, struct np_moved *m)
{
	struct np_move *move = m->move;
	struct np_shard *shard;
	struct np_bind *b;

	np_resv_for_each_bind(b, r) {
		shard = np_shard_of(nn, b->e.port);
		np_table_unlink(shard, b);
		swap(b->addr, move->addr);
		b->remote = in6addr_any;
		b->ifindex = 0;
		b->e.rport = 0;
		b->e.share = 0;
		b->e.flags &= ~(NP_BIND_NARROW | NP_BIND_FULL | NP_BIND_OPTTUPLE |
				NP_BIND_MUTED);
		b->e.flags |= NP_BIND_CLOSED;
		WARN_ON_ONCE(np_table_link(shard, b, &move->spare));
		move++;
	}
}

static void np_hold_start(struct np_net *nn, struct np_resv *r, u32 ms)
{
	struct netport_owner *owner = r->owner;

	/* An orphan has a reference, and counts for its owner no more. */
	if (!np_resv_orphan(r)) {
		__hlist_del(&r->owner_link);
		np_owner_get(owner);
		np_owner_hold(owner, np_resv_ports(r));
	}
	r->bind.e.flags &= ~(NP_BIND_PERSISTENT | NP_BIND_CANDIDATE | NP_BIND_LISTENING |
			     NP_BIND_CONNECTED);
	r->bind.e.flags |= NP_BIND_HELD;
	np_hold_add(nn, r, ms);
	np_tell_hold(nn, r, np_resv_ports(r), ms);
}

/* Whose it must be: @owner's; or if that is NULL nobody's, because it's persistent or held. */
static bool np_resv_releasable(const struct np_resv *r, const struct netport_owner *owner)
{
	if (READ_ONCE(r->owner->nn->dead) || np_resv_is(r, NP_BIND_UNCHARGED))
		return false;
	return owner ? !np_resv_is(r, NP_BIND_HELD) :
		       np_resv_is(r, NP_BIND_HELD) || np_resv_orphan(r);
}

/* @named: what it has to be, if not NULL. */
static noinline int np_release_hold(struct np_net *nn, const struct netport_owner *owner,
				    u64 token, const struct np_want *named, u32 ms, bool port,
				    gfp_t gfp)
{
	struct np_moved *m = NULL;
	struct np_resv *r;
	u64 shards;
	int err;

	do {
		if (port) {
			m = np_moved_gather(nn, owner, token, true, gfp);
			if (IS_ERR(m))
				return PTR_ERR(m);
		}
		shards = 0;
		err = -ENOENT;
		r = np_resv_lock(nn, owner, token, &shards);
		if (r) {
			if (np_resv_releasable(r, owner) && !np_resv_is(r, NP_BIND_HELD) &&
			    (!named || np_bind_named(np_resv_bind(r, NULL), named, owner)))
				err = !m || np_moved_same(m, r, true) ? 0 : -EAGAIN;
			if (!err) {
				/* Before its share flags go: its place depends on them. */
				np_resv_detach(r);
				if (m)
					np_hold_port(nn, r, m);
				else
					np_hold_exact(nn, r);
				np_hold_start(nn, r, ms);
			}
			np_resv_unlock(nn, shards);
		}
		if (m)
			np_moved_free(m);
	} while (err == -EAGAIN);
	return err;
}

/* One that is nobody's. */
static noinline int np_release_left(struct np_net *nn, u64 token)
{
	struct np_shard *shard = np_token_shard(nn, token);
	struct np_resv *r;

	spin_lock_bh(&shard->lock);
	r = np_token_find(shard, nn, token);
	if (r && !np_resv_releasable(r, NULL))
		r = NULL;
	if (r)
		np_resv_unpublish(shard, r, NP_GONE_ADMIN);
	spin_unlock_bh(&shard->lock);
	if (!r)
		return -ENOENT;
	np_resv_free(r);
	return 0;
}

/* This owner's; or nobody's, if @owner is NULL.  What it has to be, if @named isn't. */
static int np_release_of(struct np_net *nn, struct netport_owner *owner, u64 token,
			 const struct np_want *named, const struct netport_release *rel, gfp_t gfp)
{
	if (rel->hold)
		return np_release_hold(nn, owner, token, named, rel->hold,
				       rel->options & NETPORT_RELEASE_PORT, gfp);
	if (named)
		return np_resv_drop_named(owner, named, token);
	return owner ? np_resv_release(owner, token) : np_release_left(nn, token);
}

/* By what was reserved.  Others may have released or changed it between finding it and its end. */
static int np_release_named(struct netport_owner *owner, const struct netport_release *rel,
			    gfp_t gfp)
{
	struct np_net *nn = owner->nn;
	struct np_want w;
	u64 token;
	int err;

	err = np_want_init(&w, owner->user, &rel->binding, rel->options & NETPORT_OPT_TUPLE);
	if (err)
		return err;
	if (!w.port)
		return -EINVAL;
	np_addr_find(nn, &w);
	do {
		err = w.addr ? np_resv_named(owner, &w, &token) : -ENOENT;
		if (err)
			break;
		err = np_release_of(nn, owner, token, &w, rel, gfp);
	} while (err == -ENOENT);
	np_addr_unfind(&w);
	return err;
}

/**
 * np_release_token() - release by token
 * @owner: whose; with CAP_NET_ADMIN also nobody's
 * @rel: its token, and how
 * @gfp: for the memory that a hold of the whole port needs
 *
 * Return: 0 or an error of NETPORT_IOC_RELEASE.
 */
static __flatten int np_release_token(struct netport_owner *owner,
				      const struct netport_release *rel, gfp_t gfp)
{
	int err = np_release_of(owner->nn, owner, rel->token, NULL, rel, gfp);

	if (err == -ENOENT && np_owner_admin(owner))
		err = np_release_of(owner->nn, NULL, rel->token, NULL, rel, gfp);
	return err;
}

/**
 * np_release_tokens() - release many by token
 * @owner: whose; with CAP_NET_ADMIN also nobody's
 * @tokens: their names, or 0
 * @n: how many
 * @rel: how; its token is used
 * @done: result: how many there were
 * @gfp: as for np_release_token(), may sleep
 *
 * Return: 0, or why one can't be released; those behind it are left.
 */
int np_release_tokens(struct netport_owner *owner, const u64 *tokens, u32 n,
		      struct netport_release *rel, u32 *done, gfp_t gfp)
{
	u32 i, some;
	int err;

	*done = 0;
	for (i = 0; i < n; i += some) {
		cond_resched();
		some = rel->hold ? 0 : np_resv_drop_some(owner, &tokens[i], n - i);
		*done += some;
		if (some)
			continue;
		some = 1;
		rel->token = tokens[i];
		err = rel->token ? np_release_token(owner, rel, gfp) : -ENOENT;
		if (err && err != -ENOENT)
			return err;
		*done += !err;
	}
	return 0;
}
EXPORT_SYMBOL_IF_KUNIT(np_release_tokens);

static bool np_binding_empty(const struct netport_binding *b)
{
	const u64 *word = (const u64 *)b;

	static_assert(sizeof(*b) == 6 * sizeof(*word));
	return !(word[0] | word[1] | word[2] | word[3] | word[4] | word[5]);
}

static int np_release_check(const struct netport_release *rel)
{
	u32 options = rel->options & ~NETPORT_RELEASE_PORT;

	if (rel->__pad || rel->hold > NETPORT_HOLD_MAX || (options & ~NETPORT_OPT_TUPLE) ||
	    (rel->options != options && !rel->hold))
		return -EINVAL;
	if (!rel->token)
		return rel->port || rel->count ? -EINVAL : 0;
	if (options || !np_binding_empty(&rel->binding) || !rel->port != !rel->count ||
	    (rel->count && rel->hold))
		return -EINVAL;
	return 0;
}

/* Is it a token and nothing else? */
static bool np_release_plain(const struct netport_release *rel)
{
	const u64 *word = (const u64 *)&rel->token;

	static_assert(sizeof(*rel) == offsetof(struct netport_release, token) + 3 * sizeof(*word));
	return word[0] && !(word[1] | word[2]) && np_binding_empty(&rel->binding);
}

static noinline int np_release_any(struct netport_owner *owner, const struct netport_release *rel,
				   gfp_t gfp)
{
	int err;

	err = np_release_check(rel);
	if (err)
		return err;
	if (!rel->token)
		return np_release_named(owner, rel, gfp);
	if (rel->count)
		return np_release_part(owner, rel->token, rel->port, rel->count, gfp);
	return np_release_token(owner, rel, gfp);
}

/**
 * np_release() - release as NETPORT_IOC_RELEASE does
 * @owner: whose
 * @rel: what, and how
 * @gfp: for the memory that a hold of the whole port, or a part of a block, needs
 *
 * Return: 0 or an error of NETPORT_IOC_RELEASE.
 */
__flatten int np_release(struct netport_owner *owner, const struct netport_release *rel, gfp_t gfp)
{
	if (likely(np_release_plain(rel)) && likely(!np_resv_release(owner, rel->token)))
		return 0;
	return np_release_any(owner, rel, gfp);
}

/**
 * np_end_holds() - end the holds that have lasted long enough
 * @nn: namespace
 */
void np_end_holds(struct np_net *nn)
{
	unsigned int class = 0;
	struct np_shard *shard;
	struct np_resv *r;
	u64 token;

	while ((token = np_hold_due(nn, &class))) {
		shard = np_token_shard(nn, token);
		spin_lock_bh(&shard->lock);
		r = np_token_find(shard, nn, token);
		if (r)
			np_resv_unpublish(shard, r, NP_GONE_HOLD);
		spin_unlock_bh(&shard->lock);
		if (r)
			np_resv_free(r);
		cond_resched();
	}
}
EXPORT_SYMBOL_IF_KUNIT(np_end_holds);

/* other owners */

/* @user: as whose it counts, if not @owner's. */
static void np_resv_set_owner(struct np_net *nn, struct np_resv *r, struct netport_owner *owner,
			      struct np_user *user)
{
	struct np_user *before = np_resv_user(r);
	struct np_bind *b;

	np_resv_for_each_bind(b, r)
		np_table_suspend(np_shard_of(nn, b->e.port), b);
	r->owner = owner;
	if (np_resv_is(r, NP_BIND_WIDE))
		WRITE_ONCE(np_resv_wide(r)->user, user);
	np_resv_for_each_bind(b, r) {
		np_table_resume(np_shard_of(nn, b->e.port), b);
		if (b->e.flags & NP_BIND_PART)
			np_seat_give(nn, np_bind_part(b), before);
	}
}

/* To another uid: what LOAD_BALANCED and SO_REUSEPORT share with now is another. */
static void np_resv_given(struct np_net *nn, struct np_resv *r, kuid_t uid)
{
	struct np_bind *b;

	np_resv_for_each_bind(b, r)
		if (b->e.flags & NP_BIND_PART)
			np_host_set_uid(np_bind_part(b)->host, uid);
	np_resv_serve_later(nn, r);
}

/* All shards are locked. */
static int np_resv_give(struct np_net *nn, struct np_resv *r, struct netport_owner *to)
{
	struct np_user *as = np_resv_is(r, NP_BIND_WIDE) ? np_resv_wide(r)->user : NULL;
	bool same = np_resv_user(r) == to->user, orphan;
	struct netport_owner *from = r->owner;
	unsigned int n = np_resv_ports(r);
	int err;

	err = np_owner_move(from, to, n);
	if (err)
		return err;
	np_resv_set_owner(nn, r, to, NULL);
	/* LOAD_BALANCED counts within a uid. */
	err = same ? 0 : np_resv_fits(nn, r, NETPORT_SHARE_LOAD_BALANCED, false);
	if (err) {
		np_resv_set_owner(nn, r, from, as);
		np_owner_move_back(from, to, n);
		return err;
	}
	orphan = np_resv_orphan(r);
	if (!orphan)
		__hlist_del(&r->owner_link);
	np_owner_link(to, r);
	if (np_resv_is(r, NP_BIND_WIDE)) {
		np_owner_get(to);
		np_owner_put(from);
	}
	if (orphan)
		np_owner_put(from);
	if (as)
		np_user_put(as);
	if (!same)
		np_resv_given(nn, r, to->user->uid);
	np_count(nn, NP_STAT_MOVED, n);
	np_tell_changed(r, orphan ? NP_MADE_ADOPT : NP_MADE_TRANSFER);
	return 0;
}

/**
 * np_transfer() - give a reservation to another owner
 * @from: whose it is
 * @token: its name
 * @to: whose it will be
 *
 * Return: 0 or an error of NETPORT_IOC_TRANSFER.
 */
int np_transfer(struct netport_owner *from, u64 token, struct netport_owner *to)
{
	struct np_net *nn = from->nn;
	struct np_resv *r;
	u64 shards = 0;
	int err;

	if (to == from || to->nn != nn)
		return -EINVAL;
	if (READ_ONCE(nn->dead))
		return -ENETDOWN;
	r = np_resv_lock(nn, from, token, &shards);
	if (!r)
		return -ENOENT;
	err = np_resv_usable(r) ?: np_tell_refused_resv(to, r, np_resv_give(nn, r, to));
	np_resv_unlock(nn, shards);
	return err;
}

/**
 * np_adopt() - become the owner of a persistent reservation that has none
 * @owner: who
 * @token: its name
 *
 * Return: 0 or an error of NETPORT_IOC_ADOPT.
 */
int np_adopt(struct netport_owner *owner, u64 token)
{
	struct np_net *nn = owner->nn;
	struct np_resv *r;
	u64 shards = 0;
	int err;

	if (READ_ONCE(nn->dead))
		return -ENETDOWN;
	if (!np_owner_admin(owner))
		return -EPERM;
	r = np_resv_lock(nn, NULL, token, &shards);
	if (!r)
		return -ENOENT;
	err = np_resv_orphan(r) ?
	      np_tell_refused_resv(owner, r, np_resv_give(nn, r, owner)) : -ENOENT;
	np_resv_unlock(nn, shards);
	return err;
}

/* the end of an owner */

/**
 * np_owner_destroy() - release all that an owner holds, and the owner
 * @owner: the owner, which nobody else uses any more
 *
 * May sleep.
 */
void np_owner_destroy(struct netport_owner *owner)
{
	u64 token, homes;

	/* Nothing is granted any more; what has been goes with the rest. */
	while (!np_unwish(owner, 0, &token))
		cond_resched();
	/* Only the end of the namespace can be faster, and then there is less to do. */
	for (homes = atomic64_read(&owner->homes); homes; homes &= homes - 1)
		while (np_resv_sweep(owner, __ffs64(homes)))
			cond_resched();
	np_host_flush();
	np_owner_end(owner);
}
