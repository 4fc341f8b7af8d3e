// SPDX-License-Identifier: GPL-2.0
/*
 * Reservations with a stack's own pointer, for netport_lookup() to find.
 */
#include "netport_priv.h"

static int np_wide_attach(struct np_net *nn, struct np_wide *wide, void *priv)
{
	struct np_part *part;
	int err;

	if (wide->priv) {
		list_for_each_entry(part, &wide->parts, link)
			np_seat_set(nn, part, priv);
		wide->priv = priv;
		return 0;
	}
	list_for_each_entry(part, &wide->parts, link) {
		err = np_seat_take(nn, part, priv);
		if (err)
			goto undo;
	}
	wide->priv = priv;
	return 0;

undo:
	list_for_each_entry_continue_reverse(part, &wide->parts, link)
		np_seat_leave(nn, part);
	return err;
}

/**
 * np_attach() - have packets find a reservation
 * @owner: whose
 * @token: its name
 * @priv: what they find
 * @gfp: for the memory
 *
 * Return: 0, -EINVAL, -ENOENT or -ENOMEM.
 */
int np_attach(struct netport_owner *owner, u64 token, void *priv, gfp_t gfp)
{
	struct np_net *nn = owner->nn;
	struct np_wide *wide;
	struct np_resv *r;
	u64 shards = 0;
	int err;

	if (!priv)
		return -EINVAL;
	wide = np_resv_widen(owner, token, gfp);
	if (IS_ERR(wide))
		return PTR_ERR(wide);
	np_wide_put(wide);
	r = np_resv_lock(nn, owner, token, &shards);
	if (!r)
		return -ENOENT;
	/* Once wide it stays so. */
	err = np_resv_usable(r) ?: np_wide_attach(nn, np_resv_wide(r), priv);
	np_resv_unlock(nn, shards);
	return err;
}

/**
 * np_detach() - have packets find it no more
 * @owner: whose
 * @token: its name
 *
 * Return: 0, or -ENOENT: there is none, or it is not attached.
 */
int np_detach(struct netport_owner *owner, u64 token)
{
	struct np_shard *shard = np_token_shard(owner->nn, token);
	struct np_resv *r;
	bool was;

	spin_lock_bh(&shard->lock);
	r = READ_ONCE(owner->nn->dead) ? NULL : np_resv_find(shard, owner, token);
	was = r && np_resv_detach(r);
	spin_unlock_bh(&shard->lock);
	return was ? 0 : -ENOENT;
}
