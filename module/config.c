// SPDX-License-Identifier: GPL-2.0
/*
 * How ports of a protocol are given out, where that isn't as in the rest of the namespace.
 */
#include <kunit/visibility.h>
#include <linux/bitmap.h>
#include <linux/overflow.h>
#include <linux/slab.h>

#include "netport_priv.h"

#define NP_CONFIG_ALL	(NETPORT_SPACE_RANGE | NETPORT_SPACE_FLOOR | NETPORT_SPACE_RESERVED)

/**
 * struct np_config - struct netport_space, as it is kept
 * @rcu: for those who read it meanwhile
 * @flags: NETPORT_SPACE_*
 * @low: first port of the range
 * @high: last one
 * @floor: first port that needs no capability
 * @some: whether there is @reserved
 * @reserved: ports that are not picked, a bit for each of NP_WORD_PORTS
 */
struct np_config {
	struct rcu_head	rcu;
	u32		flags;
	u16		low;
	u16		high;
	u16		floor;
	bool		some;
	u64		reserved[];
};

/* Is there any? */
static bool np_config_any(const struct np_net *nn)
{
	/* One pointer, which may be changing. */
	return !data_race(xa_empty(&nn->configs));
}

/* The one of a protocol, if it says anything of @what.  Under RCU. */
static const struct np_config *np_config_find(const struct np_net *nn, u16 protocol, u32 what)
{
	const struct np_config *c;

	if (likely(!np_config_any(nn)))
		return NULL;
	c = xa_load((struct xarray *)&nn->configs, protocol);
	return c && (c->flags & what) ? c : NULL;
}

/**
 * np_config_range() - the ephemeral range of a protocol
 * @nn: the namespace
 * @protocol: the protocol
 * @low: its first port
 * @high: its last one
 */
void np_config_range(const struct np_net *nn, u16 protocol, u16 *low, u16 *high)
{
	const struct np_config *c;

	if (likely(!np_config_any(nn))) {
		np_net_range(nn, low, high);
		return;
	}
	rcu_read_lock();
	c = np_config_find(nn, protocol, NETPORT_SPACE_RANGE);
	if (c) {
		*low = c->low;
		*high = c->high;
	} else {
		np_net_range(nn, low, high);
	}
	rcu_read_unlock();
}

/**
 * np_config_floor() - the first port of a protocol that needs no capability
 * @nn: the namespace
 * @protocol: the protocol
 *
 * Return: the port.
 */
u16 np_config_floor(const struct np_net *nn, u16 protocol)
{
	const struct np_config *c;
	u16 floor;

	if (likely(!np_config_any(nn)))
		return np_net_floor(nn);
	rcu_read_lock();
	c = np_config_find(nn, protocol, NETPORT_SPACE_FLOOR);
	floor = c ? c->floor : np_net_floor(nn);
	rcu_read_unlock();
	return floor;
}
EXPORT_SYMBOL_IF_KUNIT(np_config_floor);

/**
 * np_config_reserved() - the ports of a protocol that are not picked
 * @nn: the namespace
 * @protocol: the protocol
 * @word: which NP_WORD_PORTS ports: the first of them, divided by that
 *
 * Called under RCU.
 *
 * Return: a bit for each such port.
 */
u64 np_config_reserved(const struct np_net *nn, u16 protocol, unsigned int word)
{
	const struct np_config *c = np_config_find(nn, protocol, NETPORT_SPACE_RESERVED);

	if (likely(!c))
		return np_net_reserved(nn, word);
	return c->some ? c->reserved[word] : 0;
}

/**
 * np_config_get() - how ports of a protocol are given out
 * @nn: the namespace
 * @protocol: the protocol
 * @space: the result, but for its bitmap, which is NULL
 */
void np_config_get(struct np_net *nn, u16 protocol, struct netport_space *space)
{
	const struct np_config *c;

	memset(space, 0, sizeof(*space));
	rcu_read_lock();
	/* Once: flags and values of the same one. */
	c = np_config_find(nn, protocol, NP_CONFIG_ALL);
	if (c)
		space->flags = c->flags;
	if (space->flags & NETPORT_SPACE_RANGE) {
		space->low = c->low;
		space->high = c->high;
	} else {
		np_net_range(nn, &space->low, &space->high);
	}
	space->floor = space->flags & NETPORT_SPACE_FLOOR ? c->floor : np_net_floor(nn);
	rcu_read_unlock();
}

static int np_config_check(const struct netport_space *s)
{
	if (!s->flags || (s->flags & ~NP_CONFIG_ALL))
		return -EINVAL;
	if (s->flags & NETPORT_SPACE_RANGE ? !s->low || s->low > s->high : s->low || s->high)
		return -EINVAL;
	if (!(s->flags & NETPORT_SPACE_FLOOR) && s->floor)
		return -EINVAL;
	return !(s->flags & NETPORT_SPACE_RESERVED) && s->reserved ? -EINVAL : 0;
}

static struct np_config *np_config_make(const struct netport_space *space)
{
	struct np_config *c;

	c = kzalloc(struct_size(c, reserved, space->reserved ? NP_WORDS : 0),
		    GFP_KERNEL_ACCOUNT);
	if (!c)
		return NULL;
	c->flags = space->flags;
	c->low = space->low;
	c->high = space->high;
	c->floor = space->floor;
	c->some = space->reserved;
	if (c->some)
		bitmap_to_arr64(c->reserved, space->reserved, NP_WORDS * NP_WORD_PORTS);
	return c;
}

/**
 * np_config_set() - say how ports of a protocol are to be given out
 * @nn: the namespace
 * @protocol: the protocol
 * @space: how, or NULL: as in the rest of the namespace
 *
 * May sleep.
 *
 * Return: 0, -EINVAL, -ENETDOWN or -ENOMEM.
 */
int np_config_set(struct np_net *nn, u16 protocol, const struct netport_space *space)
{
	struct np_config *c = NULL, *old;
	int err = space ? np_config_check(space) : 0;

	if (err)
		return err;
	if (READ_ONCE(nn->dead))
		return -ENETDOWN;
	if (space) {
		c = np_config_make(space);
		if (!c)
			return -ENOMEM;
	}
	old = c ? xa_store(&nn->configs, protocol, c, GFP_KERNEL_ACCOUNT) :
		  xa_erase(&nn->configs, protocol);
	if (xa_is_err(old)) {
		kfree(c);
		return -ENOMEM;
	}
	if (old)
		kfree_rcu(old, rcu);
	return 0;
}
EXPORT_SYMBOL_IF_KUNIT(np_config_set);

/* All of a namespace that nobody uses any more. */
void np_configs_destroy(struct np_net *nn)
{
	struct np_config *c;
	unsigned long i;

	xa_for_each(&nn->configs, i, c)
		kfree(c);
	xa_destroy(&nn->configs);
}
