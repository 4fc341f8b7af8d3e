// SPDX-License-Identifier: GPL-2.0
/*
 * Listings with filters, ranges, and what the module says of itself.
 */
#include <sys/ioctl.h>

#include "ops.h"

/* Range and address of a filter; the first version of the structure has none. */
static bool list_filter(const struct op *op, struct netport_list *l)
{
	const struct netport_reserve *r = &op->q[0].r.reserve;
	struct bind parsed;

	if (op->how == HOW_SHORT)
		return !(l->flags & NETPORT_LIST_ADDR);
	if (l->flags & NETPORT_LIST_RANGE) {
		l->low = r->low;
		l->high = r->high;
	}
	if (l->flags & NETPORT_LIST_ADDR) {
		l->families = r->binding.families;
		memcpy(l->addr, r->binding.addr, sizeof(l->addr));
		if (!filter_address(l, &parsed))
			return false;
	}
	return !l->high || l->low <= l->high;
}

bool do_list(struct op *op)
{
	struct netport_list l = { .flags = op->options };
	bool sane = list_filter(op, &l) && !(l.flags & ~63) && op->count;
	int slot = op->who;
	struct allow a;

	if (!usable(slot))
		return false;
	if (op->how != HOW_WELL || !sane) {
		int err;

		if (op->how == HOW_SHORT || op->how == HOW_LONG || op->how == HOW_WELL)
			only(&a, sane ? 0 : EINVAL);
		else
			only(&a, EFAULT);
		adjust(&a, op->how, false);
		l.count = op->count;
		l.size = sizeof(listed[0]);
		l.entries = (uintptr_t)listed;
		l.owner = l.flags & NETPORT_LIST_OWNER ? 1 : 0;
		if (op->count > LISTED || op->how == HOW_READONLY)
			return false;
		err = CALL(owner_of(slot)->fd, NETPORT_IOC_LIST, op->how, &l, 56);
		answer(op, &a, err);
		return true;
	}
	if (l.flags & NETPORT_LIST_OWNER)
		l.owner = model.owner[op->other].who.id;
	if (l.flags & NETPORT_LIST_PORT)
		l.port = op->low;
	if (l.flags & NETPORT_LIST_PROTOCOL)
		l.protocol = op->high;
	list(owner_of(slot)->fd, &l, op->count < 40 ? op->count : 40);
	count->err[op->kind][0]++;
	compare_list(owner_of(slot)->space, slot, &l, admin(), owner_of(slot)->who.uid);
	return true;
}

bool do_info(struct op *op)
{
	struct netport_info i = { .owner = 0 };
	int err, slot = op->who;
	struct allow a;

	if (!usable(slot))
		return false;
	only(&a, 0);
	adjust(&a, op->how, true);
	err = CALL(owner_of(slot)->fd, NETPORT_IOC_INFO, op->how, &i, sizeof(i));
	answer(op, &a, err);
	if (err)
		return true;
	if (i.owner != owner_of(slot)->who.id || i.max_per_owner != PER_OWNER ||
	    i.max_per_uid != PER_UID || i.max_per_netns != PER_NETNS ||
	    i.options != 15 || i.commands != 20 ||
	    i.max_bindings != NETPORT_BINDINGS_MAX || i.max_ports != NETPORT_PORTS_MAX ||
	    i.max_batch != NETPORT_BATCH_MAX || i.max_exclude != NETPORT_EXCLUDE_MAX ||
	    i.max_wishes != NETPORT_WISHES_MAX || i.max_hold != NETPORT_HOLD_MAX ||
	    i.request_size != sizeof(struct netport_request) ||
	    i.candidate_size != sizeof(struct netport_candidate) ||
	    i.release_size != sizeof(struct netport_release) ||
	    i.entry_size != sizeof(struct netport_entry) ||
	    i.list_size != sizeof(struct netport_list))
		failed("INFO says something else");
	return true;
}

bool do_range(struct op *op)
{
	struct netport_range r = { .low = op->low, .high = op->high };
	int err, slot = op->who, s;
	struct allow a;

	if (!usable(slot))
		return false;
	s = owner_of(slot)->space;
	if (op->kind == OP_GET_RANGE) {
		r.low = 0xcccc;
		r.high = 0xcccc;
		only(&a, 0);
		adjust(&a, op->how, true);
		err = CALL(owner_of(slot)->fd, NETPORT_IOC_GET_RANGE, op->how, &r, sizeof(r));
		answer(op, &a, err);
		if (!err && (r.low != model.low[s] || r.high != model.high[s]))
			failed("the range is %u to %u, not %u to %u", r.low, r.high,
			       model.low[s], model.high[s]);
		return true;
	}
	only(&a, !r.low || r.low > r.high ? EINVAL : admin() ? 0 : EPERM);
	adjust(&a, op->how, false);
	err = CALL(owner_of(slot)->fd, NETPORT_IOC_SET_RANGE, op->how, &r, sizeof(r));
	answer(op, &a, err);
	if (!err) {
		model.low[s] = r.low;
		model.high[s] = r.high;
	}
	return true;
}

/* A whole walk, if it isn't long. */
bool do_ephemeral(struct op *op)
{
	struct netport_ephemeral e = { .low = op->low, .high = op->high };
	int err, slot = op->who, s;
	unsigned int low, high, port = 0, steps = 0, size;
	struct allow a;

	if (!usable(slot))
		return false;
	s = owner_of(slot)->space;
	low = op->low ? op->low : model.low[s];
	high = op->high ? op->high : model.high[s];
	if (low > high || op->how != HOW_WELL) {
		only(&a, low > high ? EINVAL : 0);
		adjust(&a, op->how, true);
		err = CALL(owner_of(slot)->fd, NETPORT_IOC_EPHEMERAL, op->how, &e, sizeof(e));
		answer(op, &a, err);
		return true;
	}
	size = high - low + 1;
	for (;;) {
		err = CALL(owner_of(slot)->fd, NETPORT_IOC_EPHEMERAL, HOW_WELL, &e, sizeof(e));
		only(&a, steps == size ? EADDRNOTAVAIL : 0);
		answer(op, &a, err);
		if (err)
			return true;
		if (steps && e.port != (port == high ? low : port + 1))
			failed("port %u came after %u", e.port, port);
		if (e.port < low || e.port > high)
			failed("port %u isn't of the range", e.port);
		port = e.port;
		if (++steps == 2 * WINDOW)
			return true;
	}
}

bool do_notty(struct op *op)
{
	static const unsigned int cmds[] = {
		_IOWR(NETPORT_IOC_MAGIC, 0x14, struct netport_token),
		_IOWR(NETPORT_IOC_MAGIC, 0xff, struct netport_token),
		_IOW(NETPORT_IOC_MAGIC, 0x04, struct netport_token),
		_IOR(NETPORT_IOC_MAGIC, 0x13, struct netport_info),
		_IO(NETPORT_IOC_MAGIC, 0x00),
		_IOWR(NETPORT_IOC_MAGIC + 1, 0x00, struct netport_reserve),
		0x5401,
	};
	struct allow a;

	if (!usable(op->who))
		return false;
	only(&a, ENOTTY);
	answer(op, &a, ioctl(owner_of(op->who)->fd, cmds[op->count % 7], listed) ? errno : 0);
	return true;
}
