// SPDX-License-Identifier: GPL-2.0
/*
 * Reservations that change: extended, rebound, given back in part, labelled.
 *
 * All of this is done to an np_wide, so an np_resv becomes one first.
 */
#include <kunit/visibility.h>
#include <linux/mm.h>
#include <linux/overflow.h>
#include <linux/slab.h>

#include "netport_priv.h"

/* An np_wide takes the place of an np_resv. */
static void np_resv_replace(struct np_shard *shard, struct np_resv *r, struct np_wide *wide,
			    struct np_part *part)
{
	struct np_resv *new = &wide->resv;

	new->token = r->token;
	new->bind.e.port = r->bind.e.port;
	new->bind.e.flags |= r->bind.e.flags & ~NP_BIND_OWN;
	part->bind = r->bind;
	part->bind.e.flags = (r->bind.e.flags & NP_BIND_OWN) | NP_BIND_PART;
	part->bind.nr = wide->nr++;
	wide->nparts = 1;
	wide->count = 1;
	np_table_replace(shard, &r->bind, &part->bind);
	hlist_replace_rcu(&r->token_link, &new->token_link);
	hlist_replace_rcu(&r->owner_link, &new->owner_link);
}

/**
 * np_resv_widen() - make a reservation an np_wide, if it isn't one yet
 * @owner: whose
 * @token: its name
 * @gfp: for the memory
 *
 * Return: a reference, or an ERR_PTR: -ENOENT, -ENOMEM.  The caller has to find it by its token
 * again to be sure that it's still there.
 */
struct np_wide *np_resv_widen(struct netport_owner *owner, u64 token, gfp_t gfp)
{
	struct np_shard *shard = np_token_shard(owner->nn, token);
	struct np_wide *wide, *new;
	struct np_part *part;
	struct np_resv *r;

	new = np_wide_alloc(owner, gfp);
	if (!new)
		return ERR_PTR(-ENOMEM);
	part = np_part_add(&new->parts, new, gfp);
	if (!part) {
		np_wide_put(new);
		return ERR_PTR(-ENOMEM);
	}

	spin_lock_bh(&shard->lock);
	r = READ_ONCE(owner->nn->dead) ? NULL : np_resv_find(shard, owner, token);
	if (r && np_resv_is(r, NP_BIND_UNCHARGED))
		r = NULL;
	wide = r && np_resv_is(r, NP_BIND_WIDE) ? np_resv_wide(r) : NULL;
	if (r && !wide) {
		wide = new;
		np_resv_replace(shard, r, wide, part);
	} else {
		r = NULL;
	}
	if (wide)
		refcount_inc(&wide->ref);
	spin_unlock_bh(&shard->lock);

	if (r) {
		np_resv_mem_free(r);
		return wide;
	}
	list_del(&part->link);
	np_part_free(part);
	np_wide_put(new);
	return wide ?: ERR_PTR(-ENOENT);
}

/* Is it one that can get other bindings? */
static bool np_wide_changes(const struct np_wide *wide)
{
	return wide->count == 1 && !(READ_ONCE(wide->resv.bind.e.flags) & NP_BIND_CANDIDATE);
}

/* Is it the reservation that it was, and such a one? */
static int np_wide_check(const struct np_resv *r, const struct np_wide *wide)
{
	if (r != &wide->resv)
		return -ENOENT;
	return np_wide_changes(wide) ? 0 : -EINVAL;
}

static u64 np_port_shards(struct np_net *nn, u16 port)
{
	return BIT_ULL(np_shard_of(nn, port) - nn->shards);
}

/* It may have been given away and back since the plan was made, and count as another's now. */
static void np_plan_as_wide(struct np_plan *p)
{
	struct np_user *user = np_resv_user(&p->wide->resv);
	struct np_part *part;
	u32 i;

	if (likely(user == p->want[0].user && user == p->user))
		return;
	for (i = 0; i < p->n; i++)
		p->want[i].user = user;
	list_for_each_entry(part, &p->parts, link)
		np_host_set_uid(part->host, user->uid);
}

