// SPDX-License-Identifier: GPL-2.0
/*
 * Requests with terms: sets, blocks, ports of the host, batches; and wishes for them.
 *
 * A set is one port, so it is made under one hold of one shard lock.  A block has a port
 * after the other, each under its own lock and in ascending order: of several that are in
 * each other's way, one gets all of its ports.  Only then is it published; before, nobody can
 * name it.
 *
 * The host is asked before the table, with no lock held.  A namespace waits for whoever does
 * that, so that its sockets are in a reservation, or closed, before it goes.
 */
#include <kunit/visibility.h>
#include <linux/bitmap.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <net/net_namespace.h>

#include "netport_priv.h"

/* the host */

/* Close what np_plan_host() has left open. */
void np_plan_unhost(struct np_plan *p)
{
	np_parts_unhost(&p->parts);
	np_host_flush();
}

static void np_plan_host_conflict(const struct np_want *w, u16 port)
{
	struct netport_entry *e = w->conflict;

	if (!e)
		return;
	memset(e, 0, sizeof(*e));
	e->binding.families = w->families;
	e->binding.protocol = w->protocol;
	e->binding.port = port;
	e->state = NETPORT_STATE_HOST;
}

/* Have the host bind all that a plan asks for, from a port on. */
int np_plan_host(struct np_plan *p, u16 port)
{
	kuid_t uid = p->user->uid;
	const struct np_want *w = p->want;
	struct np_part *part;
	int err = 0;

	list_for_each_entry(part, &p->parts, link) {
		err = np_host_bind(p->net, w, port, uid, &part->host);
		if (err) {
			part->host = NULL;
			if (err == -EADDRINUSE && !p->pick)
				np_plan_host_conflict(w, port);
			break;
		}
		if (++w == p->want + p->n) {
			w = p->want;
			port++;
		}
	}
	if (err || !(p->options & NETPORT_OPT_HOST_HOLD))
		np_plan_unhost(p);
	return err;
}

/* The host can only be asked by who can sleep; its namespace has to stay meanwhile. */
int np_plan_host_start(struct np_plan *p, gfp_t gfp)
{
	if (!(p->options & NP_OPT_HOST))
		return 0;
	if (!gfpflags_allow_blocking(gfp))
		return -EINVAL;
	p->net = np_net_hold(p->owner->nn);
	return p->net ? 0 : -ENETDOWN;
}

/* making reservations */

/* Put one port of a plan into the table, and publish it if that's all. */
static int np_plan_try_port(struct np_plan *p, const struct np_cursor *c, u16 port,
			    struct np_part *part, gfp_t gfp)
{
	struct np_net *nn = p->owner->nn;
	struct np_shard *shard = np_shard_of(nn, port);
	int err;

	for (;;) {
		err = np_plan_prepare(p, port, gfp);
		if (err)
			return err;
		spin_lock_bh(&shard->lock);
		err = READ_ONCE(nn->dead) ? -ENETDOWN : np_plan_link(p, shard, c, port, part);
		if (!err && p->count == 1) {
			p->port = port;
			np_plan_publish(p, shard);
		}
		spin_unlock_bh(&shard->lock);
		if (!err)
			np_shard_settle(nn, shard, gfp);
		if (err != -EAGAIN)
			return err;
		err = np_plan_refill(p, gfp);
		if (err)
			return err;
	}
}

/* Take the parts of the first ports of a block out of the table again. */
static void np_plan_unlink(struct np_plan *p, unsigned int ports)
{
	struct np_part *part = np_plan_part(p);
	int left = NP_SERVE_MAX;

	while (ports--)
		part = np_parts_unlink_port(p->owner->nn, &p->parts, part, &left);
}

/* Between two ports of a block: on each, as much as one may cost can be compared. */
static void np_plan_pause(gfp_t gfp)
{
	if (gfpflags_allow_blocking(gfp))
		cond_resched();
}

