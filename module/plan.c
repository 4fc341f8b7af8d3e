// SPDX-License-Identifier: GPL-2.0
/*
 * Plans: requests with terms, checked, and with the memory for what they ask for.
 *
 * A plan of one port on one binding without label and host becomes an np_resv like
 * any other, all else an np_wide.
 */
#include <kunit/visibility.h>
#include <linux/log2.h>
#include <linux/mm.h>
#include <linux/overflow.h>
#include <linux/slab.h>
#include <net/net_namespace.h>

#include "netport_priv.h"

/**
 * np_label_check() - is this a label?
 * @label: NETPORT_LABEL_LEN bytes
 *
 * Return: 0 or -EINVAL.
 */
int np_label_check(const u8 *label)
{
	size_t len = strnlen(label, NETPORT_LABEL_LEN);

	if (len == NETPORT_LABEL_LEN)
		return -EINVAL;
	return memchr_inv(label + len, 0, NETPORT_LABEL_LEN - len) ? -EINVAL : 0;
}

bool np_terms_empty(const struct netport_terms *terms)
{
	return !memchr_inv(terms, 0, sizeof(*terms));
}

/* Does the request make sense, but for its bindings? */
static int np_terms_check(const struct netport_request *req, unsigned int flags)
{
	const struct netport_terms *t = &req->terms;
	u16 port = req->reserve.binding.port;
	u16 align = t->align ?: 1;
	u32 count = t->count ?: 1;

	if ((req->reserve.options & ~NP_OPT_ALL) || t->__pad || !is_power_of_2(align) ||
	    t->offset >= align || t->nbindings >= NETPORT_BINDINGS_MAX ||
	    count * (t->nbindings + 1) > NETPORT_PORTS_MAX ||
	    t->nexclude > NETPORT_EXCLUDE_MAX || t->deadline > KTIME_MAX ||
	    !t->bindings != !t->nbindings || !t->exclude != !t->nexclude)
		return -EINVAL;
	if (port && (t->nexclude || port + count - 1 > U16_MAX ||
		     (port & (align - 1)) != t->offset || (count == 1 && t->align)))
		return -EINVAL;
	if ((flags & NP_PLAN_WAIT) && (count > 1 || (req->reserve.options & NP_OPT_HOST)))
		return -EINVAL;
	if ((flags & NP_PLAN_CANDIDATE) && count > 1)
		return -EINVAL;
	return np_label_check(t->label);
}

static int np_plan_want(struct np_plan *p, struct np_want *w, const struct netport_binding *b)
{
	struct netport_binding whole = *b;
	int err;

	/* A tuple needs a port, also where that is only with the first of them. */
	whole.port = p->port;
	err = np_want_init(w, p->user, &whole, p->options & NETPORT_OPT_TUPLE);
	if (err)
		return err;
	if (p->options & NP_OPT_HOST)
		err = np_host_want(w);
	if (p->options & NETPORT_OPT_HOST_CHECK)
		w->flags |= NP_BIND_HOST_CHECK;
	if (p->options & NETPORT_OPT_HOST_HOLD)
		w->flags |= NP_BIND_HOST_HOLD;
	return err;
}

/* What is malformed comes before what the host can't do. */
static int np_plan_wants(struct np_plan *p, const struct netport_request *req)
{
	const struct netport_binding *more = (void *)(uintptr_t)req->terms.bindings;
	int err, unsupported;
	u32 i, j;

	unsupported = np_plan_want(p, &p->want[0], &req->reserve.binding);
	if (unsupported && unsupported != -EOPNOTSUPP)
		return unsupported;
	for (i = 1; i < p->n; i++) {
		if (more[i - 1].port && more[i - 1].port != p->port)
			return -EINVAL;
		err = np_plan_want(p, &p->want[i], &more[i - 1]);
		if (err && err != -EOPNOTSUPP)
			return err;
		unsupported = unsupported ?: err;
		for (j = 0; j < i; j++)
			if (np_want_overlaps(&p->want[i], &p->want[j]))
				return -EINVAL;
	}
	return unsupported;
}