/* New parts of a plan become parts of the reservation it is for. */
static void np_wide_join(struct np_plan *p, enum np_made how)
{
	struct np_part *part;

	list_for_each_entry(part, &p->parts, link)
		part->bind.nr = p->wide->nr++;
	np_tell_made_parts(p->owner->nn, &p->parts, p->n, how);
	list_splice_tail_init(&p->parts, &p->wide->parts);
	p->wide->nparts += p->n;
	p->charged = 0;
}

/* The limits come after all that is malformed, so only here. */
static int np_extend_link(struct np_plan *p, struct np_shard *shard)
{
	int err;

	if (p->wide->nparts + p->n > NETPORT_BINDINGS_MAX)
		return -EINVAL;
	err = np_state_check(p);
	if (err)
		return err;
	if (!p->charged) {
		err = np_owner_charge(p->owner, p->n);
		if (err)
			return err;
		p->charged = p->n;
	}
	np_plan_as_wide(p);
	err = np_plan_link(p, shard, NULL, p->port, np_plan_part(p));
	if (!err)
		np_wide_join(p, NP_MADE_EXTEND);
	return err;
}

static int np_extend_try(struct np_plan *p, u64 token, gfp_t gfp)
{
	struct np_net *nn = p->owner->nn;
	struct np_shard *shard = np_shard_of(nn, p->port);
	struct np_resv *r;
	u64 shards;
	int err;

	do {
		err = np_plan_prepare(p, p->port, gfp) ?: np_plan_refill(p, gfp);
		if (err)
			return err;
		shards = np_port_shards(nn, p->port);
		r = np_resv_lock(nn, p->owner, token, &shards);
		if (!r)
			return -ENOENT;
		err = np_wide_check(r, p->wide);
		if (!err && r->bind.e.port != p->port)
			err = -ESTALE;
		err = err ?: np_extend_link(p, shard);
		np_resv_unlock(nn, shards);
	} while (err == -EAGAIN);
	if (!err)
		np_shard_settle(nn, shard, gfp);
	return err;
}

static int np_extend_once(struct netport_owner *owner, const struct netport_request *req,
			  u16 *port, struct np_wide *wide, gfp_t gfp)
{
	struct netport_request now = *req;
	struct np_plan *p;
	int err;

	if (!np_wide_changes(wide))
		return -EINVAL;
	/* Somebody may rebind it meanwhile; np_extend_try() finds out. */
	*port = READ_ONCE(wide->resv.bind.e.port);
	if (now.reserve.binding.port && now.reserve.binding.port != *port)
		return -EINVAL;
	now.reserve.binding.port = *port;
	p = np_plan_make(owner, NULL, &now, wide, NP_PLAN_CHARGED, gfp);
	if (IS_ERR(p))
		return np_tell_refused_terms(owner, NULL, &now, 0, PTR_ERR(p));
	err = np_plan_host_start(p, gfp);
	if (!err && p->net)
		err = np_owner_has_room(owner, p->n) ?: np_plan_look(p, NULL, *port, gfp) ?:
		      np_plan_host(p, *port);
	err = err ?: np_extend_try(p, req->reserve.token, gfp);
	if (err && p->net)
		np_plan_unhost(p);
	np_plan_free(p);
	return np_tell_refused_terms(owner, NULL, &now, 0, err);
}

/* What a change of a live reservation can't ask for. */
static int np_change_check(const struct netport_request *req)
{
	const struct netport_terms *t = &req->terms;

	return t->deadline || t->count > 1 || t->label[0] ||
	       (req->reserve.options & NETPORT_OPT_PERSISTENT) ? -EINVAL : 0;
}

/**
 * np_extend() - add bindings to a reservation
 * @owner: whose
 * @req: names it by its token, and the bindings; its port is a result
 * @gfp: for the memory
 *
 * Return: 0 or an error of NETPORT_IOC_EXTEND.
 */
