// SPDX-License-Identifier: GPL-2.0
/*
 * Operations, made up from what there is: mostly what can be had or nearly so, and now and
 * then nonsense.
 */
#include "fuzz.h"

static const unsigned int weights[OPS] = {
	[OP_OPEN] = 20, [OP_CLOSE] = 8, [OP_SHARE] = 3, [OP_FETCH] = 4, [OP_KILL] = 1,
	[OP_NETNS] = 0, [OP_CAPS] = 12, [OP_SYSCTL] = 2,
	[OP_RESERVE] = 180, [OP_REQUEST] = 120, [OP_AVAILABLE] = 60, [OP_BATCH] = 20,
	[OP_CANDIDATE] = 25, [OP_NEXT] = 50, [OP_ACCEPT] = 15,
	[OP_RELEASE] = 150, [OP_RELEASE_KEY] = 50, [OP_RELEASE_PART] = 15,
	[OP_RELEASE_BATCH] = 25, [OP_HOLD_END] = 0,
	[OP_EXTEND] = 30, [OP_REBIND] = 40, [OP_TRANSFER] = 30, [OP_ADOPT] = 15,
	[OP_LABEL] = 10, [OP_WISH] = 25, [OP_GRANTED] = 20, [OP_UNWISH] = 15, [OP_WAIT] = 2,
	[OP_LIST] = 8, [OP_INFO] = 3, [OP_GET_RANGE] = 5, [OP_SET_RANGE] = 8,
	[OP_EPHEMERAL] = 2, [OP_NOTTY] = 2,
};

/* What takes long is rare: one in so many. */
#define RARE_NETNS	12000
#define RARE_HOLD	1500

static __u16 base;

static __u16 a_port(void)
{
	static const __u16 wide[] = { 1, 80, 1023, 1024, 4095, 4096, 16000, 32767, 65535 };

	if (one_in(50))
		return wide[below(9)];
	return base + below(WINDOW);
}

static void an_address(__u8 *addr, unsigned int families, bool remote)
{
	static const char *const v6[] = { "\xfd\x01", "\xfd\x02", "\xfe\x80" };
	unsigned int which = below(remote ? 2 : 3);

	memset(addr, 0, 16);
	if (families == 1) {
		addr[0] = remote ? 192 : 10;
		addr[3] = 1 + which % 2;
		return;
	}
	memcpy(addr, v6[one_in(6) ? 2 : which % 2], 2);
	addr[15] = remote ? 9 : 1;
}

static void map(__u8 *addr)
{
	memmove(addr + 12, addr, 4);
	memset(addr, 0, 12);
	addr[10] = 0xff;
	addr[11] = 0xff;
}

static const __u16 protocols[] = { 6, 17, 17, 262 };

static __u32 a_share(void)
{
	static const __u32 flags[] = { 0, 0, LB, LB, MR, TO, LB | MR, MR | TO, LB | TO, 7 };

	return flags[below(10)];
}

static void a_binding(struct netport_binding *b, bool tuple)
{
	unsigned int families;

	memset(b, 0, sizeof(*b));
	families = 1 + below(tuple ? 2 : 3);
	b->families = families;
	b->protocol = protocols[below(4)];
	b->share = a_share();
	if (one_in(4))
		b->ifindex = 1 + below(2);
	if (families == 3)
		return;
	if (tuple || !one_in(3))
		an_address(b->addr, families, false);
	if (tuple || one_in(4)) {
		an_address(b->remote, families, true);
		if (tuple || !one_in(3))
			b->remote_port = 53 + below(2);
	}
	if (b->addr[0] == 0xfe || b->remote[0] == 0xfe)
		b->ifindex = one_in(20) ? 0 : 1 + below(2);
	if (families == 1 && one_in(5)) {
		b->families = 2;
		map(b->addr);
		if (b->remote[0])
			map(b->remote);
	}
}

