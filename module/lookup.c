// SPDX-License-Identifier: GPL-2.0
/*
 * Whom a packet is for: reservations that are attached, found without a lock.
 *
 * A *spot* is what a packet may match: local address and port, remote, device, families.
 * Everybody attached who has the same sits in one spot, so a lookup takes one probe for each
 * shape of spot that is in use in the shard of the port, however many share it.
 *
 * Either whoever came last is found, or one of all, by hash.  The seats are in no order, and the
 * parts in that in which they came are on a list that no reader needs: so it takes no longer to
 * leave a spot that many share.
 *
 * Readers take the number of seats first, and then the array, which only grows: so the seats
 * counted are in it.  A seat that has been left keeps its pointer until somebody else takes
 * it, and who counted it before may still read that; so the pointer's owner waits for RCU
 * before it frees what it points at.
 */
#include <kunit/visibility.h>
#include <linux/rhashtable.h>
#include <linux/slab.h>

#include "netport_priv.h"

/**
 * struct np_spot_key - what a packet is compared with
 * @local_net: local address, IPv4 as IPv4-mapped; all-zero for any
 * @local_host: the other half of it
 * @remote_net: remote address, likewise
 * @remote_host: the other half of it
 * @ports: of both, the protocol, and the shape, see np_spot_ports()
 */
struct np_spot_key {
	u64	local_net;
	u64	local_host;
	u64	remote_net;
	u64	remote_host;
	u64	ports;
};

static __always_inline u64 np_half(const struct in6_addr *a, unsigned int half)
{
	u64 word;

	memcpy(&word, &a->s6_addr32[2 * half], sizeof(word));
	return word;
}

/* An array of them; one that is full is replaced by a larger one. */
struct np_seats {
	struct rcu_head		rcu;
	u32			max;
	struct np_seat {
		void		*priv;		/* under RCU */
		struct np_part	*part;		/* seat_lock */
	} seat[];
};

/**
 * struct np_spot - what a packet may match
 * @node: in np_net.spots
 * @key: addresses and ports
 * @ifindex: device, or 0
 * @families: NETPORT_FAMILY_*
 * @spread: over how many seats packets are spread; 0 if one gets them all, and that is
 * @newest: what the part that came last is attached with, or NULL
 * @n: how many seats are taken; seat_lock
 * @plain: how many of these are of no LOAD_BALANCED binding; seat_lock
 * @ids: sum of np_user.id of all, as in struct np_sum; seat_lock
 * @parts: np_part.seat_link, in the order in which they came; seat_lock
 * @seats: who is here; seat_lock to change it
 * @rcu: for those who found it without a lock
 * @first: the first @seats, with one seat
 */
struct np_spot {
	struct rhlist_head	node;
	struct np_spot_key	key;
	u32			ifindex;
	u8			families;
	u32			spread;
	void			*newest;
	struct np_seats __rcu	*seats;
	u32			n;
	u32			plain;
	u64			ids;
	struct list_head	parts;
	struct rcu_head		rcu;
	struct np_seats		first;
};

/*
 * @rport is 0 for every one.  The shape is in there, or a packet that has no remote port or
 * address would look like a spot that leaves it open.
 */
static inline u64 np_spot_ports(enum np_shape shape, u16 protocol, u16 port, u16 rport)
{
	return (u64)shape << 48 | (u64)protocol << 32 | (u32)rport << 16 | port;
}

#ifdef CONFIG_ARCH_SUPPORTS_INT128
static inline u64 np_fold(u64 a, u64 b)
{
	unsigned __int128 product = (unsigned __int128)a * b;

	return (u64)(product >> 64) ^ (u64)product;
}
#else
static inline u64 np_fold(u64 a, u64 b)
{
	return mul_u64_u64_shr(a, b, 64) ^ (a * b);
}
#endif

/*
 * Remotes choose what is hashed here.  The upper half of a product with a secret factor tells
 * nothing of what collides.
 */
static __always_inline u32 np_spot_mix(const struct np_spot_key k, u32 seed)
{
	u64 secret = seed * GOLDEN_RATIO_64, hash;

	hash = np_fold(k.local_net ^ secret, k.local_host ^ (k.ports * GOLDEN_RATIO_64));
	if (k.remote_net | k.remote_host)
		hash = np_fold(k.remote_net ^ hash, k.remote_host ^ secret);
	return hash;
}