static int np_plan_exclude(struct np_plan *p, const struct netport_terms *t, gfp_t gfp)
{
	const u16 *port = (void *)(uintptr_t)t->exclude;
	u32 i;

	p->exclude = kvcalloc(NP_WORDS, sizeof(*p->exclude), gfp);
	if (!p->exclude)
		return -ENOMEM;
	for (i = 0; i < t->nexclude; i++)
		p->exclude[port[i] / NP_WORD_PORTS] |= BIT_ULL(port[i] % NP_WORD_PORTS);
	return 0;
}

/* The terms of the pick are in the first binding. */
static int np_plan_terms(struct np_plan *p, const struct netport_request *req,
			 unsigned int flags, gfp_t gfp)
{
	const struct netport_terms *t = &req->terms;
	struct np_want *w = p->want;
	u32 i;
	int err;

	err = np_owner_access(p->owner, w, p->n, req->reserve.low, req->reserve.high);
	if (err)
		return err;
	if ((p->options & NETPORT_OPT_PERSISTENT) && !np_owner_admin(p->owner))
		return -EPERM;
	w->align = t->align ?: 1;
	w->offset = t->offset;
	w->more = p->n - 1;
	if (t->nexclude) {
		err = np_plan_exclude(p, t, gfp);
		if (err)
			return err;
		w->exclude = p->exclude;
	}
	/* Who waits doesn't fail because of it, and a wish outlives what this points at. */
	if (!t->conflict || (flags & NP_PLAN_WAIT))
		return 0;
	for (i = 0; i < p->n; i++) {
		w[i].conflict = (void *)(uintptr_t)t->conflict;
		w[i].curious = np_owner_admin(p->owner);
	}
	return 0;
}

static bool np_plan_is_wide(const struct np_plan *p, const struct netport_request *req)
{
	return p->n > 1 || p->count > 1 || req->terms.label[0] || (p->options & NP_OPT_HOST) ||
	       p->user != p->owner->user;
}

/* The reservation, and what it claims. */
static int np_plan_resv(struct np_plan *p, const struct netport_request *req, gfp_t gfp)
{
	struct np_part *part;
	u32 i;

	if (!p->wide && !np_plan_is_wide(p, req)) {
		p->resv = np_resv_alloc(p->owner, gfp);
		if (!p->resv)
			return -ENOMEM;
		np_addr_hold(p->want[0].addr);
		np_bind_fill(&p->resv->bind, &p->want[0]);
		return 0;
	}

	if (p->wide) {
		refcount_inc(&p->wide->ref);
	} else {
		p->wide = np_wide_alloc(p->owner, gfp);
		if (!p->wide)
			return -ENOMEM;
		p->wide->count = p->count;
		p->wide->nparts = p->n * p->count;
		memcpy(p->wide->label, req->terms.label, NETPORT_LABEL_LEN);
		if (p->user != p->owner->user) {
			refcount_inc(&p->user->ref);
			p->wide->user = p->user;
		}
	}
	p->resv = &p->wide->resv;
	for (i = 0; i < p->n * p->count; i++) {
		part = np_part_add(&p->parts, p->wide, gfp);
		if (!part)
			return -ENOMEM;
		np_addr_hold(p->want[i % p->n].addr);
		np_bind_fill(&part->bind, &p->want[i % p->n]);
		part->bind.e.flags |= NP_BIND_PART;
	}
	return 0;
}

static int np_plan_view(struct np_plan *p, gfp_t gfp)
{
	struct np_view *v = &p->view;
	u32 i;

	v->nn = p->owner->nn;
	v->w = p->want;
	v->run = p->count;
	v->occ = kvmalloc_array(p->n, NP_VIEW_OCCS * sizeof(*v->occ), gfp);
	v->src = kvmalloc_array(p->n, NP_VIEW_OCCS * sizeof(*v->src), gfp);
	v->few = kvmalloc_array(p->n, sizeof(*v->few), gfp);
	if (!v->occ || !v->src || !v->few)
		return -ENOMEM;
	for (i = 0; i < p->n; i++)
		np_view_add(v, &p->want[i]);
	return 0;
}

