// SPDX-License-Identifier: GPL-2.0
/*
 * Owners: who holds reservations, how many they may hold, and which ports they may have.
 */
#include <kunit/visibility.h>
#include <linux/capability.h>
#include <linux/moduleparam.h>
#include <linux/pid.h>
#include <linux/sched.h>
#include <linux/slab.h>

#include "netport_priv.h"

static unsigned int max_per_owner = 65536;
module_param(max_per_owner, uint, 0644);
MODULE_PARM_DESC(max_per_owner, "ports that one open file may hold (default 65536)");

static unsigned int max_per_uid = 262144;
module_param(max_per_uid, uint, 0644);
MODULE_PARM_DESC(max_per_uid, "ports that the files of one uid may hold (default 262144)");

static unsigned int max_per_netns = 1048576;
module_param(max_per_netns, uint, 0644);
MODULE_PARM_DESC(max_per_netns,
		 "ports that a network namespace may hold (default 1048576)");

static atomic64_t np_owner_ids;

/* The limit that counts: the module's, or that of the namespace if it's less. */
static unsigned int np_max_per_owner(const struct np_net *nn)
{
	return min(READ_ONCE(max_per_owner), READ_ONCE(nn->max[NP_PER_OWNER]));
}

static unsigned int np_max_per_uid(const struct np_net *nn)
{
	return min(READ_ONCE(max_per_uid), READ_ONCE(nn->max[NP_PER_UID]));
}

static unsigned int np_max_per_netns(const struct np_net *nn)
{
	return min(READ_ONCE(max_per_netns), READ_ONCE(nn->max[NP_PER_NETNS]));
}

static void np_owner_free_work(struct work_struct *work);

/* What an owner is that is nobody's yet. */
void np_owner_setup(struct netport_owner *owner)
{
	spin_lock_init(&owner->lock);
	INIT_LIST_HEAD(&owner->wishes);
	INIT_LIST_HEAD(&owner->granted);
	init_waitqueue_head(&owner->poll);
	refcount_set(&owner->ref, 1);
	INIT_WORK(&owner->free, np_owner_free_work);
}
EXPORT_SYMBOL_IF_KUNIT(np_owner_setup);

/* The last reference has gone.  May sleep. */
static void np_owner_free(struct netport_owner *owner)
{
	put_pid(owner->pid);
	np_user_put(owner->user);
	np_net_put(owner->nn);
	/* Who released its last reservation may still be about to leave its lock. */
	kfree_rcu(owner, rcu);
}

static void np_owner_free_work(struct work_struct *work)
{
	np_owner_free(container_of(work, struct netport_owner, free));
}

/**
 * np_owner_get() - one more reference
 * @owner: an owner to which there is one
 */
void np_owner_get(struct netport_owner *owner)
{
	refcount_inc(&owner->ref);
}

/**
 * np_owner_put() - give a reference back
 * @owner: the owner
 */
void np_owner_put(struct netport_owner *owner)
{
	if (refcount_dec_and_test(&owner->ref))
		np_queue_work(&owner->free);
}

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
	np_owner_setup(owner);

	owner->nn = np_net_get(net);
	if (IS_ERR(owner->nn)) {
		err = PTR_ERR(owner->nn);
		goto err_free;
	}
	owner->user = np_user_get(uid, GFP_KERNEL_ACCOUNT);
	if (!owner->user)
		goto err_net;
	owner->id = atomic64_inc_return(&np_owner_ids);
	if (!trusted) {
		owner->pid = get_task_pid(current, PIDTYPE_TGID);
		get_task_comm(owner->comm, current);
	}
	return owner;

err_net:
	np_net_put(owner->nn);
err_free:
	kfree(owner);
	return ERR_PTR(err);
}
EXPORT_SYMBOL_IF_KUNIT(np_owner_create);

/**
 * np_owner_end() - np_owner_put() by who can sleep
 * @owner: the owner
 */
void np_owner_end(struct netport_owner *owner)
{
	if (refcount_dec_and_test(&owner->ref))
		np_owner_free(owner);
}

/* Has a limit room for so many, if so many are used? */
static bool np_fits(unsigned int used, unsigned int max, unsigned int n)
{
	return used <= max && n <= max - used;
}

static bool np_below(atomic_t *count, unsigned int max, unsigned int n)
{
	return np_fits(atomic_read(count), max, n);
}

/* Take so many of a limit.  What is refused isn't counted for a moment, or others were, too. */
static bool np_take(atomic_t *count, unsigned int max, unsigned int n)
{
	int used = atomic_read(count);

	do {
		if (!np_fits(used, max, n))
			return false;
	} while (!atomic_try_cmpxchg(count, &used, used + n));
	return true;
}

/**
 * np_owner_has_room() - may an owner hold more?
 * @owner: the owner
 * @n: how many ports more
 *
 * Return: 0 or -EDQUOT.
 */
int np_owner_has_room(const struct netport_owner *owner, unsigned int n)
{
	struct netport_owner *o = (struct netport_owner *)owner;

	if (!np_below(&o->nn->count, np_max_per_netns(o->nn), n))
		return -EDQUOT;
	if (o->trusted)
		return 0;
	return np_below(&o->user->count, np_max_per_uid(o->nn), n) &&
	       np_below(&o->count, np_max_per_owner(o->nn), n) ? 0 : -EDQUOT;
}
EXPORT_SYMBOL_IF_KUNIT(np_owner_has_room);