static __always_inline bool np_spot_is(const struct np_spot_key *a, const struct np_spot_key b)
{
	return !((a->ports ^ b.ports) |
		 (a->local_net ^ b.local_net) | (a->local_host ^ b.local_host) |
		 (a->remote_net ^ b.remote_net) | (a->remote_host ^ b.remote_host));
}

static u32 np_spot_hash(const void *data, u32 len, u32 seed)
{
	return np_spot_mix(*(const struct np_spot_key *)data, seed);
}

static int np_spot_cmp(struct rhashtable_compare_arg *arg, const void *obj)
{
	const struct np_spot *spot = obj;

	return !np_spot_is(&spot->key, *(const struct np_spot_key *)arg->key);
}

static const struct rhashtable_params np_spot_params = {
	.head_offset		= offsetof(struct np_spot, node),
	.key_offset		= offsetof(struct np_spot, key),
	.key_len		= sizeof(struct np_spot_key),
	.hashfn			= np_spot_hash,
	.obj_cmpfn		= np_spot_cmp,
	.automatic_shrinking	= true,
};

/*
 * Under locks, whoever calls.  What a user has a stack attach is charged to that user's cgroup,
 * unless it is in softirq.
 */
#define NP_SPOT_GFP	(GFP_ATOMIC | __GFP_NOWARN | __GFP_ACCOUNT)

/* taking and leaving seats */

static enum np_shape np_bind_shape(const struct np_bind *b)
{
	bool any = b->addr->any;

	if (b->e.rport)
		return any ? NP_SHAPE_FULL_ANY : NP_SHAPE_FULL;
	if (!ipv6_addr_any(&b->remote))
		return any ? NP_SHAPE_REMOTE_ANY : NP_SHAPE_REMOTE;
	return any ? NP_SHAPE_ANY : NP_SHAPE_LOCAL;
}

/* Look for spots of a shape from now on, or if it was the last one, no more. */
static void np_shape_use(struct np_shard *shard, enum np_shape shape)
{
	if (!shard->shapes[shape]++)
		WRITE_ONCE(shard->spots, shard->spots | BIT(shape));
}

static void np_shape_unuse(struct np_shard *shard, enum np_shape shape)
{
	if (!--shard->shapes[shape])
		WRITE_ONCE(shard->spots, shard->spots & ~BIT(shape));
}

/* The one that is exactly this; under seat_lock, so that it stays. */
static struct np_spot *np_spot_find(struct np_net *nn, const struct np_spot_key *key,
				    u32 ifindex, u8 families)
{
	struct rhlist_head *list, *pos;
	struct np_spot *spot, *found = NULL;

	rcu_read_lock();
	list = rhltable_lookup(&nn->spots, key, np_spot_params);
	rhl_for_each_entry_rcu(spot, pos, list, node)
		if (spot->ifindex == ifindex && spot->families == families)
			found = spot;
	rcu_read_unlock();
	return found;
}

/*
 * Who has the lock of a chain, a bit in its head, reads the head while others try to set the bit.
 * Both is rhashtable's, but inlined here, so KCSAN takes it for ours.
 */
static int np_spot_insert(struct np_net *nn, struct np_spot *spot)
{
	int err;

	kcsan_disable_current();
	err = rhltable_insert(&nn->spots, &spot->node, np_spot_params);
	kcsan_enable_current();
	return err;
}

static int np_spot_remove(struct np_net *nn, struct np_spot *spot)
{
	int err;

	kcsan_disable_current();
	err = rhltable_remove(&nn->spots, &spot->node, np_spot_params);
	kcsan_enable_current();
	return err;
}

static struct np_spot *np_spot_get(struct np_net *nn, const struct np_bind *b)
{
	const struct np_addr *a = b->addr;
	u8 families = np_addr_families(a);
	struct np_spot_key key = {
		.local_net = np_half(&a->key.addr, 0),
		.local_host = np_half(&a->key.addr, 1),
		.remote_net = np_half(&b->remote, 0),
		.remote_host = np_half(&b->remote, 1),
		.ports = np_spot_ports(np_bind_shape(b), a->space->protocol, b->e.port,
				       b->e.rport),
	};
	struct np_spot *spot;

