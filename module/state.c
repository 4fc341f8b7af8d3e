// SPDX-License-Identifier: GPL-2.0
/*
 * What a reservation is used for: bound, listening, connected.
 *
 * While it listens, TUPLE_ONLY is taken out of what it shares.  As with the host's listen(),
 * who shares the port by it already stays, unless that is a listener too.
 */
#include "netport_priv.h"

/**
 * np_bind_set_state() - the share flags that a binding has in a state
 * @b: the binding, not counted in the table
 * @state: flags of its reservation
 */
static void np_bind_set_state(struct np_bind *b, u16 state)
{
	u8 share = np_bind_asked(b);

	b->e.flags &= ~NP_BIND_MUTED;
	if ((state & NP_BIND_LISTENING) && (share & NETPORT_SHARE_TUPLE_ONLY)) {
		share &= ~NETPORT_SHARE_TUPLE_ONLY;
		b->e.flags |= NP_BIND_MUTED;
	}
	b->e.share = share;
}

/* Does a binding with these flags go with the state? */
static bool np_state_allows(u16 state, u16 flags)
{
	return !(state & (flags & NP_BIND_FULL ? NP_BIND_LISTENING : NP_BIND_CONNECTED));
}

/**
 * np_state_check() - do new bindings go with the state of their reservation?
 * @p: a plan for them; home of the reservation is locked
 *
 * If so, they get the share flags for it.
 *
 * Return: 0 or -EINVAL.
 */
int np_state_check(const struct np_plan *p)
{
	u16 state = p->wide->resv.bind.e.flags;
	struct np_part *part;

	list_for_each_entry(part, &p->parts, link) {
		if (!np_state_allows(state, part->bind.e.flags))
			return -EINVAL;
		np_bind_set_state(&part->bind, state);
	}
	return 0;
}

/*
 * May it listen?  What all share is told at once; only where that isn't enough, it may be
 * because of those who don't listen, and they don't count.
 */
static int np_resv_may_listen(struct np_net *nn, struct np_resv *r)
{
	if (!np_resv_fits(nn, r, NETPORT_SHARE_TUPLE_ONLY, false))
		return 0;
	return np_resv_fits(nn, r, NETPORT_SHARE_TUPLE_ONLY, true);
}

static int np_resv_set_state(struct np_net *nn, struct np_resv *r, u16 state)
{
	bool listened = np_resv_is(r, NP_BIND_LISTENING);
	bool listens = state == NP_BIND_LISTENING;
	struct np_shard *shard;
	struct np_bind *b;
	int err;

	np_resv_for_each_bind(b, r)
		if (!np_state_allows(state, b->e.flags))
			return -EINVAL;
	if (listens && !listened) {
		err = np_resv_may_listen(nn, r);
		if (err)
			return err;
	}
	/* Nothing else changes what it shares, and only an end of that can be waited for. */
	if (listens != listened) {
		np_resv_for_each_bind(b, r) {
			shard = np_shard_of(nn, b->e.port);
			np_table_suspend(shard, b);
			np_bind_set_state(b, state);
			np_table_resume(shard, b);
		}
		if (listened)
			np_resv_serve_later(nn, r);
	}
	r->bind.e.flags &= ~(NP_BIND_LISTENING | NP_BIND_CONNECTED);
	r->bind.e.flags |= state;
	return 0;
}

/**
 * np_set_state() - say what a reservation is used for
 * @owner: whose
 * @token: its name
 * @state: for what
 *
 * Return: 0, -EINVAL, -ENOENT, -EADDRINUSE or -EDQUOT.
 */
int np_set_state(struct netport_owner *owner, u64 token, enum netport_state state)
{
	static const u16 flags[] = {
		[NETPORT_BOUND] = 0,
		[NETPORT_LISTENING] = NP_BIND_LISTENING,
		[NETPORT_CONNECTED] = NP_BIND_CONNECTED,
	};
	struct np_net *nn = owner->nn;
	struct np_resv *r;
	u64 shards = 0;
	int err;

	if ((unsigned int)state >= ARRAY_SIZE(flags))
		return -EINVAL;
	if (READ_ONCE(nn->dead))
		return -ENOENT;
	r = np_resv_lock(nn, owner, token, &shards);
	if (!r)
		return -ENOENT;
	err = np_resv_usable(r) ?: np_resv_set_state(nn, r, flags[state]);
	np_resv_unlock(nn, shards);
	return err;
}
