// SPDX-License-Identifier: GPL-2.0
/*
 * Owners: who holds reservations, how many they may hold, and which ports they may have.
 */
#include <kunit/visibility.h>
#include <linux/capability.h>
#include <linux/moduleparam.h>
#include <linux/sched.h>
#include <linux/slab.h>

#include "netport_priv.h"

static unsigned int max_per_owner = 65536;
module_param(max_per_owner, uint, 0644);
MODULE_PARM_DESC(max_per_owner, "reservations that one open file may hold (default 65536)");

static unsigned int max_per_uid = 262144;
module_param(max_per_uid, uint, 0644);
MODULE_PARM_DESC(max_per_uid, "reservations that the files of one uid may hold (default 262144)");

static unsigned int max_per_netns = 1048576;
module_param(max_per_netns, uint, 0644);
MODULE_PARM_DESC(max_per_netns,
		 "reservations that a network namespace may hold (default 1048576)");

/**
 * np_owner_create() - a new owner
 * @net: its network namespace, to which the caller has a reference
 * @uid: its uid
 * @trusted: whether it is a kernel-resident stack
 *
 * May sleep.
 *
 * Return: the owner, to be destroyed with np_owner_destroy(), or an ERR_PTR: -ENOMEM,
 * -ENETDOWN.
 */
struct netport_owner *np_owner_create(struct net *net, kuid_t uid, bool trusted)
{
	struct netport_owner *owner;
	int err = -ENOMEM;

	owner = kzalloc(sizeof(*owner), GFP_KERNEL_ACCOUNT);
	if (!owner)
		return ERR_PTR(err);
	owner->trusted = trusted;
	spin_lock_init(&owner->lock);
	INIT_LIST_HEAD(&owner->resvs);

	owner->nn = np_net_get(net);
	if (IS_ERR(owner->nn)) {
		err = PTR_ERR(owner->nn);
		goto err_free;
	}
	owner->user = np_user_get(uid);
	if (!owner->user)
		goto err_net;
	return owner;

err_net:
	np_net_put(owner->nn);
err_free:
	kfree(owner);
	return ERR_PTR(err);
}
EXPORT_SYMBOL_IF_KUNIT(np_owner_create);

/* Some token that the owner holds, or 0. */
static u64 np_owner_first(struct netport_owner *owner)
{
	struct np_resv *r;
	u64 token;

	spin_lock_bh(&owner->lock);
	r = list_first_entry_or_null(&owner->resvs, struct np_resv, owner_link);
	token = r ? r->token : 0;
	spin_unlock_bh(&owner->lock);
	return token;
}

/**
 * np_owner_destroy() - release all that an owner holds, and the owner
 * @owner: the owner, which nobody else uses any more
 *
 * May sleep.
 */
void np_owner_destroy(struct netport_owner *owner)
{
	u64 token;

	/* Only the end of the namespace can be faster, and then there is less to do. */
	while ((token = np_owner_first(owner))) {
		np_resv_drop(owner, token);
		cond_resched();
	}
	np_user_put(owner->user);
	np_net_put(owner->nn);
	/* Who released the last one may still be about to leave the owner's lock. */
	kfree_rcu(owner, rcu);
}
EXPORT_SYMBOL_IF_KUNIT(np_owner_destroy);

static bool np_below(atomic_t *count, unsigned int max)
{
	return (unsigned int)atomic_read(count) < max;
}

/* Take one of a limit. */
static bool np_take(atomic_t *count, unsigned int max)
{
	if ((unsigned int)atomic_inc_return(count) <= max)
		return true;
	atomic_dec(count);
	return false;
}

/**
 * np_owner_has_room() - may an owner hold one reservation more?
 * @owner: the owner
 *
 * Return: 0 or -EDQUOT.
 */
int np_owner_has_room(const struct netport_owner *owner)
{
	struct netport_owner *o = (struct netport_owner *)owner;

	if (!np_below(&o->nn->count, READ_ONCE(max_per_netns)))
		return -EDQUOT;
	if (o->trusted)
		return 0;
	return np_below(&o->user->count, READ_ONCE(max_per_uid)) &&
	       np_below(&o->count, READ_ONCE(max_per_owner)) ? 0 : -EDQUOT;
}
EXPORT_SYMBOL_IF_KUNIT(np_owner_has_room);

/**
 * np_owner_charge() - count one reservation more
 * @owner: the owner
 *
 * Return: 0 or -EDQUOT.
 */
int np_owner_charge(struct netport_owner *owner)
{
	if (!np_take(&owner->nn->count, READ_ONCE(max_per_netns)))
		return -EDQUOT;
	if (owner->trusted)
		return 0;
	if (!np_take(&owner->count, READ_ONCE(max_per_owner)))
		goto err_net;
	if (!np_take(&owner->user->count, READ_ONCE(max_per_uid)))
		goto err_owner;
	return 0;

err_owner:
	atomic_dec(&owner->count);
err_net:
	atomic_dec(&owner->nn->count);
	return -EDQUOT;
}
EXPORT_SYMBOL_IF_KUNIT(np_owner_charge);

/**
 * np_owner_uncharge() - count one less
 * @owner: the owner
 */
void np_owner_uncharge(struct netport_owner *owner)
{
	atomic_dec(&owner->nn->count);
	if (owner->trusted)
		return;
	atomic_dec(&owner->user->count);
	atomic_dec(&owner->count);
}
EXPORT_SYMBOL_IF_KUNIT(np_owner_uncharge);

static bool np_owner_privileged(const struct netport_owner *owner)
{
	return ns_capable(owner->nn->user_ns, CAP_NET_BIND_SERVICE);
}

/**
 * np_owner_access() - may an owner have these ports?
 * @owner: the owner
 * @w: the request; its range is filled in if it has no port
 * @low: first port of a range of its own, or 0
 * @high: last port of it, or 0
 *
 * Asks for a capability only where it makes a difference.
 *
 * Return: 0, -EACCES, or -EINVAL for a range that makes no sense.
 */
int np_owner_access(const struct netport_owner *owner, struct np_want *w, u16 low, u16 high)
{
	u16 floor = owner->trusted ? 0 : np_net_floor(owner->nn);
	bool clip = !low;

	if (w->port) {
		if (low || high)
			return -EINVAL;
		return w->port < floor && !np_owner_privileged(owner) ? -EACCES : 0;
	}

	if (!low && !high) {
		np_net_range(owner->nn, &low, &high);
	} else {
		low = low ?: 1;
		high = high ?: U16_MAX;
		if (low > high)
			return -EINVAL;
	}
	if (low >= floor)
		goto out;
	/* An end that the caller left open is where its ports begin. */
	if (clip && high >= floor) {
		if (!ns_capable_noaudit(owner->nn->user_ns, CAP_NET_BIND_SERVICE))
			low = floor;
	} else if (!np_owner_privileged(owner)) {
		return -EACCES;
	}
out:
	w->low = low;
	w->high = high;
	return 0;
}
EXPORT_SYMBOL_IF_KUNIT(np_owner_access);