static int np_plan_try_block(struct np_plan *p, const struct np_cursor *c, u16 port, gfp_t gfp)
{
	struct np_net *nn = p->owner->nn;
	struct np_shard *shard = np_shard_of(nn, port);
	struct np_part *part = np_plan_part(p);
	unsigned int i, j;
	int err;

	for (i = 0; i < p->count; i++) {
		err = np_plan_try_port(p, c, port + i, part, gfp);
		if (err) {
			np_plan_unlink(p, i);
			return err;
		}
		np_plan_pause(gfp);
		for (j = 0; j < p->n; j++)
			part = list_next_entry(part, link);
	}

	spin_lock_bh(&shard->lock);
	err = READ_ONCE(nn->dead) ? -ENETDOWN : 0;
	if (!err) {
		p->port = port;
		np_plan_publish(p, shard);
	}
	spin_unlock_bh(&shard->lock);
	if (err)
		np_plan_unlink(p, p->count);
	else
		np_shard_settle(nn, shard, gfp);
	return err;
}

/* Would it work, as far as the table goes? */
int np_plan_look(struct np_plan *p, const struct np_cursor *c, u16 port, gfp_t gfp)
{
	struct np_net *nn = p->owner->nn;
	struct np_shard *shard;
	unsigned int i;
	int err = 0;

	for (i = 0; i < p->count && !err; i++) {
		shard = np_shard_of(nn, port + i);
		spin_lock_bh(&shard->lock);
		err = READ_ONCE(nn->dead) ? -ENETDOWN : np_plan_check(p, shard, c, port + i);
		spin_unlock_bh(&shard->lock);
		np_plan_pause(gfp);
	}
	return err;
}

static int np_plan_try(struct np_plan *p, const struct np_cursor *c, u16 port, gfp_t gfp)
{
	int err;

	if (p->net) {
		err = np_plan_look(p, c, port, gfp) ?: np_plan_host(p, port);
		if (err)
			return err;
	}
	err = p->count > 1 ? np_plan_try_block(p, c, port, gfp) :
			     np_plan_try_port(p, c, port, np_plan_part(p), gfp);
	if (err && p->net)
		np_plan_unhost(p);
	return err;
}

/* The next port of a search.  Where the host is asked each costs a socket. */
int np_plan_next(struct np_plan *p)
{
	if (p->net) {
		cond_resched();
		if (fatal_signal_pending(current))
			return -EINTR;
	}
	return np_pick_next_of(&p->cursor, &p->view, p->want, p->n);
}

/* Go on with a search until a port is good enough for @try. */
static int np_plan_search(struct np_plan *p,
			  int (*try)(struct np_plan *p, const struct np_cursor *c, u16 port,
				     gfp_t gfp),
			  gfp_t gfp)
{
	int err, port;

	if (!p->pick)
		return try(p, NULL, p->port, gfp);
	do {
		port = np_plan_next(p);
		if (port < 0)
			return port;
		err = try(p, &p->cursor, port, gfp);
	} while (err == -EADDRINUSE || err == -EDQUOT);
	return err;
}

/**
 * np_plan_run() - make the reservation of a plan
 * @p: the plan, with its search begun; its port and token are results
 * @gfp: for the memory
 *
 * Return: 0 or an error of NETPORT_IOC_REQUEST.
 */
int np_plan_run(struct np_plan *p, gfp_t gfp)
{
	int err = np_plan_host_start(p, gfp) ?: np_plan_search(p, np_plan_try, gfp);

	if (!err && p->pick)
		np_tell_picked(p->owner, p->want, p->port, p->token, p->cursor.tried);
	return err;
}

/* Without terms: what np_resv_make() can do. */
static bool np_request_plain(const struct netport_request *req)
{
	return !(req->reserve.options & ~NETPORT_OPT_TUPLE) && np_terms_empty(&req->terms);
}

/**
 * np_request_as() - reserve what a request asks for
 * @owner: for whom
 * @user: as whose it counts, or NULL: @owner's
 * @req: the request; pointers in it are the kernel's.  Port and token are results
 * @gfp: for the memory
 *
 * Return: 0 or an error of NETPORT_IOC_REQUEST.
 */
int np_request_as(struct netport_owner *owner, struct np_user *user,
		  struct netport_request *req, gfp_t gfp)
{
	u64 deadline = req->terms.deadline;
	struct np_plan *p;
	int err;