	spot = np_spot_find(nn, &key, b->ifindex, families);
	if (spot)
		return spot;
	spot = kzalloc(struct_size(spot, first.seat, 1), NP_SPOT_GFP);
	if (!spot)
		return NULL;
	spot->key = key;
	spot->ifindex = b->ifindex;
	spot->families = families;
	spot->first.max = 1;
	INIT_LIST_HEAD(&spot->parts);
	RCU_INIT_POINTER(spot->seats, &spot->first);
	if (!np_spot_insert(nn, spot))
		return spot;
	kfree(spot);
	return NULL;
}

/* The last one has left. */
static void np_spot_put(struct np_net *nn, struct np_spot *spot)
{
	struct np_seats *seats = rcu_dereference_protected(spot->seats, true);

	WARN_ON_ONCE(np_spot_remove(nn, spot));
	if (seats != &spot->first)
		kfree_rcu(seats, rcu);
	kfree_rcu(spot, rcu);
}

static struct np_seats *np_spot_seats(struct np_net *nn, const struct np_spot *spot)
{
	struct np_shard *shard = np_shard_of(nn, spot->key.ports);

	return rcu_dereference_protected(spot->seats, lockdep_is_held(&shard->seat_lock));
}

/* Room for one more. */
static struct np_seats *np_spot_room(struct np_net *nn, struct np_spot *spot)
{
	struct np_seats *seats = np_spot_seats(nn, spot), *more;

	if (spot->n < seats->max)
		return seats;
	more = kmalloc(struct_size(more, seat, 2 * seats->max), NP_SPOT_GFP);
	if (!more)
		return NULL;
	more->max = 2 * seats->max;
	memcpy(more->seat, seats->seat, spot->n * sizeof(*seats->seat));
	rcu_assign_pointer(spot->seats, more);
	if (seats != &spot->first)
		kfree_rcu(seats, rcu);
	return more;
}

static bool np_part_balanced(const struct np_part *part)
{
	return part->bind.e.share & NETPORT_SHARE_LOAD_BALANCED;
}

static u64 np_part_user_id(const struct np_part *part)
{
	return np_resv_user(&part->wide->resv)->id;
}

/* Who gets the packets, now that something has changed. */
static void np_spot_settle(struct np_net *nn, struct np_spot *spot)
{
	struct np_seats *seats = np_spot_seats(nn, spot);
	struct np_part *last;
	bool spread;

	if (list_empty(&spot->parts)) {
		WRITE_ONCE(spot->spread, 0);
		WRITE_ONCE(spot->newest, NULL);
		return;
	}
	last = list_last_entry(&spot->parts, struct np_part, seat_link);
	WRITE_ONCE(spot->newest, seats->seat[last->seat].priv);
	/* LOAD_BALANCED counts within a uid. */
	spread = spot->n > 1 && !spot->plain && spot->ids == spot->n * np_part_user_id(last);
	/* Who counts a seat finds it in the array. */
	smp_store_release(&spot->spread, spread ? spot->n : 0);
}

/**
 * np_seat_take() - have packets find a part
 * @nn: namespace
 * @part: the part, complete
 * @priv: what they find
 *
 * Called under the lock of any shard.
 *
 * Return: 0 or -ENOMEM.
 */
int np_seat_take(struct np_net *nn, struct np_part *part, void *priv)
{
	struct np_shard *shard = np_shard_of(nn, part->bind.e.port);
	struct np_seats *seats = NULL;
	struct np_spot *spot;

	spin_lock(&shard->seat_lock);
	spot = np_spot_get(nn, &part->bind);
	/* A new one has room. */
	if (spot)
		seats = np_spot_room(nn, spot);
	if (seats) {
		part->spot = spot;
		part->seat = spot->n;
		seats->seat[spot->n].part = part;
		WRITE_ONCE(seats->seat[spot->n].priv, priv);
		list_add_tail(&part->seat_link, &spot->parts);
		spot->n++;
		spot->plain += !np_part_balanced(part);
		spot->ids += np_part_user_id(part);
		np_shape_use(shard, np_bind_shape(&part->bind));
		np_spot_settle(nn, spot);
	}
	spin_unlock(&shard->seat_lock);
	return seats ? 0 : -ENOMEM;
}