/* One thing that is wrong, or strange. */
static void spoil_binding(struct netport_binding *b)
{
	switch (below(9)) {
	case 0:
		b->families = below(2) ? 0 : 4 + below(4);
		break;
	case 1:
		b->families = 3;
		break;
	case 2:
		b->share |= 8 << below(20);
		break;
	case 3:
		b->ifindex = one_in(2) ? 0x7fffffff : 0x80000000;
		break;
	case 4:
		b->addr[4 + below(12)] ^= 1 + below(255);
		break;
	case 5:
		b->remote[4 + below(12)] ^= 1 + below(255);
		break;
	case 6:
		b->remote_port = below(65536);
		break;
	case 7:
		b->families ^= 3;
		break;
	case 8:
		b->protocol = below(65536);
		break;
	}
}

static void spoil(struct request *q)
{
	struct netport_terms *t = &q->r.terms;

	switch (below(17)) {
	case 0: case 1: case 2: case 3:
		spoil_binding(&q->r.reserve.binding);
		break;
	case 4:
		spoil_binding(&q->more[0]);
		break;
	case 5:
		q->r.reserve.options ^= 1U << below(32);
		if (q->r.reserve.options & (NETPORT_OPT_HOST_CHECK | NETPORT_OPT_HOST_HOLD))
			q->r.reserve.options = NETPORT_OPT_TUPLE;
		break;
	case 6:
		q->r.reserve.low = a_port();
		break;
	case 7:
		q->r.reserve.high = a_port();
		break;
	case 8:
		t->align = below(70);
		break;
	case 9:
		t->offset = below(4);
		break;
	case 10:
		t->__pad = 1;
		break;
	case 11:
		t->label[below(NETPORT_LABEL_LEN)] ^= 'x';
		break;
	case 12:
		t->count = one_in(2) ? 1025 : 65535;
		break;
	case 13:
		t->nbindings = one_in(2) ? 64 : !t->nbindings;
		break;
	case 14:
		t->nexclude = one_in(2) ? 1025 : !t->nexclude;
		break;
	case 15:
		t->deadline = one_in(2) ? 1 : INT64_MIN;
		break;
	case 16:
		if (t->bindings)
			t->bindings = 2;
		else if (t->exclude)
			t->exclude = 2;
		else
			t->conflict = 2;
		break;
	}
}

static void a_label(__u8 *label, unsigned int index)
{
	memset(label, 0, NETPORT_LABEL_LEN);
	snprintf((char *)label, NETPORT_LABEL_LEN, "l%u", index % 1000);
}

static void a_range(struct netport_reserve *r)
{
	unsigned int low = base + below(WINDOW), high = base + below(WINDOW);

	if (high < low && !one_in(30)) {
		unsigned int swap = low;

		low = high;
		high = swap;
	}
	r->low = low;
	r->high = high;
	if (base + WINDOW > 65535 && one_in(4))
		r->high = 0;
	if (base < 1024 && one_in(3))
		r->low = 0;
}

static void a_request(struct request *q, unsigned int index, bool terms)
{
	struct netport_terms *t = &q->r.terms;
	bool tuple = one_in(12);
	unsigned int i;

	memset(q, 0, sizeof(*q));
	a_binding(&q->r.reserve.binding, tuple);
	if (tuple)
		q->r.reserve.options = NETPORT_OPT_TUPLE;
	if (tuple || !one_in(3))
		q->r.reserve.binding.port = a_port();
	else if (!one_in(3))
		a_range(&q->r.reserve);
	if (one_in(8))
		q->r.reserve.options |= NETPORT_OPT_PERSISTENT;
	if (!terms)
		goto out;
	if (one_in(3)) {
		t->nbindings = 1 + below(MORE);
		t->bindings = 1;
		for (i = 0; i < t->nbindings; i++) {
			a_binding(&q->more[i], tuple);
			if (one_in(3))
				q->more[i].port = q->r.reserve.binding.port;
		}
	}
	if (one_in(4))
		t->count = 1 + below(one_in(10) ? 30 : 5);
	if (!q->r.reserve.binding.port || t->count > 1) {
		if (one_in(3)) {
			t->align = 1 << below(4);
			t->offset = below(t->align);
			if (q->r.reserve.binding.port && !one_in(5))
				t->offset = q->r.reserve.binding.port % t->align;
		}
		if (!q->r.reserve.binding.port && one_in(4)) {
			t->exclude = 1;
			t->nexclude = 1 + below(EXCLUDES);
			for (i = 0; i < t->nexclude; i++)
				q->exclude[i] = base + below(WINDOW);
		}
	}
	if (one_in(2))
		t->conflict = 1;
	if (one_in(4))
		a_label(t->label, index);
	if (one_in(15))
		t->deadline = 1;
out:
	if (one_in(25))
		spoil(q);
}