/* The limits of owner and uid. */
static int np_owner_charge_own(struct netport_owner *owner, unsigned int n)
{
	if (owner->trusted)
		return 0;
	if (!np_take(&owner->count, np_max_per_owner(owner->nn), n))
		return -EDQUOT;
	if (np_take(&owner->user->count, np_max_per_uid(owner->nn), n))
		return 0;
	atomic_sub(n, &owner->count);
	return -EDQUOT;
}

static void np_owner_uncharge_own(struct netport_owner *owner, unsigned int n)
{
	if (owner->trusted)
		return;
	atomic_sub(n, &owner->user->count);
	atomic_sub(n, &owner->count);
}

/* What was counted for an owner before, whatever the limits are. */
static void np_owner_recharge(struct netport_owner *owner, unsigned int n)
{
	if (owner->trusted)
		return;
	atomic_add(n, &owner->user->count);
	atomic_add(n, &owner->count);
}

/**
 * np_owner_charge() - count more ports
 * @owner: the owner
 * @n: how many
 *
 * Return: 0 or -EDQUOT.
 */
int np_owner_charge(struct netport_owner *owner, unsigned int n)
{
	/* What is refused for its own limits doesn't count for others at any time. */
	if (np_owner_charge_own(owner, n))
		return -EDQUOT;
	if (np_take(&owner->nn->count, np_max_per_netns(owner->nn), n))
		return 0;
	np_owner_uncharge_own(owner, n);
	return -EDQUOT;
}
EXPORT_SYMBOL_IF_KUNIT(np_owner_charge);

/**
 * np_owner_uncharge() - count less
 * @owner: the owner
 * @n: how many ports
 */
void np_owner_uncharge(struct netport_owner *owner, unsigned int n)
{
	atomic_sub(n, &owner->nn->count);
	np_owner_uncharge_own(owner, n);
}
EXPORT_SYMBOL_IF_KUNIT(np_owner_uncharge);

/**
 * np_owner_hold() - ports are held after their release: not the owner's any more
 * @owner: whose they were
 * @n: how many
 */
void np_owner_hold(struct netport_owner *owner, unsigned int n)
{
	if (!owner->trusted)
		atomic_sub(n, &owner->count);
}

/**
 * np_owner_uncharge_held() - such a hold has ended
 * @owner: whose they were
 * @n: how many ports
 */
void np_owner_uncharge_held(struct netport_owner *owner, unsigned int n)
{
	atomic_sub(n, &owner->nn->count);
	if (!owner->trusted)
		atomic_sub(n, &owner->user->count);
}

/**
 * np_owner_move() - count ports for another owner of the same namespace
 * @from: whose they were
 * @to: whose they are now
 * @n: how many
 *
 * Return: 0, or -EDQUOT and nothing has changed.
 */
int np_owner_move(struct netport_owner *from, struct netport_owner *to, unsigned int n)
{
	int err;

	/* The uid's limit is not to be in the way of those who share it. */
	if (from->user == to->user && !from->trusted && !to->trusted) {
		if (!np_take(&to->count, np_max_per_owner(to->nn), n))
			return -EDQUOT;
		atomic_sub(n, &from->count);
		return 0;
	}
	err = np_owner_charge_own(to, n);
	if (!err)
		np_owner_uncharge_own(from, n);
	return err;
}

/**
 * np_owner_move_back() - undo np_owner_move()
 * @from: whose they were, and are again
 * @to: whose they are not
 * @n: how many
 */
void np_owner_move_back(struct netport_owner *from, struct netport_owner *to, unsigned int n)
{
	np_owner_uncharge_own(to, n);
	np_owner_recharge(from, n);
}

static bool np_owner_privileged(const struct netport_owner *owner)
{
	return ns_capable(owner->nn->user_ns, CAP_NET_BIND_SERVICE);
}

/**
 * np_owner_admin() - may an owner do what needs CAP_NET_ADMIN over its namespace?
 * @owner: the owner
 *
 * Return: whether so.
 */
bool np_owner_admin(const struct netport_owner *owner)
{
	return owner->trusted || ns_capable_noaudit(owner->nn->user_ns, CAP_NET_ADMIN);
}

/**
 * np_owner_limits() - the limits
 * @nn: of this namespace
 * @info: where they are written
 */
void np_owner_limits(const struct np_net *nn, struct netport_info *info)
{
	info->max_per_owner = np_max_per_owner(nn);
	info->max_per_uid = np_max_per_uid(nn);
	info->max_per_netns = np_max_per_netns(nn);
}
EXPORT_SYMBOL_IF_KUNIT(np_owner_limits);

/* The first port that needs no capability, whichever of these protocols it is for. */
static u16 np_owner_floor(const struct netport_owner *owner, const struct np_want *w,
			  unsigned int n)
{
	u16 floor = 0;

	if (owner->trusted)
		return 0;
	while (n--)
		floor = max(floor, np_config_floor(owner->nn, w++->protocol));
	return floor;
}

/**
 * np_owner_access() - may an owner have these ports?
 * @owner: the owner
 * @w: the request's bindings; the range of the first is filled in if it has no port
 * @n: how many
 * @low: first port of a range of its own, or 0
 * @high: last port of it, or 0
 *
 * Asks for a capability only where it makes a difference.
 *
 * Return: 0, -EACCES, or -EINVAL for a range that makes no sense.
 */
int np_owner_access(const struct netport_owner *owner, struct np_want *w, unsigned int n,
		    u16 low, u16 high)
{
	u16 floor = np_owner_floor(owner, w, n);
	bool clip = !low;

	if (w->port) {
		if (low || high)
			return -EINVAL;
		return w->port < floor && !np_owner_privileged(owner) ? -EACCES : 0;
	}

	if (!low && !high) {
		np_config_range(owner->nn, w->protocol, &low, &high);
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