/* All that somebody else needs who makes the reservation for a waiter. */
static int np_plan_force(struct np_plan *p, gfp_t gfp)
{
	unsigned int port = p->pick ? p->want[0].low : p->port;
	unsigned int last = p->pick ? p->want[0].high : p->port;
	int err;
	u32 i;

	/* A bitmap is made of chunks: one port of each will do. */
	for (;;) {
		for (i = 0; i < p->n; i++) {
			err = np_resv_prepare(p->want[i].addr, port, gfp) ?:
			      np_addr_force(p->want[i].addr, port, gfp);
			if (err)
				return err;
		}
		if (port == last)
			break;
		port = min_t(unsigned int, port + NP_WORD_PORTS * NP_CHUNK_WORDS, last);
	}
	for (i = 0; i < p->n; i++) {
		p->spare[i].need_port = true;
		p->spare[i].need_group = true;
		/* For an attempt that has used them up, and was undone. */
		p->spare[i].now = np_spare_now(gfp);
	}
	return np_plan_refill(p, gfp);
}

static int np_plan_fill(struct np_plan *p, const struct netport_request *req,
			unsigned int flags, gfp_t gfp)
{
	int err;
	u32 i;

	err = np_plan_wants(p, req) ?: np_plan_terms(p, req, flags, gfp);
	if (err)
		return err;
	if (!(flags & NP_PLAN_CHARGED)) {
		err = np_owner_charge(p->owner, p->n * p->count);
		if (err)
			return err;
		p->charged = p->n * p->count;
	}
	for (i = 0; i < p->n; i++) {
		err = np_addr_get(p->owner->nn, &p->want[i], gfp);
		if (err)
			return err;
	}
	p->spare = kvcalloc(p->n, sizeof(*p->spare), gfp);
	if (!p->spare)
		return -ENOMEM;
	err = np_plan_resv(p, req, gfp);
	if (!err && p->pick)
		err = np_plan_view(p, gfp);
	if (!err && (flags & NP_PLAN_WAIT))
		err = np_plan_force(p, gfp);
	return err;
}

/* As whose it counts, if not its owner's: a reference, or NULL. */
static struct np_user *np_wide_user(struct np_net *nn, struct np_wide *wide)
{
	struct np_shard *shard = np_token_shard(nn, wide->resv.token);
	struct np_user *user;

	if (likely(!READ_ONCE(wide->user)))
		return NULL;
	spin_lock_bh(&shard->lock);
	user = wide->user;
	if (user)
		refcount_inc(&user->ref);
	spin_unlock_bh(&shard->lock);
	return user;
}

/**
 * np_plan_make() - a plan for a request
 * @owner: for whom
 * @user: as whose a new reservation counts, or NULL: @owner's
 * @req: the request; pointers in it are the kernel's
 * @wide: the reservation that is to get the bindings, or NULL for a new one
 * @flags: NP_PLAN_*
 * @gfp: for the memory
 *
 * Return: the plan, to be freed with np_plan_free(), or an ERR_PTR.
 */
struct np_plan *np_plan_make(struct netport_owner *owner, struct np_user *user,
			     const struct netport_request *req, struct np_wide *wide,
			     unsigned int flags, gfp_t gfp)
{
	u32 n = req->terms.nbindings + 1;
	struct np_plan *p;
	int err;

	err = np_terms_check(req, flags);
	if (err)
		return ERR_PTR(err);
	p = kvzalloc(struct_size(p, want, n), gfp);
	if (!p)
		return ERR_PTR(-ENOMEM);
	INIT_LIST_HEAD(&p->parts);
	p->owner = owner;
	if (wide)
		p->held = np_wide_user(owner->nn, wide);
	p->user = p->held ?: user ?: owner->user;
	p->wide = wide;
	p->n = n;
	p->count = req->terms.count ?: 1;
	p->options = req->reserve.options;
	p->port = req->reserve.binding.port;
	p->pick = !p->port;
	p->left = NP_COMPARE_MAX;

	err = np_plan_fill(p, req, flags, gfp);
	if (err) {
		np_plan_free(p);
		return ERR_PTR(err);
	}
	return p;
}
EXPORT_SYMBOL_IF_KUNIT(np_plan_make);