/* A slot with somebody in it, mostly. */
static int a_slot(void)
{
	int i, slot = 0;

	for (i = 0; i < 8; i++) {
		slot = below(OWNERS);
		if (model.owner[slot].alive && model.owner[slot].fd >= 0)
			break;
	}
	return slot;
}

static const struct resv *a_resv(__u32 state, bool block)
{
	const struct resv *r = NULL;
	int i;

	for (i = 0; i < 20 && model.nresv; i++) {
		r = &model.resv[below(model.nresv)];
		if (r->made >= 0 && r->state == state && r->block == block)
			return r;
	}
	return r && r->made >= 0 ? r : NULL;
}

/* Something that there is, and mostly for its owner. */
static void about(struct op *op, __u32 state, bool block)
{
	const struct resv *r = a_resv(one_in(10) ? 0 : state, one_in(20) ? !block : block);

	op->who = a_slot();
	op->ref[0] = NEVER;
	if (!r)
		return;
	op->ref[0] = one_in(60) ? (int)below(op->index + 1) * BATCH : r->made;
	if (r->owner >= 0 && !one_in(10))
		op->who = r->owner;
}

static void a_hold(struct op *op)
{
	if (!one_in(8))
		return;
	/* Long enough not to end in between. */
	op->hold = 3600000 + below(70000000);
	if (one_in(3))
		op->options = NETPORT_RELEASE_PORT;
	if (one_in(20))
		op->hold = NETPORT_HOLD_MAX + 1;
	if (one_in(20))
		op->options ^= 1U << below(32);
	if (one_in(20))
		op->hold = 0;
}

static bool rare(struct op *op)
{
	if (one_in(RARE_NETNS)) {
		op->kind = OP_NETNS;
		op->space = below(SPACES);
		return true;
	}
	if (one_in(RARE_HOLD)) {
		op->kind = OP_HOLD_END;
		about(op, 0, false);
		op->hold = 1 + below(4);
		if (one_in(2))
			op->options = NETPORT_RELEASE_PORT;
		return true;
	}
	return false;
}

static unsigned char a_kind(void)
{
	static unsigned int sum;
	unsigned int i, n;

	if (!sum)
		for (i = 0; i < OPS; i++)
			sum += weights[i];
	n = below(sum);
	for (i = 0; n >= weights[i]; i++)
		n -= weights[i];
	return i;
}

/* Another reservation's binding, so that keys match and neighbours meet. */
static void key_of(struct op *op)
{
	struct netport_binding *b = &op->q[0].r.reserve.binding;
	const struct resv *r = a_resv(0, false);
	struct netport_entry e;

	op->who = a_slot();
	if (!r) {
		a_binding(b, false);
		b->port = a_port();
		return;
	}
	if (r->owner >= 0)
		op->who = r->owner;
	entry_of(r, 0, true, -1, &e);
	*b = e.binding;
	if (r->b[0].tuple)
		op->options = NETPORT_OPT_TUPLE;
	if (b->families == 1 && one_in(4)) {
		b->families = 2;
		map(b->addr);
		if (b->remote[0])
			map(b->remote);
	}
	if (one_in(10))
		spoil_binding(b);
	if (one_in(20))
		op->options ^= NETPORT_OPT_TUPLE;
}