	if (np_request_plain(req) && (!user || user == owner->user))
		return np_resv_make(owner, &req->reserve, gfp);
	if (deadline && !gfpflags_allow_blocking(gfp))
		return -EINVAL;
	p = np_plan_make(owner, user, req, NULL, deadline ? NP_PLAN_WAIT : 0, gfp);
	if (IS_ERR(p))
		return np_tell_refused_terms(owner, user, req, 0, PTR_ERR(p));
	if (deadline) {
		err = np_wait(p, deadline, gfp);
	} else {
		if (p->pick)
			np_pick_start(&p->cursor, p->want, p->n, false, gfp);
		err = np_plan_run(p, gfp);
	}
	if (!err) {
		req->reserve.binding.port = p->port;
		req->reserve.token = p->token;
	}
	np_plan_free(p);
	return np_tell_refused_terms(owner, user, req, 0, err);
}

int np_request(struct netport_owner *owner, struct netport_request *req, gfp_t gfp)
{
	return np_request_as(owner, NULL, req, gfp);
}

/**
 * np_request_now() - np_request() of one that may not wait
 * @owner: for whom
 * @req: the request
 * @gfp: for the memory
 *
 * Return: as np_request(); -EINVAL if it has a deadline.
 */
int np_request_now(struct netport_owner *owner, struct netport_request *req, gfp_t gfp)
{
	return req->terms.deadline ? -EINVAL : np_request(owner, req, gfp);
}

/* batches */

static u64 *np_batch_token(const struct np_batch *b, u32 i)
{
	return b->tokens + i * b->stride;
}

/**
 * np_batch_undo() - release what a batch has reserved
 * @b: the batch
 * @gfp: says whether it may sleep
 */
void np_batch_undo(const struct np_batch *b, gfp_t gfp)
{
	bool may_sleep = gfpflags_allow_blocking(gfp);
	u64 *token;
	u32 i;

	for (i = 0; i < b->count; i++) {
		if (may_sleep)
			cond_resched();
		token = np_batch_token(b, i);
		if (*token)
			np_resv_drop(b->stock.owner, *token);
		/* They are as they were, so that they can be tried again. */
		*token = 0;
	}
	if (may_sleep)
		np_host_flush();
}

/* Requests without a look at whether somebody else should run. */
#define NP_BATCH_STEP	8

/* All requests, also if one has failed but errors are wanted, to know of each. */
static int np_batch_try(struct np_batch *b, gfp_t gfp)
{
	bool partial = b->flags & NETPORT_BATCH_PARTIAL;
	bool may_sleep = gfpflags_allow_blocking(gfp);
	int err, first = 0, done = 0;
	u32 i;

	b->stock.left = b->count;
	for (i = 0; i < b->count; i++, b->stock.left--) {
		if (may_sleep && i % NP_BATCH_STEP == 0) {
			cond_resched();
			if (fatal_signal_pending(current))
				return -EINTR;
		}
		err = b->make(b, i, gfp);
		if (!err) {
			done++;
			continue;
		}
		if (err == -EFAULT || err == -E2BIG)
			return err;
		if (b->errors)
			b->errors[i] = err;
		first = first ?: err;
		if (!partial && !b->errors)
			break;
	}
	return first && !partial ? first : done;
}

/**
 * np_batch() - many requests, one after the other
 * @b: the batch, its tokens and errors zeroed
 * @gfp: for the memory
 *
 * Return: how many were reserved, or the error.  Without NETPORT_BATCH_PARTIAL all or none
 * are.
 */
int np_batch(struct np_batch *b, gfp_t gfp)
{
	int done = np_batch_try(b, gfp);

	np_stock_drop(&b->stock);
	if (done < 0)
		np_batch_undo(b, gfp);
	return done;
}

static int np_batch_make(struct np_batch *b, u32 i, gfp_t gfp)
{
	struct netport_request *req = container_of(np_batch_token(b, i), struct netport_request,
						   reserve.token);

	if (np_request_plain(req))
		return np_resv_make_one(&b->stock, &req->reserve, gfp);
	np_stock_uncharge(&b->stock);
	return np_request_now(b->stock.owner, req, gfp);
}