/**
 * np_plan_free() - free a plan, and what has not become a reservation of it
 * @p: the plan; nothing of it is in the table without being published
 */
void np_plan_free(struct np_plan *p)
{
	struct np_part *part, *next;
	u32 i;

	np_parts_unhost(&p->parts);
	list_for_each_entry_safe(part, next, &p->parts, link) {
		list_del(&part->link);
		np_part_free(part);
	}
	if (p->wide && p->resv)
		np_wide_put(p->wide);
	else if (p->resv)
		np_resv_kfree(p->resv);
	for (i = 0; i < p->n; i++) {
		if (p->spare)
			np_spare_drop(&p->spare[i]);
		if (p->want[i].addr)
			np_addr_put(p->want[i].addr);
	}
	if (p->charged)
		np_owner_uncharge(p->owner, p->charged);
	if (p->net)
		put_net(p->net);
	if (p->held)
		np_user_put(p->held);
	kvfree(p->spare);
	kvfree(p->view.occ);
	kvfree(p->view.src);
	kvfree(p->view.few);
	kvfree(p->exclude);
	kvfree(p);
}
EXPORT_SYMBOL_IF_KUNIT(np_plan_free);

/* Is this port of an address ready to be taken? */
int np_resv_prepare(struct np_addr *a, u16 port, gfp_t gfp)
{
	int err = 0;

	if (!a->any)
		err = np_occ_prepare(&a->space->used[a->family], port, gfp);
	return err ?: np_addr_prepare(a, port, gfp);
}

/**
 * np_plan_prepare() - make it likely that np_plan_link() of a port works
 * @p: the plan
 * @port: the port
 * @gfp: for the memory
 *
 * Return: 0 or -ENOMEM.
 */
int np_plan_prepare(struct np_plan *p, u16 port, gfp_t gfp)
{
	int err = 0;
	u32 i;

	for (i = 0; i < p->n && !err; i++)
		err = np_resv_prepare(p->want[i].addr, port, gfp);
	return err;
}

/**
 * np_plan_refill() - allocate what np_plan_link() found missing
 * @p: the plan
 * @gfp: for the memory
 *
 * Return: 0 or -ENOMEM.
 */
int np_plan_refill(struct np_plan *p, gfp_t gfp)
{
	int err = 0;
	u32 i;

	for (i = 0; i < p->n && !err; i++)
		err = np_spare_fill(&p->spare[i], gfp);
	return err;
}

/* The first part of a plan, or NULL if it has none. */
struct np_part *np_plan_part(struct np_plan *p)
{
	return list_first_entry_or_null(&p->parts, struct np_part, link);
}
EXPORT_SYMBOL_IF_KUNIT(np_plan_part);

/**
 * np_plan_check() - would np_plan_link() of a port work?
 * @p: the plan
 * @shard: the shard of the port, locked
 * @c: if the port was picked, says what is good enough; else NULL, and if it's in use,
 *	who is in the way is told
 * @port: the port
 *
 * Return: 0, -EADDRINUSE or -EDQUOT.
 */
int np_plan_check(struct np_plan *p, struct np_shard *shard, const struct np_cursor *c,
		  u16 port)
{
	int *left = p->lent ?: &p->left;
	struct np_bind *blocker;
	struct np_want *w;
	int err;
	u32 i;

	/* See np_want_refill(). */
	if (!p->lent && (!c || c->may_sleep))
		p->left = NP_COMPARE_MAX;
	for (i = 0; i < p->n; i++) {
		w = &p->want[i];
		w->port = port;
		w->left = *left;
		err = np_table_check(shard, w, c);
		*left = w->left;
		if (err >= 0 && c && !np_pick_fits(c, w, err))
			return -EADDRINUSE;
		if (err == -EADDRINUSE && !c && w->conflict) {
			blocker = np_table_blocker(shard, w);
			if (blocker)
				np_entry_fill(w->conflict, blocker, w->user, w->curious);
		}
		if (err < 0)
			return err;
	}
	return 0;
}

