// SPDX-License-Identifier: GPL-2.0
/*
 * Candidates: each port that fits is offered, once, and in turn.
 */
#include "ops.h"

/* How good a port has to be. */
static enum fit level(const struct search *s)
{
	return s->shared ? SHARED : FREE;
}

static __u16 after(const struct search *s, __u16 port)
{
	return port >= s->high ? s->low : port + 1;
}

static __u16 ahead(const struct search *s, __u16 port)
{
	return port <= s->low ? s->high : port - 1;
}

bool do_candidate(struct op *op)
{
	struct netport_candidate c, before;
	int err, slot = op->who, uid;
	struct request q;
	struct allow a;
	struct plan p;
	struct resv *r;
	enum fit fit;
	__u16 port;

	if (!usable(slot))
		return false;
	uid = owner_of(slot)->who.uid;
	q = op->q[0];
	q.r.terms.conflict = 0;
	if (op->how == HOW_SHORT)
		memset(&q.r.terms, 0, sizeof(q.r.terms));
	expect(slot, &q, USE_CANDIDATE, &p, NULL, -1, &a);
	adjust(&a, op->how, true);
	point(&q, &conflict);
	c.reserve = q.r.reserve;
	c.terms = q.r.terms;
	c.reserve.token = 0;
	c.cursor = 0xcccccccccccccccc;
	before = c;
	err = CALL(owner_of(slot)->fd, NETPORT_IOC_CANDIDATE, op->how, &c, 72);
	answer(op, &a, err);
	if (err && err != EADDRNOTAVAIL)
		return true;
	port = c.reserve.binding.port;
	fit = check_pick(slot, &p, NULL, err, port);
	if (err)
		return true;
	check_results(&before.reserve, &c.reserve, true);
	new_token(owner_of(slot)->space, c.reserve.token);
	charge(slot, p.n);
	r = add(slot, &p, port, c.reserve.token, MADE(op->index, 0));
	r->state = NETPORT_STATE_CANDIDATE;
	r->q = op->q[0];
	r->cursor = c.cursor;
	r->how = op->how;
	r->search.low = p.low;
	r->search.high = p.high;
	r->search.first = port;
	r->search.shared = fit == SHARED;
	/* It may have begun behind any port before this one that didn't fit. */
	r->search.start = port;
	for (;;) {
		__u16 q = ahead(&r->search, r->search.start);

		if (q == port)
			break;
		fit = judge_plan(r->space, &p, q, uid, r);
		if (eligible(r->space, &p, q) && fit >= level(&r->search))
			break;
		r->search.start = q;
	}
	return true;
}

/* Has the search perhaps begun behind this port? */
static bool in_gap(const struct search *s, __u16 port)
{
	__u16 q;

	for (q = s->start; q != s->first; q = after(s, q))
		if (q == port)
			return true;
	return false;
}

bool do_next(struct op *op)
{
	struct netport_candidate c, before;
	__u16 offers[WINDOW * 8], port;
	int err, slot = op->who, n = 0, i;
	bool must = false, mine;
	struct freed f = { .n = 0 };
	struct search s;
	struct request q;
	struct allow a;
	struct plan p;
	struct resv *r, *new;
	__u64 token;

	if (!usable(slot))
		return false;
	token = token_of(op->ref[0]);
	r = find(owner_of(slot)->space, token);
	if (!r)
		return false;
	mine = r->owner == slot;
	q = r->q;
	q.r.terms.conflict = 0;
	if (op->how == HOW_SHORT && r->how != HOW_SHORT)
		op->how = HOW_WELL;
	if (r->how == HOW_SHORT)
		memset(&q.r.terms, 0, sizeof(q.r.terms));
	memset(&a, 0, sizeof(a));
	if (!mine)
		allow(&a, ENOENT);
	if (!(r->state & NETPORT_STATE_CANDIDATE))
		allow(&a, EINVAL);
	memset(&s, 0, sizeof(s));
	if (mine && (r->state & NETPORT_STATE_CANDIDATE)) {
		s = r->search;
		if (!parse(&q, USE_CANDIDATE, &p))
			failed("the model doesn't know its own");
		p.low = s.low;
		p.high = s.high;
		for (port = after(&s, r->b[0].port); port != s.first && n < WINDOW * 8;
		     port = after(&s, port)) {
			if (!eligible(r->space, &p, port) ||
			    judge_plan(r->space, &p, port, r->who.uid, NULL) < level(&s))
				continue;
			offers[n++] = port;
			must = !in_gap(&s, port);
			if (must)
				break;
		}
		if (n)
			allow(&a, 0);
		if (!must)
			allow(&a, EADDRNOTAVAIL);
	}
	if (!(model.caps & CAP_BIND))
		allow(&a, EACCES);
	if (!admin() && (q.r.reserve.options & NETPORT_OPT_PERSISTENT))
		only(&a, EPERM), allow(&a, EACCES), allow(&a, ENOENT), allow(&a, EINVAL);
	adjust(&a, op->how, true);
	point(&q, &conflict);
	c.reserve = q.r.reserve;
	c.terms = q.r.terms;
	c.reserve.token = token;
	c.reserve.binding.port = 0xcccc;
	c.cursor = r->cursor;
	before = c;
	err = CALL(owner_of(slot)->fd, NETPORT_IOC_CANDIDATE, op->how, &c, 72);
	answer(op, &a, err);
	if (err)
		return true;
	check_results(&before.reserve, &c.reserve, true);
	port = c.reserve.binding.port;
	for (i = 0; i < n; i++)
		if (offers[i] == port)
			break;
	if (i == n)
		failed("port %u was offered, not %u", port, n ? offers[n - 1] : 0);
	new_token(r->space, c.reserve.token);
	new = add(slot, &p, port, c.reserve.token, MADE(op->index, 0));
	charge(slot, new->n);
	new->state = NETPORT_STATE_CANDIDATE;
	new->search = s;
	new->q = r->q;
	new->how = r->how;
	new->cursor = c.cursor;
	/* What was refused in the gap behind a port that fits now isn't looked at again. */
	take(r, &f);
	finish(&f, false);
	return true;
}

bool do_accept(struct op *op)
{
	struct netport_token t = { .token = token_of(op->ref[0]) };
	int err, slot = op->who;
	struct allow a;
	struct resv *r;

	if (!usable(slot))
		return false;
	r = find(owner_of(slot)->space, t.token);
	only(&a, !r || r->owner != slot ? ENOENT :
		 r->state & NETPORT_STATE_CANDIDATE ? 0 : EINVAL);
	adjust(&a, op->how, false);
	err = CALL(owner_of(slot)->fd, NETPORT_IOC_ACCEPT, op->how, &t, sizeof(t));
	answer(op, &a, err);
	if (!err)
		r->state = 0;
	return true;
}
