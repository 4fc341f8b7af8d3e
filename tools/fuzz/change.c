// SPDX-License-Identifier: GPL-2.0
/*
 * Reservations that get other bindings, another owner, or a label.
 */
#include "ops.h"

bool do_change(struct op *op)
{
	bool extend = op->kind == OP_EXTEND;
	int err, n, i, slot = op->who;
	struct freed f = { .n = 0 };
	struct netport_request before;
	const struct resv *skip;
	struct request q, e;
	struct plan p;
	struct allow a;
	struct resv *r;
	__u64 token;
	bool mine;

	if (!usable(slot))
		return false;
	token = token_of(op->ref[0]);
	r = find(owner_of(slot)->space, token);
	mine = r && r->owner == slot;
	skip = extend ? NULL : r;
	prepare(op, 0, &q);
	e = q;
	if (op->how == HOW_SHORT)
		op->how = HOW_WELL;
	memset(&a, 0, sizeof(a));
	if (!mine) {
		allow(&a, ENOENT);
		if (!parse(&e, extend ? USE_EXTEND : USE_REBIND, &p))
			allow(&a, EINVAL);
		if (bad_pointers(&q))
			allow(&a, EFAULT);
	} else if (r->block || (r->state & NETPORT_STATE_CANDIDATE) ||
		   (extend && q.r.reserve.binding.port &&
		    q.r.reserve.binding.port != r->b[0].port)) {
		allow(&a, EINVAL);
		if (bad_pointers(&q))
			allow(&a, EFAULT);
	} else {
		if (extend)
			e.r.reserve.binding.port = r->b[0].port;
		n = e.r.terms.nbindings + 1;
		if (!extend)
			n = n > r->n ? n - r->n : 0;
		expect(slot, &e, extend ? USE_EXTEND : USE_REBIND, &p, skip, n, &a);
	}
	if (op->how == HOW_READONLY)
		allow(&a, EFAULT);
	adjust(&a, op->how, true);
	q.r.reserve.token = token;
	point(&q, &conflict);
	before = q.r;
	err = call(owner_of(slot)->fd, extend ? 8 : 9, op->how, &q.r, sizeof(q.r), 144);
	answer(op, &a, err);
	if (mine && p.pick && (!err || err == EADDRNOTAVAIL) && !extend)
		check_pick(slot, &p, r, err, q.r.reserve.binding.port);
	if (before.terms.conflict == (uintptr_t)&conflict) {
		if (err == EADDRINUSE)
			check_conflict(slot, &p, &conflict, skip);
		else
			check_untouched(&conflict);
	}
	if (err)
		return true;
	if (q.r.reserve.token != token)
		failed("the token has changed");
	check_results(&before.reserve, &q.r.reserve, !before.reserve.binding.port);
	changed();
	if (extend) {
		if (q.r.reserve.binding.port != r->b[0].port)
			failed("extended on port %u", q.r.reserve.binding.port);
		for (i = 0; i < p.n; i++)
			r->b[r->n++] = p.b[i];
		charge(slot, p.n);
		return true;
	}
	if (p.pick)
		op->pin[0] = q.r.reserve.binding.port;
	f.resvs = 1;
	f.n = 1;
	f.at[0].space = r->space;
	f.at[0].port = r->b[0].port;
	charge(slot, p.n - r->n);
	r->n = p.n;
	for (i = 0; i < p.n; i++) {
		r->b[i] = p.b[i];
		r->b[i].port = q.r.reserve.binding.port;
	}
	finish(&f, false);
	return true;
}

/* Would it be in anybody's way as another uid's?  Its own bindings count like others. */
static bool fits_uid(struct resv *r, int uid)
{
	int i, before = r->who.uid;
	bool fits = true;

	r->who.uid = uid;
	for (i = 0; i < r->n; i++)
		if ((r->b[i].share & LB) && judge(r->space, &r->b[i], uid, NULL) == BUSY)
			fits = false;
	r->who.uid = before;
	return fits;
}

/* To another owner: what may come of it. */
static void expect_give(struct resv *r, int slot, struct allow *a)
{
	const struct owner *to = owner_of(slot);
	bool same = r->who.uid == to->who.uid;

	if (to->count + r->n > PER_OWNER ||
	    (!same && model.uid_count[to->who.uid] + r->n > PER_UID))
		only(a, EDQUOT);
	else if (!same && !fits_uid(r, to->who.uid))
		only(a, EADDRINUSE);
	else
		only(a, 0);
}