/**
 * np_seat_set() - have packets that find a part get something else
 * @nn: namespace
 * @part: the part, which has a seat
 * @priv: what they find
 */
void np_seat_set(struct np_net *nn, struct np_part *part, void *priv)
{
	struct np_shard *shard = np_shard_of(nn, part->bind.e.port);

	spin_lock(&shard->seat_lock);
	WRITE_ONCE(np_spot_seats(nn, part->spot)->seat[part->seat].priv, priv);
	np_spot_settle(nn, part->spot);
	spin_unlock(&shard->seat_lock);
}

/**
 * np_seat_give() - a part counts as another user's
 * @nn: namespace
 * @part: the part, whether it has a seat or not; it counts as the new one's already
 * @from: as whose it counted before
 */
void np_seat_give(struct np_net *nn, struct np_part *part, const struct np_user *from)
{
	struct np_shard *shard = np_shard_of(nn, part->bind.e.port);

	if (!part->spot)
		return;
	spin_lock(&shard->seat_lock);
	part->spot->ids += np_part_user_id(part) - from->id;
	np_spot_settle(nn, part->spot);
	spin_unlock(&shard->seat_lock);
}

/**
 * np_seat_leave() - have packets find a part no more
 * @nn: namespace
 * @part: the part, whether it has a seat or not
 *
 * Called under the lock of any shard.
 */
void np_seat_leave(struct np_net *nn, struct np_part *part)
{
	struct np_shard *shard = np_shard_of(nn, part->bind.e.port);
	struct np_spot *spot = part->spot;
	struct np_seat *seat;
	struct np_seats *seats;

	if (!spot)
		return;
	spin_lock(&shard->seat_lock);
	part->spot = NULL;
	list_del(&part->seat_link);
	spot->n--;
	spot->plain -= !np_part_balanced(part);
	spot->ids -= np_part_user_id(part);
	seats = np_spot_seats(nn, spot);
	seat = &seats->seat[part->seat];
	if (part->seat != spot->n) {
		/* The last seat takes its place. */
		seat->part = seats->seat[spot->n].part;
		seat->part->seat = part->seat;
		WRITE_ONCE(seat->priv, seats->seat[spot->n].priv);
	}
	np_spot_settle(nn, spot);
	np_shape_unuse(shard, np_bind_shape(&part->bind));
	if (!spot->n)
		np_spot_put(nn, spot);
	spin_unlock(&shard->seat_lock);
}

/**
 * np_seats_moved() - somebody has taken seats, and is about to leave those it had
 * @nn: namespace
 * @port: the port of those taken
 *
 * A lookup goes from place to place, so it may have been at a new one too early and at an old
 * one too late.  It sees that here.
 */
void np_seats_moved(struct np_net *nn, u16 port)
{
	struct np_shard *shard = np_shard_of(nn, port);

	spin_lock(&shard->seat_lock);
	smp_wmb();	/* after what has been taken */
	WRITE_ONCE(shard->spots, shard->spots + BIT(NP_SHAPES));
	smp_wmb();	/* before what is left */
	spin_unlock(&shard->seat_lock);
}

/* looking up */

static inline const struct np_spot *np_spot_of(const struct rhlist_head *list)
{
	return container_of(list, struct np_spot, node);
}

/* Is it for packets of this family and device? */
static inline bool np_spot_takes(const struct np_spot *spot, u8 family, u32 ifindex)
{
	return (spot->families & family) && (!spot->ifindex || spot->ifindex == ifindex);
}

static inline void *np_spot_pick(const struct np_spot *spot, u32 hash)
{
	/* Pairs with np_spot_settle(). */
	u32 spread = smp_load_acquire(&spot->spread);

	if (likely(!spread))
		return READ_ONCE(spot->newest);
	return READ_ONCE(rcu_dereference(spot->seats)->seat[reciprocal_scale(hash, spread)].priv);
}