/**
 * np_plan_link() - put one port of a plan into the table, on all its bindings or on none
 * @p: the plan
 * @shard: the shard of the port, locked
 * @c: if the port was picked, says what is good enough; else NULL
 * @port: the port
 * @part: the first of the parts for it; NULL if the plan is for an np_resv
 *
 * The bindings don't overlap each other, so that each can be checked before any is linked.
 *
 * If the reservation that they are for is attached, packets find them at once.
 *
 * Return: 0, -EADDRINUSE, -EDQUOT, -ENOMEM, or -EAGAIN if np_plan_prepare() and
 * np_plan_refill() are needed.
 */
int np_plan_link(struct np_plan *p, struct np_shard *shard, const struct np_cursor *c,
		 u16 port, struct np_part *part)
{
	struct np_bind *b;
	int err;
	u32 i;

	err = np_plan_check(p, shard, c, port);
	if (err)
		return err;
	for (i = 0; i < p->n; i++) {
		b = part ? &part->bind : &p->resv->bind;
		b->e.port = port;
		err = np_table_link(shard, b, &p->spare[i]);
		if (err)
			goto undo;
		if (part && unlikely(p->wide->priv)) {
			err = np_seat_take(p->owner->nn, part, p->wide->priv);
			if (err) {
				np_table_unlink(shard, b);
				goto undo;
			}
		}
		if (part)
			part = list_next_entry(part, link);
	}
	return 0;

undo:
	while (i--) {
		part = list_prev_entry(part, link);
		np_seat_leave(p->owner->nn, part);
		np_table_unlink(shard, &part->bind);
	}
	return err;
}
EXPORT_SYMBOL_IF_KUNIT(np_plan_link);

/**
 * np_plan_publish() - what a plan has in the table is a reservation now
 * @p: the plan, which is left with the rest
 * @shard: the shard of the port, locked
 */
void np_plan_publish(struct np_plan *p, struct np_shard *shard)
{
	struct np_resv *r = p->resv;
	struct np_part *part;

	if (p->options & NETPORT_OPT_PERSISTENT)
		r->bind.e.flags |= NP_BIND_PERSISTENT;
	r->bind.e.port = p->port;
	if (p->wide) {
		list_for_each_entry(part, &p->parts, link)
			part->bind.nr = p->wide->nr++;
		list_splice_tail_init(&p->parts, &p->wide->parts);
	}
	p->resv = NULL;
	p->charged = 0;
	p->token = np_resv_publish(shard, r);
	np_tell_made(r->owner->nn, r, np_resv_ports(r));
}
EXPORT_SYMBOL_IF_KUNIT(np_plan_publish);

static bool np_want_equal(const struct np_want *a, const struct np_want *b)
{
	return a->addr == b->addr && a->rport == b->rport &&
	       a->ifindex == b->ifindex && a->share == b->share && a->flags == b->flags &&
	       ipv6_addr_equal(&a->remote, &b->remote) &&
	       (!(a->share & NETPORT_SHARE_LOAD_BALANCED) || a->user == b->user);
}

/**
 * np_plan_equal() - do two plans ask for the same?
 * @a: one
 * @b: the other, of the same namespace
 *
 * Return: whether each can be had exactly when the other can.
 */
bool np_plan_equal(const struct np_plan *a, const struct np_plan *b)
{
	const struct np_want *v = a->want, *w = b->want;
	u32 i;

	if (a->n != b->n || a->pick != b->pick || (!a->pick && a->port != b->port) ||
	    v->low != w->low || v->high != w->high ||
	    v->align != w->align || v->offset != w->offset || !a->exclude != !b->exclude)
		return false;
	if (a->exclude && memcmp(a->exclude, b->exclude, NP_WORDS * sizeof(*a->exclude)))
		return false;
	for (i = 0; i < a->n; i++)
		if (!np_want_equal(&v[i], &w[i]))
			return false;
	return true;
}
EXPORT_SYMBOL_IF_KUNIT(np_plan_equal);

/* A request: its form, and whether the caller may have these ports. */
int np_resv_want(const struct netport_owner *owner, struct np_want *w,
		 const struct netport_reserve *req, const struct netport_binding *b)
{
	int err = np_want_init(w, owner->user, b, req->options);

	return err ?: np_owner_access(owner, w, 1, req->low, req->high);
}
