// SPDX-License-Identifier: GPL-2.0
/*
 * For those who look on: what the tracepoints tell, and what is counted.
 *
 * Nobody comes here whose tracepoint isn't in use, but for requests that were refused.
 */
#include <linux/cred.h>
#include <linux/rcupdate.h>
#include <net/ipv6.h>

#include "netport_priv.h"

#define CREATE_TRACE_POINTS
#include "trace.h"

/* An address, with the family in it. */
static struct in6_addr np_traced_addr(const struct in6_addr *a, u8 families)
{
	struct in6_addr any = in6addr_any;

	if (families != NETPORT_FAMILY_IPV4 || !ipv6_addr_any(a))
		return *a;
	ipv6_addr_set_v4mapped(0, &any);
	return any;
}

static u32 np_traced_uid(const struct np_user *user)
{
	return from_kuid_munged(&init_user_ns, user->uid);
}

/* A binding that is in the table, or was a moment ago. */
static void np_traced_bind(struct np_traced *t, struct np_bind *b)
{
	struct np_resv *r = np_bind_resv(b);

	t->netns = r->owner->nn->inum;
	t->uid = np_traced_uid(np_resv_user(r));
	t->owner = r->owner->id;
	t->token = r->token;
	t->state = np_resv_state(r, READ_ONCE(r->bind.e.flags));
	t->ifindex = b->ifindex;
	t->protocol = b->addr->space->protocol;
	t->port = b->e.port;
	t->remote_port = b->e.rport;
	t->families = np_addr_families(b->addr);
	t->share = np_bind_asked(b);
	t->addr = np_traced_addr(&b->addr->key.addr, t->families);
	t->remote = np_traced_addr(&b->remote, t->families);
}

/* One that is asked for. */
static void np_traced_want(struct np_traced *t, const struct netport_owner *owner,
			   const struct np_want *w, u16 port)
{
	t->netns = owner->nn->inum;
	t->uid = np_traced_uid(w->user);
	t->owner = owner->id;
	t->token = 0;
	t->state = 0;
	t->ifindex = w->ifindex;
	t->protocol = w->protocol;
	t->port = port;
	t->remote_port = w->rport;
	t->families = w->families;
	t->share = w->share;
	t->addr = np_traced_addr(&w->local, w->families);
	t->remote = np_traced_addr(&w->remote, w->families);
}

/* what has become of reservations: all its bindings, or some parts */

static void np_trace_made_bind(struct np_bind *b, enum np_made how)
{
	struct np_traced t;

	np_traced_bind(&t, b);
	trace_netport_reserve(&t, how);
}

static void np_trace_gone_bind(struct np_bind *b, enum np_gone why)
{
	struct np_traced t;

	np_traced_bind(&t, b);
	trace_netport_release(&t, why);
}

void np_trace_made(struct np_resv *r, enum np_made how)
{
	struct np_bind *b;

	np_resv_for_each_bind(b, r)
		np_trace_made_bind(b, how);
}

void np_trace_made_parts(struct list_head *parts, enum np_made how)
{
	struct np_part *part;

	list_for_each_entry(part, parts, link)
		np_trace_made_bind(&part->bind, how);
}

void np_trace_gone(struct np_resv *r, enum np_gone why)
{
	struct np_bind *b;

	np_resv_for_each_bind(b, r)
		np_trace_gone_bind(b, why);
}

void np_trace_gone_parts(struct list_head *parts, enum np_gone why)
{
	struct np_part *part;

	list_for_each_entry(part, parts, link)
		np_trace_gone_bind(&part->bind, why);
}

void np_trace_hold(struct np_resv *r, u32 ms)
{
	struct np_traced t;
	struct np_bind *b;

	np_resv_for_each_bind(b, r) {
		np_traced_bind(&t, b);
		trace_netport_hold(&t, ms);
	}
}

/* what has become of requests */

void np_trace_pick(const struct netport_owner *owner, const struct np_want *w, u16 port,
		   u64 token, u32 probes)
{
	struct np_traced t;

	np_traced_want(&t, owner, w, port);
	t.token = token;
	trace_netport_pick(&t, probes);
}

void np_trace_wait(const struct np_plan *p, u64 wish, enum np_waited outcome)
{
	struct np_traced t;

	np_traced_want(&t, p->owner, p->want, p->port);
	t.token = p->token;
	trace_netport_wait(&t, wish, outcome);
}

/* What is in the way of a binding on a port, but for one reservation; false if nothing is. */
static bool np_traced_blocker(struct np_traced *by, struct np_net *nn, struct np_want *w,
			      u16 port, u64 but)
{
	struct np_shard *shard = np_shard_of(nn, port);
	struct np_bind *b = NULL;

	w->port = port;
	w->left = NP_COMPARE_MAX;
	/* What has come or gone since the request was refused is seen as it is now. */
	rcu_read_lock();
	np_addr_peek(nn, w);
	spin_lock_bh(&shard->lock);
	if (!READ_ONCE(nn->dead) && np_table_check(shard, w, false) == -EADDRINUSE)
		b = np_table_blocker(shard, w);
	if (b && np_bind_resv(b)->token == but)
		b = NULL;
	if (b)
		np_traced_bind(by, b);
	spin_unlock_bh(&shard->lock);
	rcu_read_unlock();
	return b;
}

