// SPDX-License-Identifier: GPL-2.0
/*
 * Waiting: wishes, and peers that sleep in a call.
 */
#include "ops.h"

/* One that waits, or has what it waits for. */
static struct wish *add_wish(int slot, const struct plan *p, const struct request *q, int made)
{
	struct wish *w = &model.wish[model.nwish++];

	memset(w, 0, sizeof(*w));
	w->made = made;
	w->space = owner_of(slot)->space;
	w->owner = slot;
	w->peer = -1;
	w->p = *p;
	memcpy(w->exclude, q->exclude, sizeof(w->exclude));
	w->p.exclude = w->exclude;
	charge(slot, p->n);
	return w;
}

/* What waits already in the same words can't be told apart from this in a listing. */
static bool twin(int slot, const struct plan *p)
{
	int i, j, k;

	for (i = 0; i < model.nwish; i++) {
		const struct wish *w = &model.wish[i];

		if (w->owner != slot || w->granted || w->p.n != p->n ||
		    memcmp(w->p.label, p->label, sizeof(p->label)))
			continue;
		for (j = 0; j < p->n; j++)
			for (k = 0; k < p->n; k++) {
				struct bind a = w->p.b[j], b = p->b[k];

				a.port = 0;
				b.port = 0;
				if (binding_equal(&a, &b))
					return true;
			}
	}
	return false;
}

static bool fits_now(int slot, const struct plan *p)
{
	const struct owner *o = owner_of(slot);

	if (p->pick)
		return exists(o->space, p, o->who.uid, NULL, SHARED);
	return judge_plan(o->space, p, p->port, o->who.uid, NULL) != BUSY;
}

/* It was granted at once, with a port that only the listing tells. */
static void granted_at_once(struct wish *w)
{
	struct freed f = { .n = 0 };
	int i;

	model.grants++;
	if (!w->p.pick) {
		grant(w, w->p.port, 0);
		finish(&f, false);
		return;
	}
	list_space(w->space);
	for (i = 0; i < nlisted; i++)
		if (!find(w->space, listed[i].token))
			break;
	if (i == nlisted || !wish_is(w, &listed[i]))
		failed("the wish should have been granted");
	check_pick(w->owner, &w->p, NULL, 0, listed[i].binding.port);
	new_token(w->space, listed[i].token);
	grant(w, listed[i].binding.port, listed[i].token);
	wake();
}

static void no_more_than_expected(struct allow *a)
{
	if (allowed(a, EADDRINUSE) || allowed(a, EADDRNOTAVAIL))
		only(a, 0);
}

bool do_wish(struct op *op)
{
	int err, slot = op->who;
	struct netport_request before;
	struct request q;
	struct allow a;
	struct plan p;
	struct wish *w;

	if (!usable(slot) || model.nwish >= UIDS * PER_UID)
		return false;
	if (op->how == HOW_SHORT)
		op->how = HOW_WELL;
	prepare(op, 0, &q);
	q.r.terms.conflict = q.r.terms.conflict ? 1 : 0;
	expect(slot, &q, USE_WISH, &p, NULL, -1, &a);
	no_more_than_expected(&a);
	if (allowed(&a, 0) && twin(slot, &p))
		return false;
	adjust(&a, op->how, true);
	q.r.reserve.token = 0xcccccccccccccccc;
	point(&q, &conflict);
	before = q.r;
	err = CALL(owner_of(slot)->fd, NETPORT_IOC_WISH, op->how, &q.r, 144);
	answer(op, &a, err);
	check_untouched(&conflict);
	if (err)
		return true;
	check_results(&before.reserve, &q.r.reserve, false);
	if (!q.r.reserve.token || find(owner_of(slot)->space, q.r.reserve.token))
		failed("the wish is named %#llx", (unsigned long long)q.r.reserve.token);
	w = add_wish(slot, &p, &q, MADE(op->index, 0));
	w->id = q.r.reserve.token;
	model.wish_id[w->made] = w->id;
	if (fits_now(slot, &p))
		granted_at_once(w);
	if (p.pick)
		op->pin[0] = w->port;
	return true;
}

static __u64 wish_of(int made)
{
	return made == NEVER ? 0 : model.wish_id[made] ? model.wish_id[made] : 0x7770000;
}

