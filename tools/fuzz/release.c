// SPDX-License-Identifier: GPL-2.0
/*
 * Releasing: by token, by binding, in part, many, and with a hold.
 */
#include "ops.h"

/* It becomes nobody's, and stays for a while. */
static void hold(struct resv *r, __u32 ms, bool port)
{
	int i;

	changed();
	if (r->owner >= 0)
		model.owner[r->owner].count -= r->n;
	r->owner = -1;
	r->state = NETPORT_STATE_HELD;
	r->options = 0;
	r->hold = ms;
	for (i = 0; i < r->n; i++) {
		struct bind *b = &r->b[i];

		b->share = 0;
		if (!port)
			continue;
		b->families = 3;
		b->ifindex = 0;
		b->rport = 0;
		memset(b->addr, 0, 16);
		memset(b->remote, 0, 16);
		b->tuple = false;
		b->closed = true;
	}
}

/* May this owner release it; or whoever has the capability, because it's nobody's? */
static bool releasable(const struct resv *r, int slot, __u32 ms)
{
	if (!r)
		return false;
	if (r->owner == slot)
		return true;
	if (!admin() || r->owner >= 0)
		return false;
	return !ms || !(r->state & NETPORT_STATE_HELD);
}

static void released(struct resv *r, __u32 ms, bool port)
{
	struct freed f = { .n = 0 };

	if (ms) {
		hold(r, ms, port);
		return;
	}
	take(r, &f);
	finish(&f, false);
}

static bool bad_hold(__u32 ms, __u32 options)
{
	return ms > NETPORT_HOLD_MAX || (options & ~NETPORT_RELEASE_PORT) ||
	       (options && !ms);
}

bool do_release(struct op *op)
{
	struct netport_release rel = {
		.token = token_of(op->ref[0]), .options = op->options, .hold = op->hold,
	};
	int err, slot = op->who;
	struct allow a;
	struct resv *r;

	if (!usable(slot))
		return false;
	r = find(owner_of(slot)->space, rel.token);
	only(&a, bad_hold(rel.hold, rel.options) ? EINVAL :
		 releasable(r, slot, rel.hold) ? 0 : ENOENT);
	adjust(&a, op->how, false);
	err = CALL(owner_of(slot)->fd, NETPORT_IOC_RELEASE, op->how, &rel, 64);
	answer(op, &a, err);
	if (!err)
		released(r, rel.hold, rel.options & NETPORT_RELEASE_PORT);
	return true;
}

/* Is it named by this binding? */
static bool named(const struct resv *r, int slot, const struct bind *b)
{
	return r->space == owner_of(slot)->space && r->owner == slot && !r->block &&
	       r->n == 1 && binding_equal(&r->b[0], b);
}

bool do_release_key(struct op *op)
{
	struct netport_release rel = {
		.binding = op->q[0].r.reserve.binding, .options = op->options,
		.hold = op->hold,
	};
	__u32 options = rel.options & ~NETPORT_OPT_TUPLE;
	int err, i, k, n = 0, slot = op->who;
	struct resv *r = NULL;
	struct allow a;
	struct bind b;

	if (!usable(slot))
		return false;
	if (!parse_binding(&rel.binding, rel.binding.port, rel.options & NETPORT_OPT_TUPLE,
			   &b) || !b.port || bad_hold(rel.hold, options)) {
		only(&a, EINVAL);
	} else {
		for (i = 0; i < model.nresv; i++)
			if (named(&model.resv[i], slot, &b)) {
				r = &model.resv[i];
				n++;
			}
		only(&a, n ? 0 : ENOENT);
	}
	adjust(&a, op->how, false);
	err = CALL(owner_of(slot)->fd, NETPORT_IOC_RELEASE, op->how, &rel, 64);
	answer(op, &a, err);
	if (err)
		return true;
	/* Which of several equal ones isn't said. */
	if (n > 1) {
		list_space(owner_of(slot)->space);
		for (r = NULL, i = 0; i < model.nresv && !r; i++) {
			if (!named(&model.resv[i], slot, &b))
				continue;
			for (k = 0; k < nlisted; k++)
				if (listed[k].token == model.resv[i].token &&
				    !(listed[k].state & NETPORT_STATE_HELD))
					break;
			if (k == nlisted)
				r = &model.resv[i];
		}
		if (!r)
			failed("released, and all are still there");
	}
	released(r, rel.hold, rel.options & NETPORT_RELEASE_PORT);
	return true;
}