/**
 * struct np_refused - a request that was refused
 * @owner: who asked
 * @user: as whom
 * @options: NETPORT_OPT_TUPLE or 0
 * @count: how many ports, from the first on
 * @own: the reservation that was to change, or 0: it's in nobody's way
 * @err: why
 */
struct np_refused {
	struct netport_owner	*owner;
	struct np_user		*user;
	u32			options;
	u16			count;
	u64			own;
	int			err;
};

/* Tell of one binding; false, and nothing told, if another is to be told of. */
static bool np_trace_refused(const struct np_refused *ref, const struct netport_binding *b,
			     u16 port, bool last)
{
	struct netport_binding whole = *b;
	struct np_traced of, by = {};
	struct np_want w;
	bool found = false;
	unsigned int i;

	whole.port = port;
	if (np_want_init(&w, ref->user, &whole, ref->options))
		return false;
	np_traced_want(&of, ref->owner, &w, port);
	for (i = 0; port && ref->err == -EADDRINUSE && i < ref->count && !found; i++) {
		found = np_traced_blocker(&by, ref->owner->nn, &w, port + i, ref->own);
		if (found)
			of.port = port + i;
	}
	if (!found && !last)
		return false;
	trace_netport_refuse(&of, ref->err, &by);
	return true;
}

/* Count it; false if it isn't a refusal, but malformed, unlucky or late. */
static bool np_refused_count(struct np_net *nn, int err)
{
	switch (err) {
	case -EADDRINUSE:
		np_count(nn, NP_STAT_IN_USE, 1);
		return true;
	case -EADDRNOTAVAIL:
		np_count(nn, NP_STAT_NO_PORT, 1);
		return true;
	case -EDQUOT:
		np_count(nn, NP_STAT_LIMIT, 1);
		return true;
	case -EACCES:
	case -EPERM:
		np_count(nn, NP_STAT_DENIED, 1);
		return true;
	default:
		return false;
	}
}

/**
 * np_tell_refused() - a request without terms has failed
 * @owner: who asked
 * @b: for what
 * @options: NETPORT_OPT_*
 * @err: why
 *
 * Return: @err.
 */
int np_tell_refused(struct netport_owner *owner, const struct netport_binding *b, u32 options,
		    int err)
{
	const struct np_refused ref = {
		.owner = owner, .user = owner->user, .options = options & NETPORT_OPT_TUPLE,
		.count = 1, .err = err,
	};

	if (np_refused_count(owner->nn, err) && trace_netport_refuse_enabled())
		np_trace_refused(&ref, b, b->port, true);
	return err;
}

/**
 * np_tell_refused_terms() - a request with terms has come to an end
 * @owner: who asked
 * @user: as whom, or NULL: @owner's
 * @req: for what; pointers in it are the kernel's
 * @own: the reservation that is to be another, and so not in the way, or 0
 * @err: its result, 0 as well
 *
 * Told is the first binding that somebody is in the way of, or simply the first.
 *
 * Return: @err.
 */
int np_tell_refused_terms(struct netport_owner *owner, struct np_user *user,
			  const struct netport_request *req, u64 own, int err)
{
	const struct netport_binding *more = (void *)(uintptr_t)req->terms.bindings;
	const struct netport_binding *first = &req->reserve.binding;
	const struct np_refused ref = {
		.owner = owner, .user = user ?: owner->user,
		.options = req->reserve.options & NETPORT_OPT_TUPLE,
		.count = req->terms.count ?: 1, .own = own, .err = err,
	};
	u32 i;

	if (likely(!err) || !np_refused_count(owner->nn, err) ||
	    !trace_netport_refuse_enabled())
		return err;
	if (np_trace_refused(&ref, first, first->port, false))
		return err;
	for (i = 0; first->port && err == -EADDRINUSE && i < req->terms.nbindings; i++)
		if (np_trace_refused(&ref, &more[i], first->port, false))
			return err;
	np_trace_refused(&ref, first, first->port, true);
	return err;
}

/**
 * np_tell_refused_resv() - somebody was to get a reservation
 * @owner: who
 * @r: the reservation, under home's lock
 * @err: what has come of it, 0 as well
 *
 * Return: @err.
 */
int np_tell_refused_resv(struct netport_owner *owner, struct np_resv *r, int err)
{
	struct np_traced of, by = {};

	if (likely(!err) || !np_refused_count(owner->nn, err) ||
	    !trace_netport_refuse_enabled())
		return err;
	np_traced_bind(&of, np_resv_bind(r, NULL));
	of.owner = owner->id;
	of.uid = np_traced_uid(owner->user);
	trace_netport_refuse(&of, err, &by);
	return err;
}

/**
 * np_stats_sum() - what all CPUs have counted
 * @nn: namespace
 * @sum: the result
 *
 * Of what comes and goes, that which goes is counted first: meanwhile more may come, and what
 * is here is never less than nothing.
 */
void np_stats_sum(const struct np_net *nn, unsigned long sum[NP_STATS])
{
	unsigned int i = NP_STATS;
	int cpu;

	while (i--) {
		sum[i] = 0;
		for_each_possible_cpu(cpu)
			sum[i] += READ_ONCE(per_cpu_ptr(nn->stats, cpu)->n[i]);
		/* What has gone had come before, on whatever CPU. */
		smp_rmb();
	}
}
