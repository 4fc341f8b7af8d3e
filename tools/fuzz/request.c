// SPDX-License-Identifier: GPL-2.0
/*
 * Requests, one and many, and what may come of them.
 */
#include "ops.h"

struct netport_entry conflict;

/* The request as the kernel gets it, and as the model does. */
void prepare(const struct op *op, int i, struct request *q)
{
	struct netport_terms *t = &q->r.terms;

	*q = op->q[i];
	if (op->how == HOW_SHORT)
		memset(t, 0, sizeof(*t));
	if (pinned && op->pin[i] && !q->r.reserve.binding.port) {
		q->r.reserve.low = op->pin[i];
		q->r.reserve.high = op->pin[i] + (t->count > 1 ? t->count - 1 : 0);
	}
}

/* Numbers become pointers: 1 is a good one. */
void point(struct request *q, struct netport_entry *who)
{
	struct netport_terms *t = &q->r.terms;

	if (t->bindings)
		t->bindings = t->bindings == 1 ? (uintptr_t)q->more : BAD_POINTER;
	if (t->exclude)
		t->exclude = t->exclude == 1 ? (uintptr_t)q->exclude : BAD_POINTER;
	if (t->conflict)
		t->conflict = t->conflict == 1 ? (uintptr_t)who : BAD_POINTER;
	memset(who, 0xcc, sizeof(*who));
}

bool bad_pointers(const struct request *q)
{
	return q->r.terms.bindings > 1 || q->r.terms.exclude > 1;
}

/**
 * expect() - what may come of a request
 * @slot: whose
 * @q: the request, as prepared
 * @use: for what
 * @p: result: the same, checked
 * @skip: what isn't in its way, or NULL
 * @n: how much more it counts; -1: all of it
 * @a: result: the errors
 *
 * With a port to be picked, 0 and EADDRNOTAVAIL; check_pick() knows more.
 */
void expect(int slot, const struct request *q, enum purpose use, struct plan *p,
		   const struct resv *skip, int n, struct allow *a)
{
	const struct owner *o = owner_of(slot);
	bool refused = false;

	memset(a, 0, sizeof(*a));
	if (!parse(q, use, p) || bad_pointers(q)) {
		allow(a, bad_pointers(q) ? EFAULT : EINVAL);
		if (bad_pointers(q))
			allow(a, EINVAL);
		return;
	}
	if (!may_have(o, p)) {
		allow(a, EACCES);
		refused = true;
	}
	if ((p->options & NETPORT_OPT_PERSISTENT) && !admin()) {
		allow(a, EPERM);
		refused = true;
	}
	if (refused)
		return;
	if (!has_room(o, n < 0 ? p->n * p->count : n)) {
		allow(a, EDQUOT);
		return;
	}
	if (p->pick) {
		allow(a, 0);
		allow(a, EADDRNOTAVAIL);
		return;
	}
	if (judge_plan(o->space, p, p->port, o->who.uid, skip) != BUSY)
		allow(a, 0);
	else
		allow(a, q->r.terms.conflict > 1 ? EFAULT : EADDRINUSE);
}

/* Is this port, or that there is none, what a search may come to? */
enum fit check_pick(int slot, const struct plan *p, const struct resv *skip, int err,
			   __u16 port)
{
	const struct owner *o = owner_of(slot);
	int uid = o->who.uid;
	enum fit fit;

	if (err == EADDRNOTAVAIL) {
		if (exists(o->space, p, uid, skip, p->count > 1 ? FREE : SHARED))
			failed("no port, and there is one");
		return BUSY;
	}
	fit = judge_plan(o->space, p, port, uid, skip);
	if (!wants(o->space, p, port, fit))
		failed("port %u was picked", port);
	if (fit == SHARED && exists(o->space, p, uid, skip, FREE))
		failed("port %u is shared, and there is a free one", port);
	return fit;
}