bool do_granted(struct op *op)
{
	struct netport_granted g = { .wish = wish_of(op->ref[0]), .token = 0xcccc };
	int err, i, slot = op->who;
	unsigned int first = 0;
	struct wish *w = NULL;
	struct allow a;

	if (!usable(slot))
		return false;
	for (i = 0; i < model.nwish; i++) {
		w = &model.wish[i];
		if (w->owner == slot && w->peer < 0 && w->granted &&
		    (!g.wish || w->id == g.wish) && (!first || w->granted < first))
			first = w->granted;
	}
	only(&a, first ? 0 : ENOENT);
	adjust(&a, op->how, true);
	err = CALL(owner_of(slot)->fd, NETPORT_IOC_GRANTED, op->how, &g, sizeof(g));
	answer(op, &a, err);
	if (err)
		return true;
	for (i = 0; i < model.nwish; i++) {
		w = &model.wish[i];
		if (w->owner == slot && w->id == g.wish && w->granted == first)
			break;
	}
	if (i == model.nwish)
		failed("the wish %#llx wasn't the first", (unsigned long long)g.wish);
	if (w->token != g.token || w->port != g.port || g.__pad[0])
		failed("it has port %u and token %#llx, not %u and %#llx", g.port,
		       (unsigned long long)g.token, w->port, (unsigned long long)w->token);
	unwish(w);
	return true;
}

bool do_unwish(struct op *op)
{
	struct netport_token t = { .token = wish_of(op->ref[0]) };
	int err, i, slot = op->who;
	struct freed f = { .n = 0 };
	struct wish *w = NULL;
	struct allow a;
	struct resv *r;

	if (!usable(slot))
		return false;
	for (i = 0; i < model.nwish && !w; i++)
		if (model.wish[i].owner == slot && model.wish[i].peer < 0 &&
		    model.wish[i].id == t.token)
			w = &model.wish[i];
	only(&a, w ? 0 : ENOENT);
	adjust(&a, op->how, false);
	err = CALL(owner_of(slot)->fd, NETPORT_IOC_UNWISH, op->how, &t, sizeof(t));
	answer(op, &a, err);
	if (err)
		return true;
	r = w->granted ? find(w->space, w->token) : NULL;
	unwish(w);
	if (r && r->owner == slot)
		take(r, &f);
	finish(&f, false);
	return true;
}

/* A peer waits in a call. */
bool do_wait(struct op *op)
{
	struct message m = { .what = PEER_WAIT, .slot = op->who };
	__u64 end = now_ns() + PATIENCE_MS * 1000000ULL;
	int fd, slot = op->who, p = op->other;
	struct request q;
	struct allow a;
	struct wish *w;
	struct plan plan;

	if (!model.owner[slot].alive || model.owner[slot].dead ||
	    !(model.owner[slot].peers & 1 << p) || peer[p].waits ||
	    model.nwish >= UIDS * PER_UID)
		return false;
	prepare(op, 0, &q);
	q.r.terms.conflict = 0;
	q.r.terms.deadline = INT64_MAX;
	if (bad_pointers(&q))
		return false;
	expect(slot, &q, USE_RESERVE, &plan, NULL, -1, &a);
	no_more_than_expected(&a);
	if (allowed(&a, 0) && twin(slot, &plan))
		return false;
	m.q = q;
	m.caps = model.caps;
	peer_tell(p, &m, -1);
	if (!allowed(&a, 0)) {
		if (!peer_hear(p, &m, &fd, PATIENCE_MS))
			failed("the model says %s, the kernel waits", allow_text(&a));
		answer(op, &a, m.err);
		return true;
	}
	count->err[op->kind][0]++;
	w = add_wish(slot, &plan, &q, MADE(op->index, 0));
	w->peer = p;
	peer[p].waits = true;
	if (fits_now(slot, &plan)) {
		/* It may not have got there yet. */
		if (!peer_hear(p, &m, &fd, PATIENCE_MS))
			failed("the wait should have been granted at once");
		if (m.err)
			failed("the model says 0, the kernel %s", err_name(m.err));
		if (plan.pick)
			check_pick(slot, &plan, NULL, 0, m.q.r.reserve.binding.port);
		new_token(w->space, m.q.r.reserve.token);
		model.grants++;
		grant(w, m.q.r.reserve.binding.port, m.q.r.reserve.token);
		peer[p].waits = false;
		if (plan.pick)
			op->pin[0] = w->port;
		unwish(w);
		return true;
	}
	while (!peer_sleeps(p)) {
		if (peer_hear(p, &m, &fd, 0))
			failed("the model says that it waits, the kernel %s, port %u",
			       err_name(m.err), m.q.r.reserve.binding.port);
		if (!until(end))
			failed("it doesn't wait");
	}
	return true;
}
