// SPDX-License-Identifier: GPL-2.0
/*
 * Users: what has to be known of a uid, over all network namespaces.
 */
#include <kunit/visibility.h>
#include <linux/hashtable.h>
#include <linux/random.h>
#include <linux/slab.h>

#include "netport_priv.h"

static DEFINE_HASHTABLE(users, 8);	/* under users_lock */
static DEFINE_SPINLOCK(users_lock);

static struct np_user *np_user_lookup(kuid_t uid)
{
	struct np_user *u;

	lockdep_assert_held(&users_lock);
	hash_for_each_possible(users, u, node, __kuid_val(uid)) {
		if (uid_eq(u->uid, uid)) {
			refcount_inc(&u->ref);
			return u;
		}
	}
	return NULL;
}

/**
 * np_user_get() - the user of a uid
 * @uid: the uid
 * @gfp: for the memory
 *
 * Return: a reference, to be given back with np_user_put(), or NULL without memory.
 */
struct np_user *np_user_get(kuid_t uid, gfp_t gfp)
{
	struct np_user *u, *new;

	spin_lock_bh(&users_lock);
	u = np_user_lookup(uid);
	spin_unlock_bh(&users_lock);
	if (u)
		return u;

	new = kzalloc(sizeof(*new), gfp);
	if (!new)
		return NULL;
	refcount_set(&new->ref, 1);
	new->uid = uid;
	new->id = get_random_u64();

	spin_lock_bh(&users_lock);
	u = np_user_lookup(uid);
	if (!u)
		hash_add(users, &new->node, __kuid_val(uid));
	spin_unlock_bh(&users_lock);
	if (!u)
		return new;
	kfree(new);
	return u;
}
EXPORT_SYMBOL_IF_KUNIT(np_user_get);

/**
 * np_user_put() - give a reference back
 * @u: the user
 */
void np_user_put(struct np_user *u)
{
	bool last;

	spin_lock_bh(&users_lock);
	last = refcount_dec_and_test(&u->ref);
	if (last)
		hash_del(&u->node);
	spin_unlock_bh(&users_lock);
	if (last)
		kfree(u);
}
EXPORT_SYMBOL_IF_KUNIT(np_user_put);