/**
 * np_batch_request() - many requests that are in kernel memory
 * @owner: for whom
 * @reqs: the requests; a token is 0 where there is no reservation
 * @errors: result: 0 or a negative errno for each, or NULL
 * @count: how many
 * @flags: NETPORT_BATCH_*
 * @gfp: for the memory
 *
 * Return: as np_batch().
 */
int np_batch_request(struct netport_owner *owner, struct netport_request *reqs, s32 *errors,
		     u32 count, u32 flags, gfp_t gfp)
{
	struct np_batch b = {
		.stock.owner = owner, .make = np_batch_make, .tokens = &reqs->reserve.token,
		.stride = sizeof(*reqs), .errors = errors, .count = count, .flags = flags,
	};
	DECLARE_BITMAP(picks, NETPORT_BATCH_MAX);
	int done;
	u32 i;

	if (!count || count > NETPORT_BATCH_MAX || (flags & ~NETPORT_BATCH_PARTIAL))
		return -EINVAL;
	if (errors)
		memset(errors, 0, count * sizeof(*errors));
	for (i = 0; i < count; i++) {
		reqs[i].reserve.token = 0;
		__assign_bit(i, picks, !reqs[i].reserve.binding.port);
	}
	done = np_batch(&b, gfp);
	for (i = 0; done < 0 && i < count; i++)
		if (test_bit(i, picks))
			reqs[i].reserve.binding.port = 0;
	return done;
}

static int np_plan_look_try(struct np_plan *p, const struct np_cursor *c, u16 port, gfp_t gfp)
{
	int err = np_plan_look(p, c, port, gfp);

	if (!err && p->net)
		err = np_plan_host(p, port);
	if (!err && p->net)
		np_plan_unhost(p);
	return err;
}

/**
 * np_request_available() - would np_request() succeed?
 * @owner: for whom
 * @req: the request, without a deadline
 * @gfp: for the memory
 *
 * Return: 0, or the error.
 */
int np_request_available(struct netport_owner *owner, struct netport_request *req, gfp_t gfp)
{
	struct np_plan *p;
	int err;

	if (np_request_plain(req))
		return np_resv_available(owner, &req->reserve, gfp);
	if (req->terms.deadline)
		return -EINVAL;
	/* What is only looked at takes nothing away from others. */
	p = np_plan_make(owner, NULL, req, NULL, NP_PLAN_CHARGED, gfp);
	if (IS_ERR(p))
		return PTR_ERR(p);
	if (p->pick)
		np_pick_start(&p->cursor, p->want, p->n, false, gfp);
	err = np_owner_has_room(owner, p->n * p->count) ?: np_plan_host_start(p, gfp) ?:
	      np_plan_search(p, np_plan_look_try, gfp);
	np_plan_free(p);
	return err;
}

/**
 * np_request_wish() - register a wish
 * @owner: for whom
 * @req: the request, without a deadline; its token is a result, the wish's name
 * @gfp: for the memory, may sleep
 *
 * Return: 0 or an error of NETPORT_IOC_WISH.
 */
int np_request_wish(struct netport_owner *owner, struct netport_request *req, gfp_t gfp)
{
	struct np_plan *p;
	int err;
	u64 id;

	/* Granted and not fetched it would outlive an owner that never had it. */
	if (req->terms.deadline || (req->reserve.options & NETPORT_OPT_PERSISTENT))
		return -EINVAL;
	p = np_plan_make(owner, NULL, req, NULL, NP_PLAN_WAIT, gfp);
	if (IS_ERR(p))
		return np_tell_refused_terms(owner, NULL, req, 0, PTR_ERR(p));
	err = np_wish(p, &id, gfp);
	if (err)
		np_plan_free(p);
	else
		req->reserve.token = id;
	return np_tell_refused_terms(owner, NULL, req, 0, err);
}

/**
 * np_request_unwish() - take a wish back
 * @owner: whose
 * @wish: its name
 *
 * Return: 0 or -ENOENT.
 */
int np_request_unwish(struct netport_owner *owner, u64 wish)
{
	u64 token;
	int err;

	err = wish ? np_unwish(owner, wish, &token) : -ENOENT;
	if (!err && token)
		np_resv_drop(owner, token);
	return err;
}