/* Who is in the way: one of the bindings that can't be held together with the request. */
void check_conflict(int slot, const struct plan *p, const struct netport_entry *e,
			   const struct resv *skip)
{
	const struct owner *o = owner_of(slot);
	struct netport_entry want;
	const struct resv *r;
	int i, j, k;

	r = find(o->space, e->token);
	if (!r || r == skip)
		failed("in the way is the token %#llx, says the kernel",
		       (unsigned long long)e->token);
	for (i = 0; i < r->n; i++) {
		entry_of(r, i, admin(), o->who.uid, &want);
		if (!entry_equal(&want, e))
			continue;
		for (j = 0; j < p->n; j++)
			for (k = 0; k < p->count; k++) {
				struct bind b = p->b[j];

				b.port = p->port + k;
				if (in_way(&r->b[i], &b) &&
				    judge(o->space, &b, o->who.uid, skip) == BUSY)
					return;
			}
	}
	failed("in the way is the token %#llx, says the kernel, and describes it wrongly",
	       (unsigned long long)e->token);
}

void check_untouched(const struct netport_entry *e)
{
	const __u8 *byte = (const __u8 *)e;
	size_t i;

	for (i = 0; i < sizeof(*e); i++)
		if (byte[i] != 0xcc)
			failed("it was said who is in the way, and nobody is");
}

/* Nothing but the results was written. */
void check_results(const struct netport_reserve *before, const struct netport_reserve *r,
			  bool pick)
{
	struct netport_reserve after = *r;

	after.token = before->token;
	if (pick)
		after.binding.port = before->binding.port;
	if (memcmp(before, &after, sizeof(after)))
		failed("more was written than the results");
}

bool do_reserve(struct op *op)
{
	bool look = op->kind == OP_AVAILABLE;
	struct netport_request before;
	struct request q;
	struct plan p;
	struct allow a;
	int err, slot = op->who;

	if (!usable(slot))
		return false;
	prepare(op, 0, &q);
	if (op->kind == OP_RESERVE)
		op->how = op->how == HOW_WELL ? HOW_SHORT : op->how;
	if (op->how == HOW_SHORT)
		memset(&q.r.terms, 0, sizeof(q.r.terms));
	expect(slot, &q, look ? USE_AVAILABLE : USE_RESERVE, &p, NULL, -1, &a);
	/* One that waits, waits for nothing: the deadline has passed. */
	if (p.deadline) {
		if (allowed(&a, EADDRINUSE) || (p.pick && allowed(&a, EADDRNOTAVAIL))) {
			if (!p.pick)
				memset(&a, 0, sizeof(a));
			allow(&a, ETIMEDOUT);
			a.bit[1] &= ~(1ULL << (EADDRNOTAVAIL - 64));
		}
		if (q.r.terms.conflict > 1 && allowed(&a, EFAULT) && !bad_pointers(&q))
			only(&a, ETIMEDOUT);
	}
	adjust(&a, op->how, !look);
	q.r.reserve.token = 0xcccccccccccccccc;
	point(&q, &conflict);
	before = q.r;
	err = call(owner_of(slot)->fd, look ? 2 : 0, op->how, &q.r, sizeof(q.r), 64);
	answer(op, &a, err);
	if (p.pick && (!err || err == EADDRNOTAVAIL || err == ETIMEDOUT)) {
		if (look && !err) {
			if (!exists(owner_of(slot)->space, &p, owner_of(slot)->who.uid, NULL,
				    p.count > 1 ? FREE : SHARED))
				failed("available, and there is no port");
		} else {
			check_pick(slot, &p, NULL, err ? EADDRNOTAVAIL : 0,
				   q.r.reserve.binding.port);
		}
	}
	if (before.terms.conflict == (uintptr_t)&conflict) {
		if (err == EADDRINUSE)
			check_conflict(slot, &p, &conflict, NULL);
		else
			check_untouched(&conflict);
	}
	if (err)
		return true;
	if (look) {
		if (memcmp(&before, &q.r, sizeof(q.r)))
			failed("AVAILABLE wrote");
		return true;
	}
	check_results(&before.reserve, &q.r.reserve, p.pick);
	if (p.pick)
		op->pin[0] = q.r.reserve.binding.port;
	new_token(owner_of(slot)->space, q.r.reserve.token);
	charge(slot, p.n * p.count);
	add(slot, &p, q.r.reserve.binding.port, q.r.reserve.token, MADE(op->index, 0));
	return true;
}

/* What was made in a batch that fails as a whole is no more. */
static void undo(int slot, int nresv)
{
	changed();
	while (model.nresv > nresv)
		charge(slot, -model.resv[--model.nresv].n);
}

