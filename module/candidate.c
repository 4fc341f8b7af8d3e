// SPDX-License-Identifier: GPL-2.0
/*
 * Candidates: a port that was picked and is held while its caller looks at it.
 */
#include <kunit/visibility.h>

#include "netport_priv.h"

/* Where the search had come to, with a candidate of as many bindings. */
static int np_candidate_port(struct netport_owner *owner, u64 token, unsigned int n, u16 *port)
{
	struct np_shard *shard = np_token_shard(owner->nn, token);
	struct np_resv *r;
	int err = 0;

	spin_lock_bh(&shard->lock);
	r = np_resv_find(shard, owner, token);
	/* One that has no charge to pass on hasn't reached its caller yet. */
	if (!r || (r->bind.e.flags & NP_BIND_UNCHARGED))
		err = -ENOENT;
	else if (!(r->bind.e.flags & NP_BIND_CANDIDATE) || np_resv_ports(r) != n)
		err = -EINVAL;
	else
		*port = r->bind.e.port;
	spin_unlock_bh(&shard->lock);
	return err;
}

/*
 * Begin the search, or go on with it: the range is that of the first call, and so is the
 * right to it.
 */
static int np_candidate_start(struct netport_owner *owner, const struct netport_candidate *cand,
			      struct np_cursor *c, struct np_want *w, unsigned int n, gfp_t gfp)
{
	const struct netport_reserve *req = &cand->reserve;
	u16 port;
	int err;

	if (!req->token) {
		np_pick_start(c, w, n, true, gfp);
		return 0;
	}
	err = np_candidate_port(owner, req->token, n, &port);
	if (!err)
		err = np_pick_resume(c, w, n, cand->cursor, port, gfp);
	if (err)
		return err;
	if ((req->low && req->low != c->low) || (req->high && req->high != c->high))
		return -EINVAL;
	return np_owner_access(owner, w, n, c->low, c->high);
}

/* One port on one binding. */
static int np_candidate_plain(struct netport_owner *owner, struct netport_candidate *cand,
			      const struct netport_binding *b, struct np_cursor *c,
			      u64 *token, u16 *port, gfp_t gfp)
{
	struct np_want w;
	int err;

	err = np_resv_want(owner, &w, &cand->reserve, b) ?:
	      np_candidate_start(owner, cand, c, &w, 1, gfp);
	if (!err && !cand->reserve.token)
		err = np_owner_charge(owner, 1);
	if (err)
		return err;
	w.flags |= NP_BIND_CANDIDATE | (cand->reserve.token ? NP_BIND_UNCHARGED : 0);
	err = np_resv_create(owner, &w, c, NULL, token, gfp);
	if (err && !cand->reserve.token)
		np_owner_uncharge(owner, 1);
	*port = w.port;
	return err;
}

/* With terms. */
static int np_candidate_plan(struct netport_owner *owner, struct netport_candidate *cand,
			     const struct netport_binding *b, struct np_cursor *c,
			     u64 *token, u16 *port, gfp_t gfp)
{
	struct netport_request req = { .reserve = cand->reserve, .terms = cand->terms };
	bool more = cand->reserve.token;
	struct np_plan *p;
	int err;

	if (cand->terms.deadline)
		return -EINVAL;
	req.reserve.binding = *b;
	p = np_plan_make(owner, NULL, &req, NULL,
			 NP_PLAN_CANDIDATE | (more ? NP_PLAN_CHARGED : 0), gfp);
	if (IS_ERR(p))
		return PTR_ERR(p);
	err = np_candidate_start(owner, cand, &p->cursor, p->want, p->n, gfp);
	if (!err) {
		p->resv->bind.e.flags |= NP_BIND_CANDIDATE | (more ? NP_BIND_UNCHARGED : 0);
		err = np_plan_run(p, gfp);
	}
	*c = p->cursor;
	*token = p->token;
	*port = p->port;
	np_plan_free(p);
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
	struct np_cursor c;
	u64 token;
	u16 port;
	int err;

	b.port = 0;
	if (np_terms_empty(&cand->terms) && !(req->options & ~NETPORT_OPT_TUPLE))
		err = np_candidate_plain(owner, cand, &b, &c, &token, &port, gfp);
	else
		err = np_candidate_plan(owner, cand, &b, &c, &token, &port, gfp);
	if (err)
		return np_tell_refused(owner, &b, req->options, err);
	req->binding.port = port;
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
	unsigned int ports = 0;
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
		ports = np_resv_ports(r);
		r->bind.e.flags |= NP_BIND_UNCHARGED;
		np_resv_unpublish(shard, r, NP_GONE_DECLINE);
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
		np_owner_uncharge(owner, ports);
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
	if (!err)
		np_tell_changed(r, NP_MADE_ACCEPT);
	spin_unlock_bh(&shard->lock);
	return err;
}