int np_extend(struct netport_owner *owner, struct netport_request *req, gfp_t gfp)
{
	struct np_wide *wide;
	u16 port;
	int err;

	if (np_change_check(req) || req->terms.align || req->terms.nexclude)
		return -EINVAL;
	wide = np_resv_widen(owner, req->reserve.token, gfp);
	if (IS_ERR(wide))
		return PTR_ERR(wide);
	do {
		err = np_extend_once(owner, req, &port, wide, gfp);
	} while (err == -ESTALE);
	if (!err)
		req->reserve.binding.port = port;
	np_wide_put(wide);
	return err;
}

/**
 * np_moved_gather() - have ready what moving a reservation in the table needs
 * @nn: namespace
 * @owner: whose it is, or NULL for anybody's
 * @token: its name
 * @whole: whether it is to get the any-address of both families
 * @gfp: for the memory
 *
 * Return: what is needed, to be freed with np_moved_free(), or an ERR_PTR: -ENOENT, -ENOMEM.
 */
struct np_moved *np_moved_gather(struct np_net *nn, const struct netport_owner *owner,
				 u64 token, bool whole, gfp_t gfp)
{
	struct np_shard *shard = np_token_shard(nn, token);
	unsigned int n = 1, had;
	struct np_moved *m;
	struct np_resv *r;
	struct np_bind *b;
	int err = 0;

	for (;;) {
		had = n;
		m = kvzalloc(struct_size(m, move, had), gfp);
		if (!m)
			return ERR_PTR(-ENOMEM);
		spin_lock_bh(&shard->lock);
		r = owner ? np_resv_find(shard, owner, token) : np_token_find(shard, nn, token);
		n = r ? np_resv_ports(r) : 0;
		if (n && n <= had) {
			np_resv_for_each_bind(b, r) {
				struct np_move *move = &m->move[m->n++];

				move->addr = whole ? &b->addr->space->any[NP_ANY_BOTH] : b->addr;
				move->port = b->e.port;
				np_addr_hold(move->addr);
			}
		}
		spin_unlock_bh(&shard->lock);
		if (n <= had)
			break;
		np_moved_free(m);
	}
	if (!n)
		err = -ENOENT;
	for (n = 0; n < m->n && !err; n++) {
		m->move[n].spare.need_port = true;
		m->move[n].spare.need_group = true;
		err = np_addr_force(m->move[n].addr, m->move[n].port, gfp) ?:
		      np_spare_fill(&m->move[n].spare, gfp);
	}
	if (!err)
		return m;
	np_moved_free(m);
	return ERR_PTR(err);
}

/**
 * np_moved_same() - does a reservation still have what it had?
 * @m: what was found
 * @r: the reservation, all its shards locked
 * @whole: as for np_moved_gather()
 *
 * Return: whether so.
 */
bool np_moved_same(const struct np_moved *m, struct np_resv *r, bool whole)
{
	const struct np_move *move = m->move;
	struct np_bind *b;

	if (np_resv_ports(r) != m->n)
		return false;
	np_resv_for_each_bind(b, r) {
		if (move->port != b->e.port ||
		    move->addr != (whole ? &b->addr->space->any[NP_ANY_BOTH] : b->addr))
			return false;
		move++;
	}
	return true;
}

/**
 * np_moved_free() - free it
 * @m: it
 */
void np_moved_free(struct np_moved *m)
{
	unsigned int i;

	for (i = 0; i < m->n; i++) {
		np_spare_drop(&m->move[i].spare);
		np_addr_put(m->move[i].addr);
	}
	kvfree(m);
}

/* Take what a reservation has out of the table, and put it back or leave it out. */
static void np_rebind_unlink(struct np_net *nn, struct np_wide *wide)
{
	struct np_part *part;

	list_for_each_entry(part, &wide->parts, link)
		np_table_unlink(np_shard_of(nn, part->bind.e.port), &part->bind);
}