bool do_release_part(struct op *op)
{
	struct netport_release rel = {
		.token = token_of(op->ref[0]), .port = op->low, .count = op->count,
		.hold = op->hold,
	};
	int err, i, n = 0, width = 0, slot = op->who;
	struct freed f = { .n = 0 };
	bool mine, malformed;
	struct allow a;
	struct resv *r;

	if (!usable(slot) || !rel.count)
		return false;
	if (op->how == HOW_SHORT)
		op->how = HOW_WELL;
	r = find(owner_of(slot)->space, rel.token);
	mine = r && r->owner == slot;
	memset(&a, 0, sizeof(a));
	malformed = rel.hold || !rel.port;
	if (malformed) {
		allow(&a, EINVAL);
	} else if (!mine) {
		allow(&a, ENOENT);
	} else if (!r->block) {
		allow(&a, EINVAL);
	} else {
		for (i = 0; i < r->n; i++) {
			width += r->b[i].port == rel.port;
			n += r->b[i].port >= rel.port && r->b[i].port - rel.port < rel.count;
		}
		allow(&a, n && n == width * rel.count ? 0 : ENOENT);
	}
	adjust(&a, op->how, false);
	err = CALL(owner_of(slot)->fd, NETPORT_IOC_RELEASE, op->how, &rel, 64);
	answer(op, &a, err);
	if (err)
		return true;
	if (n == r->n) {
		take(r, &f);
		finish(&f, false);
		return true;
	}
	changed();
	f.resvs = 1;
	for (i = 0; i < r->n; i++) {
		__u16 port = r->b[i].port;

		if (port < rel.port || port - rel.port >= rel.count)
			continue;
		if (!f.n || f.at[f.n - 1].port != port) {
			f.at[f.n].space = r->space;
			f.at[f.n++].port = port;
		}
		memmove(&r->b[i], &r->b[i + 1], (--r->n - i) * sizeof(r->b[0]));
		i--;
	}
	charge(slot, -n);
	finish(&f, false);
	return true;
}

bool do_release_batch(struct op *op)
{
	__u64 tokens[BATCH];
	struct netport_tokens t = {
		.tokens = (uintptr_t)tokens, .count = op->n, .hold = op->hold,
		.options = op->options, .done = 0xcccc,
	};
	struct freed one = { .n = 0 }, all = { .n = 0 };
	int i, err, slot = op->who;
	unsigned int done = 0;
	struct allow a;
	bool exact;

	if (!usable(slot))
		return false;
	exact = !waiting(owner_of(slot)->space, true);
	for (i = 0; i < op->n; i++)
		tokens[i] = token_of(op->ref[i]);
	only(&a, bad_hold(t.hold, t.options) || !t.count ? EINVAL : 0);
	if (op->how == HOW_READONLY)
		allow(&a, EFAULT);
	adjust(&a, op->how, true);
	err = CALL(owner_of(slot)->fd, NETPORT_IOC_RELEASE_BATCH, op->how, &t, sizeof(t));
	answer(op, &a, err);
	if (err)
		return true;
	for (i = 0; i < op->n; i++) {
		struct resv *r = find(owner_of(slot)->space, tokens[i]);

		if (!releasable(r, slot, t.hold))
			continue;
		done++;
		if (t.hold) {
			hold(r, t.hold, t.options & NETPORT_RELEASE_PORT);
			continue;
		}
		/* In the order of the tokens; for whom that isn't enough, see finish(). */
		take(r, exact ? &one : &all);
		if (exact)
			serve_all(&one);
		one.n = 0;
	}
	finish(&all, true);
	if (t.done != done)
		failed("%u were released, not %u", done, t.done);
	return true;
}

/* Release with a short hold, and see it out. */
bool do_hold_end(struct op *op)
{
	struct netport_release rel = {
		.token = token_of(op->ref[0]), .options = op->options, .hold = op->hold,
	};
	struct netport_reserve look = { .options = 0 };
	struct freed f = { .async = true };
	int err, i, slot = op->who;
	struct resv *r;
	__u64 begin;

	if (!usable(slot))
		return false;
	r = find(owner_of(slot)->space, rel.token);
	if (!r || r->owner != slot)
		return false;
	begin = now_ns();
	err = CALL(owner_of(slot)->fd, NETPORT_IOC_RELEASE, HOW_WELL, &rel, 64);
	count->err[op->kind][err]++;
	if (err)
		failed("the model says 0, the kernel %s", err_name(err));
	hold(r, rel.hold, rel.options & NETPORT_RELEASE_PORT);
	look.binding.families = r->b[0].families;
	look.binding.protocol = r->b[0].protocol;
	look.binding.port = r->b[0].port;
	look.binding.share = 7;
	memcpy(look.binding.addr, r->b[0].addr, 16);
	look.binding.ifindex = r->b[0].ifindex;
	set_caps(CAPS);
	err = call(space[r->space].observer, 2, HOW_SHORT, &look, sizeof(look), 64);
	set_caps(model.caps);
	if (err != EADDRINUSE && err != EDQUOT && now_ns() < begin + rel.hold * 1000000ULL)
		failed("what is held can be had: %s", err_name(err));
	for (;;) {
		__u64 seen = now_ns();

		list_space(r->space);
		for (i = 0; i < nlisted; i++)
			if (listed[i].token == rel.token)
				break;
		if (i == nlisted) {
			if (now_ns() < begin + rel.hold * 1000000ULL)
				failed("the hold has ended early");
			break;
		}
		if (seen > begin + (rel.hold + PATIENCE_MS) * 1000000ULL)
			failed("the hold doesn't end");
		nap_us(300);
	}
	take(r, &f);
	finish(&f, false);
	return true;
}