/* Of spots with the same addresses and ports: rather with a device, then of one family alone. */
static noinline void *np_spots_pick(struct rhlist_head *list, u8 family, u32 ifindex, u32 hash)
{
	void *found = NULL, *priv;
	struct rhlist_head *pos;
	struct np_spot *spot;
	int best = -1, rank;

	rhl_for_each_entry_rcu(spot, pos, list, node) {
		rank = (spot->ifindex ? 2 : 0) + (spot->families == family);
		if (rank <= best || !np_spot_takes(spot, family, ifindex))
			continue;
		priv = np_spot_pick(spot, hash);
		if (priv) {
			found = priv;
			best = rank;
		}
	}
	return found;
}

/*
 * rhltable_lookup(), in fewer instructions: what is compared stays in registers, and nothing
 * is called.
 */
static __always_inline struct rhlist_head *np_spot_list(const struct rhashtable *ht,
							const struct np_spot_key key)
{
	const struct bucket_table *tbl = rht_dereference_rcu(ht->tbl, (struct rhashtable *)ht);
	struct rhash_lock_head __rcu *const *bucket;
	struct rhash_head *pos;
	struct np_spot *spot;
	unsigned int hash;

	do {
		hash = rht_bucket_index(tbl, np_spot_mix(key, tbl->hash_rnd));
		bucket = rht_bucket(tbl, hash);
		do {
			rht_for_each_entry_rcu_from(spot, pos, rht_ptr_rcu(bucket), tbl, hash,
						    node.rhead)
				if (np_spot_is(&spot->key, key))
					return &spot->node;
			/* Moved to another chain while we were on it? */
		} while (pos != RHT_NULLS_MARKER(bucket));
		/* What is moved is in the new table first. */
		smp_rmb();
		tbl = rht_dereference_rcu(tbl->future_tbl, (struct rhashtable *)ht);
	} while (unlikely(tbl));
	return NULL;
}

/* The key of the spot of a shape in which a packet would be found. */
static __always_inline struct np_spot_key np_spot_wanted(const struct netport_key *key,
							 enum np_shape shape)
{
	u64 local = shape % 2 ? 0 : ~0ULL, remote = shape < NP_SHAPE_LOCAL ? ~0ULL : 0;
	u16 rport = shape < NP_SHAPE_REMOTE ? key->remote_port : 0;

	return (struct np_spot_key) {
		.local_net = np_half(&key->local, 0) & local,
		.local_host = np_half(&key->local, 1) & local,
		.remote_net = np_half(&key->remote, 0) & remote,
		.remote_host = np_half(&key->remote, 1) & remote,
		.ports = np_spot_ports(shape, key->protocol, key->port, rport),
	};
}

/**
 * np_lookup() - whom a packet is for
 * @nn: its namespace
 * @key: its addresses and ports
 * @hash: spreads packets over those who are LOAD_BALANCED
 *
 * Called under RCU.
 *
 * Return: what the best match is attached with, or NULL.
 */
void *np_lookup(struct np_net *nn, const struct netport_key *key, u32 hash)
{
	u8 family = ipv6_addr_v4mapped(&key->local) ? NETPORT_FAMILY_IPV4 : NETPORT_FAMILY_IPV6;
	const struct np_shard *shard = np_shard_of(nn, key->port);
	struct rhlist_head *list;
	unsigned int shape;
	u32 spots, left;
	void *priv;

	do {
		priv = NULL;
		/* Pairs with np_seats_moved(). */
		spots = smp_load_acquire(&shard->spots);
		for (left = spots & GENMASK(NP_SHAPES - 1, 0); left; left &= left - 1) {
			shape = __ffs(left);
			list = np_spot_list(&nn->spots.ht, np_spot_wanted(key, shape));
			if (!list)
				continue;
			if (unlikely(rcu_access_pointer(list->next)))
				priv = np_spots_pick(list, family, key->ifindex, hash);
			else if (np_spot_takes(np_spot_of(list), family, key->ifindex))
				priv = np_spot_pick(np_spot_of(list), hash);
			if (priv)
				break;
		}
		smp_rmb();	/* likewise */
	} while (unlikely(READ_ONCE(shard->spots) != spots));
	return priv;
}

/* A namespace's, made with the rest of it. */
int np_spots_init(struct np_net *nn)
{
	return rhltable_init(&nn->spots, &np_spot_params);
}

void np_spots_destroy(struct np_net *nn)
{
	rhltable_destroy(&nn->spots);
}