void generate(struct op *op, unsigned int index, __u16 window)
{
	const struct resv *r;
	unsigned int i;

	base = window;
	memset(op, 0, sizeof(*op));
	op->index = index;
	for (i = 0; i < BATCH; i++)
		op->ref[i] = NEVER;
	/* First somebody has to be there, and then what is picked is of the window. */
	if (index < SPACES) {
		op->kind = OP_OPEN;
		op->who = index;
		op->uid = index % UIDS;
		op->space = index;
		return;
	}
	if (index < 2 * SPACES) {
		op->kind = OP_SET_RANGE;
		op->who = index - SPACES;
		op->low = base;
		op->high = base + WINDOW - 1;
		return;
	}
	if (rare(op))
		return;
	op->kind = a_kind();
	op->who = a_slot();
	if (model.owner[op->who].dead && !one_in(3))
		op->kind = OP_CLOSE;
	if (one_in(40))
		op->how = below(HOWS);
	switch (op->kind) {
	case OP_OPEN:
		for (i = 0; i < 8; i++) {
			op->who = below(OWNERS);
			if (!model.owner[op->who].alive)
				break;
		}
		op->uid = below(UIDS);
		op->space = one_in(2) ? 0 : below(SPACES);
		op->other = one_in(5) ? 1 + below(PEERS) : 0;
		break;
	case OP_SHARE: case OP_KILL:
		op->other = below(PEERS);
		break;
	case OP_FETCH:
		for (i = 0; i < 8; i++) {
			op->who = below(OWNERS);
			op->other = below(PEERS);
			if (model.owner[op->who].fd < 0 &&
			    (model.owner[op->who].peers & 1 << op->other))
				break;
		}
		break;
	case OP_CAPS:
		op->caps = one_in(3) ? below(4) : CAPS;
		break;
	case OP_SYSCTL:
		op->space = below(SPACES);
		if (one_in(3)) {
			/* The kernel has it no higher than its own ephemeral range. */
			op->count = one_in(2) || base > 30000 ? 1024 : base + below(WINDOW);
		} else if (!one_in(3)) {
			op->low = base + below(WINDOW);
			op->high = base + below(WINDOW);
		}
		break;
	case OP_RESERVE: case OP_AVAILABLE: case OP_REQUEST:
		a_request(&op->q[0], index, op->kind == OP_REQUEST || one_in(2));
		break;
	case OP_CANDIDATE:
		a_request(&op->q[0], index, one_in(2));
		op->q[0].r.reserve.binding.port = 0;
		op->q[0].r.reserve.options &= ~NETPORT_OPT_TUPLE;
		if (!one_in(20)) {
			op->q[0].r.terms.count = 0;
			op->q[0].r.terms.deadline = 0;
		}
		if (op->q[0].r.terms.nbindings <= MORE)
			for (i = 0; i < op->q[0].r.terms.nbindings; i++)
				op->q[0].more[i].port = 0;
		if (!one_in(4) && !op->q[0].r.reserve.low)
			a_range(&op->q[0].r.reserve);
		break;
	case OP_NEXT: case OP_ACCEPT:
		about(op, NETPORT_STATE_CANDIDATE, false);
		break;
	case OP_RELEASE:
		about(op, one_in(8) ? NETPORT_STATE_HELD :
			  one_in(8) ? NETPORT_STATE_ORPHAN : 0, one_in(3));
		a_hold(op);
		break;
	case OP_RELEASE_KEY:
		key_of(op);
		if (one_in(8))
			op->hold = 3600000;
		break;
	case OP_RELEASE_PART:
		about(op, 0, true);
		r = a_resv(0, true);
		op->low = a_port();
		if (r) {
			if (r->owner >= 0)
				op->who = r->owner;
			op->ref[0] = r->made;
			op->low = r->b[below(r->n)].port;
		}
		op->count = 1 + below(3);
		if (one_in(40))
			op->hold = 1;
		break;
	case OP_RELEASE_BATCH:
		op->n = one_in(40) ? 0 : 1 + below(BATCH);
		for (i = 0; i < op->n; i++) {
			r = a_resv(0, one_in(3));
			if (!r)
				continue;
			op->ref[i] = r->made;
			if (r->owner >= 0)
				op->who = r->owner;
		}
		a_hold(op);
		break;
	case OP_BATCH:
		op->n = one_in(40) ? 0 : 1 + below(BATCH);
		op->options = one_in(2) ? NETPORT_BATCH_PARTIAL : 0;
		op->count = one_in(2);
		if (one_in(40))
			op->options |= 2;
		for (i = 0; i < op->n; i++) {
			struct netport_terms *t = &op->q[i].r.terms;

			a_request(&op->q[i], index, one_in(2));
			/* What can't even be copied is for single requests. */
			t->conflict = !!t->conflict;
			t->bindings = t->nbindings && t->nbindings <= MORE;
			t->nbindings = t->bindings ? t->nbindings : 0;
			t->exclude = t->nexclude && t->nexclude <= EXCLUDES;
			t->nexclude = t->exclude ? t->nexclude : 0;
		}
		break;
	case OP_EXTEND: case OP_REBIND:
		about(op, 0, false);
		a_request(&op->q[0], index, one_in(2));
		r = a_resv(0, false);
		if (!one_in(20)) {
			op->q[0].r.terms.label[0] = 0;
			memset(op->q[0].r.terms.label, 0, NETPORT_LABEL_LEN);
			op->q[0].r.terms.count = 0;
			op->q[0].r.terms.deadline = 0;
			op->q[0].r.reserve.options &= ~NETPORT_OPT_PERSISTENT;
		}
		if (op->kind == OP_EXTEND && !one_in(20)) {
			struct netport_terms *t = &op->q[0].r.terms;

			op->q[0].r.reserve.low = 0;
			op->q[0].r.reserve.high = 0;
			op->q[0].r.reserve.binding.port = 0;
			op->q[0].more[0].port = 0;
			op->q[0].more[1].port = 0;
			t->align = 0;
			t->offset = 0;
			t->nexclude = 0;
			t->exclude = 0;
		}
		break;
	case OP_TRANSFER:
		about(op, 0, one_in(4));
		op->other = one_in(30) ? OWNERS + below(2) : below(OWNERS);
		for (i = 0; i < 4 && op->other < OWNERS &&
		     model.owner[op->other].space != model.owner[op->who].space; i++)
			op->other = below(OWNERS);
		break;
	case OP_ADOPT:
		about(op, NETPORT_STATE_ORPHAN, one_in(6));
		break;
	case OP_LABEL:
		if (one_in(3))
			op->ref[0] = NEVER;
		else
			about(op, 0, one_in(4));
		if (!one_in(4))
			a_label(op->q[0].r.terms.label, index);
		if (one_in(20))
			memset(op->q[0].r.terms.label, 'x', NETPORT_LABEL_LEN);
		break;
	case OP_WISH: case OP_WAIT:
		a_request(&op->q[0], index, true);
		if (!one_in(20)) {
			op->q[0].r.terms.count = 0;
			op->q[0].r.terms.deadline = 0;
			if (op->q[0].r.reserve.binding.port) {
				op->q[0].r.terms.align = 0;
				op->q[0].r.terms.offset = 0;
			}
			op->q[0].r.reserve.options &= ~NETPORT_OPT_PERSISTENT;
		}
		if (op->kind == OP_WISH)
			break;
		op->other = below(PEERS);
		for (i = 0; i < 20; i++) {
			op->who = below(OWNERS);
			if (model.owner[op->who].alive &&
			    (model.owner[op->who].peers & 1 << op->other))
				break;
		}
		break;
	case OP_GRANTED: case OP_UNWISH:
		if (op->kind == OP_UNWISH || !one_in(3))
			for (i = 0; i < 10 && model.nwish; i++) {
				const struct wish *w = &model.wish[below(model.nwish)];

				op->ref[0] = w->made;
				op->who = one_in(10) ? a_slot() : w->owner;
				if (op->kind == OP_UNWISH || w->granted)
					break;
			}
		break;
	case OP_LIST:
		op->options = one_in(20) ? 64 : below(64) & below(64);
		a_range(&op->q[0].r.reserve);
		a_binding(&op->q[0].r.reserve.binding, false);
		if (one_in(10))
			spoil_binding(&op->q[0].r.reserve.binding);
		op->other = below(OWNERS);
		op->low = a_port();
		op->high = protocols[below(4)];
		op->count = one_in(30) ? 0 : 1 + below(one_in(2) ? 4 : 64);
		break;
	case OP_SET_RANGE: case OP_EPHEMERAL:
		op->low = base + below(WINDOW / 2);
		op->high = base + WINDOW / 2 + below(WINDOW / 2);
		if (one_in(20))
			op->low = 0;
		if (one_in(20))
			op->high = one_in(2) ? 0 : op->low;
		if (one_in(20))
			op->high = op->low - 1;
		break;
	case OP_NOTTY:
		op->count = below(7);
		break;
	}
}