static void np_rebind_relink(struct np_net *nn, struct np_wide *wide, struct np_moved *m)
{
	struct np_part *part;
	unsigned int i = 0;

	list_for_each_entry(part, &wide->parts, link)
		WARN_ON_ONCE(np_table_link(np_shard_of(nn, part->bind.e.port), &part->bind,
					   &m->move[i++].spare));
}

static void np_rebind_serve(struct np_net *nn, struct list_head *dead)
{
	int left = NP_SERVE_MAX;
	struct np_shard *shard;
	struct np_part *part;

	list_for_each_entry(part, dead, link) {
		shard = np_shard_of(nn, part->bind.e.port);
		if (np_wait_any(nn, shard))
			np_wait_serve(nn, shard, part->bind.e.port, &left);
	}
}

static int np_rebind_swap(struct np_plan *p, const struct np_cursor *c, u16 port,
			  struct np_moved *m, struct list_head *dead)
{
	struct np_net *nn = p->owner->nn;
	struct np_wide *wide = p->wide;
	unsigned int before = wide->nparts;
	int err;

	err = np_state_check(p);
	if (err)
		return err;
	err = p->n > before ? np_owner_charge(p->owner, p->n - before) : 0;
	if (err) {
		p->full = true;
		return err;
	}
	np_plan_as_wide(p);
	np_rebind_unlink(nn, wide);
	err = np_plan_link(p, np_shard_of(nn, port), c, port, np_plan_part(p));
	if (err) {
		np_rebind_relink(nn, wide, m);
		if (p->n > before)
			np_owner_uncharge(p->owner, p->n - before);
		return err;
	}
	if (wide->priv)
		np_seats_moved(nn, port);
	list_splice_init(&wide->parts, dead);
	np_parts_retire(nn, dead);
	np_tell_gone_parts(nn, dead, before, NP_GONE_REBIND);
	wide->nparts = 0;
	np_wide_join(p, NP_MADE_REBIND);
	WRITE_ONCE(wide->resv.bind.e.port, port);
	p->port = port;
	if (p->n < before)
		np_owner_uncharge(p->owner, before - p->n);
	np_rebind_serve(nn, dead);
	return 0;
}

static int np_rebind_port(struct np_plan *p, const struct np_cursor *c, u16 port, u64 token,
			  struct list_head *dead, gfp_t gfp)
{
	struct np_net *nn = p->owner->nn;
	struct np_moved *m;
	struct np_resv *r;
	u64 shards;
	int err;

	do {
		m = np_moved_gather(nn, p->owner, token, false, gfp);
		if (IS_ERR(m))
			return PTR_ERR(m);
		err = np_plan_prepare(p, port, gfp) ?: np_plan_refill(p, gfp);
		if (err)
			goto out;
		shards = np_port_shards(nn, port);
		r = np_resv_lock(nn, p->owner, token, &shards);
		if (!r) {
			err = -ENOENT;
			goto out;
		}
		err = np_wide_check(r, p->wide);
		if (!err && !np_moved_same(m, r, false))
			err = -EAGAIN;
		if (!err)
			err = np_rebind_swap(p, c, port, m, dead);
		np_resv_unlock(nn, shards);
out:
		np_moved_free(m);
	} while (err == -EAGAIN);
	if (!err)
		np_shard_settle(nn, np_shard_of(nn, port), gfp);
	return err;
}

static int np_rebind_host(struct np_plan *p, const struct np_cursor *c, u16 port, u64 token,
			  struct list_head *dead, gfp_t gfp)
{
	int err;

	if (!p->net)
		return np_rebind_port(p, c, port, token, dead, gfp);
	err = np_plan_host(p, port);
	if (err)
		return err;
	err = np_rebind_port(p, c, port, token, dead, gfp);
	if (err)
		np_plan_unhost(p);
	return err;
}

/*
 * The port that it has looks taken to a search for a free one; but what it has itself isn't in
 * its way.
 */