static void given(struct resv *r, int slot)
{
	struct owner *to = owner_of(slot);
	struct freed f = { .async = true, .resvs = 1 };
	bool same = r->who.uid == to->who.uid;
	int i;

	if (r->owner >= 0)
		model.owner[r->owner].count -= r->n;
	model.uid_count[r->who.uid] -= r->n;
	model.uid_count[to->who.uid] += r->n;
	to->count += r->n;
	r->owner = slot;
	r->who = to->who;
	r->state &= ~NETPORT_STATE_ORPHAN;
	if (same)
		return;
	for (i = 0; i < r->n; i++) {
		if (f.n && f.at[f.n - 1].port == r->b[i].port)
			continue;
		f.at[f.n].space = r->space;
		f.at[f.n++].port = r->b[i].port;
	}
	finish(&f, false);
}

bool do_transfer(struct op *op)
{
	struct netport_transfer t = { .token = token_of(op->ref[0]) };
	int err, slot = op->who, to = op->other;
	struct allow a;
	struct resv *r;

	if (!usable(slot))
		return false;
	r = find(owner_of(slot)->space, t.token);
	if (r && r->owner != slot)
		r = NULL;
	memset(&a, 0, sizeof(a));
	if (to >= OWNERS) {
		t.fd = to == OWNERS ? 0 : 999;
		allow(&a, EBADF);
	} else {
		if (!usable(to))
			return false;
		t.fd = owner_of(to)->fd;
		if (to == slot ||
		    owner_of(to)->space != owner_of(slot)->space)
			allow(&a, EINVAL);
		if (!r)
			allow(&a, ENOENT);
		else if (r->state & NETPORT_STATE_CANDIDATE)
			allow(&a, EINVAL);
		if (!a.bit[0])
			expect_give(r, to, &a);
	}
	adjust(&a, op->how, false);
	err = CALL(owner_of(slot)->fd, NETPORT_IOC_TRANSFER, op->how, &t, sizeof(t));
	answer(op, &a, err);
	if (!err)
		given(r, to);
	return true;
}

bool do_adopt(struct op *op)
{
	struct netport_token t = { .token = token_of(op->ref[0]) };
	int err, slot = op->who;
	struct allow a;
	struct resv *r;

	if (!usable(slot))
		return false;
	r = find(owner_of(slot)->space, t.token);
	if (!admin())
		only(&a, EPERM);
	else if (!r || !(r->state & NETPORT_STATE_ORPHAN))
		only(&a, ENOENT);
	else
		expect_give(r, slot, &a);
	adjust(&a, op->how, false);
	err = CALL(owner_of(slot)->fd, NETPORT_IOC_ADOPT, op->how, &t, sizeof(t));
	answer(op, &a, err);
	if (!err)
		given(r, slot);
	return true;
}

bool do_label(struct op *op)
{
	struct netport_label l = { .token = 0 };
	struct request q = op->q[0];
	int err, slot = op->who;
	struct resv *r = NULL;
	struct allow a;
	struct plan p;

	if (!usable(slot))
		return false;
	memcpy(l.label, q.r.terms.label, sizeof(l.label));
	/* A request with such a label, and nothing else that is wrong with it. */
	memset(&q, 0, sizeof(q));
	q.r.reserve.binding.families = 1;
	memcpy(q.r.terms.label, l.label, sizeof(l.label));
	if (op->ref[0] != NEVER) {
		l.token = token_of(op->ref[0]);
		r = find(owner_of(slot)->space, l.token);
		if (r && r->owner != slot)
			r = NULL;
	}
	only(&a, 0);
	if (!parse(&q, USE_RESERVE, &p))
		only(&a, EINVAL);
	else if (l.token && !r)
		only(&a, ENOENT);
	adjust(&a, op->how, false);
	err = CALL(owner_of(slot)->fd, NETPORT_IOC_LABEL, op->how, &l, sizeof(l));
	answer(op, &a, err);
	if (!err && l.token)
		memcpy(r->label, l.label, sizeof(l.label));
	else if (!err)
		memcpy(owner_of(slot)->who.label, l.label, sizeof(l.label));
	return true;
}
