// SPDX-License-Identifier: GPL-2.0
/*
 * Something came free: who has waited for it has it now.
 */
#include "ops.h"

static bool entry_is(const struct netport_entry *e, const struct bind *b, const struct who *who)
{
	return e->owner == who->id && e->binding.port == b->port &&
	       e->binding.families == b->families && e->binding.protocol == b->protocol &&
	       e->binding.remote_port == b->rport && e->binding.ifindex == b->ifindex &&
	       e->binding.share == b->share && !memcmp(e->binding.addr, b->addr, 16) &&
	       !memcmp(e->binding.remote, b->remote, 16) &&
	       !(e->options & NETPORT_OPT_TUPLE) == !b->tuple;
}

/* A token that is listed, and not known: whose? */
static struct resv *unlearned_of(int s, const struct netport_entry *e)
{
	int i, j;

	for (i = 0; i < model.nresv; i++) {
		struct resv *r = &model.resv[i];

		if (r->space != s || r->token || e->parts != (unsigned int)r->n ||
		    memcmp(e->label, r->label, sizeof(r->label)))
			continue;
		for (j = 0; j < r->n; j++)
			if (entry_is(e, &r->b[j], &r->who))
				return r;
	}
	return NULL;
}

static void learned(struct resv *r, __u64 token)
{
	int i;

	new_token(r->space, token);
	r->token = token;
	if (r->made >= 0)
		model.token[r->made] = token;
	for (i = 0; i < model.nwish; i++)
		if (model.wish[i].granted && model.wish[i].made == r->made)
			model.wish[i].token = token;
}

/* The tokens of what was granted in one namespace; false if not all are there. */
static bool learn(int s)
{
	struct resv *r;
	int i;

	list_space(s);
	for (i = 0; i < nlisted; i++) {
		if (find(s, listed[i].token))
			continue;
		r = unlearned_of(s, &listed[i]);
		if (r)
			learned(r, listed[i].token);
	}
	for (i = 0; i < model.nresv; i++)
		if (model.resv[i].space == s && !model.resv[i].token)
			return false;
	return true;
}

bool wish_is(const struct wish *w, const struct netport_entry *e)
{
	int i;

	if (w->granted || e->parts != (unsigned int)w->p.n ||
	    memcmp(e->label, w->p.label, sizeof(w->p.label)))
		return false;
	for (i = 0; i < w->p.n; i++) {
		struct bind b = w->p.b[i];

		b.port = e->binding.port;
		if (entry_is(e, &b, &model.owner[w->owner].who))
			return true;
	}
	return false;
}

/* Nobody who waits could have something on one of these ports. */
static bool all_served(int s, const struct freed *f)
{
	int i, j;

	for (i = 0; i < f->n; i++) {
		if (f->at[i].space != s)
			continue;
		for (j = 0; j < model.nwish; j++) {
			const struct wish *w = &model.wish[j];
			enum fit fit;

			if (w->space != s || w->granted ||
			    (!w->p.pick && w->p.port != f->at[i].port))
				continue;
			fit = judge_plan(s, &w->p, f->at[i].port,
					 model.owner[w->owner].who.uid, NULL);
			if (w->p.pick ? wants(s, &w->p, f->at[i].port, fit) : fit != BUSY)
				return false;
		}
	}
	return true;
}

/*
 * It isn't said in which order several ports came free, so who got what is known from the
 * listing only.  Tokens on a port are in the order they were given.
 */
static bool believe(int s, const struct freed *f)
{
	struct netport_entry *e, *first;
	struct wish *w;
	int i, j, uid;

	list_space(s);
	for (;;) {
		first = NULL;
		for (i = 0; i < nlisted; i++) {
			e = &listed[i];
			if (!find(s, e->token) && (!first || e->token < first->token))
				first = e;
		}
		if (!first)
			break;
		for (j = 0; j < model.nwish; j++)
			if (model.wish[j].space == s && wish_is(&model.wish[j], first))
				break;
		if (j == model.nwish)
			failed("nobody has waited for the token %#llx",
			       (unsigned long long)first->token);
		w = &model.wish[j];
		uid = model.owner[w->owner].who.uid;
		if (judge_plan(s, &w->p, first->binding.port, uid, NULL) == BUSY ||
		    (w->p.pick && !eligible(s, &w->p, first->binding.port)) ||
		    (!w->p.pick && w->p.port != first->binding.port))
			failed("the wish of #%d was granted, and can't be", w->made / BATCH);
		new_token(s, first->token);
		grant(w, first->binding.port, first->token);
	}
	return all_served(s, f);
}

/* Those who slept have their answers. */
void wake(void)
{
	struct message m;
	int i, fd;

	for (i = model.nwish - 1; i >= 0; i--) {
		struct wish *w = &model.wish[i];

		if (!w->granted || w->peer < 0)
			continue;
		if (!peer_hear(w->peer, &m, &fd, PATIENCE_MS))
			failed("the wait of #%d was granted, and sleeps on", w->made / BATCH);
		if (m.err || m.q.r.reserve.token != w->token ||
		    m.q.r.reserve.binding.port != w->port)
			failed("the wait of #%d was answered %s, port %u, token %#llx",
			       w->made / BATCH, err_name(m.err), m.q.r.reserve.binding.port,
			       (unsigned long long)m.q.r.reserve.token);
		peer[w->peer].waits = false;
		unwish(w);
	}
}

bool until(__u64 end)
{
	if (now_ns() > end)
		return false;
	nap_us(300);
	return true;
}

/* @several: came free in an order that isn't said. */
void finish(struct freed *f, bool several)
{
	__u64 end = now_ns() + PATIENCE_MS * 1000000ULL;
	unsigned int before = model.grants;
	int s, i, ports;

	if (!f->n && !model.unlearned)
		return;
	for (s = 0; s < SPACES; s++) {
		for (ports = 0, i = 0; i < f->n; i++)
			ports += f->at[i].space == s;
		if (!ports || !waiting(s, false))
			continue;
		if ((several && f->resvs > 1) || (ports > 1 && waiting(s, true))) {
			model.grants++;
			while (!believe(s, f))
				if (!until(end))
					failed("somebody waits for what is free");
			continue;
		}
		for (i = 0; i < f->n; i++)
			if (f->at[i].space == s)
				serve(s, f->at[i].port);
	}
	if (model.grants - before >= 16)
		f->async = true;
	for (s = 0; s < SPACES; s++) {
		if (!(model.unlearned & 1 << s))
			continue;
		while (!learn(s))
			if (!f->async || !until(end))
				failed("a wish should have been granted");
	}
	model.unlearned = 0;
	wake();
}