static int np_rebind_own(struct np_plan *p, u64 token, struct list_head *dead, gfp_t gfp)
{
	u16 port = READ_ONCE(p->wide->resv.bind.e.port);
	struct np_cursor c;

	if (!np_pick_wants(p->owner->nn, p->want, port))
		return -EADDRINUSE;
	np_pick_start(&c, p->want, p->n, false, gfp);
	return np_rebind_host(p, &c, port, token, dead, gfp);
}

/* Is it worth while to try another port?  Not at the limit, where no port will do. */
static bool np_rebind_goes_on(const struct np_plan *p, int err)
{
	return err == -EADDRINUSE || (err == -EDQUOT && !p->full);
}

/* Limits come before ports; where no port was tried they haven't been asked. */
static int np_rebind_none(const struct np_plan *p)
{
	u32 had = READ_ONCE(p->wide->nparts);
	int err = p->n > had ? np_owner_has_room(p->owner, p->n - had) : 0;

	return err ?: -EADDRNOTAVAIL;
}

static int np_rebind_run(struct np_plan *p, u64 token, struct list_head *dead, gfp_t gfp)
{
	bool own = false;
	int err, port;

	err = np_plan_host_start(p, gfp);
	if (err)
		return err;
	if (!p->pick)
		return np_rebind_host(p, NULL, p->port, token, dead, gfp);
	np_pick_start(&p->cursor, p->want, p->n, false, gfp);
	do {
		port = np_plan_next(p);
		if (!own && np_pick_none_free(&p->cursor)) {
			own = true;
			err = np_rebind_own(p, token, dead, gfp);
			if (!np_rebind_goes_on(p, err))
				return err;
		}
		if (port < 0)
			return port == -EADDRNOTAVAIL ? np_rebind_none(p) : port;
		err = np_rebind_host(p, &p->cursor, port, token, dead, gfp);
	} while (np_rebind_goes_on(p, err));
	return err;
}

/**
 * np_rebind() - give a reservation another port or other bindings
 * @owner: whose
 * @req: names it by its token, and says what it is to have; its port is a result
 * @gfp: for the memory
 *
 * Return: 0 or an error of NETPORT_IOC_REBIND.
 */
int np_rebind(struct netport_owner *owner, struct netport_request *req, gfp_t gfp)
{
	struct np_part *part, *next;
	struct np_wide *wide;
	struct np_plan *p;
	LIST_HEAD(dead);
	int err;

	err = np_change_check(req);
	if (err)
		return err;
	wide = np_resv_widen(owner, req->reserve.token, gfp);
	if (IS_ERR(wide))
		return PTR_ERR(wide);
	err = -EINVAL;
	if (!np_wide_changes(wide))
		goto out;
	p = np_plan_make(owner, NULL, req, wide, NP_PLAN_CHARGED, gfp);
	if (IS_ERR(p)) {
		err = PTR_ERR(p);
		goto out;
	}
	err = np_rebind_run(p, req->reserve.token, &dead, gfp);
	if (!err) {
		req->reserve.binding.port = p->port;
		if (p->pick)
			np_tell_picked(owner, p->want, p->port, req->reserve.token,
				       p->cursor.tried);
	}
	np_plan_free(p);
	list_for_each_entry_safe(part, next, &dead, link) {
		list_del(&part->link);
		np_part_free(part);
	}
out:
	np_wide_put(wide);
	return np_tell_refused_terms(owner, NULL, req, req->reserve.token, err);
}

static bool np_part_within(const struct np_part *part, u16 port, u16 count)
{
	return part->bind.e.port >= port && part->bind.e.port - port < count;
}

/*
 * Some parts leave a block.  They stay in the table for a while, counted for the owner
 * that the block has now, but it may get another one as soon as its lock is dropped.
 */