bool do_batch(struct op *op)
{
	bool partial = op->options & NETPORT_BATCH_PARTIAL, wanted = op->count, fog = false;
	static struct netport_request reqs[BATCH], before[BATCH];
	static struct netport_entry who[BATCH];
	static struct request q[BATCH];
	struct netport_batch b = {
		.requests = (uintptr_t)reqs, .count = op->n, .size = sizeof(reqs[0]),
		.flags = op->options, .done = 0xcccc,
	};
	int i, err, slot = op->who, nresv = model.nresv, seen;
	unsigned int done = 0;
	struct allow a, whole;
	__s32 errors[BATCH];
	struct plan p;

	if (!usable(slot))
		return false;
	for (i = 0; i < op->n; i++) {
		prepare(op, i, &q[i]);
		point(&q[i], &who[i]);
		q[i].r.reserve.token = 0xcccccccccccccccc;
		reqs[i] = q[i].r;
		before[i] = q[i].r;
	}
	if (wanted)
		b.errors = (uintptr_t)errors;
	err = CALL(owner_of(slot)->fd, NETPORT_IOC_BATCH, op->how, &b, sizeof(b));
	only(&a, !op->n || (op->options & ~NETPORT_BATCH_PARTIAL) ? EINVAL : 0);
	adjust(&a, op->how, false);
	if (!allowed(&a, 0)) {
		answer(op, &a, err);
		return true;
	}
	if (op->how == HOW_READONLY && err == EFAULT) {
		count->err[op->kind][err]++;
		return true;
	}

	/* One after the other; when a port was picked that nobody tells, anything may come. */
	only(&whole, 0);
	for (i = 0; i < op->n && !fog; i++) {
		prepare(op, i, &q[i]);
		expect(slot, &q[i], USE_RESERVE, &p, NULL, -1, &a);
		if (p.deadline)
			only(&a, EINVAL);
		/* What has become of it: an errno, or -1 if that isn't told. */
		if (wanted)
			seen = errors[i];
		else if (err || !reqs[i].reserve.token)
			seen = -1;
		else
			seen = 0;
		if (seen >= 0 && !allowed(&a, seen))
			failed("of request %d the model says %s, the kernel %s", i,
			       allow_text(&a), err_name(seen));
		if (seen < 0 && allowed(&a, 0)) {
			if (!err && !p.pick)
				failed("request %d can be had", i);
			fog = err && p.pick;
			seen = err && !p.pick ? 0 : seen;
		}
		if (fog)
			break;
		if (seen) {
			if (p.pick && allowed(&a, EADDRNOTAVAIL))
				check_pick(slot, &p, NULL, EADDRNOTAVAIL, 0);
			/* It may be one of the batch, and gone with it. */
			if (wanted && seen == EADDRINUSE && before[i].terms.conflict &&
			    (!err || find(owner_of(slot)->space, who[i].token)))
				check_conflict(slot, &p, &who[i], NULL);
			if (!partial && allowed(&whole, 0)) {
				a.bit[0] &= ~1ULL;
				whole = a;
			}
			if (!partial && !wanted)
				break;
			continue;
		}
		done++;
		if (err && p.pick) {
			fog = true;
			break;
		}
		charge(slot, p.n * p.count);
		if (err) {
			add(slot, &p, p.port, 0, NEVER);
			continue;
		}
		check_results(&before[i].reserve, &reqs[i].reserve, p.pick);
		if (p.pick) {
			op->pin[i] = reqs[i].reserve.binding.port;
			check_pick(slot, &p, NULL, 0, op->pin[i]);
		}
		new_token(owner_of(slot)->space, reqs[i].reserve.token);
		add(slot, &p, reqs[i].reserve.binding.port, reqs[i].reserve.token,
		    MADE(op->index, i));
	}
	if (err)
		undo(slot, nresv);
	if (err && memcmp(reqs, before, op->n * sizeof(reqs[0])))
		failed("the batch failed, and its requests were written");
	for (i = 1; fog && i < 192; i++)
		allow(&whole, i);
	if (op->how == HOW_READONLY && !err)
		failed("the result can't have been written");
	answer(op, &whole, err);
	if (!err && b.done != done)
		failed("%u were done, not %u", b.done, done);
	return true;
}