static void np_parts_leave(struct np_wide *wide, struct np_wide *gone, u16 port, u16 count)
{
	struct np_part *part, *next;
	unsigned int n = 0;

	gone->resv.token = wide->resv.token;
	gone->count = wide->count;
	gone->user = wide->user;
	if (gone->user)
		refcount_inc(&gone->user->ref);
	gone->nparts = wide->nparts;
	list_for_each_entry_safe(part, next, &wide->parts, link) {
		if (!np_part_within(part, port, count))
			continue;
		list_move_tail(&part->link, &gone->parts);
		refcount_inc(&gone->ref);
		part->wide = gone;
		np_wide_put(wide);
		n++;
	}
	np_parts_retire(wide->resv.owner->nn, &gone->parts);
	np_tell_gone_parts(wide->resv.owner->nn, &gone->parts, n, NP_GONE_PART);
	wide->nparts -= n;
	np_owner_uncharge(wide->resv.owner, n);
}

/* All shards are locked.  What has to be freed is in @gone. */
static int np_release_part_of(struct np_resv *r, struct np_resv **gone, u16 port, u16 count)
{
	struct np_wide *wide = np_resv_wide(r);
	unsigned int n = 0, width = 0;
	struct np_part *part;

	if (!np_resv_is(r, NP_BIND_WIDE) || wide->count == 1)
		return -EINVAL;
	list_for_each_entry(part, &wide->parts, link) {
		n += np_part_within(part, port, count);
		width += part->bind.e.port == port;
	}
	if (!n || n != width * count)
		return -ENOENT;
	if (n < wide->nparts) {
		np_parts_leave(wide, np_resv_wide(*gone), port, count);
	} else {
		np_resv_unpublish(np_token_shard(r->owner->nn, r->token), r, NP_GONE_PART);
		*gone = r;
	}
	return 0;
}

/**
 * np_release_part() - give back some ports of a block
 * @owner: whose
 * @token: its name
 * @port: the first of them
 * @count: how many
 * @gfp: for the memory
 *
 * Return: 0, -ENOENT if the block doesn't have all of them, -EINVAL if it is none, or
 * -ENOMEM.
 */
int np_release_part(struct netport_owner *owner, u64 token, u16 port, u16 count, gfp_t gfp)
{
	struct np_net *nn = owner->nn;
	struct np_resv *r, *gone;
	struct np_wide *wide;
	u64 shards = 0;
	int err = -ENOENT;

	if (READ_ONCE(nn->dead))
		return -ENOENT;
	wide = np_wide_alloc(owner, gfp);
	if (!wide)
		return -ENOMEM;
	gone = &wide->resv;
	r = np_resv_lock(nn, owner, token, &shards);
	if (r) {
		err = np_release_part_of(r, &gone, port, count);
		np_resv_unlock(nn, shards);
	}
	if (!err)
		np_resv_free(gone);
	if (err || gone != &wide->resv)
		np_wide_put(wide);
	return err;
}

/**
 * np_label() - write a text on a reservation or an owner
 * @owner: the owner, or whose
 * @label: the text, and the reservation or 0
 * @gfp: for the memory
 *
 * Return: 0, -EINVAL, -ENOENT or -ENOMEM.
 */
int np_label(struct netport_owner *owner, const struct netport_label *label, gfp_t gfp)
{
	struct np_shard *shard = np_token_shard(owner->nn, label->token);
	u8 *to = owner->label;
	struct np_resv *r;
	struct np_wide *wide;
	int err;

	err = np_label_check(label->label);
	if (err)
		return err;
	if (label->token) {
		wide = np_resv_widen(owner, label->token, gfp);
		if (IS_ERR(wide))
			return PTR_ERR(wide);
		np_wide_put(wide);
	}
	spin_lock_bh(&shard->lock);
	if (label->token) {
		/* Once wide it stays so. */
		r = np_resv_find(shard, owner, label->token);
		to = r ? np_resv_wide(r)->label : NULL;
	}
	spin_lock(&owner->lock);
	if (to)
		memcpy(to, label->label, NETPORT_LABEL_LEN);
	spin_unlock(&owner->lock);
	spin_unlock_bh(&shard->lock);
	return to ? 0 : -ENOENT;
}
